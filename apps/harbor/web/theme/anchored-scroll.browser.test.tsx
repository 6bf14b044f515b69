// Scrolling that holds still, in a real browser.
import { afterEach, beforeEach, expect, test } from "vitest";
import { AnchoredScroll, type OutOfSight } from "./anchored-scroll.ts";

const viewPx = 300;

let scroller: HTMLElement;
let content: HTMLElement;
let stuck: boolean[];
let sight: OutOfSight | null;
let isAtEnd: boolean;
let detach: () => void;

beforeEach(() => {
  scroller = document.body.appendChild(document.createElement("div"));
  scroller.style.cssText = `height: ${viewPx}px; overflow-y: auto; overflow-anchor: none; position: relative`;
  content = scroller.appendChild(document.createElement("div"));
  stuck = [];
  sight = null;
  isAtEnd = true;
});

afterEach(() => {
  detach();
  scroller.remove();
});

function row(name: string, heightPx: number): HTMLElement {
  const element = document.createElement("div");
  element.dataset["row"] = name;
  element.style.height = `${heightPx}px`;
  return element;
}

function open(opensAtBottom: boolean): AnchoredScroll {
  const scroll = new AnchoredScroll(opensAtBottom);
  detach = scroll.attach(scroller, {
    isAtEnd: () => isAtEnd,
    stuck: (isStuck) => void stuck.push(isStuck),
    moved: (outOfSight) => (sight = outOfSight),
  });
  return scroll;
}

/** As a person does; resolves when everybody has heard of it. */
async function scrollTo(top: number): Promise<void> {
  const heard = new Promise((resolve) => scroller.addEventListener("scroll", resolve, { once: true }));
  scroller.scrollTop = top;
  await heard;
}

const below = (): number => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
const topOf = (name: string): number => {
  const element = content.querySelector(`[data-row="${name}"]`);
  return (element?.getBoundingClientRect().top ?? Number.NaN) - scroller.getBoundingClientRect().top;
};

function fill(count: number): void {
  for (let index = 0; index < count; index += 1) content.append(row(`row ${index}`, 40 + (index % 3) * 30));
}

test("at the bottom it stays there, whatever is added and however high it turns out", async () => {
  fill(30);
  const scroll = open(true);
  expect(below()).toBe(0);
  content.append(row("new", 200));
  scroll.settle();
  expect(below()).toBe(0);
  content.querySelector<HTMLElement>('[data-row="new"]')?.style.setProperty("height", "500px");
  await expect.poll(below).toBe(0);
});

test("whoever scrolls up is left in peace, and is at the bottom again when back there", async () => {
  fill(30);
  const scroll = open(true);
  await scrollTo(scroller.scrollTop - 200);
  expect(stuck).toEqual([false]);
  const before = topOf("row 25");
  content.append(row("new", 200));
  scroll.settle();
  expect(topOf("row 25")).toBe(before);
  await scrollTo(scroller.scrollHeight);
  expect(stuck).toEqual([false, true]);
});

test("what one looks at stays in its place when rows come, go and change above it", async () => {
  fill(30);
  const scroll = open(true);
  await scrollTo(700);
  const before = topOf("row 12");
  content.prepend(row("older 1", 70), row("older 2", 333));
  scroll.settle();
  expect(topOf("row 12")).toBe(before);
  content.firstElementChild?.remove();
  content.querySelector('[data-row="row 0"]')?.remove();
  scroll.settle();
  expect(topOf("row 12")).toBe(before);
  content.querySelector<HTMLElement>('[data-row="row 3"]')?.style.setProperty("height", "400px");
  await expect.poll(() => topOf("row 12")).toBe(before);
});

test("the bottom of a part is not one to stay at", async () => {
  fill(30);
  isAtEnd = false;
  const scroll = open(false);
  await scrollTo(scroller.scrollHeight);
  expect(stuck).toEqual([]);
  const before = topOf("row 29");
  for (let index = 30; index < 60; index += 1) content.append(row(`row ${index}`, 40));
  scroll.settle();
  expect(topOf("row 29")).toBe(before);
  // Asked to go there, it goes once the end is in the page.
  scroll.toBottom();
  scroll.settle();
  expect(below()).toBeGreaterThan(0);
  isAtEnd = true;
  scroll.settle();
  expect(below()).toBe(0);
});

test("it tells what is out of sight, and opens at a row", () => {
  fill(30);
  const scroll = open(false);
  scroll.toRow("row 10");
  expect(topOf("row 10")).toBe(0);
  expect(sight).toMatchObject({ rowsAbove: 10, abovePx: scroller.scrollTop, belowPx: below() });
  expect((sight?.rowsBelow ?? 0) + 10).toBeLessThan(30);
});
