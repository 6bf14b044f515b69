import { expect, it } from "vitest";
import { systemRandom } from "@tidewire/protocol/ports";
import { delayMs } from "./retry.ts";

it("waits up to a tenth less, and never longer than it says", () => {
  const delays = (fraction: number): readonly number[] =>
    [1, 2, 6, 7, 40].map((attempt) => delayMs(attempt, { ...systemRandom, fraction: () => fraction }));
  expect(delays(0)).toEqual([60_000, 120_000, 1_920_000, 3_600_000, 3_600_000]);
  expect(delays(0.5)).toEqual([57_000, 114_000, 1_824_000, 3_420_000, 3_420_000]);
});
