// Two nodes of one name: said when it lasts, and not of one that is restarted while its predecessor leaves.
import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { Namesakes } from "./namesakes.ts";
import { FakeClock } from "./testing/fake-clock.ts";

const infoOf = (uid: string, name: string): string => JSON.stringify({ nodes: [{ uid, name, num_clients: 0 }] });

interface Stage {
  readonly clock: FakeClock;
  readonly namesakes: Namesakes;
  /** What the other nodes answer from now on. */
  answer: () => Promise<readonly string[]>;
  readonly asked: () => number;
  readonly said: readonly unknown[];
}

/** A node called "one", which has asked once. */
async function stage(answer: Stage["answer"]): Promise<Stage> {
  const clock = new FakeClock();
  const said: unknown[] = [];
  let asked = 0;
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, error: ignore, warn: (...line: unknown[]) => void said.push(line) };
  const infos = (): Promise<readonly string[]> => {
    asked += 1;
    return stage.answer();
  };
  const namesakes = new Namesakes({ id: "own", name: "one", infos, clock, log });
  const stage: Stage = { clock, namesakes, answer, asked: () => asked, said };
  namesakes.start();
  await setImmediate();
  return stage;
}

async function pass({ clock }: Stage, ms: number): Promise<void> {
  clock.advance(ms);
  await setImmediate();
}

const warned = (...others: readonly string[]): unknown => [
  "another node goes by this node's name: their figures are told as one node's",
  { name: "one", id: "own", others: others.join(", ") },
];

it("is said once, with both, when the other one is still there after a minute", async () => {
  const both = await stage(async () => [infoOf("first", "one"), infoOf("second", "two"), infoOf("third", "one")]);
  expect(both.said).toEqual([]);
  await pass(both, 59_999);
  expect([both.asked(), both.said]).toEqual([1, []]);
  await pass(both, 1);
  expect(both.said).toEqual([warned("first", "third")]);
  await pass(both, 3_600_000);
  expect([both.asked(), both.said.length, both.clock.pending]).toEqual([2, 1, 0]);
});

it("is not said of a node that leaves while its successor starts", async () => {
  const restarted = await stage(async () => [infoOf("leaving", "one")]);
  restarted.answer = async () => [];
  await pass(restarted, 60_000);
  expect([restarted.asked(), restarted.said, restarted.clock.pending]).toEqual([2, [], 0]);
});

it("is not said of one after the other, and is of the one that stays", async () => {
  const unsteady = await stage(async () => [infoOf("first", "one")]);
  unsteady.answer = async () => [infoOf("second", "one")];
  await pass(unsteady, 60_000);
  expect(unsteady.said).toEqual([]);
  await pass(unsteady, 60_000);
  expect(unsteady.said).toEqual([warned("second")]);
});

it("asks no more where every other node has a name of its own, or is this one", async () => {
  const { asked, said, clock } = await stage(async () => [infoOf("first", "two"), infoOf("own", "one"), "{}", "[]"]);
  expect([asked(), said, clock.pending]).toEqual([1, [], 0]);
});

it("asks again where the others could not be asked, or said what nobody can read", async () => {
  const away = await stage(() => Promise.reject(new Error("away")));
  away.answer = async () => ["{"];
  await pass(away, 60_000);
  away.answer = async () => [infoOf("first", "one")];
  await pass(away, 60_000);
  // Between two looks that found it nothing could be known.
  away.answer = () => Promise.reject(new Error("away"));
  await pass(away, 60_000);
  expect(away.said).toEqual([]);
  away.answer = async () => [infoOf("first", "one")];
  await pass(away, 60_000);
  expect([away.asked(), away.said]).toEqual([5, [warned("first")]]);
});

it("asks and says nothing after its node has ended", async () => {
  const ended = await stage(async () => [infoOf("first", "one")]);
  ended.namesakes.stop();
  await pass(ended, 60_000);
  expect([ended.asked(), ended.said, ended.clock.pending]).toEqual([1, [], 0]);
  const late = Promise.withResolvers<readonly string[]>();
  const ending = await stage(() => late.promise);
  ending.namesakes.stop();
  late.resolve([infoOf("first", "one")]);
  await setImmediate();
  expect(ending.clock.pending).toBe(0);
});
