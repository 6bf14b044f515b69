// What the store itself says of ends that it has accepted: nothing that a worker claims, or forgets to say, can escape it.
import { DatabaseSync } from "node:sqlite";
import { createClient } from "@redis/client";
import type { Accepted, EndState } from "./checker.ts";

export interface Trace {
  /** All so far. */
  readonly accepted: readonly Accepted[];
  /** Looks for more. While the store is away there are none. */
  look(): Promise<void>;
  /** Resolves when everything was seen. @throws {Error} When something cannot have been. */
  close(): Promise<void>;
}

/** Each time that anybody writes an end into a job, whether it had one or not. */
const trigger = `
  CREATE TABLE IF NOT EXISTS torture_ends (number INTEGER PRIMARY KEY, id TEXT, state TEXT, at_ms INTEGER);
  CREATE TRIGGER IF NOT EXISTS torture_ended AFTER UPDATE OF ended_ms ON jobs WHEN new.ended_ms IS NOT NULL BEGIN
    INSERT INTO torture_ends (id, state, at_ms) VALUES
      (new.id, new.state, CAST(unixepoch('subsec') * 1000 AS INTEGER));
  END;`;

/** @param path The file of the jobs, which is there. */
export function sqliteTrace(path: string): Trace {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  database.exec(trigger);
  const newer = database.prepare("SELECT number, id, state, at_ms FROM torture_ends WHERE number > ? ORDER BY number");
  const accepted: Accepted[] = [];
  let last = 0;
  const look = (): Promise<void> => {
    for (const row of newer.all(last)) {
      last = Number(row["number"]);
      accepted.push({ id: String(row["id"]), state: row["state"] as EndState, atMs: Number(row["at_ms"]) });
    }
    return Promise.resolve();
  };
  const close = async (): Promise<void> => {
    await look();
    database.close();
  };
  return { accepted, look, close };
}

const stream = "tidewire-jobs:nwork:events";
const endsOf: Readonly<Record<string, EndState>> = { completed: "done", failed: "dead" };
const page = 1_000;

/** BullMQ's own stream of events, which no code of ours writes. It keeps the newest ten thousand, so it is read on the way. */
export async function bullmqTrace(url: string): Promise<Trace> {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 50 } });
  client.on("error", () => undefined);
  await client.connect();
  const accepted: Accepted[] = [];
  let [last, read] = ["0-0", 0];
  const lookOnce = async (): Promise<number> => {
    const answer = await client.sendCommand(["XRANGE", stream, `(${last}`, "+", "COUNT", String(page)]);
    const entries = answer as unknown as readonly (readonly [string, readonly string[]])[];
    for (const [id, fields] of entries) {
      [last, read] = [id, read + 1];
      const state = endsOf[fieldOf(fields, "event")];
      if (state !== undefined) accepted.push({ id: jobOf(fields), state, atMs: Number(id.split("-")[0]) });
    }
    return entries.length;
  };
  const lookFurther = async (): Promise<void> => {
    try {
      while ((await lookOnce()) === page);
    } catch {
      // It is away, and keeps what it has until it is asked again.
    }
  };
  let looking: Promise<void> | null = null;
  // One at a time, or what one has read another would read as well.
  const look = (): Promise<void> => (looking ??= lookFurther().finally(() => (looking = null)));
  const close = async (): Promise<void> => {
    await looking;
    while ((await lookOnce()) > 0);
    const info: unknown = await client.sendCommand(["XINFO", "STREAM", stream]);
    client.destroy();
    const added = numberIn(info, "entries-added");
    if (added !== read) throw new Error(`BullMQ has told of ${added} events, ${read} were read`);
  };
  return { accepted, look, close };
}

/** A list or a map, by the version of the protocol that the client speaks. */
function numberIn(answer: unknown, name: string): number {
  if (Array.isArray(answer)) return Number(answer[answer.indexOf(name) + 1]);
  return Number((Object(answer) as Readonly<Record<string, unknown>>)[name]);
}

const fieldOf = (fields: readonly string[], name: string): string => fields[fields.indexOf(name) + 1] ?? "";

/** As the store names it to BullMQ. */
const jobOf = (fields: readonly string[]): string => decodeURIComponent(fieldOf(fields, "jobId").slice(1));
