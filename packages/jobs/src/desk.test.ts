// What is told of jobs in numbers: of definitions, of nothing else, and also where the store is away.
import { defineJob, fail } from "@tidewire/protocol";
import { expect, it } from "vitest";
import { z } from "zod";
import { aborted, stage } from "../test/stage.ts";
import { FakeClock } from "../test/fake-clock.ts";
import { jobDesk, otherJobs } from "./desk.ts";
import type { JobCount, JobStore } from "./store/job-store.ts";

const count = defineJob("count", { input: z.number() });
const mail = defineJob("mail");
const anyAge: unknown = expect.any(Number);
const quick = { owner: "anna", firstDelayMs: 1, longestDelayMs: 1 } as const;

it("tells how queues stand, and how runs of this process ended, by definition", async () => {
  const { jobs, worker, publisher } = await stage();
  const one = worker();
  const again = worker();
  for (const each of [one, again]) {
    each.handle(count, (number, { attempt }) => {
      if (number === 2 && attempt === 1) fail("overloaded", "later");
      return number === 3 ? fail("denied", "never") : number;
    });
  }
  const desk = jobDesk({ jobs, definitions: [count, mail], workers: [one, again] });
  await jobs.enqueue(mail, "anna@example.org");
  const ids = [];
  for (const number of [1, 2, 3]) ids.push((await jobs.enqueue(count, number, quick)).id);
  const waiting = await desk.figures();
  expect(waiting.queues.filter((queue) => queue.count > 0)).toEqual([
    { name: "count", state: "waiting", count: 3, oldestMs: anyAge },
    { name: "mail", state: "waiting", count: 1, oldestMs: anyAge },
  ]);
  one.start();
  again.start();
  for (const id of ids) await publisher.ended(id);
  await Promise.all([one.stop(), again.stop()]);
  const { isStoreAway, queues, worked } = await desk.figures();
  expect(isStoreAway).toBe(false);
  expect(queues).toEqual(
    ["count", "mail", otherJobs].flatMap((name) =>
      ["waiting", "running", "dead"].map((state) => ({
        name,
        state,
        count: (name === "mail" && state === "waiting") || (name === "count" && state === "dead") ? 1 : 0,
        ...(state === "waiting" && { oldestMs: name === "mail" ? anyAge : 0 }),
      })),
    ),
  );
  expect(worked).toMatchObject([
    { name: "count", running: 0, ends: { done: 2, retried: 1, dead: 1, canceled: 0, returned: 0, lost: 0 } },
  ]);
  // The second attempt has waited for its delay, which is nobody's queue.
  expect(worked[0]?.waited.cumulative.at(-1)).toBe(3);
  expect(worked[0]?.ran.cumulative.at(-1)).toBe(4);
});

it("has no name but those of definitions, whatever was added and done", async () => {
  const { jobs, worker, publisher } = await stage();
  const canary = defineJob("canary-of-a-user");
  const one = worker();
  one.handle(canary, () => 1);
  const desk = jobDesk({ jobs, definitions: [count], workers: [one] });
  const [draft] = [await jobs.draft(canary, 1, { delayMs: 1_000_000 })];
  await jobs.add([draft, { ...draft, id: "2", name: "canary of somebody" }]);
  one.start();
  await publisher.ended((await jobs.enqueue(canary, 1, quick)).id);
  const figures = await desk.figures();
  expect(JSON.stringify(figures)).not.toContain("canary");
  expect(figures.queues).toContainEqual({ name: otherJobs, state: "waiting", count: 2, oldestMs: anyAge });
});

it("tells for how long the oldest has waited, where the store says it of all that are counted together", async () => {
  const { jobs } = await stage();
  let counted: readonly JobCount[] = [];
  const store: JobStore = Object.assign(Object.create(jobs.store) as JobStore, { counts: async () => counted });
  const desk = jobDesk({ jobs: { ...jobs, store }, definitions: [count] });
  const ages = async (): Promise<unknown> => {
    const waiting = (await desk.figures()).queues.filter(({ state }) => state === "waiting");
    return waiting.map(({ name, oldestMs }) => [name, oldestMs]);
  };
  const waits = (name: string, oldestMs?: number, n = 1): JobCount => ({
    name,
    state: "waiting",
    count: n,
    ...(oldestMs !== undefined && { oldestMs }),
  });
  const none = [
    ["count", 0],
    [otherJobs, 0],
  ];
  expect(await ages()).toEqual(none);
  counted = [waits("count", undefined, 0), waits("mail", undefined, 0), waits("news", 9, 0)];
  expect(await ages()).toEqual(none);
  counted = [waits("count", 5_000), waits("mail", 7_000), waits("news", 90_000), { ...waits("count"), state: "dead" }];
  expect(await ages()).toEqual([
    ["count", 5_000],
    [otherJobs, 90_000],
  ]);
  counted = [waits("count"), waits("mail", 7_000), waits("news")];
  expect(await ages()).toEqual([
    ["count", undefined],
    [otherJobs, undefined],
  ]);
});

it("tells what runs, and what was given back", async () => {
  const { jobs, worker } = await stage();
  const running = Promise.withResolvers<void>();
  const one = worker();
  one.handle(mail, async (_, { signal }) => {
    running.resolve();
    await aborted(signal);
  });
  const desk = jobDesk({ jobs, definitions: [mail], workers: [one] });
  one.start();
  await jobs.enqueue(mail, "");
  await running.promise;
  const { queues, worked } = await desk.figures();
  expect(queues).toContainEqual({ name: "mail", state: "running", count: 1 });
  expect(worked).toMatchObject([{ running: 1 }]);
  await one.stop({ graceMs: 0 });
  expect((await desk.figures()).worked).toMatchObject([{ running: 0, ends: { returned: 1, canceled: 0 } }]);
});

it("says that the store is away where it refuses or does not answer, and asks it once for all who look", async () => {
  const { jobs } = await stage();
  const clock = new FakeClock();
  let asked = 0;
  let answer: JobStore["counts"] = () => Promise.reject(new Error("away"));
  const store: JobStore = Object.assign(Object.create(jobs.store) as JobStore, {
    counts: () => {
      asked += 1;
      return answer();
    },
  });
  const desk = jobDesk({ jobs: { ...jobs, store }, definitions: [count], clock });
  const away = { isStoreAway: true, queues: [], worked: [] };
  expect(await desk.figures()).toEqual(away);
  const { promise, resolve } = Promise.withResolvers<[]>();
  answer = () => promise;
  const looks = [desk.figures(), desk.figures()];
  clock.advance(1_500);
  expect(await Promise.all(looks)).toEqual([away, away]);
  expect(asked).toBe(2);
  resolve([]);
  expect(await desk.figures()).toMatchObject({ isStoreAway: false });
});

it("takes no more definitions than a page of figures should have", async () => {
  const { jobs } = await stage();
  const definitions = Array.from({ length: 101 }, (_, n) => defineJob(`job-${n}`));
  expect(() => jobDesk({ jobs, definitions })).toThrow("at most 100 were expected, got 101");
});
