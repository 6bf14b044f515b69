// Harbor as a whole, killed again and again while people talk: what the database has and what a page was given are the
// same, in the same order, once.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Client } from "@tidewire/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { chat, readHistory, sendMessage } from "../contract/chat.ts";
import { keepMessage } from "./data/messages.ts";
import { openDatabase } from "./data/open-database.ts";
import { guestAt } from "./testing/guest.ts";

const room = "workshop";
const talkers = 3;
const kills = 4;
/** How far the talk may run ahead of the listener: well within the 500 messages that the channel keeps. */
const mostAhead = 100;

let folder: string;
let child: ChildProcess | null = null;
let port = 0;
const clients: Client[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-crash-"));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true });
});

/** Starts the server on the port it had before, and resolves once it says that it is ready. */
async function start(): Promise<void> {
  const main = path.join(import.meta.dirname, "main.ts");
  const settings = { PORT: String(port), HOST: "127.0.0.1", TIDEWIRE_DATA: folder, TIDEWIRE_WORKER: "none" };
  const env = { ...process.env, ...settings, NODE_ENV: "test" };
  const started = spawn(process.execPath, ["--conditions=@tidewire/source", main], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  let said = "";
  port = await new Promise<number>((resolve, reject) => {
    started.once("exit", (code) => reject(new Error(`the server ended with ${code} and said: ${said}`)));
    started.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/localhost:(\d+)\//.exec(said);
      if (found !== null) resolve(Number(found[1]));
    });
  });
}

async function killAndStart(): Promise<void> {
  const dying = child;
  if (dying === null) throw new Error("there is no server to kill");
  dying.kill("SIGKILL");
  await once(dying, "exit");
  await start();
  // As somebody who presses "Connect now": the wait after several kills in a row would be long.
  for (const client of clients) client.retry();
}

async function comeIn(name: string): Promise<Client> {
  const client = (await guestAt(port, name)).connect();
  clients.push(client);
  return client;
}

/** The room's messages in the server's database, in order. */
async function keptIds(): Promise<string[]> {
  const db = await openDatabase(path.join(folder, "harbor.db"));
  const rows = await db.selectFrom("messages").select("id").where("room", "=", room).orderBy("seq").execute();
  await db.destroy();
  return rows.map((row) => row.id);
}

interface Talk {
  readonly kept: string[];
  /** What the listener was given. */
  readonly heard: readonly string[];
  isOver: boolean;
}

/** Says one thing after the other, each until the server has it; as the page's outbox does. */
async function talk(client: Client, name: string, talking: Talk): Promise<void> {
  for (let index = 1; !talking.isOver; index += 1) {
    await vi.waitFor(() => expect(talking.kept.length - talking.heard.length).toBeLessThan(mostAhead), {
      timeout: 30_000,
      interval: 5,
    });
    const { id } = await untilKept(client, { room, text: `${name} ${index}`, nonce: `${name}-nonce-${index}` });
    talking.kept.push(id);
  }
}

async function untilKept(
  client: Client,
  message: { room: string; text: string; nonce: string },
): Promise<{ id: string }> {
  for (;;) {
    try {
      return await client.call(sendMessage, message);
    } catch {
      // Lost with the server. The same nonce makes the next attempt the same message.
    }
  }
}

/** Everything the channel hands over, and whether it ever said that something is missing. */
function listen(client: Client): { ids: string[]; gaps: number } {
  const heard = { ids: [] as string[], gaps: 0 };
  const channel = client.channel(chat, { room });
  channel.onPublication(({ data }) => void heard.ids.push(data.message.id));
  channel.onGap(() => (heard.gaps += 1));
  channel.open();
  return heard;
}

it("loses nothing and doubles nothing between the database and a page, over kill -9", { timeout: 60_000 }, async () => {
  await start();
  const names = Array.from({ length: talkers }, (_, index) => `talker${index}`);
  const people = await Promise.all(names.map(comeIn));
  const listener = await comeIn("listener");
  const heard = listen(listener);
  await expect.poll(() => listener.channel(chat, { room }).status.kind).toBe("live");

  const talking: Talk = { kept: [], heard: heard.ids, isOver: false };
  const said = Promise.all(people.map((client, index) => talk(client, names[index] ?? "", talking)));
  for (let kill = 0; kill < kills; kill += 1) {
    const before = heard.ids.length;
    // Each time in the middle of what is being said.
    await expect.poll(() => heard.ids.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(before + 20);
    await killAndStart();
  }
  talking.isOver = true;
  await said;

  const all = talking.kept.length;
  await expect.poll(() => heard.ids.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(all);
  const ledger = await keptIds();
  expect(ledger).toHaveLength(all);
  expect(new Set(ledger)).toEqual(new Set(talking.kept));
  expect(heard.ids).toEqual(ledger);
  expect(heard.gaps).toBe(0);

  const newest = await listener.call(readHistory, { room, limit: 50 });
  expect(newest.messages.map((message) => message.seq)).toEqual(
    Array.from({ length: 50 }, (_, index) => all - 49 + index),
  );
});

it("publishes when it starts what an earlier process kept and did not publish, though nobody says more", async () => {
  const db = await openDatabase(path.join(folder, "harbor.db"));
  const author = { id: "guest_gone", name: "Gone" };
  const kept = await keepMessage(db, { room, author, text: "last words", nonce: "nonce-last" });
  await db.destroy();
  await start();
  const listener = await comeIn("listener");
  const inChannel = async (): Promise<string[]> => {
    const page = await listener.channel(chat, { room }).history({ limit: 10 });
    return page.publications.map(({ data }) => data.message.id);
  };
  listener.channel(chat, { room }).open();
  await expect.poll(inChannel, { timeout: 5_000 }).toEqual([kept.message.id]);
});
