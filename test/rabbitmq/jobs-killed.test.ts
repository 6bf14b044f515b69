// kill -9 of workers, of keepers and of RabbitMQ: what was acked is done, each job is done once, nobody waits for the dead for long.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { createJobs, type Jobs } from "@tidewire/jobs";
import { rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { defineJob } from "@tidewire/protocol";
import { expect, onTestFinished, test, type TestContext, vi } from "vitest";
import { temporaryFile } from "../killable-node.ts";
import { PlacedOrders } from "../placed-orders.ts";
import { RabbitServer } from "../services/rabbitmq.ts";
import { connecting } from "./connecting.ts";

const keeperScript = fileURLToPath(new URL("keeper-process.ts", import.meta.url));
const workerScript = fileURLToPath(new URL("worker-process.ts", import.meta.url));
const nodeOptions = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
const leaseMs = 1_000;
const slow = defineJob("slow");
const waited = { timeout: 120_000, interval: 200 };

/** Says who did what to a job and when, by the keepers' own database: nothing that anybody claims can escape it. */
const trace = `
  CREATE TABLE trace (number INTEGER PRIMARY KEY, id TEXT, fence INTEGER, was TEXT, state TEXT, at_ms INTEGER, leased_ms INTEGER);
  CREATE TRIGGER traced AFTER UPDATE ON jobs BEGIN
    INSERT INTO trace (id, fence, was, state, at_ms, leased_ms) VALUES
      (new.id, new.fence, old.state, new.state, CAST(unixepoch('subsec') * 1000 AS INTEGER), old.leased_ms);
  END;`;

type Said = (line: string, child: ChildProcess) => void;

interface Site {
  readonly server: RabbitServer;
  readonly jobs: Jobs;
  readonly database: DatabaseSync;
  /** Starts a keeper process; resolves when it keeps. */
  readonly keeper: () => Promise<ChildProcess>;
  /** Starts a worker process; `said` hears each of its lines. */
  readonly worker: (said: Said, workMs?: number) => ChildProcess;
}

function started(script: string, args: readonly string[], said: Said): ChildProcess {
  const child = spawn(process.execPath, [...nodeOptions, script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  createInterface(child.stdout).on("line", (line) => said(line, child));
  return child;
}

async function site(context: TestContext): Promise<Site> {
  const server = await RabbitServer.forTest(context);
  const file = temporaryFile();
  const store = rabbitmqStore({ connect: connecting(server.url) });
  await store.open();
  onTestFinished(() => store.close());
  const keeper = async (): Promise<ChildProcess> =>
    await new Promise((resolve, reject) => {
      const child = started(keeperScript, [server.url, file], (_, one) => resolve(one));
      child.once("exit", (code) => code !== null && reject(new Error(`the keeper ended with ${code}`)));
    });
  await keeper();
  const database = new DatabaseSync(file, { timeout: 10_000 });
  onTestFinished(() => database.close());
  database.exec(trace);
  return {
    server,
    jobs: createJobs({ store }),
    database,
    keeper,
    worker: (said, workMs = 30) => started(workerScript, [server.url, String(leaseMs), String(workMs)], said),
  };
}

async function order(jobs: Jobs, count: number): Promise<readonly string[]> {
  const drafts = await Promise.all(Array.from({ length: count }, () => jobs.draft(slow, null, { attempts: 50 })));
  return (await jobs.add(drafts)).map(({ id }) => id);
}

function count(database: DatabaseSync, sql: string): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.["n"]);
}

const doneOnce = "trace WHERE state = 'done' AND was <> 'done'";

test(
  "of workers and keepers at random: every acked job is done, and once (J1, J2, J3)",
  { timeout: 240_000 },
  async (context) => {
    const { jobs, database, keeper, worker } = await site(context);
    let keeping = await keeper();
    const begun = new Set<string>();
    let lines = 0;
    const kills = { workers: 0, keepers: 0 };
    const failures: unknown[] = [];
    const said: Said = (line, child) => {
      const [what, id = ""] = line.split(" ");
      if (what !== "begun") return;
      begun.add(id);
      lines += 1;
      if (lines % 80 === 0 && !child.killed) {
        // In the middle of its work: it has just said that it begins.
        child.kill("SIGKILL");
        kills.workers += 1;
        worker(said);
      }
      if (lines % 150 === 0 && !keeping.killed) {
        keeping.kill("SIGKILL");
        kills.keepers += 1;
        keeper().then(
          (next) => (keeping = next),
          (thrown: unknown) => failures.push(thrown),
        );
      }
    };
    for (let n = 0; n < 3; n += 1) worker(said);
    const acked: string[] = [];
    while (acked.length < 600) acked.push(...(await order(jobs, 50)));
    await vi.waitFor(() => expect(count(database, "jobs WHERE state = 'done'")).toBe(acked.length), waited);
    expect(count(database, doneOnce)).toBe(acked.length);
    expect(acked.filter((id) => !begun.has(id))).toEqual([]);
    expect(failures).toEqual([]);
    expect(kills.workers).toBeGreaterThanOrEqual(4);
    expect(kills.keepers).toBeGreaterThanOrEqual(2);
    const lost = database
      .prepare(
        "SELECT at_ms - leased_ms AS late FROM trace WHERE was = 'running' AND state = 'ready' AND at_ms >= leased_ms",
      )
      .all();
    expect(lost.length).toBeGreaterThan(0);
    expect(Math.max(...lost.map(({ late }) => Number(late)))).toBeLessThan(1_000);
  },
);

test("SIGSTOP of a worker: what it says when it goes on does not count (J2)", { timeout: 240_000 }, async (context) => {
  const { jobs, database, worker } = await site(context);
  const { id } = await jobs.enqueue(slow, null);
  const frozen = await new Promise<ChildProcess>((resolve) => {
    const freeze: Said = (line, child) => {
      if (line !== `begun ${id}`) return;
      child.kill("SIGSTOP");
      resolve(child);
    };
    worker(freeze, 1_500);
  });
  const other = worker(() => undefined);
  await vi.waitFor(async () => expect((await jobs.find(id))?.state).toBe("done"), waited);
  other.kill("SIGKILL");
  await once(other, "close");
  frozen.kill("SIGCONT");
  // It goes on to other work, after it has tried to settle this one.
  const next = await jobs.enqueue(slow, null);
  await vi.waitFor(async () => expect((await jobs.find(next.id))?.state).toBe("done"), waited);
  const hands = database
    .prepare("SELECT fence, state FROM trace WHERE id = ? AND was <> state ORDER BY number")
    .all(id);
  expect(hands.map((row) => ({ ...row }))).toEqual([
    { fence: 1, state: "running" },
    { fence: 2, state: "ready" },
    { fence: 3, state: "running" },
    { fence: 3, state: "done" },
  ]);
});

test("of RabbitMQ, twice: what was acked is done, and once (J1)", { timeout: 240_000 }, async (context) => {
  const { server, jobs, database, worker } = await site(context);
  // One that is killed before begins with an empty log and elects nobody: jobs-unregistered.test.ts.
  await vi.waitFor(() => expect(server.registers("tidewire-jobs.orders")).toBe(true), waited);
  const working = new Set<ChildProcess>();
  for (let n = 0; n < 2; n += 1) worker((_, child) => working.add(child));
  const left = (acked: readonly string[]): readonly string[] => {
    const rows = database.prepare("SELECT id FROM jobs WHERE state = 'done'").all();
    const done = new Set(rows.map(({ id }) => id));
    return acked.filter((id) => !done.has(id));
  };
  // No more than the workers can do, however fast the machine is.
  const isEnough = (acked: readonly string[]): boolean => left(acked).length > 2_000;
  const orders = new PlacedOrders({ order: () => order(jobs, 5), isEnough, timeout: 45_000 });
  context.onTestFailed(() => void process.stderr.write(`${orders.lastRefusal}; RabbitMQ: ${server.output}\n`));
  // One that finds no RabbitMQ when it begins ends, and is for its supervisor to start again.
  await vi.waitFor(() => expect(working.size).toBe(2), waited);
  for (let n = 1; n <= 2; n += 1) {
    await orders.more(50);
    await server.kill();
    await server.start();
  }
  await orders.more(50);
  await orders.end();
  expect(orders.refusals).toBeGreaterThan(0);
  await vi.waitFor(() => expect(left(orders.acked)).toEqual([]), waited);
  expect(count(database, `(SELECT 1 FROM ${doneOnce} GROUP BY id HAVING count(*) > 1)`)).toBe(0);
});

test(
  "of RabbitMQ and every keeper: what RabbitMQ has acked in their place is done (J1)",
  { timeout: 240_000 },
  async (context) => {
    const server = await RabbitServer.forTest(context);
    const file = temporaryFile();
    const store = rabbitmqStore({ connect: connecting(server.url) });
    await store.open();
    onTestFinished(() => store.close());
    const jobs = createJobs({ store });
    // There is no keeper yet: this is RabbitMQ's word alone.
    const acked = await order(jobs, 20);
    await server.kill();
    await server.start();
    started(workerScript, [server.url, String(leaseMs), "1"], () => undefined);
    started(keeperScript, [server.url, file], () => undefined);
    const states = async (): Promise<readonly unknown[]> =>
      await Promise.all(acked.map(async (id) => (await jobs.find(id))?.state));
    await vi.waitFor(async () => expect(new Set(await states())).toEqual(new Set(["done"])), waited);
  },
);
