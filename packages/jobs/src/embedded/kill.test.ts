// kill -9 of workers under load: every acked job is done, each is done once, and nobody waits for the dead for long.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { defineJob } from "@tidewire/protocol";
import { expect, it, onTestFinished, vi } from "vitest";
import { stage } from "../../test/stage.ts";

const workerScript = fileURLToPath(new URL("../../test/worker-process.ts", import.meta.url));
const orderingScript = fileURLToPath(new URL("../../test/ordering-process.ts", import.meta.url));
const nodeOptions = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
const jobsInAll = 1_200;
const jobsAtOnce = 40;
const linesBetweenKills = 150;
const leaseMs = 1_000;

/** Says who did what to a job and when, by the database's own clock: nothing that a worker claims can escape it. */
const trace = `
  CREATE TABLE trace (number INTEGER PRIMARY KEY, id TEXT, fence INTEGER, was TEXT, state TEXT, at_ms INTEGER, leased_ms INTEGER);
  CREATE TRIGGER traced AFTER UPDATE ON jobs BEGIN
    INSERT INTO trace (id, fence, was, state, at_ms, leased_ms) VALUES
      (new.id, new.fence, old.state, new.state, CAST(unixepoch('subsec') * 1000 AS INTEGER), old.leased_ms);
  END;`;

type Said = (line: string, worker: ChildProcess) => void;

/** @param workMs How long it is at each job. */
function workerOn(path: string, said: Said, workMs = 30): ChildProcess {
  const child = spawn(execPath, [...nodeOptions, workerScript, path, String(leaseMs), String(workMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  createInterface(child.stdout).on("line", (line) => said(line, child));
  return child;
}

it(
  "of three workers at random: every acked job ran, and no end was accepted twice (J1, J2, J3)",
  { timeout: 180_000 },
  async () => {
    const { jobs, path } = await stage();
    const database = new DatabaseSync(path, { timeout: 10_000 });
    onTestFinished(() => database.close());
    database.exec(trace);
    const begun = new Set<string>();
    let lines = 0;
    let kills = 0;
    const said = (line: string, worker: ChildProcess): void => {
      const [what, id = ""] = line.split(" ");
      if (what !== "begun") return;
      begun.add(id);
      lines += 1;
      if (lines % linesBetweenKills !== 0 || worker.killed) return;
      // In the middle of its work: it has just said that it begins.
      worker.kill("SIGKILL");
      kills += 1;
      workerOn(path, said);
    };
    const first = [1, 2, 3].map(() => workerOn(path, said));
    const slow = defineJob("slow");
    const acked: string[] = [];
    while (acked.length < jobsInAll) {
      const drafts = await Promise.all(
        Array.from({ length: jobsAtOnce }, () => jobs.draft(slow, null, { attempts: 20 })),
      );
      acked.push(...(await jobs.add(drafts)).map(({ id }) => id));
    }
    const count = (sql: string): number => Number(database.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.["n"]);
    await vi.waitFor(() => expect(count("jobs WHERE state = 'done'")).toBe(jobsInAll), {
      timeout: 150_000,
      interval: 100,
    });
    expect(kills).toBeGreaterThanOrEqual(5);
    expect(first.filter(({ killed }) => killed).length).toBeGreaterThan(0);
    expect(acked.filter((id) => !begun.has(id))).toEqual([]);
    expect(count("trace WHERE state = 'done' AND was <> 'done'")).toBe(jobsInAll);
    // Each hand that a job came into had a number of its own.
    expect(
      count("(SELECT 1 FROM trace WHERE state = 'running' AND was = 'ready' GROUP BY id, fence HAVING count(*) > 1)"),
    ).toBe(0);
    const lost = database
      .prepare("SELECT at_ms - leased_ms AS late FROM trace WHERE was = 'running' AND state = 'ready'")
      .all();
    expect(lost.length).toBeGreaterThan(0);
    const latest = Math.max(...lost.map(({ late }) => Number(late)));
    expect(latest).toBeLessThan(1_000);
    expect(latest).toBeGreaterThanOrEqual(-1);
  },
);

it(
  "SIGSTOP of a worker: another one takes its job, and what it says when it goes on does not count (J2)",
  { timeout: 60_000 },
  async () => {
    const { jobs, path } = await stage();
    const database = new DatabaseSync(path, { timeout: 10_000 });
    onTestFinished(() => database.close());
    database.exec(trace);
    const slow = defineJob("slow");
    const { id } = await jobs.enqueue(slow, null);
    const freeze: Said = (line, worker) => void (line === `begun ${id}` && worker.kill("SIGSTOP"));
    // Long enough to be frozen in the middle of it.
    const frozen = workerOn(path, freeze, 2_000);
    await vi.waitFor(async () => expect((await jobs.find(id))?.state).toBe("running"), { timeout: 20_000 });
    const other = workerOn(path, () => undefined);
    await vi.waitFor(async () => expect((await jobs.find(id))?.state).toBe("done"), { timeout: 20_000 });
    other.kill("SIGKILL");
    await once(other, "close");
    const ended = new Promise<void>((resolve) => {
      createInterface(frozen.stdout ?? expect.unreachable()).on("line", (line) => line === `ended ${id}` && resolve());
    });
    frozen.kill("SIGCONT");
    await ended;
    // It goes on to other work, after it has tried to settle this one.
    const next = await jobs.enqueue(slow, null);
    await vi.waitFor(async () => expect((await jobs.find(next.id))?.state).toBe("done"), { timeout: 20_000 });
    const hands = database
      .prepare("SELECT fence, state FROM trace WHERE id = ? AND was <> state ORDER BY number")
      .all(id);
    expect(hands.map((row) => ({ ...row }))).toEqual([
      { fence: 1, state: "running" },
      { fence: 2, state: "ready" },
      { fence: 3, state: "running" },
      { fence: 3, state: "done" },
    ]);
  },
);

it("of a process that enqueues: what it was told is there, is there", { timeout: 60_000 }, async () => {
  const { jobs, path } = await stage();
  const child = spawn(execPath, [...nodeOptions, orderingScript, path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const acked: string[] = [];
  createInterface(child.stdout).on("line", (id) => {
    if (acked.push(id) === 500) child.kill("SIGKILL");
  });
  await once(child, "close");
  expect(acked.length).toBeGreaterThanOrEqual(500);
  // The last line may be cut.
  const found = await Promise.all(acked.slice(0, -1).map((id) => jobs.find(id)));
  expect(found.filter((job) => job?.state !== "waiting")).toEqual([]);
});
