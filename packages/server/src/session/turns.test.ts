// Turns: what waits, in which order it is taken in, and that nobody is forgotten.
import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { type Hearer, Turns } from "./turns.ts";

interface Stage {
  readonly clock: FakeClock;
  readonly turns: Turns;
  /** Work that was put off; a turn runs what was there when it began. */
  readonly deferred: (() => void)[];
}

function stage(): Stage {
  const deferred: (() => void)[] = [];
  const clock = new FakeClock({ defer: (act) => void deferred.push(act) });
  return { clock, deferred, turns: new Turns(clock) };
}

function turn({ deferred }: Stage): void {
  for (const act of deferred.splice(0)) act();
}

/** Says its name for each message, which takes it a millisecond. */
function hearer(name: string, count: number, { clock, said }: { clock: FakeClock; said: string[] }): Hearer {
  let left = count;
  return {
    hearNext() {
      said.push(name);
      clock.advance(1);
      left -= 1;
      return left > 0;
    },
  };
}

it("has time for as many messages as come within its milliseconds, and again in the next turn", () => {
  const here = stage();
  const { clock, turns } = here;
  const taken = (): number => {
    for (let count = 0; ; count += 1) {
      if (!turns.hasTime()) return count;
      clock.advance(0.5);
    }
  };
  // Three that are not measured, then 5 ms of them.
  expect(taken()).toBe(3 + 10);
  expect(turns.hasTime()).toBe(false);
  turn(here);
  expect(taken()).toBe(3 + 10);
});

it("takes in one of each who wait after another, some in each turn, until nobody waits", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const [name, count] of [
    ["a", 50],
    ["b", 2],
    ["c", 30],
  ] as const) {
    turns.wait(hearer(name, count, { clock, said }));
  }
  turn(here);
  expect(said.join("")).toBe("abcabc");
  for (let count = 0; count < 20; count += 1) turn(here);
  expect(["a", "b", "c"].map((name) => said.filter((each) => each === name).length)).toEqual([50, 2, 30]);
  expect(here.deferred).toEqual([]);
});

it("goes on with the others when one fails", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait({
    hearNext: () => {
      throw new Error("a mistake");
    },
  });
  turns.wait(hearer("a", 2, { clock, said }));
  expect(() => turn(here)).toThrow("a mistake");
  turn(here);
  expect(said).toEqual(["a", "a"]);
});
