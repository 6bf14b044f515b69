// The checker against histories of simulated runs: right ones pass, and whatever is made wrong in one is found.
import { beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../run.ts";
import { Dice } from "../world/dice.ts";
import { Checker } from "./checker.ts";
import { type History, mutations } from "./mutations.ts";
import { type HistoryRecord, verdicts } from "./records.ts";

function found(history: History): readonly string[] {
  const checker = new Checker();
  for (const record of history) checker.read(record);
  return checker.violations.map(({ verdict, says }) => `${verdict}: ${says}`);
}

describe("the checker", () => {
  const histories: History[] = [];

  beforeAll(async () => {
    for (let seed = 1; histories.length < 24; seed += 1) {
      const history: HistoryRecord[] = [];
      const { problems } = await simulate(seed, { record: (record) => void history.push(record) });
      // One that goes back under its epoch is judged for less.
      const isHonest = !history.some(({ kind }) => kind === "rollback");
      if (isHonest && problems.length === 0 && history.length > 150) histories.push(history);
    }
  });

  it("finds nothing in what is right", () => {
    expect(histories.flatMap(found)).toEqual([]);
  });

  it("catches 200 of 200 mutated histories, each for what it is", () => {
    const dice = new Dice(1, "mutations");
    const missed: string[] = [];
    const caught = new Map<string, number>();
    // Not every history has a place for each.
    for (let round = 0, count = 0; count < 200 && round < 2_000; round += 1) {
      const mutation = mutations[round % mutations.length];
      const mutated = mutation?.mutate(dice.pick(histories), dice) ?? null;
      if (mutation === undefined || mutated === null) continue;
      count += 1;
      const told = found(mutated);
      if (told.some((one) => one.startsWith(`${mutation.verdict}:`)))
        caught.set(mutation.verdict, (caught.get(mutation.verdict) ?? 0) + 1);
      else missed.push(`${mutation.name}: ${told.slice(0, 2).join("; ")}`);
    }
    expect(missed).toEqual([]);
    expect([...caught.keys()].toSorted()).toEqual([...verdicts].toSorted());
    expect([...caught.values()].reduce((sum, times) => sum + times, 0)).toBe(200);
  });
});

describe("a history of which the log is not told", () => {
  const begin: History = [
    { kind: "channel", channel: "news", mode: "stream", log: "unknown" },
    { kind: "subscribe", life: "one", user: "u", channel: "news" },
    { kind: "reply", life: "one", recovered: true, position: { epoch: "e", offset: 0 } },
    { kind: "subscribe", life: "two", user: "u", channel: "news" },
    { kind: "reply", life: "two", recovered: true, position: { epoch: "e", offset: 0 } },
    ...["a", "b", "c"].map((op) => ({ kind: "invoke", op, by: "u", channel: "news" }) as const),
  ];
  const deliver = (life: string, op: string, offset: number): HistoryRecord => ({
    kind: "deliver",
    life,
    op,
    position: { epoch: "e", offset },
  });

  it("is judged by acks and by what others were given", () => {
    const right = [deliver("one", "a", 1), deliver("one", "b", 2), deliver("two", "a", 1), deliver("two", "b", 2)];
    expect(found([...begin, ...right])).toEqual([]);
    expect(found([...begin, ...right.slice(0, 2), deliver("two", "b", 1)])[0]).toMatch(/^offset_reuse/);
    expect(found([...begin, deliver("one", "a", 1), deliver("one", "b", 3)])[0]).toMatch(/^skip/);
    const acked: HistoryRecord = { kind: "ack", op: "c", position: { epoch: "e", offset: 2 }, duplicate: false };
    expect(found([...begin, ...right, acked])[0]).toMatch(/^offset_reuse/);
  });

  it("is judged by history where that is read back at the end", () => {
    const [, ...rest] = begin;
    const told: HistoryRecord = { kind: "channel", channel: "news", mode: "stream", log: "after" };
    const acks = ["a", "b"].map(
      (op, place) => ({ kind: "ack", op, position: { epoch: "e", offset: place + 1 }, duplicate: false }) as const,
    );
    const append = (op: string, offset: number): HistoryRecord => ({
      kind: "append",
      channel: "news",
      position: { epoch: "e", offset },
      op,
      previous: offset - 1,
    });
    const ends: History = ["one", "two"].map((life) => ({ kind: "unsubscribe", life }));
    const whole = [told, ...rest, ...acks, ...ends];
    expect(found([...whole, append("a", 1), append("b", 2), { kind: "settled" }])).toEqual([]);
    expect(found([...whole, append("a", 1), { kind: "settled" }])[0]).toMatch(/^lost: b /);
  });
});

it("forgets what nobody will be given any more", () => {
  const checker = new Checker({ ops: 1_000 });
  checker.read({ kind: "channel", channel: "news", mode: "stream", log: "live" });
  checker.read({ kind: "subscribe", life: "one", user: "u", channel: "news" });
  checker.read({ kind: "reply", life: "one", recovered: true, position: { epoch: "e", offset: 0 } });
  for (let offset = 1; offset <= 60_000; offset += 1) {
    const [op, position] = [`op-${offset}`, { epoch: "e", offset }];
    checker.read({ kind: "invoke", op, by: "u", channel: "news" });
    checker.read({ kind: "append", channel: "news", position, op, previous: offset - 1 });
    checker.read({ kind: "ack", op, position, duplicate: false });
    checker.read({ kind: "deliver", life: "one", position, op });
  }
  expect(checker.violations).toEqual([]);
  expect(checker.deliveries).toBe(60_000);
  expect(checker.remembered).toBeLessThan(12_000);
});
