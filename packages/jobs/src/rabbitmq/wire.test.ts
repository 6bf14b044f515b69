// What comes through the queues is what somebody can have sent, or it is said in words what is wrong with it.
import { TidewireError } from "@tidewire/protocol";
import { expect, it } from "vitest";
import type { Ask } from "../store/ask.ts";
import {
  answerOf,
  askOf,
  errorOf,
  type Frequent,
  mostTogether,
  type Several,
  written,
  writtenTogether,
} from "./wire.ts";

const terms = { attempts: 3, firstDelayMs: 1, longestDelayMs: 1, timeoutMs: 1_000 };
const draft = {
  id: "a",
  name: "n",
  input: "1",
  owner: "",
  dueMs: 0,
  priority: -5,
  key: "k",
  keyHolds: "kept",
  terms,
} as const;
const hold = { id: "a", fence: 3 };

const frequent: readonly Frequent[] = [
  { kind: "settle", hold, outcome: { kind: "done", output: "1" } },
  { kind: "claim", wanted: { names: ["n"], runs: 1, endings: 0, leaseMs: 1_000, orphanMs: 5 } },
];

const asks: readonly (Ask | Several)[] = [
  { kind: "add", drafts: [draft, { ...draft, key: null, keyHolds: "unfinished" }] },
  { kind: "claim", wanted: { names: ["n"], runs: 1, endings: 0, leaseMs: 1_000, orphanMs: 5 } },
  { kind: "renew", holds: [hold], leaseMs: 1_000 },
  { kind: "settle", hold, outcome: { kind: "done", output: "1" } },
  { kind: "settle", hold, outcome: { kind: "failed", reason: "internal", message: "no", delayMs: 5 } },
  { kind: "settle", hold, outcome: { kind: "dead", reason: "denied", message: "" } },
  { kind: "settle", hold, outcome: { kind: "told" } },
  { kind: "change", id: "a", what: "replay" },
  { kind: "read", query: { kind: "one", id: "a" } },
  { kind: "read", query: { kind: "page", state: "dead", after: null, limit: 10 } },
  { kind: "several", asks: frequent },
];

it("what was asked comes out as it went in", () => {
  for (const ask of asks) expect(askOf(written(ask))).toEqual({ version: 1, ...ask });
});

it("asks that were written one by one come out as several", () => {
  const content = writtenTogether(frequent.map((ask) => JSON.stringify(ask)));
  expect(askOf(content)).toEqual({ version: 1, kind: "several", asks: frequent });
});

it("several are of the kinds that a worker asks all the time, and have a limit", () => {
  const several = (all: readonly object[]): unknown => askOf(writtenTogether(all.map((ask) => JSON.stringify(ask))));
  const told = { kind: "settle", hold, outcome: { kind: "told" } };
  expect(several(Array(mostTogether).fill(told))).toMatchObject({ kind: "several" });
  expect(several(Array(mostTogether + 1).fill(told))).toMatch("at most 1000 were expected");
  for (const other of [{ kind: "add", drafts: [draft] }, { kind: "several", asks: [told] }, { kind: "counts" }]) {
    expect(several([told, other])).toMatch("ask.asks[1].kind: one of claim, settle was expected");
  }
});

it("of each ask every field is looked at", () => {
  for (const ask of asks) {
    for (const damaged of damagedOf({ version: 1, ...ask })) {
      expect(askOf(Buffer.from(JSON.stringify(damaged))), JSON.stringify(damaged)).toMatch(/expected/);
    }
  }
});

it("numbers, names and lists have their bounds", () => {
  const claim = { names: ["n"], runs: 1, endings: 0, leaseMs: 1_000, orphanMs: 5 };
  const claims = (parts: object): object => ({ kind: "claim", wanted: { ...claim, ...parts } });
  const adds = (parts: object): object => ({ kind: "add", drafts: [{ ...draft, ...parts }] });
  const within = [
    claims({ leaseMs: 1 }),
    claims({ leaseMs: 86_400_000, runs: 10_000, names: Array(10_000).fill("n") }),
    adds({ priority: -1_000, name: "x".repeat(255) }),
    adds({ priority: 1_000, terms: { ...terms, attempts: 1 } }),
  ];
  const outside = [
    claims({ leaseMs: 0 }),
    claims({ leaseMs: 86_400_001 }),
    claims({ runs: 10_001 }),
    claims({ endings: -1 }),
    claims({ names: Array(10_001).fill("n") }),
    adds({ priority: -1_001 }),
    adds({ priority: 1_001 }),
    adds({ priority: 0.5 }),
    adds({ name: "" }),
    adds({ name: "x".repeat(256) }),
    adds({ terms: { ...terms, attempts: 0 } }),
  ];
  const read = (ask: object): unknown => askOf(Buffer.from(JSON.stringify({ version: 1, ...ask })));
  for (const ask of within) expect(read(ask)).toEqual({ version: 1, ...ask });
  for (const ask of outside) expect(read(ask), JSON.stringify(ask).slice(0, 200)).toMatch(/expected/);
});

it("an error of the application's own has no name here", () => {
  const own = new TidewireError({ code: 450 }, "sold out");
  expect(answerOf(written(errorOf(own)))).toMatchObject({ kind: "error", reason: "internal", message: "sold out" });
});

it("a kind that is none is refused, those too that every object has", () => {
  for (const kind of ["constructor", "__proto__", "", null, 7]) {
    expect(askOf(Buffer.from(JSON.stringify({ version: 1, kind })))).toMatch(/^ask\.kind: one of add, claim/);
  }
});

it("an answer that cannot be read is one that nobody knows", () => {
  expect(answerOf(written({ kind: "value", value: [] }))).toMatchObject({ kind: "value", value: [] });
  expect(answerOf(written(errorOf(new RangeError("x"))))).toMatchObject({
    kind: "error",
    reason: "internal",
    message: "x",
  });
  for (const text of ["", "null", "{}", '{"kind":"value"}', '{"version":1,"kind":"error","reason":"toString"}']) {
    expect(answerOf(Buffer.from(text))).toMatchObject({ kind: "error", reason: "indeterminate" });
  }
});

/** The value with each of its fields once replaced by what fits nowhere. */
function damagedOf(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => {
    const withPart = (other: unknown): unknown =>
      Array.isArray(value) ? value.toSpliced(Number(name), 1, other) : { ...value, [name]: other };
    return [withPart({ damaged: true }), ...damagedOf(part).map(withPart)];
  });
}
