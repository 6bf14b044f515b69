// Mentions on a real database and a real store of jobs: each is ordered with its message, or not at all.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Jobs } from "@tidewire/jobs";
import type { Log } from "@tidewire/server";
import { afterEach, beforeEach, expect, it } from "vitest";
import { mention } from "../../contract/mention.ts";
import { addGuest, guestLeaves } from "../data/guests.ts";
import { keepMessage } from "../data/messages.ts";
import { openDatabase } from "../data/open-database.ts";
import type { Database, GuestRow } from "../data/schema.ts";
import { openJobs } from "../jobs/job-store.ts";
import { createMentions, type Mentions } from "./mentions.ts";

const silence = (): void => undefined;
const log: Log = { debug: silence, info: silence, warn: silence, error: silence };

let folder: string;
let db: Database;
let jobs: Jobs;
let mentions: Mentions;
let ada: GuestRow;
let nonces = 0;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-mentions-"));
  db = await openDatabase(path.join(folder, "harbor.db"));
  jobs = await openJobs({ kept: "embedded", dataFolder: folder, log });
  mentions = createMentions({ db, jobs, awayMs: 1_000, log });
  ada = await addGuest(db, "Ada");
});

afterEach(async () => {
  await mentions.stop();
  await jobs.store.close();
  await db.destroy();
  rmSync(folder, { recursive: true });
});

async function say(text: string, nonce = `nonce-${(nonces += 1)}`): Promise<string> {
  const author = { id: ada.id, name: ada.name };
  const { message } = await keepMessage(db, { room: "workshop", author, text, nonce }, mentions.order);
  mentions.ordered();
  return message.id;
}

/** What is ordered, once the relay has taken everything on. */
async function ordered(): Promise<readonly unknown[]> {
  const left = async (): Promise<number> => (await db.selectFrom("job_outbox").selectAll().execute()).length;
  await expect.poll(left).toBe(0);
  return (await jobs.list({ state: "waiting", after: null, limit: 100 })).map((job) => [
    job.name,
    JSON.parse(job.input) as unknown,
  ]);
}

it("becomes a job for whoever is meant, once, also when the message is sent again", async () => {
  const lou = await addGuest(db, "Lou");
  const id = await say("@Lou and @lou, look", "the-nonce");
  expect(await say("@Lou and @lou, look", "the-nonce")).toBe(id);
  expect(await ordered()).toEqual([[mention.name, { message: id, person: lou.id }]]);
});

it("means the one who came last under that name, and nobody who has left", async () => {
  const first = await addGuest(db, "Lou");
  const last = await addGuest(db, "Lou");
  await db.updateTable("guests").set({ created_at_ms: 1 }).where("id", "=", first.id).execute();
  const gone = await addGuest(db, "Kai");
  await guestLeaves(db, gone.id);
  const id = await say("@Lou @Kai @Nobody");
  expect(await ordered()).toEqual([[mention.name, { message: id, person: last.id }]]);
});

it("waits until a page that is loaded anew would be back", async () => {
  await addGuest(db, "Lou");
  const beforeMs = Date.now();
  await say("@Lou");
  await ordered();
  const [job] = await jobs.list({ state: "waiting", after: null, limit: 1 });
  expect(job?.dueMs).toBeGreaterThanOrEqual(beforeMs + 1_000);
});

it("of oneself is none", async () => {
  await say("I am @Ada");
  expect(await ordered()).toEqual([]);
});

it("is ordered with its message or not at all", async () => {
  await addGuest(db, "Lou");
  const author = { id: ada.id, name: ada.name };
  const kept = keepMessage(
    db,
    { room: "workshop", author, text: "@Lou", nonce: "nonce-undone" },
    async (tx, message) => {
      await mentions.order(tx, message);
      throw new Error("the disk is full");
    },
  );
  await expect(kept).rejects.toThrow("the disk is full");
  expect(await db.selectFrom("messages").selectAll().execute()).toEqual([]);
  expect(await ordered()).toEqual([]);
});

it("survives a server that died between the message and the store of jobs", async () => {
  const lou = await addGuest(db, "Lou");
  await mentions.stop();
  const id = await say("@Lou");
  mentions = createMentions({ db, jobs, awayMs: 1_000, log });
  expect(await ordered()).toEqual([[mention.name, { message: id, person: lou.id }]]);
});
