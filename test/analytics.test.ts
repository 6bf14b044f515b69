// Harbor's analytics with its real processes killed while people talk: each message is counted once, and counting all again agrees.
import { execFile } from "node:child_process";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import type { Client } from "@tidewire/client";
import { jobOf } from "@tidewire/client/job";
import type { JobShapeOf } from "@tidewire/protocol";
import { expect, onTestFinished, test, vi } from "vitest";
import { analytics, orderRecount, type Overview, recount } from "../apps/harbor/contract/analytics.ts";
import { sendMessage } from "../apps/harbor/contract/chat.ts";
import { guestAt } from "../apps/harbor/server/testing/guest.ts";
import { fromSource, root, type ServerProcess } from "./browser/server-process.ts";
import { harborFor, workersOf } from "./harbor-process.ts";

const waited = { timeout: 60_000, interval: 50 };

async function guest(server: ServerProcess, name: string): Promise<Client> {
  const client = (await guestAt(server.port, name)).connect();
  onTestFinished(() => client.close());
  return client;
}

/** Says it until it is kept. */
async function say(client: Client, message: { room: string; text: string; nonce: string }): Promise<void> {
  for (;;) {
    const isKept = await client.call(sendMessage, message).then(
      () => true,
      () => false,
    );
    if (isKept) return;
    await expect.poll(() => client.state.kind, waited).toBe("connected");
  }
}

function rowsOf({ dataFolder }: ServerProcess, file: string, query: string): readonly object[] {
  const database = new DatabaseSync(path.join(dataFolder, file), { readOnly: true });
  try {
    return database
      .prepare(query)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

const countedIn = (server: ServerProcess) =>
  rowsOf(server, "analytics.db", "SELECT minute_ms, room, messages FROM room_minutes ORDER BY 1, 2");
const saidIn = (server: ServerProcess) =>
  rowsOf(
    server,
    "harbor.db",
    "SELECT at_ms - at_ms % 60000 AS minute_ms, room, count(*) AS messages FROM messages GROUP BY 1, 2 ORDER BY 1, 2",
  );

type Output = JobShapeOf<typeof recount>["output"];

async function recounted(client: Client): Promise<Output> {
  const { id } = await client.call(orderRecount, undefined);
  const job = jobOf(client, recount, id);
  return await new Promise<Output>((resolve, reject) => {
    const stop = job.subscribe(() => {
      const { state, output, message } = job.getSnapshot();
      if (state === "failed") reject(new Error(message));
      if (state !== "done" || output === null) return;
      queueMicrotask(stop);
      resolve(output);
    });
  });
}

/** What `npm run recount` runs, beside everything else. */
async function recountCommand({ dataFolder }: ServerProcess): Promise<string> {
  const program = path.join(root, "apps/harbor/worker/recount.ts");
  const env = { ...process.env, TIDEWIRE_DATA: dataFolder, NODE_ENV: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [fromSource, program], { env });
  return stdout;
}

test("every message is counted once, over kill -9 of the worker and of the server", { timeout: 180_000 }, async () => {
  const server = await harborFor({ onTestFinished });
  const people = await Promise.all(["ada", "bo", "cy"].map((name) => guest(server, name)));
  let kept = 0;
  let kills = 0;
  let killing = Promise.resolve();
  /** While it counts, as far as anybody can tell: there is always something new. */
  const killWorker = (): void => {
    killing = killing.then(async () => {
      const ids = await vi.waitFor(() => {
        const found = workersOf(server);
        expect(found).toHaveLength(1);
        return found;
      }, waited);
      for (const id of ids) process.kill(id, "SIGKILL");
      kills += 1;
    });
  };
  const killServer = (): void => {
    killing = killing.then(async () => {
      await server.crash();
      for (const client of people) client.retry();
    });
  };
  const talk = people.map(async (client, person) => {
    for (let index = 0; index < 120; index += 1) {
      const room = index % 3 === 0 ? "workshop" : "harbour";
      await say(client, { room, text: `${person} ${index}`, nonce: `nonce-${person}-${index}` });
      kept += 1;
      if (kept % 40 === 0) killWorker();
      if (kept % 150 === 0) killServer();
    }
  });
  await Promise.all(talk);
  await killing;
  expect(kills).toBeGreaterThanOrEqual(7);
  await expect.poll(() => countedIn(server), waited).toEqual(saidIn(server));
  const [ada] = people;
  if (ada === undefined) return expect.unreachable();
  expect(await recounted(ada)).toEqual({ messages: 360, differences: 0 });

  // What is wrong there is found, and is right afterwards.
  const tables = new DatabaseSync(path.join(server.dataFolder, "analytics.db"), { timeout: 5_000 });
  tables.exec("UPDATE room_minutes SET messages = messages + 1 WHERE room = 'harbour'");
  const { n } = tables.prepare("SELECT count(*) AS n FROM room_minutes WHERE room = 'harbour'").get() ?? {};
  tables.close();
  expect(await recounted(ada)).toEqual({ messages: 360, differences: 2 * Number(n) });
  expect(countedIn(server)).toEqual(saidIn(server));
  expect(await recountCommand(server)).toBe("360 messages counted again: the same as before\n");
});

test("whoever looks on sees what is counted", { timeout: 60_000 }, async () => {
  const server = await harborFor({ onTestFinished });
  const ada = await guest(server, "Ada");
  const shown: Overview[] = [];
  const channel = ada.channel(analytics);
  channel.onPublication(({ data }) => void shown.push(data));
  onTestFinished(channel.open());
  await say(ada, { room: "harbour", text: "hello", nonce: "nonce-hello" });
  await expect
    .poll(() => shown.at(-1), waited)
    .toMatchObject({ counted: 1, waiting: 0, activePeople: 1, rooms: [{ id: "harbour", name: "Harbour" }] });
  const { rooms, people } = shown.at(-1) ?? expect.unreachable();
  // The minute may have changed since.
  expect([...(rooms[0]?.messages ?? [])].filter((count) => count > 0)).toEqual([1]);
  expect(people.reduce((sum, count) => sum + count, 0)).toBe(1);
});
