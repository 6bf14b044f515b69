// The market in the browser: the newest quote of every symbol, as often as one likes, also on a slow line.
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { comeIn, withChromium } from "./harbor.ts";
import { startMarket } from "./market-place.ts";
import { at, WireFrames, type WireLine } from "./wire-frames.ts";

const chrome = withChromium();
const channel = "market:harbor";

const rows = (page: Page): Locator => page.getByRole("row");
const slider = (page: Page): Locator => page.getByLabel("New quotes");

async function goToMarket(page: Page): Promise<void> {
  await comeIn(page, "Fay");
  await page.getByRole("link", { name: "Market" }).click();
  await page.getByText("200 symbols, each with its newest quote").waitFor();
}

/** Chooses by the keyboard, from the slow end. */
async function choose(page: Page, words: string): Promise<void> {
  await slider(page).focus();
  await page.keyboard.press("Home");
  while ((await slider(page).getAttribute("aria-valuetext")) !== words) await page.keyboard.press("ArrowRight");
}

const isQuote = ({ direction, fields }: WireLine): boolean =>
  direction === "received" && at(fields, "push", "channel") === channel && at(fields, "push", "pub") !== undefined;

/** How many times quotes came in `lines`: what lies closer together than that came at once. */
function pulls(lines: readonly WireLine[], closestS = 0.04): number {
  const times = lines.filter(isQuote).map(({ atS }) => atS);
  return times.filter((atS, index) => index === 0 || atS - (times[index - 1] ?? 0) > closestS).length;
}

/** What came in so many seconds, by the browser's clock, from when the server has agreed to the newest rate. */
async function inSeconds(frames: WireFrames, seconds: number, rate: number): Promise<readonly WireLine[]> {
  const isRate = ({ direction, fields }: WireLine): boolean =>
    direction === "sent" && at(fields, "rpc", "method") === "tide.rate";
  const asked = await frames.first(
    (line) => line === frames.lines.findLast(isRate) && at(line.fields, "rpc", "data", "rate") === rate,
  );
  const { atS: fromS } = await frames.answerTo((fields) => fields === asked.fields);
  // The page asks for the count of what was published once a second, so that something always comes.
  await frames.first(({ direction, atS }) => direction === "received" && atS >= fromS + seconds);
  return frames.lines.filter(({ atS }) => atS > fromS && atS <= fromS + seconds);
}

/** What each row shows: symbol, price, change and volume. */
async function shown(page: Page): Promise<readonly string[]> {
  return await page.locator("tbody tr").evaluateAll((all) =>
    all.map((row) => {
      const texts = [...row.children].map(({ textContent }) => textContent);
      return [texts[0], texts[2], texts[3], texts[4]].join(" ");
    }),
  );
}

test("the table fills, and the slider decides how often new quotes come, without a new subscription", async () => {
  const { page } = await startMarket(chrome);
  const frames = await WireFrames.of(page);
  await goToMarket(page);
  expect(await rows(page).count()).toBe(201);
  await choose(page, "10 times a second");
  const fast = await inSeconds(frames, 3, 10);
  await choose(page, "once a second");
  const slow = await inSeconds(frames, 3, 1);
  // F5: at most the agreed number in every second, and one more.
  expect(pulls(slow)).toBeGreaterThan(0);
  expect(pulls(slow)).toBeLessThanOrEqual(4);
  expect(pulls(fast)).toBeLessThanOrEqual(31);
  expect(pulls(fast)).toBeGreaterThan(2 * pulls(slow));
  // Within a pull each symbol comes once, however often it was traded meanwhile.
  expect(slow.filter(isQuote).length).toBeLessThanOrEqual(200 * pulls(slow));
  const asked = frames.lines.filter(({ direction }) => direction === "sent").map(({ fields }) => fields["subscribe"]);
  expect(asked.filter((fields) => at(fields, "channel") === channel)).toHaveLength(1);
});

test("the counters add up: what was published is the server's count, what was saved is the rest", async () => {
  const { page, market } = await startMarket(chrome);
  const frames = await WireFrames.of(page);
  await goToMarket(page);
  await choose(page, "once a second");
  await page
    .getByText(/^\d\d,\d{3} in all$/)
    .first()
    .waitFor();
  const figures = await page
    .locator("dl > div")
    .evaluateAll((all) =>
      all.map(({ lastElementChild }) => Number(lastElementChild?.textContent.replaceAll(/\D/g, ""))),
    );
  const [published, delivered, saved] = figures;
  expect(published).toBeLessThanOrEqual(market.published);
  expect(delivered).toBeGreaterThan(0);
  expect(delivered).toBeLessThanOrEqual(frames.lines.filter(isQuote).length);
  expect(saved).toBe(Number(published) - Number(delivered));
});

test("paused, no quote reaches the socket; resumed, the newest of every symbol comes first", async () => {
  const { page } = await startMarket(chrome);
  const frames = await WireFrames.of(page);
  await goToMarket(page);
  await page.getByRole("button", { name: "Pause" }).click();
  const paused = await frames.answerTo((fields) => at(fields, "rpc", "method") === "tide.pause");
  await page.getByText(/^paused · [\d,]{5,} quotes passed over$/).waitFor();
  expect(frames.lines.filter((line) => isQuote(line) && line.atS > paused.atS)).toEqual([]);

  await page.getByRole("button", { name: "Resume" }).click();
  // Quotes may come before the answer does.
  const after = (): readonly WireLine[] => frames.lines.filter((line) => isQuote(line) && line.atS > paused.atS);
  await frames.first(() => after().length >= 200);
  const keys = after().map(({ fields }) => at(fields, "push", "pub", "key"));
  // Thousands were traded meanwhile, and each symbol comes once.
  expect(new Set(keys.slice(0, 150)).size).toBe(150);
});

test("at 400 kbit/s the newest quote of every symbol is on the screen within two intervals and a second", async () => {
  const { page, proxy, market } = await startMarket(chrome);
  await goToMarket(page);
  const bytesPerSecond = 50_000;
  const carried = (): number => proxy.connections().reduce((sum, { down }) => sum + down.sentBytes, 0);
  await proxy.set({ bytesPerSecond }, { direction: "down" });
  // At the five times a second that it begins with: three times what this line carries.
  const begun = carried();
  await market.until(() => carried() > begun + 10 * bytesPerSecond);
  market.close();
  const atEnd = carried();
  await expect.poll(() => shown(page), { timeout: 60_000 }).toEqual(market.shown());
  // Two intervals and a second. On this line bytes are time, on a busy machine too.
  expect((carried() - atEnd) / bytesPerSecond).toBeLessThan(2 / 5 + 1);
});

test("on a line that takes seconds for one pull, it says how old the quotes are, until it can", async () => {
  const { page, proxy } = await startMarket(chrome);
  await goToMarket(page);
  await choose(page, "60 times a second");
  // A single pull takes it seconds.
  await proxy.set({ bytesPerSecond: 5_000 }, { direction: "down" });
  await page.getByText(/^A slow line: these are \d+ s old\. Fewer would be newer\.$/).waitFor();
  await proxy.clear();
  await page.getByText("200 symbols, each with its newest quote").waitFor();
});

test("a column sorts by the keyboard, by the values of now, and the rows then stay where they are", async () => {
  const { page, market } = await startMarket(chrome);
  await goToMarket(page);
  market.close();
  await expect.poll(() => shown(page), { timeout: 20_000 }).toEqual(market.shown());
  await page.getByRole("button", { name: "Price" }).focus();
  await page.keyboard.press("Enter");
  const header = page.getByRole("columnheader", { name: "Price" });
  await expect.poll(() => header.getAttribute("aria-sort")).toBe("descending");
  const prices = (await shown(page)).map((row) => Number(row.split(" ")[1]?.replaceAll(",", "")));
  expect(prices).toEqual(prices.toSorted((one, other) => other - one));
  await page.keyboard.press("Enter");
  await expect.poll(() => header.getAttribute("aria-sort")).toBe("ascending");
});

test("prices light up where they changed, five times a second at most, and not where motion is unwanted", async () => {
  for (const reducedMotion of ["no-preference", "reduce"] as const) {
    const { page } = await startMarket(chrome, { reducedMotion });
    await goToMarket(page);
    await choose(page, "60 times a second");
    const flashes = await page.evaluate(flashesUntil, 5_000);
    expect(flashes.others).toBe(0);
    if (reducedMotion === "reduce") expect(flashes.times).toEqual([]);
    else {
      expect(flashes.times.length).toBeGreaterThan(100);
      // The sixth after one comes a second later, but for what a late frame may give back.
      const seconds = flashes.times.flatMap((cell) => cell.slice(6).map((ms, index) => ms - (cell[index] ?? 0)));
      expect(Math.min(...seconds)).toBeGreaterThan(950);
    }
  }
});

interface Flashes {
  /** When each cell lit up, in milliseconds. */
  readonly times: readonly (readonly number[])[];
  /** How often a cell lit up that shows no price. */
  readonly others: number;
}

/** Runs in the page: what lights up until so many prices have changed. */
function flashesUntil(changes: number): Promise<Flashes> {
  return new Promise((resolve) => {
    const times = new Map<Element, number[]>();
    let [others, changed] = [0, 0];
    const look = (mutations: readonly MutationRecord[]): void => {
      for (const { target, type } of mutations) {
        const cell = (target instanceof Element ? target : target.parentElement) as HTMLTableCellElement;
        if (type === "characterData") changed += cell.cellIndex === 2 ? 1 : 0;
        else if (cell.dataset["flash"] === undefined) continue;
        else if (cell.cellIndex !== 2) others += 1;
        else times.set(cell, [...(times.get(cell) ?? []), performance.now()]);
      }
      if (changed < changes) return;
      observer.disconnect();
      resolve({ times: [...times.values()], others });
    };
    const observer = new MutationObserver(look);
    const body = document.querySelector("tbody") ?? document;
    observer.observe(body, { subtree: true, characterData: true, attributeFilter: ["data-flash"] });
  });
}

test("the server is gone and comes back: the quotes stay, and say what they are", async () => {
  const { page, proxy } = await startMarket(chrome);
  await goToMarket(page);
  await proxy.set({ refuse: true });
  proxy.cut("reset");
  await page.getByText("No connection. These are the last quotes.").waitFor();
  expect(await rows(page).count()).toBe(201);
  await proxy.clear();
  await page.getByText("200 symbols, each with its newest quote").waitFor();
});
