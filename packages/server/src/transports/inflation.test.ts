// Inflation: the parser is answered once for each of its pieces, in turns, whatever it does in between.
import { deflateRawSync } from "node:zlib";
import { expect, it } from "vitest";
import { Turns } from "../session/turns.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { type Inflation, inflation } from "./inflation.ts";

interface Stage {
  readonly clock: FakeClock;
  readonly failed: number[];
  readonly begin: () => Inflation;
}

function stage(): Stage {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  const failed: number[] = [];
  return {
    clock,
    failed,
    begin: () => inflation({ clock, turns, maxBytes: 1_000, fail: (code) => failed.push(code) }),
  };
}

it("inflates of many connections as much in a turn as there is time for, and all in the end", () => {
  const { clock, begin } = stage();
  let inflated = 0;
  for (let count = 0; count < 100; count += 1) {
    begin().decompress(deflateRawSync("x".repeat(900)), true, (_, message) => {
      expect(message).toHaveLength(900);
      inflated += 1;
    });
  }
  expect(inflated).toBe(0);
  clock.lookMs = 0.5;
  clock.turn();
  expect(inflated).toBeGreaterThan(0);
  expect(inflated).toBeLessThan(10);
  for (let count = 0; count < 100; count += 1) clock.turn();
  expect([inflated, clock.deferred]).toEqual([100, 0]);
});

it("goes on with what the parser finds behind a message, each once and in order", () => {
  const { clock, begin } = stage();
  const inflating = begin();
  const heard: string[] = [];
  const next = (n: number): void => {
    inflating.decompress(deflateRawSync(String(n)), true, (_, message) => {
      heard.push(String(message));
      if (n < 50) next(n + 1);
    });
  };
  next(1);
  clock.lookMs = 0.3;
  for (let count = 0; count < 60; count += 1) clock.turn();
  expect(heard).toEqual(Array.from({ length: 50 }, (_, n) => String(n + 1)));
  expect(clock.deferred).toBe(0);
});

it("answers for a fragment with nothing, and for the last one with the whole", () => {
  const { clock, begin } = stage();
  const inflating = begin();
  const bytes = deflateRawSync("hello, hello, hello");
  const heard: string[] = [];
  const done = (_: Error | null, message?: Buffer): void => void heard.push(String(message));
  inflating.decompress(bytes.subarray(0, 4), false, done);
  clock.turn();
  inflating.decompress(bytes.subarray(4), true, done);
  clock.turn();
  expect(heard).toEqual(["", "hello, hello, hello"]);
});

it.each([
  ["more than the limit", deflateRawSync("x".repeat(1_001)), 1_009],
  ["what is none", Buffer.of(0xff, 0xff), 1_007],
])("of %s it tells the connection and the parser", (_, bytes, code) => {
  const { clock, failed, begin } = stage();
  const errors: (Error | null)[] = [];
  begin().decompress(bytes, true, (error) => errors.push(error));
  clock.turn();
  expect([failed, errors.map((error) => error?.name)]).toEqual([[code], ["NotInflated"]]);
});
