// The job `mention` in a real worker on real databases: who is written to, who is not, and why.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createWorker, type Jobs, type JobWorker } from "@tidewire/jobs";
import type { Log } from "@tidewire/server";
import { afterEach, beforeEach, expect, it } from "vitest";
import { here, mention } from "../../contract/mention.ts";
import { parseConfig } from "../../server/config.ts";
import { addGuest, guestLeaves } from "../../server/data/guests.ts";
import { readMails } from "../../server/data/mails.ts";
import { keepMessage } from "../../server/data/messages.ts";
import { openDatabase } from "../../server/data/open-database.ts";
import { markReadUpTo } from "../../server/data/rooms.ts";
import type { Database, GuestRow } from "../../server/data/schema.ts";
import { openJobs } from "../../server/jobs/job-store.ts";
import { handleMentions } from "./mention-handler.ts";

const room = "workshop";
const silence = (): void => undefined;
const log: Log = { debug: silence, info: silence, warn: silence, error: silence };

let folder: string;
let db: Database;
let jobs: Jobs;
let worker: JobWorker;
let lou: GuestRow;
/** What the server says of who is connected. */
let connections: (channel: string) => Promise<number>;
const told: unknown[] = [];
let said = 0;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-mention-"));
  db = await openDatabase(path.join(folder, "harbor.db"));
  jobs = await openJobs({ kept: "embedded", dataFolder: folder, log });
  lou = await addGuest(db, "Lou");
  connections = () => Promise.resolve(0);
  told.length = 0;
  worker = createWorker({ jobs, pollMs: 10 });
  const api = {
    connections: (channel: string) => connections(channel),
    publish: async (...given: readonly unknown[]) => void told.push(given),
  };
  const config = parseConfig({ TIDEWIRE_DATA: folder }, []);
  handleMentions(worker, { api, config, db, jobs, log, signal: new AbortController().signal });
  worker.start();
});

afterEach(async () => {
  await worker.stop();
  await jobs.store.close();
  await db.destroy();
  rmSync(folder, { recursive: true });
});

async function say(text: string): Promise<{ readonly id: string; readonly seq: number }> {
  const author = { id: "guest_ada", name: "Ada" };
  const { message } = await keepMessage(db, { room, author, text, nonce: `nonce-${(said += 1)}-said` });
  return message;
}

/** Orders it, and gives what has become of it. */
async function outcomeOf(message: string, person = lou.id): Promise<unknown> {
  const { id } = await jobs.enqueue(mention, { message, person }, { firstDelayMs: 0 });
  await expect.poll(async () => (await jobs.find(id))?.state, { timeout: 10_000, interval: 10 }).toBe("done");
  const output = (await jobs.find(id))?.output;
  return (JSON.parse(output ?? "{}") as { readonly outcome?: unknown }).outcome;
}

it("writes to who is away, once, and tells pages that look at the mailbox", async () => {
  const { id } = await say("@Lou, look\nhere");
  expect(await outcomeOf(id)).toBe("sent");
  expect(await outcomeOf(id)).toBe("sent");
  const { mails } = await readMails(db, undefined);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({
    id: `${id}.${lou.id}`,
    to: { name: "Lou" },
    subject: "Ada mentioned you in Workshop",
    text: "Ada wrote in Workshop:\n\n> @Lou, look\n> here\n\nYou were away. In Harbor it waits for you.",
    path: "/chat/workshop",
  });
  expect(told).toEqual([["mailbox", { id: `${id}.${lou.id}` }]]);
});

it("leaves alone who is here, who has read it, and who is no more", async () => {
  const { id, seq } = await say("@Lou");
  const asked: string[] = [];
  connections = async (channel) => asked.push(channel);
  expect(await outcomeOf(id)).toBe("here");
  expect(asked).toEqual([here.name({ person: lou.id })]);
  await markReadUpTo(db, { guest: lou.id, room, seq });
  expect(await outcomeOf(id)).toBe("read");
  expect(await outcomeOf("m_nothing")).toBe("gone");
  await guestLeaves(db, lou.id);
  expect(await outcomeOf(id)).toBe("gone");
  expect((await readMails(db, undefined)).mails).toEqual([]);
});

it("asks again when the server does not answer", async () => {
  const { id } = await say("@Lou");
  let times = 0;
  connections = async () => {
    times += 1;
    if (times < 3) throw new Error("fetch failed");
    return 0;
  };
  expect(await outcomeOf(id)).toBe("sent");
  expect(times).toBe(3);
});

it("is called often, and told of it twenty times in an hour", async () => {
  const messages = await Promise.all(Array.from({ length: 21 }, (_, index) => say(`@Lou ${index}`)));
  const outcomes: unknown[] = [];
  for (const { id } of messages) outcomes.push(await outcomeOf(id));
  expect(outcomes).toEqual([...Array<string>(20).fill("sent"), "enough"]);
  await db
    .updateTable("notices")
    .set({ sent_at_ms: Date.now() - 3_600_001 })
    .execute();
  expect(await outcomeOf(messages[20]?.id ?? "")).toBe("sent");
});
