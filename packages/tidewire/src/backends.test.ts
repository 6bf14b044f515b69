// The example backends: each is started as its README says, and an SDK's client goes through Tidewire to it.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Centrifuge } from "centrifuge";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { consoleLog } from "./host/console-log.ts";
import { readSettings } from "./settings.ts";
import { startStandalone } from "./standalone.ts";

const examples = path.resolve(import.meta.dirname, "../../../examples/backends");
const run = promisify(execFile);
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}

interface Example {
  readonly name: "python" | "go";
  /** The command that says whether its language is here. */
  readonly present: readonly [string, ...string[]];
  readonly command: () => Promise<readonly [string, ...string[]]>;
}

const backends: readonly Example[] = [
  {
    name: "python",
    present: ["python3", "--version"],
    command: () => Promise.resolve(["python3", path.join(examples, "python/backend.py")]),
  },
  {
    name: "go",
    present: ["go", "version"],
    command: async () => {
      const program = path.join(folder, "backend");
      const env = { ...process.env, GOTOOLCHAIN: "local", GOPROXY: "off" };
      await run("go", ["build", "-o", program, "."], { cwd: path.join(examples, "go"), env });
      return [program];
    },
  },
];

const secrets = { token: "t".repeat(40), api: "a".repeat(40), proxy: "p".repeat(40) };

/** Tidewire with the configuration of the examples, and the backend that it asks. */
async function begin(command: readonly [string, ...string[]]): Promise<{ socketUrl: string; backendPort: number }> {
  const backendPort = await freePort();
  const home = mkdtempSync(path.join(folder, "home-"));
  mkdirSync(path.join(home, "secrets"));
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(path.join(home, "secrets", name), `${secret}\n`);
  const config = path.join(home, "tidewire.jsonc");
  const text = readFileSync(path.join(examples, "tidewire.jsonc"), "utf8");
  writeFileSync(config, text.replaceAll("127.0.0.1:3000", `127.0.0.1:${backendPort}`));
  const settings = readSettings({ config, port: "0", engine: "memory" }, {});
  const standalone = await startStandalone(settings, consoleLog("error"));
  onTestFinished(() => standalone.stop());
  await started(command, {
    TIDEWIRE_URL: `http://127.0.0.1:${standalone.port}`,
    TIDEWIRE_API_KEY: secrets.api,
    TIDEWIRE_TOKEN_SECRET: secrets.token,
    PROXY_SECRET: secrets.proxy,
    BACKEND_PORT: String(backendPort),
  });
  return { socketUrl: `ws://127.0.0.1:${standalone.port}/connection/websocket`, backendPort };
}

async function started([program, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<void> {
  const child: ChildProcess = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  if (child.stdout === null) throw new Error("expected a pipe");
  const lines = createInterface(child.stdout);
  await Promise.race([once(lines, "line"), once(child, "exit").then(() => Promise.reject(new Error("it has ended")))]);
}

function clientOf(socketUrl: string, headers: Readonly<Record<string, string>>, token = ""): Centrifuge {
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url, { headers });
    }
  }
  const client = new Centrifuge(socketUrl, { websocket: Socket, minReconnectDelay: 1, token });
  onTestFinished(() => client.disconnect());
  return client;
}

for (const { name, present, command } of backends) {
  test(`${name}: a cookie, a room, a call and a token`, { timeout: 180_000 }, async ({ skip }) => {
    const [program, ...args] = present;
    await run(program, args).catch(() => skip(`${program} is not here`));
    const { socketUrl, backendPort } = await begin(await command());
    const ann = clientOf(socketUrl, { cookie: "theme=dark; session=session-of-ann" });
    ann.connect();
    await ann.ready();
    const room = ann.newSubscription("chat:tea");
    const said = new Promise<unknown>((resolve) => void room.on("publication", resolve));
    room.subscribe();
    await room.ready();
    await room.publish({ text: "  hello " });
    expect(await said).toMatchObject({
      data: { text: "hello", by: "1" },
      info: { user: "1", connInfo: { name: "Ann" } },
    });
    await expect(room.publish({ text: " " })).rejects.toMatchObject({
      code: 422,
      message: "text: expected some words",
    });
    await expect(ann.rpc("other", {})).rejects.toMatchObject({ code: 404 });
    const { token } = (await ann.rpc("token", {})).data as { token: string };
    // The token stands in for the cookie.
    const bearer = clientOf(socketUrl, {}, token);
    bearer.connect();
    await bearer.ready();
    const news = bearer.newSubscription("news");
    news.subscribe();
    await news.ready();
    const history = await news.history({ limit: 9 });
    expect(history.publications.map((each) => each.data as unknown)).toEqual([{ text: "the backend has started" }]);
    // Whoever is nobody does not come in, and does not come back.
    const nobody = clientOf(socketUrl, { cookie: "session=another" });
    const gone = new Promise<unknown>((resolve) => void nobody.on("disconnected", resolve));
    nobody.connect();
    expect(await gone).toMatchObject({ code: 4_501, reason: "sign in first" });
    const asked = await fetch(`http://127.0.0.1:${backendPort}/tidewire/connect`, { method: "POST", body: "{}" });
    expect(asked.status).toBe(403);
  });
}

test("each has a README of a page", () => {
  for (const { name } of backends) {
    const file = path.join(examples, name, "README.md");
    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, "utf8").split("\n").length).toBeLessThan(50);
  }
});
