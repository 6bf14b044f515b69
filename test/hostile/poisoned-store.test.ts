// A database whose rows somebody has edited: nothing of it reaches a client but what could have been published, readers
// are told of what is missing, and other channels go on.
import { DatabaseSync } from "node:sqlite";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStream } from "../event-stream-client.ts";
import { listen, RecordedLog } from "../serving.ts";
import { talk, type Talk } from "../talk.ts";

const kept = { history: { size: 100, ttlMs: 86_400_000 } };
const logs = defineChannel("log:{name}", { ...kept, presence: false });
const tables = defineChannel("table:{name}", {
  mode: "latest",
  key: (value) => String((value as { k?: unknown }).k),
  history: { ttlMs: 86_400_000 },
});
const apiKey = "the key";
const published = 5;
/** The row of each channel that is edited. */
const edited = 3;

const forged = '{"push":{"channel":"log:witness","pub":{"data":"forged","offset":1}}}';
const texts = ["", "\u0000", `x","forged":true,"y":"`, `\n${forged}\n`, "\u2028\u009b31m", "x".repeat(100_000)];
const metas = [
  ...texts,
  "7",
  "null",
  "[]",
  '{"author":7}',
  '{"author":{"user":{},"session":[]}}',
  '{"author":{"user":"u"}}',
  '{"tags":7}',
  '{"tags":{"a":7}}',
  '{"tags":{"a":{"b":1}}}',
  '{"__proto__":{"removed":true}}',
  '{"removed":true,"key":"forged","offset":99,"form":"json","data":{}}',
];
const numbers = [-1n, 0n, 99n, 2n ** 31n, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n];
const payloads = [
  "",
  "1},",
  `1}}}\n${forged}`,
  `{"a":1}\n${forged}`,
  '{"a":1} {"b":2}',
  `${"[".repeat(50_000)}`,
  '"\u0000"',
].map((text) => Buffer.from(text));
const bytes = [...payloads, Buffer.from([0xff, 0xfe, 0x00])];

type Poison = string | bigint | Uint8Array | null;
interface Case {
  readonly table: "log" | "slots" | "channels";
  readonly column: string;
  readonly value: Poison;
  readonly channel: string;
}

const columns: Readonly<Record<Case["table"], Readonly<Record<string, readonly Poison[]>>>> = {
  log: { id: texts, at_ms: numbers, kept_ms: numbers, form: numbers, meta: metas, data: bytes },
  slots: {
    version: numbers.slice(4),
    key: [...texts, "__proto__", "constructor"],
    removed: numbers,
    id: texts,
    previous_id: texts,
    at_ms: numbers,
    kept_ms: numbers,
    form: numbers,
    meta: metas,
    data: bytes,
  },
  channels: {
    epoch: texts,
    log: numbers.filter((number) => number !== 0n),
    base: numbers,
    top: numbers,
    top_id: texts,
    floor: numbers,
    purged: numbers,
    size: numbers,
    ttl_ms: numbers,
    written_ms: numbers,
    due_ms: numbers,
    is_table: numbers,
  },
};

const cases: readonly Case[] = Object.entries(columns).flatMap(([table, byColumn]) =>
  Object.entries(byColumn).flatMap(([column, values]) =>
    values.map((value, index) => ({
      table: table as Case["table"],
      column,
      value,
      channel: `${table === "slots" ? "table" : "log"}:${table}-${column}-${index}`,
    })),
  ),
);

const folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
const file = path.join(folder, "log.db");

async function fill(): Promise<void> {
  const tide = createTidewire({ channels: [logs, tables], engine: sqliteEngine({ path: file }) });
  await tide.start();
  const names = [...cases.map(({ channel }) => channel), "log:witness", "table:witness"];
  for (const channel of names) {
    const [kind, name = ""] = channel.split(":");
    for (let n = 1; n <= published; n += 1) {
      if (kind === "log") await tide.channel(logs, { name }).publish({ n });
      else await tide.channel(tables, { name }).publish({ k: `k${n}`, n });
    }
  }
  await tide.stop();
}

function poison({ table, column, value, channel }: Case, database: DatabaseSync): void {
  if (table === "channels") {
    database.prepare(`UPDATE channels SET ${column} = ?1 WHERE name = ?2`).run(value, channel);
    return;
  }
  const log = database.prepare("SELECT log FROM channels WHERE name = ?1").get(channel)?.["log"] as number;
  const where = table === "log" ? "place = (?2 << 32) | ?3" : "log = ?2 AND version = ?3";
  database.prepare(`UPDATE ${table} SET ${column} = ?1 WHERE ${where}`).run(value, log, edited);
}

let tide: ReturnType<typeof createTidewire>;
let server: Server;
let port: number;
const log = new RecordedLog();
const surprises: unknown[] = [];
const note = (surprise: unknown): void => void surprises.push(surprise);

beforeAll(async () => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  await fill();
  const database = new DatabaseSync(file);
  database.exec("BEGIN");
  for (const each of cases) poison(each, database);
  database.exec("COMMIT");
  database.close();
  tide = createTidewire({ channels: [logs, tables], engine: sqliteEngine({ path: file, log }), log, apiKey });
  server = createServer();
  tide.attach(server, { http: true });
  await tide.start();
  port = await listen(server);
}, 60_000);

afterAll(async () => {
  process.removeListener("uncaughtException", note);
  process.removeListener("unhandledRejection", note);
  server.close();
  await tide.stop({ drainMs: 1 });
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

interface Pub {
  readonly data: unknown;
  readonly offset: number;
  readonly id?: unknown;
  readonly time?: unknown;
  readonly key?: unknown;
  readonly tags?: unknown;
  readonly info?: unknown;
}
interface Line {
  readonly id?: number;
  readonly error?: { readonly code: number };
  readonly subscribe?: { readonly epoch?: string; readonly offset?: number; readonly recovered?: boolean };
  readonly history?: { readonly publications: readonly Pub[] };
  readonly push?: { readonly channel: string; readonly pub?: Pub; readonly unsubscribe?: object };
}

/** What could have been published there: nothing else may come. */
function expectOwn(pub: Pub): void {
  const isOwn =
    (pub.data === null && pub.key !== undefined) ||
    (typeof pub.data === "object" && pub.data !== null && "n" in pub.data && Object.keys(pub.data).length <= 2) ||
    pub.data === "after" ||
    // Another form is what somebody can have published.
    (typeof pub.data === "string" && pub.data.startsWith('{"n":'));
  expect(isOwn, JSON.stringify(pub).slice(0, 200)).toBe(true);
  expect(Number.isSafeInteger(pub.offset)).toBe(true);
  const known = ["data", "offset", "id", "time", "key", "removed", "tags"];
  expect(Object.keys(pub).filter((name) => !known.includes(name))).toEqual([]);
  if (pub.id !== undefined) expect(pub.id).toMatch(/^\P{Cc}+$/u);
  if (pub.time !== undefined) expect(Number.isSafeInteger(pub.time)).toBe(true);
}

async function speaker(): Promise<Talk> {
  const opened = await talk(`ws://127.0.0.1:${port}/connection/websocket`);
  onTestFinished(() => opened.socket.close());
  opened.send('{"id":1,"connect":{"tide":1}}');
  await opened.next();
  return opened;
}

/** Everything of the next message; each line is a message of the protocol for the channel that was asked for. */
async function lines(opened: Talk, channel: string): Promise<Line[]> {
  const read = String(await opened.next())
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  for (const { push } of read) if (push !== undefined) expect(push.channel).toBe(channel);
  return read;
}

describe("what a row says is checked before anybody is shown it", () => {
  const byColumn = Object.groupBy(cases, ({ table, column }) => `${table}.${column}`);

  test.each(Object.entries(byColumn))("%s", async (_name, some = []) => {
    for (const { channel } of some) {
      const opened = await speaker();
      opened.send(JSON.stringify({ id: 2, history: { channel, limit: 100 } }));
      const [history] = await lines(opened, channel);
      for (const pub of history?.history?.publications ?? []) expectOwn(pub);
      opened.send(JSON.stringify({ id: 3, subscribe: { channel, recover: true, offset: 0, epoch: "" } }));
      const [subscribed] = await lines(opened, channel);
      expect(subscribed?.id).toBe(3);
      if (subscribed?.subscribe !== undefined) {
        // What is published from now on arrives, or the subscription is told that something is missing.
        const [kind, name = ""] = channel.split(":");
        const publishing =
          kind === "log"
            ? tide.channel(logs, { name }).publish("after")
            : tide.channel(tables, { name }).publish({ k: "after", n: 0 });
        const isDone = await publishing.then(
          () => true,
          () => false,
        );
        let isOver = !isDone;
        while (!isOver) {
          for (const { push } of await lines(opened, channel)) {
            if (push?.pub !== undefined) expectOwn(push.pub);
            const isLast = push?.pub?.data === "after" || push?.pub?.key === "after";
            isOver ||= push?.unsubscribe !== undefined || isLast;
          }
        }
      }
      await opened.close();
    }
  });

  test("by the server API and event streams too", async () => {
    for (const { channel } of cases) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/history`, {
        method: "POST",
        headers: { "x-api-key": apiKey },
        body: JSON.stringify({ channel, limit: 100 }),
      });
      const { result } = (await answer.json()) as { result?: { publications: readonly Pub[]; epoch: string } };
      for (const pub of result?.publications ?? []) expectOwn(pub);
      const [first] = result?.publications ?? [];
      if (result === undefined || first === undefined) continue;
      const id = encodeURIComponent(`${encodeURIComponent(result.epoch)}:${first.offset - 1}`);
      const stream = await openStream(port, `/raw/${encodeURIComponent(channel)}?lastEventId=${id}`);
      const last = result.publications.at(-1)?.offset ?? 0;
      await stream.until(({ parser }) => parser.lastEventId.endsWith(`:${last}`));
      const types = ["message", "removed", "binary", "gap"];
      expect(stream.events.filter(({ type }) => !types.includes(type))).toEqual([]);
      for (const text of stream.data()) expect(text).toMatch(/^(?:\{"(?:n|k)":.*\}|after)$/);
      stream.socket.destroy();
    }
  });
});

test("channels that nobody touched have all they had", async () => {
  for (const channel of ["log:witness", "table:witness"]) {
    const opened = await speaker();
    opened.send(JSON.stringify({ id: 2, history: { channel, limit: 100 } }));
    const [history] = await lines(opened, channel);
    expect(history?.history?.publications.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5]);
  }
});

test("nothing was thrown that nobody caught, and the operator was told", () => {
  expect(surprises).toEqual([]);
  expect(log.troubles.length).toBeGreaterThan(0);
});
