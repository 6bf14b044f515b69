// A backup is put back under readers that had seen more: none of them is told that nothing is missing (S5, S8).
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { createClient } from "@tidewire/client";
import { createTidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { connected, listening } from "./centrifuge-client.ts";
import { freePort, temporaryFile } from "./killable-node.ts";
import { open, serve, type Served } from "./serving.ts";

/** What our own client was told of `public:a`, in order. */
async function ownReader({ socketUrl }: Served): Promise<{ readonly told: unknown[]; readonly until: Until }> {
  const client = createClient({ url: `${socketUrl}/connection/websocket` });
  onTestFinished(() => client.close());
  const told: unknown[] = [];
  let waiting: (() => void)[] = [];
  const tell = (what: unknown): void => {
    told.push(what);
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  };
  const channel = client.channel("public:a");
  channel.onPublication(({ data }) => tell(data));
  channel.onGap(() => tell("gap"));
  const live = new Promise<void>((resolve) => {
    channel.onState(({ kind }) => {
      if (kind === "live") resolve();
    });
  });
  channel.open();
  client.connect();
  await live;
  const until: Until = async (condition) => {
    while (!condition(told)) await new Promise<void>((resolve) => void waiting.push(resolve));
  };
  return { told, until };
}

type Until = (condition: (told: readonly unknown[]) => boolean) => Promise<void>;

/** Copies those of the database's files that are there, and removes those that are not. */
function copy(from: string, to: string, suffixes: readonly string[]): void {
  for (const suffix of suffixes) {
    rmSync(to + suffix, { force: true });
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

async function publish({ tide }: Pick<Served, "tide">, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await tide.channel(open, { name: "a" }).publish(n);
}

/** Publishes before anybody can connect: readers then stand in the middle of the new history. */
async function publishUnheard(file: string, from: number, to: number): Promise<void> {
  const tide = createTidewire({ channels: [open], engine: sqliteEngine({ path: file }) });
  await tide.start();
  await publish({ tide }, from, to);
  await tide.stop();
}

test("the database alone: the official SDK and our client both start anew, before anything of the new history", async () => {
  const [file, backup, port] = [temporaryFile(), temporaryFile(), await freePort()];
  const serveAgain = (): Promise<Served> => serve({ engine: sqliteEngine({ path: file }), port });
  const first = await serveAgain();
  const official = await listening(await connected(first.socketUrl), "public:a");
  const own = await ownReader(first);
  await publish(first, 1, 20);
  // As backups are made: from a running server.
  copy(file, backup, ["", "-wal"]);
  await publish(first, 21, 25);
  await own.until((told) => told.length === 25);
  await official.until(({ publications }) => publications.length === 25);
  await first.stop();
  copy(backup, file, ["", "-wal"]);
  await publishUnheard(file, 101, 108);
  const second = await serveAgain();
  await official.until(({ establishments }) => establishments.length === 2);
  await own.until((told) => told.includes("gap"));
  expect(official.establishments.at(-1)).toEqual({ wasRecovering: true, recovered: false });
  await publish(second, 109, 110);
  await official.until(({ values }) => values.includes(110));
  await own.until((told) => told.includes(110));
  expect(official.values.slice(0, 25)).toEqual(own.told.slice(0, 25));
  expect(own.told[25]).toBe("gap");
  const after = official.values.slice(25) as number[];
  expect(after).toEqual(after.toSorted((a, b) => a - b));
  expect(after.every((value) => value >= 101)).toBe(true);
}, 30_000);

test("the database and its mark together, which looks the same: our client notices by the publication it saw", async () => {
  const [file, backup, port] = [temporaryFile(), temporaryFile(), await freePort()];
  const serveAgain = (): Promise<Served> => serve({ engine: sqliteEngine({ path: file }), port });
  const all = ["", "-wal", "-mark"];
  const first = await serveAgain();
  const own = await ownReader(first);
  await publish(first, 1, 20);
  copy(file, backup, all);
  await publish(first, 21, 25);
  await own.until((told) => told.length === 25);
  await first.stop();
  copy(backup, file, all);
  await publishUnheard(file, 101, 108);
  const second = await serveAgain();
  await own.until((told) => told.length > 25);
  expect(own.told[25]).toBe("gap");
  await publish(second, 109, 109);
  await own.until((told) => told.includes(109));
}, 30_000);
