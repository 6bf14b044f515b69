// The owner's leases: one holder at a time, a fence of its own for each time, and nobody ends another's.
import { expect, test } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Leases } from "./leases.ts";

function begin(): { readonly clock: FakeClock; readonly leases: Leases<string> } {
  const clock = new FakeClock();
  return { clock, leases: new Leases<string>(clock, 100) };
}

test("one holds it at a time, and renews it under the same fence", () => {
  const { clock, leases } = begin();
  const fence = leases.take("c", "one", 1_000);
  expect([fence, leases.take("c", "two", 1_000)]).toEqual([101, null]);
  clock.advance(900);
  expect(leases.take("c", "one", 1_000)).toBe(fence);
  clock.advance(900);
  expect(leases.take("c", "two", 1_000)).toBeNull();
});

test("whoever takes what is over has another fence, and the old one holds no more", () => {
  const { clock, leases } = begin();
  expect(leases.take("c", "one", 1_000)).toBe(101);
  clock.advance(999);
  expect(leases.isCurrent("c", 101)).toBe(true);
  clock.advance(1);
  expect(leases.isCurrent("c", 101)).toBe(false);
  expect(leases.take("c", "two", 1_000)).toBe(102);
  expect([leases.isCurrent("c", 101), leases.isCurrent("c", 102)]).toEqual([false, true]);
});

test("a holder that was too late releases nothing of the next one's", () => {
  const { clock, leases } = begin();
  leases.take("c", "one", 1_000);
  clock.advance(1_000);
  leases.take("c", "two", 1_000);
  leases.release("c", "one");
  leases.gone("one");
  expect(leases.take("c", "one", 1_000)).toBeNull();
  leases.gone("two");
  expect(leases.take("c", "one", 1_000)).toBe(103);
});
