// Quantiles from buckets stay within a tenth of a percent of the true ones.
import { describe, expect, it } from "vitest";
import { countLatency, noLatencies, quantileMs, sumLatencies } from "./latency.ts";

describe("latencies", () => {
  it.each([0, 1, 2_047, 2_048, 2_049, 65_535, 1_000_000, 60_000_000])("%i µs are found again", (us) => {
    const latencies = noLatencies();
    countLatency(latencies, us);
    const found = quantileMs(latencies, 0.5) * 1_000;
    expect(found).toBeGreaterThanOrEqual(us);
    expect(found - us).toBeLessThanOrEqual(us * 0.001);
  });

  it("quantiles of many, from several processes", () => {
    const [one, other] = [noLatencies(), noLatencies()];
    for (let us = 1; us <= 1_000; us += 1) countLatency(us % 2 === 0 ? one : other, us);
    const all = sumLatencies([one, other]);
    expect([0.5, 0.99, 0.999].map((share) => quantileMs(all, share))).toEqual([0.5, 0.99, 0.999]);
    expect(quantileMs(noLatencies(), 0.5)).toBe(0);
  });
});
