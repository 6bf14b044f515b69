// Admission: how many come in, how fast, who waits, and who is sent away.
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { defaultLimits, type Limits } from "../options.ts";
import { Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Admission } from "./admission.ts";

let clock: FakeClock;
let metrics: Metrics;
/** What became of each that asked, in the order in which it was decided. */
let decided: string[];

beforeEach(() => {
  clock = new FakeClock();
  metrics = new Metrics();
  decided = [];
});

function admission(limits: Partial<Limits>): Admission {
  return new Admission({ ...defaultLimits, ...limits }, clock, metrics);
}

/** Somebody who enters when admitted. */
function ask(to: Admission, name: string, address: string | null = null): void {
  to.ask(
    address,
    () => {
      to.entered(address);
      decided.push(name);
    },
    (why) => decided.push(`${name}: ${why}`),
  );
}

test("connections of the node", () => {
  const node = admission({ connections: 2 });
  for (const name of ["a", "b", "c"]) ask(node, name);
  expect(decided).toEqual(["a", "b", "c: connections"]);
  expect(node.open).toBe(2);
  node.left(null);
  ask(node, "d");
  expect(decided.at(-1)).toBe("d");
  expect(metrics.get("connections_refused")).toBe(1);
});

test("connections of one address; others are not counted with it", () => {
  const node = admission({ connectionsPerAddress: 2 });
  for (const name of ["a", "b", "c"]) ask(node, name, "203.0.113.1");
  ask(node, "d", "203.0.113.2");
  ask(node, "e");
  expect(decided).toEqual(["a", "b", "c: address", "d", "e"]);
  node.left("203.0.113.1");
  ask(node, "f", "203.0.113.1");
  expect(decided.at(-1)).toBe("f");
});

test("new connections of one address in a second", () => {
  const node = admission({ newPerAddressPerSecond: 2 });
  const come = (name: string): void => {
    ask(node, name, "203.0.113.1");
    if (decided.at(-1) === name) node.left("203.0.113.1");
  };
  for (const name of ["a", "b", "c"]) come(name);
  clock.advance(499);
  come("d");
  clock.advance(1);
  come("e");
  come("f");
  clock.advance(60_000);
  for (const name of ["g", "h", "i"]) come(name);
  const late = ["e", "f: address rate", "g", "h", "i: address rate"];
  expect(decided).toEqual(["a", "b", "c: address rate", "d: address rate", ...late]);
});

test("above the node's rate they queue, and come in in order as time passes", () => {
  const node = admission({ newPerSecond: 10 });
  for (let n = 0; n < 15; n += 1) ask(node, String(n));
  expect(decided).toHaveLength(10);
  clock.advance(99);
  expect(decided).toHaveLength(10);
  clock.advance(21);
  expect(decided).toHaveLength(11);
  ask(node, "late");
  clock.advance(1_000);
  expect(decided).toEqual([...Array.from({ length: 15 }, (_, n) => String(n)), "late"]);
  expect(clock.pending).toBe(0);
});

test("above the queue they are sent away", () => {
  const node = admission({ newPerSecond: 1, admissionQueue: 2 });
  for (const name of ["a", "b", "c", "d"]) ask(node, name);
  expect(decided).toEqual(["a", "d: queue"]);
});

test("nobody waits longer than 10 s", () => {
  const node = admission({ newPerSecond: 1 });
  for (let n = 0; n < 21; n += 1) ask(node, String(n));
  clock.advance(10_000);
  expect(decided).toEqual(Array.from({ length: 11 }, (_, n) => String(n)));
  clock.advance(40);
  expect(decided.slice(11)).toEqual(Array.from({ length: 10 }, (_, n) => `${n + 11}: queue`));
  clock.advance(60_000);
  expect(clock.pending).toBe(0);
});

test("whoever waited is refused when the node has filled up meanwhile", () => {
  const node = admission({ newPerSecond: 2, connections: 3 });
  for (const name of ["a", "b", "c", "d"]) ask(node, name);
  expect(decided).toEqual(["a", "b"]);
  clock.advance(2_000);
  expect(decided).toEqual(["a", "b", "c", "d: connections"]);
});

test("addresses that are quiet are forgotten", () => {
  const node = admission({ connections: 30_000 });
  for (let n = 0; n < 20_000; n += 1) {
    const address = `203.${n >> 8}.${n & 255}.1`;
    node.entered(address);
    clock.advance(1);
    node.left(address);
  }
  ask(node, "still here", "203.0.0.1");
  expect(decided).toEqual(["still here"]);
});

interface Asked {
  readonly atMs: number;
  decidedMs: number | null;
  isIn: boolean;
}

const limits = {
  connections: 12,
  newPerSecond: 5,
  admissionQueue: 6,
  connectionsPerAddress: 4,
  newPerAddressPerSecond: 3,
};
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ ask: fc.constantFrom(null, "203.0.113.1", "203.0.113.2") }) },
    { weight: 2, arbitrary: fc.record({ leave: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ waitMs: fc.constantFrom(1, 20, 199, 1_000, 6_000) }) },
  ),
  { maxLength: 120 },
);

/** The most that any second has, over what its length brings. */
function excess(times: readonly number[], perSecond: number): number {
  let most = 0;
  for (const [from, startMs] of times.entries()) {
    for (const [at, endMs] of times.slice(from).entries()) {
      most = Math.max(most, at + 1 - ((endMs - startMs) * perSecond) / 1_000);
    }
  }
  return most;
}

test("whoever comes and goes, in whatever order: everybody is decided once, in time, within all bounds", () => {
  fc.assert(
    fc.property(steps, (given) => {
      const time = new FakeClock();
      const counts = new Metrics();
      const node = new Admission({ ...defaultLimits, ...limits }, time, counts);
      const all: Asked[] = [];
      const inside: (string | null)[] = [];
      const order: number[] = [];
      const entries = new Map<string | null, number[]>();
      let refused = 0;
      const waiting = (): number => all.filter(({ decidedMs }) => decidedMs === null).length;
      const decide = (asked: Asked, isIn: boolean): void => {
        expect(asked.decidedMs).toBeNull();
        Object.assign(asked, { decidedMs: time.now(), isIn });
        if (time.now() > asked.atMs) order.push(all.indexOf(asked));
      };
      const come = (address: string | null): void => {
        const asked: Asked = { atMs: time.now(), decidedMs: null, isIn: false };
        all.push(asked);
        node.ask(
          address,
          () => {
            decide(asked, true);
            node.entered(address);
            inside.push(address);
            entries.set(address, [...(entries.get(address) ?? []), time.now()]);
          },
          () => {
            decide(asked, false);
            refused += 1;
          },
        );
        // Nobody passes those who wait.
        if (asked.isIn) expect(waiting()).toBe(0);
      };
      for (const step of given) {
        if ("ask" in step) come(step.ask);
        else if ("waitMs" in step) time.advance(step.waitMs);
        else if (inside.length > 0) node.left(inside.splice(step.leave % inside.length, 1)[0] ?? null);
        expect(node.open).toBe(inside.length);
        expect(node.open).toBeLessThanOrEqual(limits.connections);
        expect(waiting()).toBeLessThanOrEqual(limits.admissionQueue);
      }
      time.advance(10_040);
      expect(waiting()).toBe(0);
      for (const { atMs, decidedMs } of all) expect((decidedMs ?? Infinity) - atMs).toBeLessThanOrEqual(10_040);
      expect(order).toEqual(order.toSorted((one, other) => one - other));
      expect(counts.get("connections_refused")).toBe(refused);
      const times = [...entries.values()].flat().toSorted((one, other) => one - other);
      expect(excess(times, limits.newPerSecond)).toBeLessThanOrEqual(limits.newPerSecond + 1e-6);
      expect(time.pending).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});
