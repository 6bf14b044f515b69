// The standalone server in production: whoever holds a token comes in, nobody else.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { consoleLog } from "./host/console-log.ts";
import { readSettings } from "./settings.ts";
import { startStandalone } from "./standalone.ts";

/** The first line that answers a connect with `token`. */
async function answerTo(port: number, token: string): Promise<unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  socket.send(JSON.stringify({ id: 1, connect: { token } }));
  const [message] = (await once(socket, "message")) as [Buffer];
  // Nobody is left for the drain to wait for.
  socket.close();
  await once(socket, "close");
  return JSON.parse(message.toString()) as unknown;
}

test("production lets in who holds a token", async () => {
  const data = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const settings = readSettings(
    { port: "0", data, engine: "memory", host: "127.0.0.1" },
    { NODE_ENV: "production", TIDEWIRE_API_KEY: "0123456789abcdef", TIDEWIRE_TOKEN_SECRET: tokenSecret },
  );
  const standalone = await startStandalone(settings, consoleLog("error"));
  onTestFinished(() => standalone.stop());
  expect(await answerTo(standalone.port, tokenOf({ sub: "42" }))).toMatchObject({ connect: { pong: true } });
  expect(await answerTo(standalone.port, "")).toMatchObject({ error: { code: 101 } });
  expect(await answerTo(standalone.port, tokenOf({ sub: "42", exp: 1 }))).toMatchObject({ error: { code: 109 } });
});

test("its figures have the name it was given, and the worker's behind it where there are several", async () => {
  const data = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const apiKey = "0123456789abcdef";
  const flags = { port: "0", data, engine: "memory", host: "127.0.0.1" };
  const nameOf = async (env: NodeJS.ProcessEnv, worker?: string): Promise<string | undefined> => {
    const settings = readSettings(flags, { NODE_ENV: "production", TIDEWIRE_API_KEY: apiKey, ...env });
    const door = (): Promise<{ port: number; isExact: boolean }> => Promise.resolve({ port: 0, isExact: false });
    const place = worker === undefined ? undefined : { engine: null, name: worker, door };
    const standalone = await startStandalone(settings, consoleLog("error"), place);
    onTestFinished(() => standalone.stop());
    const page = await fetch(`http://127.0.0.1:${standalone.port}/metrics`, { headers: { "X-API-Key": apiKey } });
    return /^tidewire_sessions(\{.*\})? 0$/m.exec(await page.text())?.[1];
  };
  expect(await nameOf({})).toBe(undefined);
  expect(await nameOf({ TIDEWIRE_NODE: "one" })).toBe('{node="one"}');
  expect(await nameOf({ TIDEWIRE_NODE: "one" }, "2")).toBe('{node="one-2"}');
  expect(await nameOf({}, "2")).toBe('{node="2"}');
});
