// The machine's own clock and chance, on Node.
import { expect, test } from "vitest";
import { randomKey, systemClock, systemRandom } from "./clock.ts";
import { systemPage } from "./page.ts";

test("time goes forward, timers run once, and cancelled ones never", async () => {
  const before = systemClock.now();
  const log: string[] = [];
  systemClock.after(0, () => log.push("cancelled"))();
  systemClock.frame(() => log.push("frame cancelled"))();
  await new Promise<void>((resolve) => void systemClock.after(1, resolve));
  await new Promise<void>((resolve) => void systemClock.frame(resolve));
  expect(log).toEqual([]);
  expect(systemClock.now()).toBeGreaterThan(before);
  expect(Math.abs(systemClock.wall() - Date.now())).toBeLessThan(1_000);
});

test.each([2 ** 31, 1e12, Infinity])(
  "a timer for %d ms, beyond what the platform takes, does not run at once",
  async (ms) => {
    const log: string[] = [];
    const cancel = systemClock.after(ms, () => log.push("early"));
    await new Promise<void>((resolve) => void systemClock.after(20, resolve));
    cancel();
    expect(log).toEqual([]);
  },
);

test("chance lies from 0 up to 1, and keys made of it differ", () => {
  const keys = new Set<string>();
  for (let count = 0; count < 10_000; count++) {
    const value = systemRandom();
    expect(value >= 0 && value < 1).toBe(true);
    keys.add(randomKey(systemRandom));
  }
  expect(keys.size).toBe(10_000);
});

test("where there is no page it is online and visible, and tells nothing", () => {
  expect(systemPage.isOnline()).toBe(true);
  expect(systemPage.isVisible()).toBe(true);
  systemPage.watch(() => undefined)();
});
