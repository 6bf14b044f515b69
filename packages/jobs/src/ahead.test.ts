// Jobs that a worker has fetched before it has a hand for them.
import { defineJob } from "@tidewire/protocol";
import { expect, it, vi } from "vitest";
import { z } from "zod";
import { aborted, stage } from "../test/stage.ts";
import { EmbeddedStore } from "./embedded/embedded-store.ts";
import { spawnThread } from "./embedded/store-thread.ts";
import type { Jobs } from "./jobs.ts";

const count = defineJob("count", { input: z.number() });
const told = { owner: "anna" } as const;

async function ordered(jobs: Jobs, many: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < many; n += 1) ids.push((await jobs.enqueue(count, n, told)).id);
  return ids;
}

const running = async (jobs: Jobs): Promise<readonly string[]> =>
  (await jobs.list({ state: "running", after: null, limit: 20 })).map(({ id }) => id);

/** Until so many are with a worker. */
const fetched = (jobs: Jobs, many: number): Promise<void> =>
  vi.waitFor(async () => expect(await running(jobs)).toHaveLength(many));

it("they begin as hands are free, in their order, and no more at once than hands", async () => {
  const { jobs, worker, publisher } = await stage();
  const ids = await ordered(jobs, 9);
  const one = worker({ concurrency: 2, ahead: 3 });
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  let [now, most] = [0, 0];
  one.handle(count, async (number) => {
    begun.push(number);
    most = Math.max(most, (now += 1));
    await new Promise<void>((resolve) => ends.push(resolve));
    now -= 1;
  });
  one.start();
  await fetched(jobs, 5);
  expect(await running(jobs)).toEqual(ids.slice(0, 5));
  expect([begun, one.stats().running]).toEqual([[0, 1], 2]);
  // Told when it begins, and not when it was fetched.
  expect(publisher.of(ids[2] ?? "")).toEqual([]);
  for (let n = 0; n < ids.length; n += 1) {
    await vi.waitFor(() => expect(ends.length).toBeGreaterThan(n));
    ends[n]?.();
  }
  await Promise.all(ids.map((id) => publisher.ended(id)));
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(most).toBe(2);
  expect(one.figures()).toMatchObject([{ running: 0, ends: { done: 9 } }]);
});

it("a worker that stops gives them back at once, without an attempt, while it finishes what has begun", async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let [isHanging, hanging] = [false, 0];
  const { jobs, worker, publisher } = await stage({
    store: (path) => {
      const store = new EmbeddedStore({ path }, spawnThread);
      const claim = store.claim.bind(store);
      store.claim = async (wanted) => {
        if (isHanging) {
          hanging += 1;
          await answered;
        }
        return await claim(wanted);
      };
      return store;
    },
  });
  const [first = "", ...others] = await ordered(jobs, 3);
  const one = worker({ concurrency: 1, ahead: 2 });
  const { promise, resolve } = Promise.withResolvers<void>();
  one.handle(count, () => promise);
  one.start();
  await fetched(jobs, 3);
  // Nor does it wait for a look that has no answer.
  isHanging = true;
  await vi.waitFor(() => expect(hanging).toBe(1));
  const stopped = one.stop({ graceMs: 60_000 });
  await fetched(jobs, 1);
  answer();
  expect(await Promise.all(others.map((id) => jobs.find(id)))).toMatchObject([
    { state: "waiting", attempt: 0 },
    { state: "waiting", attempt: 0 },
  ]);
  expect(others.map((id) => publisher.of(id))).toEqual([[], []]);
  resolve();
  await stopped;
  expect(await jobs.find(first)).toMatchObject({ state: "done" });
  expect(one.stats()).toMatchObject({ running: 0, done: 1 });
});

it("a worker that stops gives back what comes after that and has no hand", async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let asked = 0;
  const { jobs, worker } = await stage({
    store: (path) => {
      const store = new EmbeddedStore({ path }, spawnThread);
      const claim = store.claim.bind(store);
      store.claim = async (wanted) => {
        asked += wanted.runs;
        await answered;
        return await claim(wanted);
      };
      return store;
    },
  });
  await ordered(jobs, 2);
  const one = worker({ concurrency: 1, ahead: 2 });
  const { promise, resolve } = Promise.withResolvers<void>();
  one.handle(count, () => promise);
  one.start();
  await vi.waitFor(() => expect(asked).toBe(2));
  const stopped = one.stop({ graceMs: 60_000 });
  answer();
  await vi.waitFor(() => expect(one.figures()).toMatchObject([{ running: 1, ends: { returned: 1 } }]));
  resolve();
  await stopped;
  expect(one.stats()).toMatchObject({ running: 0, done: 1 });
});

it("one that is canceled ends without having begun, though no hand is free", async () => {
  const { jobs, worker, publisher } = await stage();
  const [, second = ""] = await ordered(jobs, 3);
  const one = worker({ concurrency: 1, ahead: 2 });
  const begun: number[] = [];
  one.handle(count, async (number, { signal }) => {
    begun.push(number);
    await aborted(signal);
  });
  one.start();
  await fetched(jobs, 3);
  expect(await jobs.cancel(second)).toBe(true);
  expect(await publisher.ended(second)).toEqual([{ kind: "canceled", run: 1 }]);
  // It has left no hand to the one after it, only its place.
  await ordered(jobs, 1);
  await fetched(jobs, 3);
  expect([begun, one.stats().running]).toEqual([[0], 1]);
  expect(one.figures()).toMatchObject([{ running: 1, ends: { canceled: 1 }, ran: { sumMs: 0 } }]);
});

it("one that another worker has taken over does not begin here any more", async () => {
  const { jobs, worker } = await stage({
    store: (path) => {
      const store = new EmbeddedStore({ path }, spawnThread);
      store.renew = (holds) => Promise.resolve(holds.map(() => "lost"));
      return store;
    },
  });
  await ordered(jobs, 2);
  // Renewed after a second; nobody takes them again for fifteen.
  const one = worker({ concurrency: 1, ahead: 1 });
  const begun: number[] = [];
  one.handle(count, async (number, { signal }) => {
    begun.push(number);
    await aborted(signal);
  });
  one.start();
  await vi.waitFor(() => expect(one.stats().lost).toBe(2), 5_000);
  expect(begun).toEqual([0]);
});

it("are no more than there may be", async () => {
  const { worker } = await stage();
  expect(() => worker({ ahead: -1 })).toThrow("ahead: an integer from 0 to 1000 was expected, got -1");
  expect(() => worker({ ahead: 1_001 })).toThrow(RangeError);
});
