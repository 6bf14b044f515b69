// Rates: what a second and a burst allow, and no more, in every window.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../options.ts";
import { Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Bucket, Rates } from "./rates.ts";

describe("Bucket", () => {
  it("never gives more than the burst and what a window brings, and all of that", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.nat(500), { maxLength: 20 }),
        (rate, burst, waits) => {
          const clock = new FakeClock();
          const bucket = new Bucket(clock, rate, burst);
          const taken: number[] = [];
          for (const wait of waits) {
            clock.advance(wait);
            while (bucket.take()) taken.push(clock.now());
          }
          const isTooMuch = taken.some((startMs, from) =>
            taken.slice(from).some((endMs, at) => at + 1 > burst + ((endMs - startMs) * rate) / 1_000 + 1e-6),
          );
          expect(isTooMuch).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("takes what is there and refuses what is not, of any amount, and a refusal costs nothing", () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(2_000), amount: fc.integer({ min: 1, max: 400 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 200 }), steps, (rate, burst, given) => {
        const clock = new FakeClock();
        const bucket = new Bucket(clock, rate, burst);
        // In thousandths, which are whole: what a millisecond brings is the rate.
        let there = burst * 1_000;
        for (const { waitMs, amount } of given) {
          clock.advance(waitMs);
          there = Math.min(burst * 1_000, there + waitMs * rate);
          const wanted = Math.min(amount, burst) * 1_000;
          const isTaken = bucket.take(amount);
          // Tokens are fractions: a thousandth of one either way is rounding.
          if (Math.abs(there - wanted) > 1) expect(isTaken).toBe(there > wanted);
          if (isTaken) there -= wanted;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("gives one larger than the burst to a full bucket alone", () => {
    const clock = new FakeClock();
    const bucket = new Bucket(clock, 10, 100);
    expect([bucket.take(1_000), bucket.take(1_000), bucket.take(1)]).toEqual([true, false, false]);
    clock.advance(9_999);
    expect(bucket.take(1_000)).toBe(false);
    clock.advance(1);
    expect(bucket.take(1_000)).toBe(true);
  });
});

describe("Rates", () => {
  it("refuses above the burst, is hopeless after ten refusals in a row, and hopeful after a success", () => {
    const clock = new FakeClock();
    const rates = new Rates({ limits: defaultLimits, clock, metrics: new Metrics() }, true);
    for (let at = 0; at < 100; at += 1) expect(rates.mayPublish(10)).toBe(true);
    for (let at = 0; at < 9; at += 1) expect(rates.mayPublish(10)).toBe(false);
    expect(rates.isHopeless).toBe(false);
    clock.advance(20);
    expect([rates.mayPublish(10), rates.mayPublish(10), rates.isHopeless]).toEqual([true, false, false]);
    for (let at = 0; at < 9; at += 1) rates.mayPublish(10);
    expect(rates.isHopeless).toBe(true);
  });

  it("counts the bytes of publishes too", () => {
    const clock = new FakeClock();
    const rates = new Rates({ limits: defaultLimits, clock, metrics: new Metrics() }, true);
    expect([rates.mayPublish(262_144), rates.mayPublish(1)]).toEqual([true, false]);
    clock.advance(1_000);
    expect(rates.mayPublish(262_144)).toBe(true);
  });

  it("is hopeless exactly after so many refusals in a row, of whatever kind", () => {
    const step = fc.record({ waitMs: fc.nat(150), isPublish: fc.boolean(), bytes: fc.integer({ min: 1, max: 3_000 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), (steps) => {
        const clock = new FakeClock();
        const limits = {
          subscribesPerSecond: 2,
          subscribeBurst: 4,
          publishesPerSecond: 3,
          publishBurst: 5,
          publishBytesPerSecond: 4_000,
          callsPerSecond: 1,
          callBurst: 1,
          refusalsInARow: 3,
        };
        const rates = new Rates({ limits, clock, metrics: new Metrics() }, true);
        let refusals = 0;
        for (const { waitMs, isPublish, bytes } of steps) {
          clock.advance(waitMs);
          const isAllowed = isPublish ? rates.mayPublish(bytes) : rates.maySubscribe();
          refusals = isAllowed ? 0 : refusals + 1;
          expect(rates.isHopeless).toBe(refusals >= 3);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("counts subscribes by themselves, and refuses nothing where rates are off", () => {
    const clock = new FakeClock();
    const [on, off] = [
      new Rates({ limits: defaultLimits, clock, metrics: new Metrics() }, true),
      new Rates({ limits: defaultLimits, clock, metrics: new Metrics() }, false),
    ];
    for (let at = 0; at < 128; at += 1) expect(on.maySubscribe()).toBe(true);
    expect([on.maySubscribe(), on.mayPublish(1)]).toEqual([false, true]);
    for (let at = 0; at < 1_000; at += 1) expect([off.maySubscribe(), off.mayPublish(1_000_000)]).toEqual([true, true]);
  });
});
