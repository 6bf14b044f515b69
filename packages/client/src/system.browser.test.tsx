// The platform's own page and clock, in a real browser.
import { expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { systemPage } from "./page.ts";

test("the page tells of the network and of attention until it is no longer listened to", () => {
  const changes: string[] = [];
  const stop = systemPage.watch((change) => changes.push(change));
  dispatchEvent(new Event("offline"));
  dispatchEvent(new Event("online"));
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  stop();
  dispatchEvent(new Event("offline"));
  expect(changes).toEqual(["offline", "online", "visible"]);
  expect(systemPage.isOnline()).toBe(true);
  expect(systemPage.isVisible()).toBe(true);
});

test("a frame comes once, with the browser's next one, and not when it was cancelled", async () => {
  const order: string[] = [];
  const painted = new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
  systemClock.frame(() => order.push("frame"));
  systemClock.frame(() => order.push("cancelled"))();
  await painted;
  await new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
  expect(order).toEqual(["frame"]);
});

test("a frame comes in a hidden page too, where the browser gives none", async () => {
  const { requestAnimationFrame: real } = globalThis;
  // What a hidden page does: it takes the function and never calls it.
  globalThis.requestAnimationFrame = () => 0;
  try {
    await new Promise<void>((resolve) => systemClock.frame(resolve));
  } finally {
    globalThis.requestAnimationFrame = real;
  }
});
