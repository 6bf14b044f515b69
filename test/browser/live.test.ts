// The number feed in the browser: numbers arrive and are drawn, a pause keeps them off the wire, resuming misses none.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { withHarbor } from "./harbor.ts";
import { at, WireFrames, type WireLine } from "./wire-frames.ts";

const place = withHarbor();
const channel = "feed:numbers";
const pausedForS = 5;

const chartOf = (page: Page) => page.getByRole("img", { name: /^Chart of the number feed/ });

/** The numbers that the server pushed, in the order in which they came. */
function pushed(lines: readonly WireLine[]): { offset: number; value: number }[] {
  return lines
    .filter(({ direction, fields }) => direction === "received" && at(fields, "push", "channel") === channel)
    .filter(({ fields }) => at(fields, "push", "pub") !== undefined)
    .map(({ fields }) => ({
      offset: Number(at(fields, "push", "pub", "offset")),
      value: Number(at(fields, "push", "pub", "data")),
    }));
}

/** How much of the chart is drawn in the colour of the line. */
async function inkOf(page: Page): Promise<number> {
  return await page.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const context = canvas.getContext("2d");
    const { data } = context?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    let count = 0;
    for (let index = 3; index < data.length; index += 4) if ((data[index] ?? 0) > 128) count += 1;
    return count;
  });
}

test("before anybody comes in, numbers arrive on the chart", async () => {
  const page = await place.window();
  const frames = await WireFrames.of(page);
  await page.goto("/");
  await chartOf(page).waitFor();
  await frames.first(() => pushed(frames.lines).length >= 2);
  const last = pushed(frames.lines).at(-1);
  await page.getByRole("img", { name: `the last number is ${last?.value}` }).waitFor();
  expect(await inkOf(page)).toBeGreaterThan(100);
  for (const { value } of pushed(frames.lines)) {
    expect(Number.isInteger(value) && value >= 1 && value <= 10).toBe(true);
  }
});

test("paused, no number reaches the socket; resumed, every one that was missed comes, in order, once", async () => {
  const page = await place.guest("Fay");
  const frames = await WireFrames.of(page);
  await page.getByRole("link", { name: "Live" }).click();
  await frames.first(() => pushed(frames.lines).length >= 2);

  await page.getByRole("button", { name: "Pause" }).click();
  const paused = await frames.answerTo((fields) => at(fields, "rpc", "method") === "tide.pause");
  const before = pushed(frames.lines).length;
  // The page asks once a second how much waits for it, so that something does arrive meanwhile.
  await frames.first(({ direction, atS }) => direction === "received" && atS >= paused.atS + pausedForS);
  const news = frames.lines.filter(({ direction, atS }) => direction === "received" && atS > paused.atS);
  expect(news.filter(({ fields }) => JSON.stringify(fields).includes(channel))).toEqual([]);
  expect(pushed(frames.lines)).toHaveLength(before);
  const note = page.getByText(/^paused · [1-9]\d* waiting$/);
  await note.waitFor();
  const waiting = Number(/\d+/.exec(await note.innerText())?.[0]);
  expect(waiting).toBeGreaterThanOrEqual(pausedForS - 1);

  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText(/^caught up · [1-9]\d* came at once$/).waitFor();
  await frames.first(() => pushed(frames.lines).length >= before + waiting + 2);
  const offsets = pushed(frames.lines).map(({ offset }) => offset);
  // The server numbers them without a hole, so a hole here would be one.
  expect(offsets).toEqual(Array.from(offsets, (_, index) => Number(offsets[0]) + index));
  await page.getByRole("img", { name: `the last number is ${pushed(frames.lines).at(-1)?.value}` }).waitFor();
});

test("one window's pause is its own", async () => {
  const resting = await place.guest("Fay");
  const watching = await place.guest("Gil");
  const frames = await WireFrames.of(watching);
  for (const page of [resting, watching]) await page.getByRole("link", { name: "Live" }).click();
  await resting.getByRole("button", { name: "Pause" }).click();
  await resting.getByText(/^paused · [1-9]\d* waiting$/).waitFor();
  const before = pushed(frames.lines).length;
  await resting.getByText(/^paused · ([3-9]|\d\d+) waiting$/).waitFor();
  expect(pushed(frames.lines).length).toBeGreaterThan(before);
});

test("on a phone the legend is in sight, above the bar", async () => {
  const page = await place.guest("Hal", { viewport: { width: 360, height: 740 } });
  await page.getByRole("link", { name: "Live" }).click();
  await chartOf(page).waitFor();
  const bottomOf = async (text: string): Promise<number> => {
    const box = await page.getByRole("listitem").filter({ hasText: text }).boundingBox();
    return (box?.y ?? 0) + (box?.height ?? 0);
  };
  const bar = await page.getByRole("navigation", { name: "Places" }).boundingBox();
  const mostPx = (bar?.y ?? 0) - 8;
  expect(await bottomOf("back, with a gap")).toBeLessThanOrEqual(mostPx);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^paused · [1-9]\d* waiting$/).waitFor();
  expect(await bottomOf("back, with a gap")).toBeLessThanOrEqual(mostPx);
});
