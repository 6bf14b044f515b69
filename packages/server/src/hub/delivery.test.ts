// Delivery: slices, urgent before bulk, nobody starves, nobody is served twice for one wake.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Delivery, type Queue } from "./delivery.ts";

interface Reader {
  queue: Queue;
  abandoned: number;
  flush(): boolean;
  /** Flushes it still asks for. */
  left: number;
  served: number;
}

interface Trial {
  readonly clock: FakeClock;
  readonly delivery: Delivery;
  readonly served: string[];
  readonly reader: (name: string, left?: number) => Reader;
}

/** @param flushMs What a flush costs. */
function begin(flushMs = 0): Trial {
  const inner = new FakeClock();
  let spentMs = 0;
  const clock = Object.assign(inner, { now: () => spentMs });
  const served: string[] = [];
  return {
    clock,
    delivery: new Delivery(clock),
    served,
    reader: (name, left = 1) => {
      const reader: Reader = {
        left,
        served: 0,
        queue: "none",
        abandoned: 0,
        flush: () => {
          spentMs += flushMs;
          served.push(name);
          reader.served += 1;
          reader.left -= 1;
          return reader.left > 0;
        },
      };
      return reader;
    },
  };
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${prefix}${at}`);

describe("Delivery", () => {
  it("serves in the next turn, urgent ones first, in order, once however often they are woken", () => {
    const { clock, delivery, served, reader } = begin();
    const [a, b, c] = [reader("a"), reader("b"), reader("c")];
    for (const isUrgent of [false, false]) delivery.wake(a, isUrgent);
    delivery.wake(b, true);
    delivery.wake(c, false);
    delivery.wake(b, false);
    expect(served).toEqual([]);
    clock.turn();
    expect(served).toEqual(["b", "a", "c"]);
    clock.turn();
    expect([served.length, clock.deferred]).toEqual([3, 0]);
  });

  it("moves one up that becomes urgent, and serves it once", () => {
    const { clock, delivery, served, reader } = begin();
    const [a, b] = [reader("a"), reader("b")];
    delivery.wake(a, false);
    delivery.wake(b, false);
    delivery.wake(b, true);
    clock.turn();
    clock.turn();
    expect(served).toEqual(["b", "a"]);
  });

  it("gives one with more one turn at a time, however often it became urgent meanwhile", () => {
    const { clock, delivery, reader } = begin();
    const long = reader("long", 1_000);
    delivery.wake(long, false);
    for (let turn = 0; turn < 20; turn += 1) {
      delivery.wake(long, true);
      clock.turn();
    }
    const before = long.served;
    for (let turn = 0; turn < 10; turn += 1) clock.turn();
    expect(long.served - before).toBe(10);
  });

  it("stops after 5 ms, looking at the clock every 64, and goes on where it stopped", () => {
    const { clock, delivery, served, reader } = begin(0.2);
    const all = names("s", 300);
    for (const name of all) delivery.wake(reader(name), false);
    clock.turn();
    expect(served).toHaveLength(63);
    for (let turn = 0; turn < 20; turn += 1) clock.turn();
    expect(served).toEqual(all);
  });

  it("starves nobody while urgent work fills every turn", () => {
    const { clock, delivery, reader } = begin(1);
    const quiet = reader("quiet");
    delivery.wake(quiet, false);
    const busy = names("u", 500).map((name) => reader(name, 1_000_000));
    for (let turn = 0; turn < 20 && quiet.served === 0; turn += 1) {
      for (const each of busy) delivery.wake(each, true);
      clock.turn();
    }
    expect(quiet.served).toBe(1);
  });

  it("serves everybody in the end, and each as often as it asked, whatever wakes come between", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ who: fc.nat(5), isUrgent: fc.boolean(), turn: fc.boolean() }), { maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 6, maxLength: 6 }),
        (wakes, lefts) => {
          const { clock, delivery, reader } = begin(3);
          const all = lefts.map((left, at) => reader(`r${at}`, left));
          for (const { who, isUrgent, turn } of wakes) {
            const one = all[who];
            if (one !== undefined && one.left > 0) delivery.wake(one, isUrgent);
            if (turn) clock.turn();
          }
          for (const one of all) if (one.left > 0) delivery.wake(one, false);
          for (let turn = 0; turn < 200; turn += 1) clock.turn();
          for (const [at, one] of all.entries()) {
            expect(one.left).toBe(0);
            expect(one.served).toBe(lefts[at]);
            expect([one.queue, one.abandoned]).toEqual(["none", 0]);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
