// A tab behind another one, which the browser itself has frozen: it has missed nothing when it is looked at again.
import { expect, onTestFinished, test } from "vitest";
import { chromiumPath } from "../../tools/chromium-launch.ts";
import { connectsAgain, hasArrived, say } from "./chat-window.ts";
import { withHarbor } from "./harbor.ts";
import { openTabs, type Tab, xvfbPath } from "./tabs.ts";

const place = withHarbor();

/** As a person who types. */
async function comeIn(tab: Tab, name: string): Promise<void> {
  await tab.until(`document.querySelector("form input")`);
  await tab.evaluate(`(() => {
    const input = document.querySelector("form input");
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, ${JSON.stringify(name)});
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.form.requestSubmit();
  })()`);
  await tab.until(isLive);
}

const isLive = `document.querySelector('[aria-label="Connection: Live"]')`;
const textsOf = `[...document.querySelectorAll('article[data-state="there"] .message-text')].map((text) => text.innerText)`;
const shows = (text: string): string => `${textsOf}.includes(${JSON.stringify(text)})`;

/** Counts what its timers do, and what it is told of itself. */
const watch = `(() => {
  globalThis.ticks = 0;
  globalThis.told = [];
  setInterval(() => (globalThis.ticks += 1), 20);
  for (const name of ["visibilitychange", "freeze", "resume"]) {
    document.addEventListener(name, () => told.push(name === "visibilitychange" ? document.visibilityState : name));
  }
})()`;

test("hidden, frozen, with the server restarted meanwhile: everything once and in order", async (context) => {
  if (chromiumPath === undefined) return context.skip("no Chromium: TIDEWIRE_CHROMIUM is not set");
  if (xvfbPath === undefined) return context.skip("no display to have a tab in: TIDEWIRE_XVFB is not set");
  const tabs = await openTabs({ chromium: chromiumPath, xvfb: xvfbPath });
  onTestFinished(() => tabs.close());
  const awake = await place.guest("Bob");
  const tab = await tabs.open(place.harbor.url);
  await comeIn(tab, "Ada");
  await tab.evaluate(watch);
  await say(awake, "in front");
  await tab.until(shows("in front"));

  const front = await tabs.open("about:blank");
  await front.bringToFront();
  await tab.until(`document.visibilityState === "hidden"`);
  await say(awake, "hidden");
  await tab.until(shows("hidden"));

  await tab.freeze();
  await tab.until(`told.includes("freeze")`);
  const ticks = await tab.evaluate<number>("ticks");
  await say(awake, "frozen");
  await hasArrived(awake, "frozen");
  const back = connectsAgain(awake);
  await place.harbor.restart();
  await back;
  await say(awake, "after the restart");
  await hasArrived(awake, "after the restart");
  // Seconds have passed. Nothing has run in it, and nothing was shown.
  expect(await tab.evaluate<number>("ticks")).toBe(ticks);
  expect(await tab.evaluate<string[]>(textsOf)).toEqual(["in front", "hidden"]);

  await tab.thaw();
  await tab.bringToFront();
  await tab.until(shows("after the restart"));
  await tab.until(isLive);
  await say(awake, "in front again");
  await tab.until(shows("in front again"));
  const all = ["in front", "hidden", "frozen", "after the restart", "in front again"];
  expect(await tab.evaluate<string[]>(textsOf)).toEqual(all);
  expect(await tab.evaluate<string[]>("told")).toEqual(["hidden", "freeze", "resume", "visible"]);
  expect(await tab.evaluate<number>("ticks")).toBeGreaterThan(ticks);
});
