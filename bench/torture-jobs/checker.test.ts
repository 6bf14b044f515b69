// The checker of a torture of jobs sees what it is there to see: each fault that is planted, and none in what is right.
import { expect, it } from "vitest";
import { type History, judge } from "./checker.ts";
import { outputOf } from "./job.ts";

const terms = { leaseMs: 2_000, attempts: 20 };
const done = { state: "done", output: outputOf(1), reason: "" } as const;
const dead = { state: "dead", output: null, reason: "invalid_data" } as const;

/** Order 1 is done by the second worker after the first was killed with it; order 97 is a dead letter. */
const right: History = {
  orders: [
    { order: 1, ids: ["a", "a"] },
    { order: 97, ids: ["b"] },
  ],
  begun: [
    { id: "b", attempt: 1, worker: 1, atMs: 900 },
    { id: "a", attempt: 1, worker: 1, atMs: 1_000 },
    { id: "a", attempt: 2, worker: 2, atMs: 3_100 },
  ],
  accepted: [
    { id: "b", state: "dead", atMs: 950 },
    { id: "a", state: "done", atMs: 3_150 },
  ],
  kept: new Map([
    ["a", { state: "done", attempt: 2, output: JSON.stringify(outputOf(1)), reason: "" }],
    ["b", { state: "dead", attempt: 1, output: null, reason: "invalid_data" }],
  ]),
  strikes: [{ worker: 1, atMs: 1_020 }],
  outages: [],
  awake: [
    { fromMs: 0, toMs: 2_000 },
    { fromMs: 1_500, toMs: 10_000 },
  ],
  told: new Map([
    ["a", [done]],
    ["b", [dead]],
  ]),
  seen: new Map([["a", { shown: done, ends: 1 }]]),
};

const kept = (id: string, change: object): Pick<History, "kept"> => {
  const job = right.kept.get(id) ?? expect.unreachable();
  return { kept: new Map([...right.kept, [id, { ...job, ...change }]]) };
};

const ending = (atMs: number): Pick<History, "accepted"> => ({
  accepted: right.accepted.map((end) => (end.id === "a" ? { ...end, atMs } : end)),
});

it("finds nothing in what is right, and says how late an attempt was", () => {
  expect(judge(right, terms)).toEqual({
    violations: [],
    done: 1,
    dead: 1,
    retried: { count: 1, latestMs: 2_080, latestWallMs: 2_080 },
  });
});

it.each<[string, Partial<History>, RegExp]>([
  ["a job that was acked and is unknown", { kept: new Map([...right.kept].slice(1)) }, /does not know it/],
  ["a job that was acked and waits for ever", kept("a", { state: "waiting" }), /a is waiting, neither/],
  [
    "a dead letter without a reason to be one",
    kept("a", { state: "dead", reason: "lost" }),
    /a dead letter for "lost"/,
  ],
  ["an order that made two jobs", { orders: [{ order: 1, ids: ["a", "b"] }] }, /one job was expected, got a, b/],
  ["a done job that nobody began", { begun: right.begun.slice(0, 1) }, /nobody began it/],
  ["another output than the handler's", kept("a", { output: "{}" }), /has the output {}/],
  ["a job done that cannot be", kept("b", { state: "done" }), /b is done, a dead letter was expected/],
  [
    "a job done at an attempt that failed",
    { ...kept("a", { attempt: 1 }), orders: [{ order: 53, ids: ["a"] }] },
    /done at its first attempt/,
  ],
  [
    "a completion that is accepted twice",
    { accepted: [...right.accepted, { id: "a", state: "done", atMs: 9_000 }] },
    /one end was expected to be accepted, got done, done/,
  ],
  [
    "a completion of what was a dead letter",
    { accepted: [...right.accepted, { id: "b", state: "done", atMs: 9_000 }] },
    /got dead, done/,
  ],
  ["an end that nobody has accepted", { accepted: right.accepted.slice(0, 1) }, /nothing was accepted/],
  ["an end that is another one now", kept("b", { state: "waiting" }), /dead was accepted, it is waiting/],
  [
    "an attempt in two hands",
    { begun: [...right.begun, { id: "a", attempt: 2, worker: 3, atMs: 3_120 }] },
    /one run of each attempt was expected, got 1, 2, 2/,
  ],
  [
    "more attempts than its terms say",
    { begun: [...right.begun, ...[2, 3, 4].map((attempt) => ({ id: "b", attempt, worker: 2, atMs: 1 }))] },
    /at most 3 attempts were expected, got 4/,
  ],
  [
    "an attempt that comes too late",
    { ...ending(4_100), begun: right.begun.map((run) => (run.attempt === 2 ? { ...run, atMs: 4_021 } : run)) },
    /begun again 3001 ms after/,
  ],
  ["an end that is not told", { told: new Map([["b", [dead]]]) }, /has 0 ends/],
  ["an end that is told twice", { told: new Map([...right.told, ["a", [done, done]]]) }, /has 2 ends/],
  ["an end that is told wrongly", { told: new Map([...right.told, ["b", [done]]]) }, /its channel says/],
  ["a client that waits for ever", { seen: new Map([["a", { shown: null, ends: 0 }]]) }, /its client says/],
  [
    "a client that shows another result",
    { seen: new Map([["a", { shown: { ...done, output: outputOf(2) }, ends: 1 }]]) },
    /its client says/,
  ],
  ["a client that was told two ends", { seen: new Map([["a", { shown: done, ends: 2 }]]) }, /told 2 ends/],
])("finds %s", (_name, change, words) => {
  expect(judge({ ...right, ...change }, terms).violations.join("\n")).toMatch(words);
});

it("does not count when the store was away or no worker awake, and nothing else", () => {
  const late = right.begun.map((run) => (run.attempt === 2 ? { ...run, atMs: 6_000 } : run));
  const history = { ...right, begun: late, ...ending(6_100) };
  const away = (fromMs: number): History => ({ ...history, outages: [{ fromMs, toMs: 3_500 }] });
  expect(judge(away(1_000), terms)).toMatchObject({
    violations: [],
    retried: { latestMs: 2_500, latestWallMs: 4_980 },
  });
  expect(judge(away(3_000), terms).violations.join("\n")).toMatch(/begun again 4480 ms after/);
  const awake = [
    { fromMs: 0, toMs: 2_000 },
    { fromMs: 4_000, toMs: 6_500 },
  ];
  expect(judge({ ...history, awake }, terms)).toMatchObject({ violations: [], retried: { latestMs: 2_980 } });
  expect(judge({ ...away(1_000), awake }, terms)).toMatchObject({ violations: [], retried: { latestMs: 2_000 } });
  const both = [...awake, { fromMs: 1_000, toMs: 3_000 }];
  expect(judge({ ...history, awake: both }, terms).violations.join("\n")).toMatch(/begun again 3980 ms after/);
});

it("asks for no attempt after a failure or an end that was on its way, or when the worker was struck before it had the job", () => {
  expect(judge({ ...right, ...ending(1_200) }, terms).retried.count).toBe(0);
  const failing = (failedMs: number): History => ({
    ...right,
    begun: right.begun.map((run) => (run.worker === 1 ? { ...run, failedMs } : run)),
  });
  expect(judge(failing(1_010), terms).retried.count).toBe(0);
  expect(judge(failing(1_030), terms).retried.count).toBe(1);
  const before = { ...right, strikes: [{ worker: 1, atMs: 800 }] };
  expect(judge(before, terms).retried.count).toBe(0);
  const other = { ...right, strikes: [{ worker: 2, atMs: 1_020 }] };
  expect(judge(other, terms).retried.count).toBe(0);
});

it("grants a lease to an attempt that nobody has seen", () => {
  const begun = right.begun.map((run) => (run.attempt === 2 ? { ...run, attempt: 3, atMs: 6_020 } : run));
  expect(judge({ ...right, begun, ...ending(6_100) }, terms).retried).toEqual({
    count: 1,
    latestMs: 2_500,
    latestWallMs: 5_000,
  });
});
