// Turns: what waits, in which order it is taken in, and that nobody is forgotten.
import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { type Hearer, type Place, Turns } from "./turns.ts";

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

/** As the machine does it: what each of them sets off is done before the next one. */
async function turnOfAll({ deferred }: Stage): Promise<void> {
  for (const act of deferred.splice(0)) {
    act();
    await Promise.resolve();
  }
}

/** Says its name for each message, and does `ms` of work when that is taken in. */
function worker(name: string, { clock, said, ms }: Required<Said>): Hearer {
  return {
    hearNext() {
      said.push(name);
      clock.advance(0.09);
      queueMicrotask(() => clock.advance(ms));
      return true;
    },
  };
}

interface Said {
  readonly clock: FakeClock;
  readonly said: string[];
  /** What each takes. Default: 1. */
  readonly ms?: number;
}

/** In line for the first time, on a connection that has just been opened. */
const newcomer = ({ turns, clock }: Pick<Stage, "turns" | "clock">, heard: Hearer): Place =>
  turns.placeOf(heard, clock.now());

/** Says its name for each message. */
function hearer(name: string, count: number, { clock, said, ms = 1 }: Said): Hearer {
  let left = count;
  return {
    hearNext() {
      said.push(name);
      clock.advance(ms);
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
      clock.advance(0.125);
    }
  };
  // Three that are not measured, then half a millisecond of them.
  expect(taken()).toBe(3 + 4);
  expect(turns.hasTime()).toBe(false);
  turn(here);
  expect(taken()).toBe(3 + 4);
});

it("has time for many only where there is some, and measures from then on", () => {
  const here = stage();
  expect(here.turns.hasTimeForMany()).toBe(true);
  here.clock.advance(2);
  expect([here.turns.hasTimeForMany(), here.turns.hasTime()]).toEqual([false, false]);
  turn(here);
  expect([here.turns.hasTime(), here.turns.hasTimeForMany()]).toEqual([true, true]);
});

it("has one place for each, however often it is told to wait", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const [a, b] = ["a", "b"].map((name) => newcomer(here, hearer(name, 100, { clock, said, ms: 3 })));
  if (a === undefined || b === undefined) throw new Error("expected both");
  for (const place of [a, a, b]) turns.wait(place);
  for (let count = 0; count < 20; count += 1) turn(here);
  expect(Math.abs(said.filter((name) => name === "a").length - 10)).toBeLessThanOrEqual(1);
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
    turns.wait(newcomer(here, hearer(name, count, { clock, said, ms: 0.2 })));
  }
  turn(here);
  expect(said.join("")).toBe("abc");
  for (let count = 0; count < 40; count += 1) turn(here);
  expect(["a", "b", "c"].map((name) => said.filter((each) => each === name).length)).toEqual([50, 2, 30]);
  expect(here.deferred).toEqual([]);
});

it("takes something in in each turn, however long others had it before", () => {
  const here = stage();
  const { clock, turns, deferred } = here;
  const said: string[] = [];
  for (let count = 1; count <= 10; count += 1) {
    if (count === 1) turns.wait(newcomer(here, hearer("a", 20, { clock, said })));
    // Behind the turn's beginning, and before its pieces.
    deferred.splice(1, 0, () => clock.advance(20));
    turn(here);
    expect(said.length).toBeGreaterThanOrEqual(count);
  }
});

it("hears who says little, after a pause, before all who pour, whatever it took so far", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const typing = hearer("z", Infinity, { clock, said, ms: 0.1 });
  const typist = newcomer(here, { hearNext: () => (typing.hearNext(), false) });
  // Each of those who pour gets less of the server than the one who types.
  for (let n = 0; n < 100; n += 1) turns.wait(newcomer(here, hearer("a", 1_000, { clock, said, ms: 0.1 })));
  for (let count = 0; count < 50; count += 1) {
    clock.advance(5);
    turns.wait(typist, 1_024);
    turn(here);
    // One visit of eight is to those who took most.
    expect(said.splice(0).slice(0, 2)).toContain("z");
  }
});

it.each([
  ["is more than a little", 1_025, 5],
  ["comes without a pause", 1_024, 4.9],
])("does not hear first who says what %s", (_why, bytes, pauseMs) => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const typing = hearer("z", Infinity, { clock, said, ms: 0.1 });
  const typist = newcomer(here, { hearNext: () => (typing.hearNext(), false) });
  turns.wait(typist);
  turn(here);
  clock.advance(pauseMs);
  typist.takenMs = 20;
  for (let n = 0; n < 100; n += 1) turns.wait(newcomer(here, hearer("a", 1_000, { clock, said, ms: 0.1 })));
  said.splice(0);
  turns.wait(typist, bytes);
  // But for the visits to those who took most, of which it is one.
  turn(here);
  expect(said[0]).toBe("a");
});

it("goes on with the others when one fails", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait(
    newcomer(here, {
      hearNext: () => {
        throw new Error("a mistake");
      },
    }),
  );
  turns.wait(newcomer(here, hearer("a", 2, { clock, said, ms: 0.1 })));
  expect(() => turn(here)).toThrow("a mistake");
  turn(here);
  expect(said).toEqual(["a", "a"]);
});

it("is fair by time: whoever takes little is not behind those who take much", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, hearer(name, 10, { clock, said, ms: 2 })));
  turns.wait(newcomer(here, hearer("z", 10, { clock, said, ms: 0.01 })));
  for (let count = 0; said.filter((name) => name === "z").length < 10; count += 1) {
    expect(count).toBeLessThan(10);
    turn(here);
  }
  // One of each of the others, since nobody is broken off.
  expect(said.join("").slice(0, 13)).toBe("abc" + "z".repeat(10));
});

it("serves whoever has just come before those who have taken more", () => {
  const here = stage();
  const { clock } = here;
  const said: string[] = [];
  for (const name of ["a", "b"]) here.turns.wait(newcomer(here, hearer(name, 10, { clock, said, ms: 3 })));
  turn(here);
  expect(said.join("")).toBe("a");
  here.turns.wait(newcomer(here, hearer("z", 1, { clock, said, ms: 3 })));
  for (let count = 0; count < 3; count += 1) turn(here);
  expect(said.join("")).toBe("abza");
});

it("serves those first who take little of each second, whoever else has waited", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, hearer(name, 1_000, { clock, said, ms: 3 })));
  for (let count = 0; count < 3; count += 1) turn(here);
  const modest = newcomer(here, {
    hearNext() {
      said.push("z");
      clock.advance(0.2);
      return false;
    },
  });
  for (let count = 0; count < 50; count += 1) {
    clock.advance(50);
    turns.wait(modest);
    said.length = 0;
    turn(here);
    turn(here);
    // Now and then somebody of the last line comes before.
    expect(said.slice(0, 2)).toContain("z");
  }
});

it("serves those who were there and modest before a crowd that has just come", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const sinceMs = clock.now();
  clock.advance(10_000);
  for (let count = 0; count < 100; count += 1) {
    turns.wait(newcomer(here, hearer("n", 1_000, { clock, said, ms: 0.05 })));
  }
  turns.wait(turns.placeOf(hearer("z", 1, { clock, said }), sinceMs));
  turn(here);
  expect(said.slice(0, 3)).toContain("z");
});

it("forgets what somebody took, within seconds", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const once = newcomer(here, hearer("a", 20, { clock, said, ms: 3 }));
  turns.wait(once);
  while (once.isWaiting) turn(here);
  clock.advance(10_000);
  for (const name of ["b", "c", "d"]) turns.wait(newcomer(here, hearer(name, 10, { clock, said, ms: 3 })));
  said.length = 0;
  turns.wait(once);
  turn(here);
  turn(here);
  expect(said).toContain("a");
});

it("lets nobody wait for ever, though newcomers never end", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait(newcomer(here, hearer("a", 1_000, { clock, said, ms: 3 })));
  for (let count = 0; count < 20; count += 1) turn(here);
  said.length = 0;
  for (let count = 0; count < 20; count += 1) {
    for (let more = 0; more < 30; more += 1) turns.wait(newcomer(here, hearer("n", 1, { clock, said, ms: 0.2 })));
    turn(here);
  }
  expect(said.filter((name) => name === "a").length).toBeGreaterThan(5);
});

it("serves nobody first who takes much, though it always has but one message", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, hearer(name, 1_000, { clock, said, ms: 3 })));
  const greedy: Place = newcomer(here, {
    hearNext() {
      said.push("z");
      clock.advance(3);
      return false;
    },
  });
  for (let count = 0; count < 60; count += 1) {
    if (!greedy.isWaiting) turns.wait(greedy);
    turn(here);
  }
  const [a = 0, z = 0] = ["a", "z"].map((name) => said.filter((each) => each === name).length);
  expect(z).toBeGreaterThan(10);
  expect(z).toBeLessThan(a + 3);
});

it("holds nobody guilty for more than a little of a long turn, which may be the machine's", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait(newcomer(here, hearer("b", 1_000, { clock, said, ms: 0.5 })));
  while (said.length < 20) turn(here);
  turns.wait(newcomer(here, hearer("a", 2, { clock, said, ms: 500 })));
  while (!said.includes("a")) turn(here);
  said.length = 0;
  turn(here);
  turn(here);
  expect(said.slice(0, 2)).toContain("a");
});

it("takes in no more than a turn has time for with all that it sets off", async () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, worker(name, { clock, said, ms: 0.6 })));
  for (let count = 0; count < 10; count += 1) {
    said.length = 0;
    const sinceMs = clock.now();
    await turnOfAll(here);
    // Two of each visit, since the first is over before its share is; the last one goes on behind the turn's end.
    expect(clock.now() - sinceMs).toBeLessThan(0.5 + 2 * 0.69);
    expect(said.length).toBeGreaterThan(1);
  }
});

it("is fair also by what somebody sets off", async () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait(newcomer(here, worker("a", { clock, said, ms: 0.9 })));
  turns.wait(newcomer(here, worker("z", { clock, said, ms: 0 })));
  for (let count = 0; count < 200; count += 1) await turnOfAll(here);
  const [a = 0, z = 0] = ["a", "z"].map((name) => said.filter((each) => each === name).length);
  expect(z).toBeGreaterThan(1.4 * a);
});
