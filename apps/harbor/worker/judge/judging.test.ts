// The judge's handler on a real database, a real job store and a real sandbox, while the database is not to be written.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createJobs, createWorker, type Jobs, type JobWorker } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import type { Log } from "@tidewire/server";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sandboxesBelow, standsLast } from "../../judge/testing/processes.ts";
import { parseConfig } from "../../server/config.ts";
import type { Submission } from "../../contract/judge.ts";
import { addGuest } from "../../server/data/guests.ts";
import { openDatabase } from "../../server/data/open-database.ts";
import type { Database } from "../../server/data/schema.ts";
import { findSubmission } from "../../server/data/submissions.ts";
import { handIn } from "../../server/judge/submissions.ts";
import { judging } from "./judging.ts";

let folder: string;
let db: Database;
let jobs: Jobs;
let worker: JobWorker;
let writer: DatabaseSync;
const warnings: string[] = [];
let warned: (text: string, message: unknown) => void = () => undefined;

const silence = (): void => undefined;
const log: Log = {
  debug: silence,
  info: silence,
  warn: (text, fields) => {
    warnings.push(text);
    warned(text, fields?.["message"]);
  },
  error: (text) => void warnings.push(text),
};

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-judging-"));
  db = await openDatabase(path.join(folder, "harbor.db"));
  writer = new DatabaseSync(path.join(folder, "harbor.db"));
  jobs = createJobs({ store: embeddedStore({ path: path.join(folder, "jobs.db") }) });
  await jobs.store.open();
  worker = createWorker({ jobs, log });
  warnings.length = 0;
  judging(worker, {
    config: parseConfig({ TIDEWIRE_DATA: folder, NODE_ENV: "" }, []),
    db,
    jobs,
    api: { connections: () => Promise.resolve(0), publish: () => Promise.resolve() },
    signal: new AbortController().signal,
    log,
  });
});

afterEach(async () => {
  await worker.stop();
  await jobs.store.close();
  writer.close();
  await db.destroy();
  rmSync(folder, { recursive: true });
});

/** A program whose `solve` is this. */
async function submit(body: string): Promise<Submission> {
  const guest = (await addGuest(db, "Ada")).id;
  const program = { problem: "anchor-chain", language: "javascript", source: `function solve() { ${body} }` } as const;
  return await handIn(db, jobs, { ...program, guest, nonce: "nonce-one" });
}

it("judges a program once, however long its verdict cannot be kept", { timeout: 60_000 }, async () => {
  const { id, job } = await submit("return 6");
  // Somebody else writes, from before it is begun until its verdict has failed to be kept.
  writer.exec("BEGIN IMMEDIATE");
  const isHeldUp = new Promise<void>((resolve) => {
    warned = (text, message) => {
      // A machine that is busy with other things may leave nothing for the first attempt.
      const isStarved = message === "the machine had no time for the program";
      if (text === "a verdict could not be kept yet" || (text === "a job failed" && !isStarved)) resolve();
    };
  });
  worker.start();
  await isHeldUp;
  writer.exec("ROLLBACK");
  await expect.poll(async () => (await jobs.find(job))?.state, { timeout: 30_000 }).toBe("done");
  expect(await findSubmission(db, id)).toMatchObject({ judged: { verdict: "wrong", passed: 1 } });
  expect(await jobs.find(job)).toMatchObject({ attempt: warnings.includes("a job failed") ? 2 : 1 });
  expect(warnings.filter((text) => text === "a verdict could not be kept yet")).toHaveLength(1);
});

// The first attempt is given up after five seconds without a processor; one that is not takes a minute.
it.runIf(process.platform === "linux")(
  "runs a program behind everybody else first, and where that starves it with a little",
  { timeout: 50_000 },
  async () => {
    const { id } = await submit("for (;;);");
    worker.start();
    const patient = { timeout: 40_000, interval: 5 };
    const sandbox = async (standing: boolean): Promise<number> => {
      const those = (): readonly number[] =>
        sandboxesBelow(process.pid).filter((each) => standsLast(each) === standing);
      await expect.poll(() => those().length, patient).toBe(1);
      return those()[0] ?? expect.unreachable();
    };
    // Stopped, as one that gets nothing.
    process.kill(await sandbox(true), "SIGSTOP");
    await sandbox(false);
    await expect.poll(async () => (await findSubmission(db, id))?.judged?.verdict, patient).toBe("time");
  },
);
