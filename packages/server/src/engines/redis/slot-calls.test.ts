import { expect, it } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { SlotCalls } from "./slot-calls.ts";

/** A slot whose server answers when the test says so. */
function slot(): {
  readonly calls: SlotCalls;
  readonly clock: FakeClock;
  readonly sent: string[];
  readonly answer: (name: string, refusal?: string) => void;
  readonly mend: () => void;
  readonly add: (name: string) => void;
  readonly outcomes: string[];
  /** How often in a row it was refused, each time that it was to be mended. */
  readonly attempts: number[];
} {
  const clock = new FakeClock();
  const sent: string[] = [];
  const outcomes: string[] = [];
  const attempts: number[] = [];
  const waiting = new Map<string, PromiseWithResolvers<string>>();
  let mended = Promise.withResolvers<void>();
  const calls = new SlotCalls({
    clock,
    mend: (_, attempt) => {
      attempts.push(attempt);
      return mended.promise;
    },
  });
  return {
    calls,
    clock,
    sent,
    outcomes,
    attempts,
    answer: (name, refusal) => {
      const { resolve, reject } = waiting.get(name) ?? expect.fail(`${name} was expected to be on its way`);
      waiting.delete(name);
      if (refusal === undefined) resolve(name);
      else reject(new Error(refusal));
    },
    mend: () => {
      mended.resolve();
      mended = Promise.withResolvers();
    },
    add: (name) => {
      const added = calls.add(() => {
        sent.push(name);
        const answered = Promise.withResolvers<string>();
        waiting.set(name, answered);
        return answered.promise;
      });
      added.then(
        () => outcomes.push(name),
        (thrown: unknown) => outcomes.push(`${name}: ${String(thrown)}`),
      );
    },
  };
}

const moved = "MOVED 1 10.0.0.1:6379";
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("attempts count until it is answered, and from the start for the next time", async () => {
  const { add, answer, mend, attempts } = slot();
  const refusedOnce = async (name: string): Promise<void> => {
    answer(name, moved);
    await turn();
    mend();
    await turn();
  };
  add("1");
  await refusedOnce("1");
  await refusedOnce("1");
  answer("1");
  await turn();
  add("2");
  await refusedOnce("2");
  expect(attempts).toEqual([1, 2, 1]);
});

it("nothing is said again before everything that was said has its answer (P1)", async () => {
  const { add, answer, mend, sent, outcomes } = slot();
  for (const name of ["1", "2"]) add(name);
  answer("1", moved);
  await turn();
  // It could be said again by now; the other one may still be done where the slot was.
  mend();
  await turn();
  expect(sent).toEqual(["1", "2"]);
  answer("2");
  await turn();
  mend();
  await turn();
  answer("1");
  await turn();
  expect(sent).toEqual(["1", "2", "1"]);
  expect(outcomes).toEqual(["2", "1"]);
});

it("what was refused goes first, and what was said since waits for it (P1)", async () => {
  const { add, answer, mend, sent, outcomes } = slot();
  for (const name of ["1", "2"]) add(name);
  answer("1", moved);
  await turn();
  // One is still on its way to where the slot was.
  add("3");
  expect(sent).toEqual(["1", "2"]);
  answer("2", "TRYAGAIN Multiple keys request during rehashing of slot");
  await turn();
  add("4");
  mend();
  await turn();
  expect(sent.slice(2)).toEqual(["1", "2", "3", "4"]);
  for (const name of ["1", "2", "3", "4"]) answer(name);
  await turn();
  expect(outcomes).toEqual(["1", "2", "3", "4"]);
});

it("what nobody does for a second and a half is refused, and what is younger waits on", async () => {
  const { add, answer, mend, clock, outcomes } = slot();
  add("1");
  answer("1", moved);
  await turn();
  clock.advance(1_000);
  add("2");
  clock.advance(500);
  await turn();
  expect(outcomes).toEqual([`1: Error: ${moved}`]);
  mend();
  await turn();
  answer("2");
  await turn();
  expect(outcomes.slice(1)).toEqual(["2"]);
  expect(clock.pending).toBe(0);
});

it("what was on its way when its time was over is not asked for again", async () => {
  const { add, answer, mend, clock, sent, outcomes } = slot();
  add("1");
  answer("1", moved);
  await turn();
  mend();
  await turn();
  add("2");
  clock.advance(1_500);
  answer("1", moved);
  answer("2");
  await turn();
  expect(sent).toEqual(["1", "1", "2"]);
  expect(outcomes).toEqual([`1: Error: ${moved}`, "2"]);
});

it("other errors are the caller's, and the end is everybody's", async () => {
  const { add, answer, calls, outcomes } = slot();
  add("1");
  answer("1", "OOM command not allowed");
  add("2");
  answer("2", moved);
  await turn();
  add("3");
  calls.close();
  await turn();
  expect(outcomes).toEqual([
    "1: Error: OOM command not allowed",
    "2: Error: the connection to Redis ended",
    "3: Error: the connection to Redis ended",
  ]);
});
