// The outbox: a job is ordered if and only if the application's transaction commits, and it is one job.
import { DatabaseSync } from "node:sqlite";
import { defineJob } from "@tidewire/protocol";
import { expect, it, onTestFinished, vi } from "vitest";
import { RecordedLog, stage, temporaryFile } from "../test/stage.ts";
import { outboxTable, sqliteOutbox, type SqliteOutbox } from "./embedded/sqlite-outbox.ts";
import type { Jobs } from "./jobs.ts";
import { type Outbox, relayOutbox } from "./outbox.ts";

const mail = defineJob("mail");

function application(): { readonly database: DatabaseSync; readonly outbox: SqliteOutbox } {
  const database = new DatabaseSync(temporaryFile());
  onTestFinished(() => database.close());
  database.exec(`CREATE TABLE orders (id TEXT PRIMARY KEY) STRICT; ${outboxTable}`);
  return { database, outbox: sqliteOutbox(database) };
}

const waiting = async (jobs: Jobs): Promise<readonly string[]> =>
  (await jobs.list({ state: "waiting", after: null, limit: 300 })).map(({ id }) => id);

const left = (database: DatabaseSync): unknown[] =>
  database
    .prepare("SELECT draft, problem FROM tidewire_outbox")
    .all()
    .map((row) => ({ ...row }));

it("takes on what was committed, and nothing that was rolled back", async () => {
  const { jobs } = await stage();
  const { database, outbox } = application();
  const order = async (id: string, end: "COMMIT" | "ROLLBACK"): Promise<string> => {
    const draft = await jobs.draft(mail, { order: id });
    database.exec("BEGIN");
    database.prepare("INSERT INTO orders VALUES (?)").run(id);
    outbox.put(draft);
    database.exec(end);
    return draft.id;
  };
  const kept = [await order("a", "COMMIT"), await order("c", "COMMIT")];
  await order("b", "ROLLBACK");
  const relay = relayOutbox({ jobs, outbox });
  await relay.stop();
  expect(await waiting(jobs)).toEqual(kept);
  expect(left(database)).toEqual([]);
});

it("leaves alone what is not committed yet, on the same connection too", async () => {
  const { jobs } = await stage();
  const { database, outbox } = application();
  const draft = await jobs.draft(mail, null);
  database.exec("BEGIN");
  outbox.put(draft);
  await relayOutbox({ jobs, outbox }).stop();
  database.exec("ROLLBACK");
  expect(await waiting(jobs)).toEqual([]);
});

it("that dies between taking on and removing makes one job all the same", async () => {
  const { jobs } = await stage();
  const { outbox } = application();
  const drafts = await Promise.all(Array.from({ length: 150 }, (_, n) => jobs.draft(mail, n)));
  drafts.forEach((draft) => outbox.put(draft));
  let deaths = 2;
  const dying: Outbox = {
    ...outbox,
    taken: (places) => {
      deaths -= 1;
      if (deaths >= 0) throw new Error("killed");
      return outbox.taken(places);
    },
  };
  const log = new RecordedLog();
  const relay = relayOutbox({ jobs, outbox: dying, log, pollMs: 1 });
  await vi.waitFor(() => expect(outbox.oldest(1)).toEqual([]), { timeout: 10_000, interval: 5 });
  await relay.stop();
  expect(log.lines.length).toBe(2);
  expect(await waiting(jobs)).toEqual(drafts.map(({ id }) => id));
});

it("refuses what is no draft with a reason, and is not held up by it", async () => {
  const { jobs } = await stage();
  const { database, outbox } = application();
  const draft = await jobs.draft(mail, null);
  const poisoned = ["{", "null", JSON.stringify({ ...draft, input: "{" }), JSON.stringify({ ...draft, dueMs: "soon" })];
  for (const text of poisoned) database.prepare("INSERT INTO tidewire_outbox (draft) VALUES (?)").run(text);
  outbox.put(draft);
  await relayOutbox({ jobs, outbox }).stop();
  expect(await waiting(jobs)).toEqual([draft.id]);
  expect(left(database)).toEqual(poisoned.map((text) => ({ draft: text, problem: expect.any(String) as string })));
});
