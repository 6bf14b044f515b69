// The programs of the pages for those who come from elsewhere run as they stand there, but for their ports and a reader's own.
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Channel, createClient } from "@tidewire/client";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { Server as SocketServer } from "socket.io";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { clientOf } from "../centrifuge-client.ts";
import { fromSource } from "../browser/server-process.ts";
import { blocksOf, root } from "./blocks.ts";
import { examplesOf } from "./examples.ts";
import { Program } from "./program.ts";

/** What a reader has: everybody is Ada, who may do everything. */
const readersOwn = `
export const userOf = async () => ({ id: "ada", name: "Ada" });
export const me = "ada";
export const membersOf = async () => ["ada"];
export const mayRead = async () => true;
export const renameRoom = async () => undefined;
`;

const fixedPort = 'server.listen(8080, "127.0.0.1");';
const freePort = 'server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));';

/** The page's programs as files of a folder of their own. @param edit What a reader changes in them. */
function programsOf(document: string, edit: (text: string) => string): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-coming-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(path.join(folder, "your-own.ts"), readersOwn);
  for (const [file, text] of examplesOf(blocksOf(document))) writeFileSync(path.join(folder, file), edit(text));
  return folder;
}

const run = (folder: string, file: string): Program => Program.start(`node ${fromSource} ${path.join(folder, file)}`);

async function portOf(server: Program): Promise<number> {
  const [, port] = await server.until(/port (\d+)/);
  return Number(port);
}

/** A channel of our own client, live, and the first that comes on it. */
async function listening(
  port: number,
  name: string,
): Promise<{ readonly channel: Channel; readonly next: Promise<unknown> }> {
  const client = createClient({ url: `ws://127.0.0.1:${port}/connection/websocket` });
  onTestFinished(() => client.close());
  const channel = client.channel(name);
  const next = new Promise<unknown>((resolve) => channel.onPublication(({ data }) => resolve(data)));
  const live = new Promise<void>((resolve) => channel.onState(({ kind }) => void (kind === "live" && resolve())));
  channel.open();
  client.connect();
  await live;
  return { channel, next };
}

test("from Socket.IO: server and page", async () => {
  const folder = programsOf("docs/from-socket-io.md", (text) => text.replace(fixedPort, freePort));
  const port = await portOf(run(folder, "server.ts"));
  const client = programsOf("docs/from-socket-io.md", (text) =>
    text.replace('"/connection/websocket"', `"ws://127.0.0.1:${port}/connection/websocket"`),
  );
  const page = run(client, "page.ts");
  await page.until(/^ada Hello$/m);
  await page.until(/^lobby is Harbour now$/m);
});

test("from Socket.IO: both on one server, for as long as the move takes", async () => {
  const server = createServer();
  const sockets = new SocketServer(server);
  const tide = createTidewire({ channels: [defineChannel("lobby", { mode: "signal" })] });
  tide.attach(server);
  onTestFinished(async () => {
    await tide.stop({ drainMs: 1 });
    await sockets.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const theirs = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  onTestFinished(() => theirs.terminate());
  // Engine.IO's open packet, and then one channel of ours beside it.
  const [opening] = (await once(theirs, "message")) as [Buffer];
  expect(opening.toString()).toMatch(/^0\{"sid":/);
  const { channel, next } = await listening(port, "lobby");
  await channel.publish("both");
  expect(await next).toBe("both");
  const polled = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
  expect(await polled.text()).toMatch(/^0\{"sid":/);
});

test("from Pusher: the server publishes, and a page reads it", async () => {
  const [block] = blocksOf("docs/from-pusher.md").filter(({ language }) => language === "ts");
  const folder = programsOf("docs/from-pusher.md", (text) => text.replace(fixedPort, freePort));
  const port = await portOf(run(folder, `line-${block?.line}.ts`));
  const { channel, next } = await listening(port, "orders:42");
  // It publishes as soon as it listens: before or after.
  const { publications } = await channel.history({ limit: 1 });
  expect(publications[0]?.data ?? (await next)).toEqual({ event: "paid", total: 12 });
});

test("from Centrifugo: their client with their token, on the page's server", async () => {
  const tail = `
import { createServer as create } from "node:http";
const server = create();
tide.attach(server);
${freePort}
`;
  const [, block] = blocksOf("docs/from-centrifugo.md").filter(({ language }) => language === "ts");
  const file = `line-${block?.line}.ts`;
  const folder = programsOf("docs/from-centrifugo.md", (text) =>
    text
      .replace("declare const secret: string;", `const secret = ${JSON.stringify(tokenSecret)};`)
      .replace("declare const apiKey: string;", 'const apiKey = "a key for the tests";')
      .replace('"data/tidewire.db"', "`${import.meta.dirname}/tidewire.db`")
      .concat(text.includes("createTidewire(") ? tail : ""),
  );
  const port = await portOf(run(folder, file));
  const client = clientOf(`ws://127.0.0.1:${port}`, "ws", { token: tokenOf({ sub: "ada" }) });
  const subscription = client.newSubscription("chat:lobby");
  const next = new Promise((resolve) => subscription.once("publication", resolve));
  subscription.subscribe();
  client.connect();
  await subscription.ready();
  await subscription.publish({ text: "Hello" });
  expect(await next).toMatchObject({ data: { text: "Hello" }, info: { user: "ada" } });
  // Who is not subscribed does not write, as allow_publish_for_subscriber says.
  await expect(client.publish("chat:other", {})).rejects.toMatchObject({ code: 103 });
});
