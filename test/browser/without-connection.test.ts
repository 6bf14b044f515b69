// A page without a connection: what it had stays, it says when it tries again, and a room can be named before there are any.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { composer, hasArrived, say } from "./chat-window.ts";
import { comeIn, isConnected, withHarbor } from "./harbor.ts";
import { Wire } from "./wire.ts";

const place = withHarbor();

const goTo = (page: Page, name: string): Promise<void> => page.getByRole("link", { name }).click();
const lastNumber = (page: Page) => page.getByRole("img", { name: /the last number is/ });

test("what a page has stays when one looks elsewhere offline, and is brought up to date afterwards", async () => {
  const ada = await place.window();
  const wire = await Wire.of(ada);
  await comeIn(ada, "Ada");
  const bob = await place.guest("Bob");
  await say(bob, "before");
  await hasArrived(ada, "before");
  await ada.getByText("Here now · 2").waitFor();
  await goTo(ada, "Live");
  await lastNumber(ada).waitFor();
  await goTo(ada, "Chat");
  await hasArrived(ada, "before");
  await ada.getByText("Here now · 2").waitFor();

  await ada.context().setOffline(true);
  wire.cut();
  await ada.getByRole("button", { name: "Connection: Offline" }).waitFor();
  await goTo(ada, "Lab");
  await ada.getByRole("heading", { name: "Lab" }).waitFor();
  await goTo(ada, "Chat");
  await hasArrived(ada, "before");
  expect(await ada.getByText("Here now · 2").count()).toBe(1);
  await goTo(ada, "Live");
  await lastNumber(ada).waitFor();

  await goTo(ada, "Chat");
  await say(bob, "meanwhile");
  await hasArrived(bob, "meanwhile");
  await ada.context().setOffline(false);
  await hasArrived(ada, "meanwhile");
  await hasArrived(ada, "before");
  await bob.context().close();
  await ada.getByText("Here now · 1").waitFor();
});

test("a page that never knew who is in a room does not say that nobody is", async () => {
  const page = await place.window();
  const wire = await Wire.of(page);
  await comeIn(page, "Ada");
  await page.goto("/live");
  await lastNumber(page).waitFor();
  await page.context().setOffline(true);
  wire.cut();
  await page.getByRole("button", { name: "Connection: Offline" }).waitFor();
  await goTo(page, "Chat");
  await page.getByText("There is no connection yet. The messages come with it.").waitFor();
  await page.getByRole("heading", { name: "Who is here" }).waitFor();
  expect(await page.getByText("Here now").count()).toBe(0);
  await page.context().setOffline(false);
  await page.getByText("Here now · 1").waitFor();
});

test("the header and what a click on it shows count down by the same clock", async () => {
  const page = await place.window();
  const wire = await Wire.of(page);
  await comeIn(page, "Ada");
  wire.refuse();
  // After some attempts the waits are long enough to look at.
  await page.getByRole("button", { name: /^Connection: Reconnecting in [3-9] s$/ }).waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: /^Connection: Reconnecting/ }).click();
  await page.getByRole("dialog").waitFor();
  const seen = await page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const pairs: string[] = [];
        const look = (): void => {
          const header = document.querySelector("button[aria-label^='Connection:']")?.textContent ?? "";
          const shown = document.querySelector("[role=dialog] h2")?.textContent ?? "";
          if (pairs.at(-1) !== `${header} | ${shown}`) pairs.push(`${header} | ${shown}`);
          if (pairs.length >= 5) resolve(pairs);
        };
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
        look();
      }),
  );
  for (const pair of seen) {
    const [header, shown] = pair.split(" | ");
    expect(shown, pair).toBe(header);
  }
});

test("a room that is named before the list of rooms is here keeps its dialog", async () => {
  const page = await place.window();
  const wire = await Wire.of(page);
  await comeIn(page, "Ada");
  await composer(page).waitFor();
  wire.outgoing = (text) => (text.includes("rooms.list") ? null : text);
  await page.goto("/chat");
  await isConnected(page);
  await page.getByRole("button", { name: "New room" }).click();
  await page.getByLabel("Name").fill("Early bird");
  wire.release();
  await page.getByRole("heading", { name: "Harbour", level: 1, includeHidden: true }).waitFor({ state: "attached" });
  expect(await page.getByLabel("Name").inputValue()).toBe("Early bird");
  await page.getByRole("button", { name: "Make the room" }).click();
  await page.getByRole("heading", { name: "Early bird", level: 1 }).waitFor();
});
