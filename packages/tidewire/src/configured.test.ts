// The standalone server as a configuration file has it: channels, and who may do what in them.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { consoleLog } from "./host/console-log.ts";
import { readSettings } from "./settings.ts";
import { startStandalone } from "./standalone.ts";

const patterns = [
  { pattern: "read:{id}", allow_subscribe_for_client: true },
  { pattern: "talk:{id}", allow_subscribe_for_client: true, allow_publish_for_subscriber: true },
  { pattern: "guests", allow_subscribe_for_anonymous: true, allow_publish_for_anonymous: true },
  { pattern: "closed" },
  { pattern: "prices", mode: "latest", key: "symbol", allow_publish_for_client: true },
];

async function begin(): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, "tidewire.jsonc");
  const client = { allow_anonymous_connect_without_token: true, token: { hmac_secret_key_file: "secret" } };
  writeFileSync(path.join(folder, "secret"), tokenSecret);
  writeFileSync(path.join(folder, "key"), "0123456789abcdef");
  const content = { client, channel: { patterns }, engine: { type: "memory" }, http_api: { key_file: "key" } };
  writeFileSync(config, `// production\n${JSON.stringify(content)}`);
  const settings = readSettings({ config, port: "0", host: "127.0.0.1", data: folder }, { NODE_ENV: "production" });
  const standalone = await startStandalone(settings, consoleLog("error"));
  onTestFinished(() => standalone.stop());
  return standalone.port;
}

/** The codes of what each command is answered with; 0: it was done. */
async function asked(port: number, token: string, commands: readonly object[]): Promise<readonly number[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  const lines = [{ connect: { token } }, ...commands].map((command, index) =>
    JSON.stringify({ id: index + 1, ...command }),
  );
  const answers = new Map<number, number>();
  const done = new Promise<void>((resolve) => {
    socket.on("message", (message: Buffer) => {
      for (const line of message.toString().split("\n")) {
        const { id, error } = JSON.parse(line) as { readonly id?: number; readonly error?: { readonly code: number } };
        if (id !== undefined) answers.set(id, error?.code ?? 0);
      }
      if (answers.size === lines.length) resolve();
    });
  });
  socket.send(lines.join("\n"));
  await done;
  // Nobody is left for the drain to wait for.
  socket.close();
  await once(socket, "close");
  return commands.map((_, index) => answers.get(index + 2) ?? -1);
}

const denied = 103;

const commands = [
  { subscribe: { channel: "read:1" } },
  { publish: { channel: "read:1", data: 1 } },
  { publish: { channel: "talk:1", data: 1 } },
  { subscribe: { channel: "talk:1" } },
  { publish: { channel: "talk:1", data: 1 } },
  { subscribe: { channel: "guests" } },
  { publish: { channel: "guests", data: 1 } },
  { subscribe: { channel: "closed" } },
  { publish: { channel: "prices", data: { symbol: "A", price: 1 } } },
  { publish: { channel: "prices", data: { price: 1 } } },
  { subscribe: { channel: "elsewhere" } },
];

test("a user may do what the patterns say", async () => {
  const answers = await asked(await begin(), tokenOf({ sub: "42" }), commands);
  expect(answers).toEqual([0, denied, denied, 0, 0, denied, denied, denied, 0, 422, 102]);
});

test("a guest too, and a token for a channel lets in where they do not", async () => {
  const port = await begin();
  const answers = await asked(port, "", commands);
  expect(answers).toEqual([denied, denied, denied, denied, denied, 0, 0, denied, denied, denied, 102]);
  const token = tokenOf({ sub: "42", channel: "closed" });
  expect(await asked(port, tokenOf({ sub: "42" }), [{ subscribe: { channel: "closed", token } }])).toEqual([0]);
});
