// kill -9 of workers and of Redis under jobs on BullMQ: what was acked is done, and each job is done once.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as library from "bullmq";
import { createClient } from "@redis/client";
import { createJobs, type Jobs } from "@tidewire/jobs";
import { bullmqStore } from "@tidewire/jobs/bullmq";
import { defineJob } from "@tidewire/protocol";
import { expect, onTestFinished, test, type TestContext, vi } from "vitest";
import { PlacedOrders } from "../placed-orders.ts";
import { keeping, RedisServer } from "../services/redis.ts";

const script = fileURLToPath(new URL("job-worker.ts", import.meta.url));
const nodeOptions = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
const leaseMs = 1_000;
const slow = defineJob("slow");
const waited = { timeout: 100_000, interval: 200 };

interface Site {
  readonly server: RedisServer;
  readonly jobs: Jobs;
  /** Starts a worker process; `said` hears each of its lines. */
  readonly worker: (said: Said, workMs?: number) => ChildProcess;
  /** The job of each end that BullMQ has recorded, in order: its own stream of events, which no store of ours writes. */
  readonly completed: () => Promise<readonly string[]>;
}

type Said = (line: string, worker: ChildProcess) => void;

async function site(context: TestContext): Promise<Site> {
  const server = await RedisServer.forTest(context, { settings: keeping.always });
  const store = bullmqStore({ library, client: createClient({ url: server.url }) });
  await store.open();
  onTestFinished(() => store.close());
  return {
    server,
    jobs: createJobs({ store }),
    worker: (said, workMs = 30) => {
      const child = spawn(process.execPath, [...nodeOptions, script, server.url, String(leaseMs), String(workMs)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      createInterface(child.stdout).on("line", (line) => said(line, child));
      return child;
    },
    completed: async () => {
      const events = (await server.ask("XRANGE", "tidewire-jobs:nslow:events", "-", "+")) as [string, string[]][];
      const ends = events.map(([, fields]) => fields).filter((fields) => fields[1] === "completed");
      return ends.map((fields) => (fields[fields.indexOf("jobId") + 1] ?? "").slice(1));
    },
  };
}

async function order(jobs: Jobs, count: number): Promise<readonly string[]> {
  const drafts = await Promise.all(Array.from({ length: count }, () => jobs.draft(slow, null, { attempts: 50 })));
  return (await jobs.add(drafts)).map(({ id }) => id);
}

test("of three workers at random: every job ends, and once (J1, J2, J3)", { timeout: 120_000 }, async (context) => {
  const { jobs, worker, completed } = await site(context);
  const begun = new Set<string>();
  let lines = 0;
  let kills = 0;
  const said: Said = (line, child) => {
    const [what, id = ""] = line.split(" ");
    if (what !== "begun") return;
    begun.add(id);
    lines += 1;
    if (lines % 80 !== 0 || child.killed) return;
    // In the middle of its work: it has just said that it begins.
    child.kill("SIGKILL");
    kills += 1;
    worker(said);
  };
  for (let n = 0; n < 3; n += 1) worker(said);
  const ids: string[] = [];
  while (ids.length < 500) ids.push(...(await order(jobs, 50)));
  await vi.waitFor(async () => expect((await completed()).length).toBeGreaterThanOrEqual(ids.length), waited);
  expect((await completed()).toSorted()).toEqual(ids.toSorted());
  expect(ids.filter((id) => !begun.has(id))).toEqual([]);
  expect(kills).toBeGreaterThanOrEqual(4);
  expect(await jobs.list({ state: "dead", after: null, limit: 10 })).toEqual([]);
});

test("SIGSTOP of a worker: what it says when it goes on does not count (J2)", { timeout: 60_000 }, async (context) => {
  const { jobs, worker, completed } = await site(context);
  const { id } = await jobs.enqueue(slow, null);
  let frozen: ChildProcess | null = null;
  const ended = new Promise<void>((resolve) => {
    const freeze: Said = (line, child) => {
      if (line === `begun ${id}`) {
        child.kill("SIGSTOP");
        frozen = child;
      } else if (line === `ended ${id}`) resolve();
    };
    worker(freeze, 1_500);
  });
  await vi.waitFor(() => expect(frozen).not.toBeNull(), waited);
  const other = worker(() => undefined);
  await vi.waitFor(async () => expect((await jobs.find(id))?.state).toBe("done"), waited);
  expect(await jobs.find(id)).toMatchObject({ attempt: 2 });
  other.kill("SIGKILL");
  (frozen as ChildProcess | null)?.kill("SIGCONT");
  await ended;
  // It goes on to other work, after it has tried to settle this one.
  const next = await jobs.enqueue(slow, null);
  await vi.waitFor(async () => expect((await jobs.find(next.id))?.state).toBe("done"), waited);
  expect(await completed()).toEqual([id, next.id]);
});

test("of Redis, three times: what was acked is done (J1)", { timeout: 120_000 }, async (context) => {
  const { server, jobs, worker, completed } = await site(context);
  for (let n = 0; n < 2; n += 1) worker(() => undefined);
  const orders = new PlacedOrders({ order: () => order(jobs, 5), timeout: waited.timeout });
  for (let n = 1; n <= 3; n += 1) {
    await orders.more(100);
    await server.kill();
    await server.start();
  }
  await orders.more(100);
  await orders.end();
  expect(orders.refusals).toBeGreaterThan(0);
  const left = async (): Promise<readonly string[]> => {
    const done = new Set(await completed());
    return orders.acked.filter((id) => !done.has(id));
  };
  await vi.waitFor(async () => expect(await left()).toEqual([]), waited);
  const ends = await completed();
  expect(new Set(ends).size).toBe(ends.length);
});
