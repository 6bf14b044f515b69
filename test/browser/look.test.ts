// How every page looks: it fits the window, nothing jumps, nobody is kept out; and a picture of each for people.
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { composer, hasArrived, message, say } from "./chat-window.ts";
import { comeIn, isConnected, withHarbor } from "./harbor.ts";
import { looks, pictures } from "./looks.ts";
import { Wire } from "./wire.ts";

const place = withHarbor({ hasWorker: true });

/** Of what moves on a page while nobody touches it; 0.1 is what the web calls good. */
const mostShift = 0.02;

const talk = [
  "Good morning. **Slack water** is at `10:40`, the pilot boat leaves at half past.",
  "Noted.\n\n- lines\n- fenders\n- the *long* gangway",
  "> Slack water is at 10:40\n\nThat is in twenty minutes",
  "```ts\nconst feed = useChannel(numbers, { pauseWhenHidden: true, keep: 200 }); // a line longer than a phone is wide\n```",
  "https://example.org/a/very/long/address/that/does/not/break/anywhere?because=it-has-no-spaces-at-all-in-it-and-goes-on",
  "שלום לכולם, מה שלומכם היום?",
  "🚢🌊⚓ 👨‍👩‍👧‍👦",
  "Pneumonoultramicroscopicsilicovolcanoconiosispneumonoultramicroscopicsilicovolcanoconiosis",
];

/** Adds up how far things jump in a page, from its first paint on. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = { sum: 0, of: [] as string[] };
    Object.assign(window, { shifts: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node: Element | null }[];
      })[]) {
        if (entry.hadRecentInput) continue;
        seen.sum += entry.value;
        for (const { node } of entry.sources)
          seen.of.push(`${entry.value} ${node?.outerHTML?.slice(0, 160) ?? "text"}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

/** What is measured and kept of one state of a page. */
async function look(page: Page, name: string): Promise<void> {
  // What comes late has come, and two frames are painted, so that it is measured too.
  await page.evaluate(async () => {
    await document.fonts.ready;
    const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map(({ finished }) => finished));
    for (let frame = 0; frame < 2; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
  await page.screenshot({ path: path.join(pictures, `${name.replaceAll(" ", "-")}.png`) });
  const { shifts, overhang } = await page.evaluate(() => ({
    shifts: (window as unknown as { shifts: { sum: number; of: string[] } }).shifts,
    overhang: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }));
  expect.soft(shifts.sum, `${name}: what jumps\n${shifts.of.join("\n")}`).toBeLessThan(mostShift);
  expect.soft(overhang, `${name}: pixels to scroll sideways`).toBe(0);
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => ({ id, html, failureSummary })),
  );
  expect.soft(found, `${name}: what keeps people out`).toEqual([]);
}

/** Fuller than any of the windows is high; made and filled once. */
let filling: Promise<void> | null = null;
function fillRoom(): Promise<void> {
  return (filling ??= fill());
}

async function fill(): Promise<void> {
  const writers = [
    await place.guest("Admiral Grace Hopper of the Fleet"),
    await place.guest("عمر"),
    await place.guest("🦀 Kai"),
  ];
  for (const [index, text] of [...talk, ...talk, ...talk].entries()) {
    const page = writers[Math.floor(index / 2) % writers.length];
    if (page === undefined) continue;
    await say(page, text);
    await page.locator('article:not([data-state="there"])').waitFor({ state: "detached" });
  }
}

/** Loads an address anew, so that what jumps while it loads is counted for itself. */
async function goTo(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await isConnected(page);
}

/** The Lab as one finds it, with faults set, with a dead line, and with what was planted. */
async function lookAtLab(page: Page, name: string): Promise<void> {
  const press = (label: string): Promise<void> => page.getByRole("button", { name: label, exact: true }).click();
  const is = (verdict: string) => page.locator(`[data-verdict="${verdict}"]`).waitFor();
  await goTo(page, "/lab");
  await is("good");
  await look(page, `lab ${name}`);
  await press("Cut the socket");
  await page.getByRole("status").filter({ hasText: "lost once; " }).waitFor();
  await press("Begin: Delay");
  await press("Begin: Slow line");
  await page.getByText(/^\d+ more on their way$/).waitFor();
  await look(page, `lab faults ${name}`);
  await press("Go half-open");
  await page.getByRole("list", { name: "Active faults" }).getByText("Half-open").waitFor();
  await look(page, `lab half-open ${name}`);
  await press("Heal");
  await page.getByText("No fault is set.").waitFor();
  await press("Plant a loss");
  await is("bad");
  await look(page, `lab planted ${name}`);
}

/** A problem as one finds it, with a program that is half right, and with one that cannot be read. */
async function lookAtJudge(page: Page, name: string): Promise<void> {
  const handIn = async (program: string, verdict: string): Promise<void> => {
    await page.getByLabel("Language").selectOption("javascript");
    await page.getByRole("textbox", { name: "Program" }).fill(program);
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByTestId("verdict").filter({ hasText: verdict }).waitFor();
  };
  await goTo(page, "/judge/loading-order");
  await page.getByRole("textbox", { name: "Program" }).waitFor();
  await look(page, `judge ${name}`);
  const half = `/* The smallest first. */
function solve(count, rules) {
  console.log("crates", count, "rules", rules.length);
  if (count === 2) throw new RangeError("they contradict each other");
  const order = Array.from({ length: count }, (_, crate) => crate);
  return rules.length > 3 ? order.reverse() : order; // \u2693 \u05e9\u05dc\u05d5\u05dd ${"and on ".repeat(20)}
}`;
  await handIn(half, "Wrong answer");
  await look(page, `judge judged ${name}`);
  await handIn("function solve( {", "Cannot be read");
  await look(page, `judge refused ${name}`);
}

/** In CI each width and each scheme once; all four are for those who look at the pictures. */
const looked =
  process.env["CI"] === undefined ? looks : looks.filter(({ name }) => /^(wide light|phone dark)$/.test(name));

test.each(looked)("every page, $name", async ({ name, ...options }) => {
  await fillRoom();
  const page = await place.window(options);
  const wire = await Wire.of(page);
  await watchShifts(page);
  await page.goto("/");
  await page.getByRole("img", { name: /the last number is/ }).waitFor();
  await look(page, `enter ${name}`);
  await comeIn(page, "Ada");

  await goTo(page, "/chat/workshop");
  await page.getByText("Nobody else is here.").waitFor();
  await look(page, `chat empty ${name}`);
  if (options.viewport.width < 640) {
    await page.getByRole("button", { name: "Rooms" }).click();
    await page.getByRole("dialog").waitFor();
    await look(page, `rooms ${name}`);
  }

  const other = await place.guest("Lou");
  await goTo(page, "/chat/harbour");
  await page.locator('article[data-state="there"]').first().waitFor();
  for (let count = 1; count <= 3; count += 1) {
    await composer(other).fill(`News ${count} for ${name}`);
    if (count === 1) await page.getByText("Lou is typing").waitFor();
    await composer(other).press("Enter");
    await hasArrived(page, `News ${count} for ${name}`);
  }
  await look(page, `chat full ${name}`);

  await goTo(page, "/live");
  await page.getByRole("img", { name: /the last number is/ }).waitFor();
  await look(page, `live ${name}`);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^paused · [1-9]\d* waiting$/).waitFor();
  await look(page, `live paused ${name}`);

  await goTo(page, "/market");
  await page.getByText("200 symbols, each with its newest quote").waitFor();
  await page
    .getByText(/^[\d,]+\/s$/)
    .first()
    .waitFor();
  await look(page, `market ${name}`);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^paused · [1-9][\d,]* quotes passed over$/).waitFor();
  await look(page, `market paused ${name}`);
  await lookAtJudge(page, name);

  await goTo(page, "/analytics");
  await page.getByText(/^(All [1-9][\d,]* messages are|1 message is) counted\.$/).waitFor();
  await look(page, `analytics ${name}`);

  await lookAtLab(page, name);
  await page.context().setOffline(true);
  wire.cut();
  await page.getByRole("button", { name: "Connection: Offline" }).waitFor();
  await look(page, `lab offline ${name}`);
  await page.getByRole("link", { name: "Live" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await look(page, `live offline ${name}`);
  await page.getByRole("link", { name: "Market" }).click();
  await page.getByText("There is no connection yet. The quotes come with it.").waitFor();
  await look(page, `market offline ${name}`);
  await page.getByRole("link", { name: "Chat" }).click();
  await composer(page).waitFor();
  await look(page, `chat offline ${name}`);
});

// The last of the file: after it there is no server.
test("the server is gone", async () => {
  await fillRoom();
  const pages: { page: Page; name: string }[] = [];
  for (const { name, ...options } of looks) {
    const page = await place.window(options);
    await watchShifts(page);
    await comeIn(page, "Ada");
    await page.locator('article[data-state="there"]').first().waitFor();
    pages.push({ page, name });
  }
  process.kill(place.harbor.processId, "SIGKILL");
  for (const { page, name } of pages) {
    const status = page.getByRole("button", { name: "Connection: Reconnecting" });
    await status.waitFor();
    await say(page, `Written without a server, ${name}`);
    await message(page, `Written without a server, ${name}`).and(page.locator('[data-state="waiting"]')).waitFor();
    await look(page, `reconnecting ${name}`);
    await status.click();
    await page.getByRole("dialog").waitFor();
    await look(page, `reconnecting details ${name}`);
  }
});
