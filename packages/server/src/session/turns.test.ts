// Turns: what waits, in which order it is taken in, and that nobody is forgotten.
import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { type Hearer, type Place, Turns } from "./turns.ts";

/** Bytes that nobody says at a time who types. */
const much = 100_000;
const little = 1_024;

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
  for (const place of [a, a, b]) turns.wait(place, much);
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
    turns.wait(newcomer(here, hearer(name, count, { clock, said, ms: 0.2 })), much);
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
    if (count === 1) turns.wait(newcomer(here, hearer("a", 20, { clock, said })), much);
    // Behind the turn's beginning, and before its pieces.
    deferred.splice(1, 0, () => clock.advance(20));
    turn(here);
    expect(said.length).toBeGreaterThanOrEqual(count);
  }
});

/** Says its name once, whenever it is heard. */
const typing = (name: string, { clock, said, ms = 0.1 }: Said): Hearer => ({
  hearNext() {
    said.push(name);
    clock.advance(ms);
    return false;
  },
});

it("hears whoever is brief before all who pour, though each of them gets less of the server", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const typist = turns.placeOf(typing("z", { clock, said }), clock.now() - 1_005);
  typist.takenMs = 8;
  for (let n = 0; n < 100; n += 1) turns.wait(newcomer(here, hearer("a", 1_000, { clock, said, ms: 0.1 })), much);
  for (let count = 0; count < 50; count += 1) {
    clock.advance(5);
    turns.wait(typist, little);
    turn(here);
    // Two visits of eight are to others.
    expect(said.splice(0).slice(0, 2)).toContain("z");
  }
});

it.each([
  { isNot: "says more than a little", bytes: little + 1 },
  { isNot: "has waited just now", pauseMs: 4.9 },
  { isNot: "has taken much", takenMs: 17 },
])("calls nobody brief who $isNot", ({ bytes = little, pauseMs = 5, takenMs = 8 }) => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const typist = newcomer(here, typing("z", { clock, said }));
  turns.wait(typist, much);
  turn(here);
  clock.advance(pauseMs);
  typist.takenMs = takenMs;
  for (let n = 0; n < 100; n += 1) turns.wait(newcomer(here, hearer("a", 1_000, { clock, said, ms: 0.1 })), much);
  said.length = 0;
  turns.wait(typist, bytes);
  turn(here);
  expect(said[0]).toBe("a");
});

it("calls nobody brief who has just come", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait(newcomer(here, hearer("a", 1_000, { clock, said, ms: 0.1 })), much);
  const sinceMs = clock.now();
  clock.advance(1_000);
  const newest = turns.placeOf(typing("n", { clock, said }), sinceMs);
  newest.takenMs = 0;
  turns.wait(newest, little);
  turns.wait(turns.placeOf(typing("z", { clock, said }), sinceMs - 5), little);
  turn(here);
  expect(said.indexOf("z")).toBeLessThan(said.indexOf("n"));
});

it("lets nobody wait for ever, though those who are brief never end", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const crowd = Array.from({ length: 200 }, () => turns.placeOf(typing("z", { clock, said, ms: 0.05 }), -10_000));
  turns.wait(newcomer(here, hearer("a", 10_000, { clock, said, ms: 3 })), much);
  for (let count = 0; count < 40; count += 1) turn(here);
  turns.wait(turns.placeOf(hearer("modest", 2, { clock, said, ms: 0.1 }), clock.now() - 10_000), much);
  turns.wait(newcomer(here, hearer("newcomer", 2, { clock, said, ms: 0.1 })), much);
  for (let count = 0; count < 30; count += 1) {
    clock.advance(5);
    for (const typist of crowd) turns.wait(typist, little);
    turn(here);
  }
  const counts = ["a", "modest", "newcomer"].map((name) => said.filter((each) => each === name).length);
  expect(counts[0]).toBeGreaterThan(40);
  expect(counts.slice(1)).toEqual([2, 2]);
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
    much,
  );
  turns.wait(newcomer(here, hearer("a", 2, { clock, said, ms: 0.1 })), much);
  expect(() => turn(here)).toThrow("a mistake");
  turn(here);
  expect(said).toEqual(["a", "a"]);
});

it("is fair by time: whoever takes little is not behind those who take much", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, hearer(name, 10, { clock, said, ms: 2 })), much);
  turns.wait(newcomer(here, hearer("z", 10, { clock, said, ms: 0.01 })), much);
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
  for (const name of ["a", "b"]) here.turns.wait(newcomer(here, hearer(name, 10, { clock, said, ms: 3 })), much);
  turn(here);
  expect(said.join("")).toBe("a");
  here.turns.wait(newcomer(here, hearer("z", 1, { clock, said, ms: 3 })), much);
  for (let count = 0; count < 3; count += 1) turn(here);
  expect(said.join("")).toBe("abza");
});

it("serves those first who take little of each second, whoever else has waited", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, hearer(name, 1_000, { clock, said, ms: 3 })), much);
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
    turns.wait(modest, much);
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
    turns.wait(newcomer(here, hearer("n", 1_000, { clock, said, ms: 0.05 })), much);
  }
  turns.wait(turns.placeOf(hearer("z", 1, { clock, said }), sinceMs), much);
  turn(here);
  expect(said.slice(0, 3)).toContain("z");
});

it("forgets what somebody took, within seconds", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  const once = newcomer(here, hearer("a", 20, { clock, said, ms: 3 }));
  turns.wait(once, much);
  while (once.isWaiting) turn(here);
  clock.advance(10_000);
  for (const name of ["b", "c", "d"]) turns.wait(newcomer(here, hearer(name, 10, { clock, said, ms: 3 })), much);
  said.length = 0;
  turns.wait(once, much);
  turn(here);
  turn(here);
  expect(said).toContain("a");
});

it("lets nobody wait for ever, though newcomers never end", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait(newcomer(here, hearer("a", 1_000, { clock, said, ms: 3 })), much);
  for (let count = 0; count < 20; count += 1) turn(here);
  said.length = 0;
  for (let count = 0; count < 20; count += 1) {
    for (let more = 0; more < 30; more += 1) turns.wait(newcomer(here, hearer("n", 1, { clock, said, ms: 0.2 })), much);
    turn(here);
  }
  expect(said.filter((name) => name === "a").length).toBeGreaterThan(5);
});

it.each([
  { bytes: much, before: 3 },
  // Until it has taken so much that it is not brief any more.
  { bytes: little, before: 20 },
])("serves nobody first who takes much, though it always has but one message of $bytes bytes", ({ bytes, before }) => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, hearer(name, 1_000, { clock, said, ms: 3 })), much);
  const greedy: Place = newcomer(here, {
    hearNext() {
      said.push("z");
      clock.advance(3);
      return false;
    },
  });
  for (let count = 0; count < 60; count += 1) {
    if (!greedy.isWaiting) turns.wait(greedy, bytes);
    turn(here);
  }
  const [a = 0, z = 0] = ["a", "z"].map((name) => said.filter((each) => each === name).length);
  expect(z).toBeGreaterThan(10);
  expect(z).toBeLessThan(a + before);
});

it("holds nobody guilty for more than a little of a long turn, which may be the machine's", () => {
  const here = stage();
  const { clock, turns } = here;
  const said: string[] = [];
  turns.wait(newcomer(here, hearer("b", 1_000, { clock, said, ms: 0.5 })), much);
  while (said.length < 20) turn(here);
  turns.wait(newcomer(here, hearer("a", 2, { clock, said, ms: 500 })), much);
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
  for (const name of ["a", "b", "c"]) turns.wait(newcomer(here, worker(name, { clock, said, ms: 0.6 })), much);
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
  turns.wait(newcomer(here, worker("a", { clock, said, ms: 0.9 })), much);
  turns.wait(newcomer(here, worker("z", { clock, said, ms: 0 })), much);
  for (let count = 0; count < 200; count += 1) await turnOfAll(here);
  const [a = 0, z = 0] = ["a", "z"].map((name) => said.filter((each) => each === name).length);
  expect(z).toBeGreaterThan(1.4 * a);
});
