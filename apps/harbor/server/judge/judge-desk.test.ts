// Submissions on a real database with a real job store: kept once, ordered always, told as they are.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createJobs, type Jobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Judged, judgeRun, type News, type Submission, type Verdict } from "../../contract/judge.ts";
import { addGuest } from "../data/guests.ts";
import { openDatabase } from "../data/open-database.ts";
import type { Database } from "../data/schema.ts";
import {
  beginSubmission,
  endSubmission,
  findSubmission,
  keepSubmission,
  readLeaders,
  readLine,
} from "../data/submissions.ts";
import { createJudgeNews } from "./news.ts";
import { handIn, mendSubmissions } from "./submissions.ts";

let folder: string;
let db: Database;
let jobs: Jobs;
let ada: string;
let bo: string;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-judge-"));
  db = await openDatabase(path.join(folder, "harbor.db"));
  jobs = createJobs({ store: embeddedStore({ path: path.join(folder, "jobs.db") }) });
  await jobs.store.open();
  ada = (await addGuest(db, "Ada")).id;
  bo = (await addGuest(db, "Bo")).id;
});

afterEach(async () => {
  await jobs.store.close();
  await db.destroy();
  rmSync(folder, { recursive: true });
});

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const program = { problem: "anchor-chain", language: "javascript", source: "1" } as const;
let count = 0;

async function submit(guest: string, problem: string = program.problem): Promise<Submission> {
  count += 1;
  return await handIn(db, jobs, { ...program, guest, problem, nonce: `nonce-of-${count}` });
}

async function end(id: number, verdict: Verdict): Promise<void> {
  const judged: Judged = { verdict, passed: 1, tests: 1, ms: 1, kb: 1, message: "" };
  await endSubmission(db, id, { judged, rows: [], log: "" });
}

/** As if it was handed in a while ago. */
async function age(): Promise<void> {
  await db.updateTable("submissions").set({ at_ms: 1 }).execute();
}

describe("handing in", () => {
  it("twice with one nonce is one submission and one job", async () => {
    const given = { ...program, guest: ada, nonce: "nonce-twice" };
    const [first, again] = await Promise.all([handIn(db, jobs, given), handIn(db, jobs, given)]);
    expect(again).toEqual(first);
    expect(await jobs.list({ state: "waiting", after: null, limit: 10 })).toMatchObject([
      { id: first.job, owner: ada },
    ]);
    await expect(handIn(db, jobs, { ...given, source: "2" })).rejects.toMatchObject({ reason: "conflict" });
  });

  it("again after it was judged, and its job forgotten, is not judged anew", async () => {
    const given = { ...program, guest: ada, nonce: "nonce-judged" };
    const { id } = await keepSubmission(db, { ...given, job: "forgotten" });
    await end(id, "accepted");
    expect(await handIn(db, jobs, given)).toMatchObject({ id, judged: { verdict: "accepted" } });
    expect(await jobs.find("forgotten")).toBeNull();
  });

  it("is refused while three of one's own are not judged, also when they come at once", async () => {
    const all = await Promise.allSettled([submit(ada), submit(ada), submit(ada), submit(ada), submit(bo)]);
    expect(all.filter(({ status }) => status === "rejected")).toMatchObject([{ reason: { reason: "limit_exceeded" } }]);
    await end((await readLine(db)).waiting[0] ?? 0, "wrong");
    await submit(ada);
  });
});

describe("what was left behind", () => {
  it("is not what a worker is at, however long that takes", async () => {
    const { id } = await submit(ada);
    await age();
    const wanted = { names: [judgeRun.name], runs: 1, endings: 0, leaseMs: 10_000, orphanMs: 3_600_000 };
    expect((await jobs.store.claim(wanted)).runs).toHaveLength(1);
    expect(await mendSubmissions({ db, jobs, log: silent })).toBe(false);
    expect(await findSubmission(db, id)).toMatchObject({ judged: null });
  });

  it("is ordered: kept by a server that died before it could", async () => {
    const kept = await keepSubmission(db, { ...program, guest: ada, nonce: "nonce-kept", job: "its-job" });
    await mendSubmissions({ db, jobs, log: silent });
    expect(await jobs.find(kept.job)).toBeNull();
    await age();
    await mendSubmissions({ db, jobs, log: silent });
    expect(await jobs.find(kept.job)).toMatchObject({ state: "waiting", owner: ada });
  });

  it("is said to be lost when its job is dead, and nobody waits for it", async () => {
    const { id, job } = await submit(ada);
    await age();
    expect(await mendSubmissions({ db, jobs, log: silent })).toBe(false);
    await jobs.cancel(job);
    expect(await mendSubmissions({ db, jobs, log: silent })).toBe(true);
    expect(await findSubmission(db, id)).toMatchObject({ judged: { verdict: "lost" } });
    expect(await readLine(db)).toEqual({ waiting: [], behind: 0 });
  });

  it("is not said to be lost when its verdict comes while we look", async () => {
    const { id, job } = await submit(ada);
    await age();
    const errors: unknown[] = [];
    // Between the look at the database and the look at the job: the worker keeps the verdict, and its job is over.
    const find: Jobs["find"] = async (each) => {
      await end(id, "accepted");
      await jobs.cancel(job);
      return await jobs.find(each);
    };
    const log = { ...silent, error: (...said: unknown[]) => void errors.push(said) };
    expect(await mendSubmissions({ db, jobs: { ...jobs, find }, log })).toBe(false);
    expect(errors).toEqual([]);
    expect(await findSubmission(db, id)).toMatchObject({ judged: { verdict: "accepted" } });
  });

  it("is judged once: the first word counts", async () => {
    const { id } = await submit(ada);
    await end(id, "accepted");
    await end(id, "wrong");
    expect(await findSubmission(db, id)).toMatchObject({ judged: { verdict: "accepted" } });
  });
});

describe("the news", () => {
  it("are who waits, in order, without what a worker has begun", async () => {
    const [first, second, third] = [await submit(ada), await submit(bo), await submit(ada)];
    await beginSubmission(db, first.id);
    expect(await readLine(db)).toEqual({ waiting: [second.id, third.id], behind: 0 });
  });

  it("are who has solved most problems; of equals, who was there first; each problem once", async () => {
    for (const [guest, problem, verdict] of [
      [ada, "anchor-chain", "accepted"],
      [bo, "anchor-chain", "accepted"],
      [ada, "anchor-chain", "accepted"],
      [ada, "tide-table", "wrong"],
    ] as const) {
      const { id } = await submit(guest, problem);
      await end(id, verdict);
      await db.updateTable("submissions").set({ at_ms: id }).where("id", "=", id).execute();
    }
    expect(await readLeaders(db)).toMatchObject([
      { name: "Ada", solved: 1, atMs: 1 },
      { name: "Bo", solved: 1, atMs: 2 },
    ]);
    await end((await submit(bo, "tide-table")).id, "accepted");
    expect(await readLeaders(db)).toMatchObject([
      { name: "Bo", solved: 2 },
      { name: "Ada", solved: 1 },
    ]);
  });

  it("told by several processes at once end with what is true, whoever was slow", async () => {
    const channel: News[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let hasRead: () => void = () => undefined;
    const read = new Promise<void>((resolve) => (hasRead = resolve));
    const slow = createJudgeNews({
      db,
      log: silent,
      publish: async (news) => {
        hasRead();
        if (channel.length === 0) await held;
        channel.push(news);
      },
    });
    const quick = createJudgeNews({ db, log: silent, publish: (news) => Promise.resolve(channel.push(news)) });
    slow.changed("line");
    await read;
    const { id } = await submit(ada);
    quick.changed("line");
    await quick.idle();
    expect(channel).toEqual([{ kind: "line", waiting: [id], behind: 0 }]);
    release();
    await slow.idle();
    expect(channel.at(-1)).toEqual({ kind: "line", waiting: [id], behind: 0 });
  });
});
