// The wheel: what is due is called once, at most one slot late, however far away and however often it is moved.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { type Due, Wheel } from "./wheel.ts";

const nobody: Due = { dueAt: null, dueSlot: 0, due: () => undefined };

describe("Wheel", () => {
  it("calls each item once, not before its time and at most two slots after it", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ item: fc.nat(9), ms: fc.oneof(fc.nat(100), fc.nat(100_000)) }),
        fc.record({ cancel: fc.nat(9) }),
        fc.record({ pass: fc.oneof(fc.nat(30), fc.nat(50_000)) }),
      ),
    );
    fc.assert(
      fc.property(steps, (todo) => {
        const clock = new FakeClock();
        const wheel = new Wheel(clock);
        const dueMs = new Map<number, number>();
        const items = Array.from({ length: 10 }, (_, index) => ({
          dueAt: null,
          dueSlot: 0,
          due: () => {
            const due = dueMs.get(index);
            if (due === undefined) throw new Error(`item ${index} was not due`);
            expect(clock.now()).toBeGreaterThanOrEqual(due);
            expect(clock.now()).toBeLessThanOrEqual(due + 20);
            dueMs.delete(index);
          },
        }));
        for (const step of todo) {
          if ("pass" in step) clock.advance(step.pass);
          else if ("cancel" in step) {
            wheel.cancel(items[step.cancel] ?? nobody);
            dueMs.delete(step.cancel);
          } else {
            dueMs.set(step.item, clock.now() + step.ms);
            wheel.schedule(items[step.item] ?? nobody, step.ms);
          }
          expect(wheel.size).toBe(dueMs.size);
        }
        clock.advance(101_000);
        expect([dueMs.size, wheel.size, clock.pending]).toEqual([0, 0, 0]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("calls everything once after a standstill of any length", () => {
    const clock = new FakeClock();
    let late: () => void = () => undefined;
    // Timers of a process that stood still: one long step.
    const still = { ...portsOf(clock), after: (_ms: number, act: () => void) => ((late = act), () => undefined) };
    const wheel = new Wheel(still);
    const called: number[] = [];
    for (const ms of [5, 1_000, 39_000, 45_000, 500_000])
      wheel.schedule({ dueAt: null, dueSlot: 0, due: () => void called.push(ms) }, ms);
    clock.advance(120_000);
    late();
    expect(called.toSorted((a, b) => a - b)).toEqual([5, 1_000, 39_000, 45_000]);
  });

  it("lets an item schedule itself again from within", () => {
    const clock = new FakeClock();
    const wheel = new Wheel(clock);
    let calls = 0;
    const item: Due = { dueAt: null, dueSlot: 0, due: (): void => ((calls += 1), wheel.schedule(item, 0)) };
    wheel.schedule(item, 0);
    clock.advance(1_000);
    expect(calls).toBeGreaterThan(40);
    expect(calls).toBeLessThanOrEqual(100);
    // One timer, however often: each more would turn the wheel once more in every slot, for ever.
    expect(clock.pending).toBe(1);
  });

  it("calls nobody any more who stands in the same slot as one who stops it, or was canceled by another", () => {
    const clock = new FakeClock();
    const wheel = new Wheel(clock);
    const never = (): Due => ({ dueAt: null, dueSlot: 0, due: () => expect.fail("it was stopped, or canceled") });
    const canceled = never();
    wheel.schedule({ dueAt: null, dueSlot: 0, due: () => wheel.cancel(canceled) }, 10);
    wheel.schedule(canceled, 10);
    wheel.schedule({ dueAt: null, dueSlot: 0, due: () => wheel.stop() }, 10);
    wheel.schedule(never(), 10);
    clock.advance(1_000);
    expect([clock.pending, wheel.size]).toEqual([0, 0]);
  });

  it("goes on after one who stops it and schedules for a later turn of the same slot", () => {
    const clock = new FakeClock();
    const wheel = new Wheel(clock);
    let calls = 0;
    const later: Due = { dueAt: null, dueSlot: 0, due: () => (calls += 1) };
    const turnMs = 10 * 4_096;
    const due = (): void => {
      wheel.stop();
      wheel.schedule(later, turnMs - 10);
    };
    wheel.schedule({ dueAt: null, dueSlot: 0, due }, 0);
    clock.advance(2 * turnMs);
    expect([calls, wheel.size, clock.pending]).toEqual([1, 0, 0]);
  });

  it("ends its timer", () => {
    const clock = new FakeClock();
    const wheel = new Wheel(clock);
    wheel.schedule({ dueAt: null, dueSlot: 0, due: () => expect.fail("it was stopped") }, 10);
    wheel.stop();
    clock.advance(1_000);
    expect([clock.pending, wheel.size]).toEqual([0, 0]);
  });
});

function portsOf(clock: FakeClock): Pick<FakeClock, "now" | "wall" | "defer"> {
  return { now: () => clock.now(), wall: () => clock.wall(), defer: (act) => clock.defer(act) };
}
