// Jobs from end to end: ordered by a call, done by another process that is killed in the middle, watched by a client.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@tidewire/client";
import { jobOf, type JobSnapshot } from "@tidewire/client/job";
import { createJobs, createWorker, type Jobs, ownerRule, serverPublisher } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { jobChannel, type JobEvent, type JobShapeOf } from "@tidewire/protocol";
import type { ConnectRequest } from "@tidewire/server";
import { expect, onTestFinished, test } from "vitest";
import { orderReport, report } from "./job-definitions.ts";
import { temporaryFile } from "./killable-node.ts";
import { serve, type Served } from "./serving.ts";

const apiKey = "a key of the server API";
const script = fileURLToPath(new URL("job-worker-process.ts", import.meta.url));

interface Site {
  readonly served: Served;
  readonly jobs: Jobs;
  readonly file: string;
  readonly client: (user: string) => Client;
  /** Starts a worker process, which stops working at that page. */
  readonly worker: (stuckAt?: number) => ChildProcess;
}

async function site(): Promise<Site> {
  const file = path.join(path.dirname(temporaryFile()), "jobs.db");
  const store = embeddedStore({ path: file });
  await store.open();
  onTestFinished(() => store.close());
  const jobs = createJobs({ store });
  const mayWatch = ownerRule(jobs);
  const connect = ({ data }: ConnectRequest): { user: string } => ({ user: (data as { user: string }).user });
  const subscribe = (context: Parameters<typeof mayWatch>[0]): boolean | Promise<boolean> => mayWatch(context) ?? true;
  const served = await serve({ channels: [jobChannel], apiKey, access: { connect, subscribe } });
  served.tide.handle(orderReport, async (input, { user }) => {
    const { id } = await jobs.enqueue(report, input, { owner: user });
    return { id };
  });
  return {
    served,
    jobs,
    file,
    client(user) {
      const client = createClient({ url: `${served.socketUrl}/connection/websocket`, data: { user } });
      onTestFinished(() => client.close());
      client.connect();
      return client;
    },
    worker(stuckAt = 0) {
      const options = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
      const given = [file, `${served.httpUrl}/api`, apiKey, String(stuckAt)];
      const child = spawn(process.execPath, [...options, script, ...given], { stdio: ["ignore", "pipe", "inherit"] });
      onTestFinished(() => void child.kill("SIGKILL"));
      return child;
    },
  };
}

type Snapshot = JobSnapshot<JobShapeOf<typeof report>>;

/** Watches a job until it looks like that. */
async function until(client: Client, id: string, isSo: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  const job = jobOf(client, report, id);
  return await new Promise<Snapshot>((resolve) => {
    const stop = job.subscribe(() => {
      const snapshot = job.getSnapshot();
      if (!isSo(snapshot)) return;
      queueMicrotask(() => stop());
      resolve(snapshot);
    });
  });
}

/** Everything that comes on a job's channel. */
function heard(client: Client, id: string): JobEvent[] {
  const events: JobEvent[] = [];
  const channel = client.channel(jobChannel, { id });
  channel.onPublication(({ data }) => void events.push(data));
  onTestFinished(channel.open());
  return events;
}

const pages = (...numbers: number[]): { page: number }[] => numbers.map((page) => ({ page }));

test(
  "a job whose worker is killed in the middle is done by another, and told once and in order",
  { timeout: 60_000 },
  async () => {
    const { client, worker, jobs } = await site();
    const anna = client("anna");
    const { id } = await anna.call(orderReport, { pages: 5 });
    const events = heard(anna, id);
    const first = worker(3);
    const middle = await until(anna, id, ({ progress }) => progress.length === 3);
    expect(middle).toMatchObject({ state: "running", attempt: 1, progress: pages(1, 2, 3) });
    // A page that is loaded in the middle of it sees what was before.
    const reloaded = await until(client("anna"), id, ({ progress }) => progress.length === 3);
    expect(reloaded).toMatchObject({ state: "running", attempt: 1, progress: pages(1, 2, 3) });
    const gone = once(first, "exit");
    first.kill("SIGKILL");
    await gone;
    worker();
    const end = await until(anna, id, ({ state }) => state === "done");
    expect(end).toMatchObject({ attempt: 2, progress: pages(1, 2, 3, 4, 5), output: { words: 1_250 }, reason: "" });
    const run = events.at(-1)?.run ?? 0;
    expect(run).toBeGreaterThan(1);
    // What was told before the channel was open is history's; what came by itself came in order, and the result once.
    const told = (kind: JobEvent["kind"]): JobEvent[] => events.filter((event) => event.kind === kind);
    expect(told("done")).toEqual([{ kind: "done", run, output: { words: 1_250 } }]);
    expect(events.slice(-7)).toEqual([
      { kind: "started", run, attempt: 2 },
      ...pages(1, 2, 3, 4, 5).map((data) => ({ kind: "progress", run, data })),
      { kind: "done", run, output: { words: 1_250 } },
    ]);
    // Whoever comes when all is over sees the same.
    expect(await until(client("anna"), id, ({ state }) => state === "done")).toMatchObject({ ...end, status: {} });
    expect(await jobs.find(id)).toMatchObject({ state: "done", attempt: 2 });
  },
);

test("nobody but its owner sees a job", async () => {
  const { client, jobs } = await site();
  const { id } = await client("anna").call(orderReport, { pages: 1 });
  const nobodys = await jobs.enqueue(report, { pages: 1 });
  const refused = async (user: string, name: string): Promise<unknown> => {
    const channel = client(user).channel(name);
    const closed = new Promise((resolve) => {
      channel.onState((status) => status.kind === "refused" && resolve(status.error));
    });
    onTestFinished(channel.open());
    return await closed;
  };
  expect(await refused("ben", `job:${id}`)).toMatchObject({ reason: "denied" });
  expect(await refused("anna", `job:${nobodys.id}`)).toMatchObject({ reason: "denied" });
  expect(await refused("", `job:${nobodys.id}`)).toMatchObject({ reason: "denied" });
  expect(await refused("anna", "job:unheard-of")).toMatchObject({ reason: "denied" });
});

test("a worker in the server's own process tells of its jobs without an API", async () => {
  const { client, jobs, served } = await site();
  const worker = createWorker({ jobs, publisher: serverPublisher(served.tide) });
  onTestFinished(() => worker.stop({ graceMs: 0 }));
  worker.handle(report, async ({ pages: count }, job) => {
    await job.progress({ page: count });
    return { words: count };
  });
  worker.start();
  const anna = client("anna");
  const { id } = await anna.call(orderReport, { pages: 7 });
  const end = await until(anna, id, ({ state }) => state === "done");
  expect(end).toMatchObject({ attempt: 1, progress: pages(7), output: { words: 7 } });
});

test("an order that does not fit is refused to whoever gives it", async () => {
  const { client } = await site();
  await expect(client("anna").call(orderReport, { pages: 101 })).rejects.toMatchObject({ reason: "invalid_data" });
});
