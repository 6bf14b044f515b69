// Admission: how many come in, how fast, who waits, and who is sent away.
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
