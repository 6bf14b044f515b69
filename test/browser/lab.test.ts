// The Lab: every fault is made from the page, on the server's side of the wire; the client comes back, both sides say what
// they did, and the check is content, until something is planted.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { comeIn, isConnected, withHarbor } from "./harbor.ts";

const place = withHarbor({ isSupervised: true });

/** The longest that a client may take to find out that a line is dead, and to come back. */
const untilFoundMs = 70_000;

const verdict = (page: Page) => page.getByTestId("verdict");
const isGood = (page: Page) => verdict(page).and(page.locator('[data-verdict="good"]'));
const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
const lineIs = (page: Page, word: string) => page.getByTestId("line").filter({ hasText: `Your line: ${word}` });
const active = (page: Page, name: string) =>
  page.getByRole("list", { name: "Active faults" }).getByRole("listitem").filter({ hasText: name });
const summary = (page: Page, text: RegExp) => page.getByRole("status").filter({ hasText: text });

/** What one side did, as the timeline has it. */
function rows(page: Page, side: "page" | "server", text: string | RegExp) {
  const column = side === "page" ? 2 : 3;
  return page
    .getByRole("region", { name: "Timeline" })
    .locator(`tbody td:nth-child(${column})`)
    .filter({ hasText: text });
}

/** Numbers that the verdict is about. */
async function judged(page: Page): Promise<number> {
  return Number(/([\d,]+) numbers?/.exec(await verdict(page).innerText())?.[1]?.replaceAll(",", "") ?? 0);
}

/** Resolves when the check is content with everything that has come, and with `more` numbers beyond. */
async function goesOn(page: Page, more = 5): Promise<void> {
  const before = await judged(page);
  await expect.poll(() => judged(page), { timeout: 40_000 }).toBeGreaterThanOrEqual(before + more);
  await isGood(page).waitFor();
}

async function openLab(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Lab" }).click();
  await lineIs(page, "Live").waitFor();
  await isGood(page).waitFor();
}

async function lab(name: string): Promise<Page> {
  const page = await place.guest(name);
  await openLab(page);
  return page;
}

/** Adds up the numbers' lateness as they come on the page's socket, by the clock that stamped them. */
async function watchLateness(page: Page): Promise<{ readonly leastOf: (count: number) => Promise<number> }> {
  let heard: (lateMs: number) => void = () => undefined;
  page.on("websocket", (socket) => {
    if (!socket.url().includes("/lab/line")) return;
    socket.on("framereceived", ({ payload }) => {
      const nowMs = Date.now();
      for (const [, madeAtMs] of String(payload).matchAll(/"madeAtMs":(\d+)/g)) heard(nowMs - Number(madeAtMs));
    });
  });
  return {
    leastOf: async (count) => {
      const late: number[] = [];
      await new Promise<void>((resolve) => {
        heard = (lateMs) => void (late.push(lateMs) >= count && resolve());
      });
      heard = () => undefined;
      return Math.min(...late);
    },
  };
}

/** Half-open: nobody is told, the page finds out when no ping comes, and misses nothing. */
async function deadLine(page: Page): Promise<void> {
  await press(page, "Go half-open");
  await rows(page, "server", /Carries nothing on connection \d+ any more/).waitFor();
  await active(page, "Half-open").waitFor();
  // The page believes in its connection while the numbers pile up.
  await page.getByText(/^[1-9]\d more on their way$/).waitFor();
  expect(await lineIs(page, "Live").count()).toBe(1);
  await rows(page, "page", "Gave the socket up: no ping").waitFor({ timeout: untilFoundMs });
  await rows(page, "server", "Says that nothing is missing").waitFor({ timeout: untilFoundMs });
  await summary(page, /lost once; \d\d+ numbers passed meanwhile; all \d\d+ arrived, in order, once\.$/).waitFor();
  await goesOn(page);
}

/** A slow line: numbers pile up, the fault ends by itself, and all of them come. */
async function slowLine(page: Page): Promise<void> {
  await press(page, "Begin: Slow line");
  await active(page, "Slow line").waitFor();
  await page.getByText(/^[1-9]\d more on their way$/).waitFor();
  await rows(page, "server", "Slow line is over").waitFor({ timeout: 40_000 });
  await active(page, "No fault is set").waitFor();
  await page.getByText(/more on their way$/).waitFor({ state: "detached", timeout: 40_000 });
  await goesOn(page);
  await summary(page, /^Your connection has held; .* The latest was \d+ s late\.$/).waitFor();
}

/** A freeze: nothing passes for 20 s, and the same connection goes on with all of it. */
async function freeze(page: Page): Promise<void> {
  const again: string[] = [];
  page.on("websocket", (socket) => again.push(socket.url()));
  await press(page, "Begin: Freeze");
  await active(page, "Freeze").waitFor();
  await page.getByText(/^[5-9]\d more on their way$/).waitFor({ timeout: 40_000 });
  await rows(page, "server", "Freeze is over").waitFor({ timeout: 40_000 });
  await goesOn(page);
  await summary(page, /^Your connection has held; .* The latest was \d+ s late\.$/).waitFor();
  expect(again).toEqual([]);
}

/** A cut every 5 s: each time the page goes on where it was. */
async function cutAgainAndAgain(page: Page): Promise<void> {
  await press(page, "Begin: Cut every 5 s");
  await active(page, "Cut every 5 s").waitFor();
  await rows(page, "server", /^Cut connection/)
    .nth(1)
    .waitFor({ timeout: 40_000 });
  await rows(page, "server", "Says that nothing is missing").nth(1).waitFor({ timeout: 40_000 });
  await press(page, "Heal");
  await active(page, "No fault is set").waitFor();
  await lineIs(page, "Live").waitFor();
  await goesOn(page);
  await summary(page, /^Your connection was lost (twice|\d times); /).waitFor();
}

/** Unplugged: attempts are refused until it is over, and then nothing is missing. */
async function unplugged(page: Page): Promise<void> {
  await press(page, "Begin: Unplug");
  await active(page, "Unplug").waitFor();
  await rows(page, "server", "Refused a connection: the line is unplugged").first().waitFor();
  await rows(page, "page", "Got no connection (1006)").first().waitFor();
  await lineIs(page, "Reconnecting").waitFor();
  await rows(page, "server", "Unplug is over").waitFor({ timeout: 40_000 });
  await rows(page, "server", "Says that nothing is missing").waitFor({ timeout: 40_000 });
  await summary(page, /^Your connection was lost once; \d+ numbers passed meanwhile; all \d+ arrived/).waitFor();
  await goesOn(page);
}

test("a cut: the page comes back, both sides tell the same story, and the rest of the page stays connected", async () => {
  const page = await lab("Ada");
  const other = await lab("Bob");
  const again: string[] = [];
  for (const each of [page, other]) each.on("websocket", (socket) => again.push(socket.url()));
  await press(page, "Cut the socket");
  await rows(page, "server", /Cut connection \d+ by a reset, at number \d+/).waitFor();
  await rows(page, "page", "Lost the socket without a word").waitFor();
  await rows(page, "page", /Waits .* before it tries again/).waitFor();
  await rows(page, "server", /Says that nothing is missing since number \d+/).waitFor();
  await lineIs(page, "Live").waitFor();
  await summary(
    page,
    /^Your connection was lost once; .*(arrived, in order, once|nothing passed meanwhile)\.$/,
  ).waitFor();
  await goesOn(page);
  await goesOn(other);
  // Only the line broke, and only one's own.
  expect(again.map((url) => new URL(url).pathname)).toEqual(["/lab/line"]);
});

test("half-open and healed: the dead connection is ended, and the next one goes on", async () => {
  const page = await lab("Ada");
  await press(page, "Go half-open");
  await active(page, "Half-open").waitFor();
  await press(page, "Heal");
  await rows(page, "server", "Took every fault back").waitFor();
  await active(page, "No fault is set").waitFor();
  await rows(page, "server", "Says that nothing is missing").waitFor();
  await goesOn(page);
});

test("a delay and single bytes: what comes is late, in order, and whole", async () => {
  const page = await place.guest("Ada");
  const lateness = await watchLateness(page);
  await openLab(page);
  await press(page, "Begin: Delay");
  await rows(page, "server", "Delay begins, for 30 s").waitFor();
  await active(page, "Delay").waitFor();
  expect(await lateness.leastOf(5)).toBeGreaterThanOrEqual(300);
  await press(page, "Begin: One byte at a time");
  await active(page, "One byte at a time").waitFor();
  // A number has some 150 bytes, and a byte takes a millisecond.
  expect(await lateness.leastOf(5)).toBeGreaterThanOrEqual(400);
  await press(page, "End: Delay");
  await rows(page, "server", "Delay was taken back").waitFor();
  await goesOn(page);
  expect(await lateness.leastOf(5)).toBeGreaterThanOrEqual(100);
  await press(page, "Heal");
  await active(page, "No fault is set").waitFor();
  await goesOn(page);
  await summary(page, /^Your connection has held/).waitFor();
});

test("faults that take their time, each on a line of its own", async () => {
  const scenarios = { deadLine, slowLine, freeze, cutAgainAndAgain, unplugged };
  const ends = Object.entries(scenarios).map(async ([name, scenario]) => await scenario(await lab(name)));
  await Promise.all(ends);
});

test("the server is killed: another process opens the line again, and the numbers go on without a hole", async () => {
  const page = await lab("Ada");
  const ready = place.harbor.readyAgain();
  await press(page, "Kill the server");
  await ready;
  await rows(page, "server", /Process \d+ is killed, at number \d+/).waitFor({ timeout: 40_000 });
  await rows(page, "server", /Process \d+ opened your line, at number [1-9]\d*/).waitFor({ timeout: 40_000 });
  await rows(page, "server", "Says that nothing is missing").waitFor({ timeout: 40_000 });
  await isConnected(page);
  await goesOn(page);
  await summary(page, /^Your connection was lost once; /).waitFor();
  const killed = await rows(page, "server", /is killed/).innerText();
  const opened = await rows(page, "server", /opened your line/)
    .last()
    .innerText();
  expect(/\d+/.exec(opened)?.[0]).not.toBe(/\d+/.exec(killed)?.[0]);
});

test("what is planted turns the check red, and clearing it makes it whole again", async () => {
  const page = await lab("Ada");
  const isBad = verdict(page).and(page.locator('[data-verdict="bad"]'));
  await press(page, "Plant a loss");
  await isBad.filter({ hasText: /: 1 missing \(\d+\)\.$/ }).waitFor();
  await rows(page, "page", /^Number \d+ was kept from the check$/).waitFor();
  await press(page, "Plant a repeat");
  await isBad.filter({ hasText: /: 1 missing \(\d+\), 1 here twice \(\d+\)\.$/ }).waitFor();
  await summary(page, /the check finds something wrong/).waitFor();
  // It stays red, whatever comes after it.
  const before = await judged(page);
  await expect.poll(() => judged(page), { timeout: 20_000 }).toBeGreaterThan(before + 5);
  expect(await isBad.count()).toBe(1);
  await press(page, "Clear");
  await goesOn(page);
});

test("the story of the line is there again when one comes back to the Lab", async () => {
  const page = await place.window();
  await comeIn(page, "Ada");
  await openLab(page);
  await press(page, "Cut the socket");
  await rows(page, "server", "Says that nothing is missing").waitFor();
  await page.getByRole("link", { name: "Chat" }).click();
  await page.getByRole("textbox", { name: /^Message / }).waitFor();
  await openLab(page);
  expect(await rows(page, "server", /^Cut connection/).count()).toBe(1);
  await goesOn(page);
});
