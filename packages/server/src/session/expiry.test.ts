// Expiry: at its time of day and a grace later, whatever the wall clock does, and never because a timer was long.
import { describe, expect, it } from "vitest";
import { Wheel } from "../hub/wheel.ts";
import { Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Expiry, isPast, ttlOf } from "./expiry.ts";

const hourMs = 3_600_000;

function begin(inSeconds: number | null): { clock: FakeClock; expiry: Expiry; ends: number[] } {
  const clock = new FakeClock();
  const ends: number[] = [];
  const node = { clock, metrics: new Metrics(), hub: { wheel: new Wheel(clock) }, limits: { expiryGraceMs: 25_000 } };
  const expiry = new Expiry(node, () => ends.push(clock.now()));
  expiry.set(inSeconds === null ? null : clock.wall() / 1_000 + inSeconds);
  return { clock, expiry, ends };
}

describe("Expiry", () => {
  it.each([1, 60, 3_600])("ends once, 25 s after %i s", (seconds) => {
    const { clock, ends } = begin(seconds);
    clock.advance(seconds * 1_000 + 24_900);
    expect(ends).toEqual([]);
    clock.advance(200);
    expect(ends.length).toBe(1);
    clock.advance(hourMs);
    expect([ends.length, clock.pending]).toEqual([1, 0]);
  });

  it("moves with the wall clock: an hour ahead ends it soon, an hour back lets it live longer", () => {
    const ahead = begin(1_800);
    ahead.clock.stepWall(hourMs);
    ahead.clock.advance(10_100);
    expect(ahead.ends.length).toBe(1);
    const back = begin(1_800);
    back.clock.stepWall(-hourMs);
    back.clock.advance(1_900_000);
    expect(back.ends).toEqual([]);
    back.clock.advance(hourMs);
    expect(back.ends.length).toBe(1);
  });

  it("is not touched by a jump that leaves its time ahead", () => {
    const { clock, ends } = begin(2 * 3_600);
    clock.stepWall(hourMs);
    clock.advance(hourMs);
    expect(ends).toEqual([]);
    clock.advance(26_000);
    expect(ends.length).toBe(1);
  });

  it("never ends without a time, after it was stopped, or when it was renewed", () => {
    const [never, stopped, renewed] = [begin(null), begin(10), begin(10)];
    stopped.expiry.stop();
    renewed.clock.advance(30_000);
    renewed.expiry.set(renewed.clock.wall() / 1_000 + 60);
    for (const { clock, ends } of [never, stopped, renewed]) {
      clock.advance(40_000);
      expect(ends).toEqual([]);
    }
    renewed.clock.advance(hourMs);
    expect(renewed.ends.length).toBe(1);
    renewed.expiry.set(null);
    expect(renewed.clock.pending).toBe(0);
  });

  it("tells clients whole seconds, at least one and no more than they can hold", () => {
    const clock = new FakeClock();
    const now = clock.wall() / 1_000;
    expect(ttlOf(null, clock)).toBeNull();
    expect([now + 60, now + 0.2, now - 5, 1e300].map((at) => ttlOf(at, clock))).toEqual([60, 1, 1, 0xffff_ffff]);
    expect([null, now + 1, now, now - 1].map((at) => isPast(at, clock))).toEqual([false, false, true, true]);
  });
});
