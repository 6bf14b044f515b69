// Redis for tests: the program that the test run found, started on a free port in a folder of its own, ended by its id.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import type { TestContext } from "vitest";
import { ended, said } from "./program.ts";

/** Where Redis is, or `undefined` where the tests have to do without. */
export const redisPath: string | undefined = process.env["TIDEWIRE_REDIS"];
export const valkeyPath: string | undefined = process.env["TIDEWIRE_VALKEY"];

export const withoutRedis = "no redis-server: TIDEWIRE_REDIS is not set; TIDEWIRE_REQUIRE=redis npm test fetches one";
export const withoutValkey = "no valkey-server: TIDEWIRE_VALKEY is not set";

/** How it keeps its data, by the settings of redis.conf. */
export const keeping = {
  nothing: { save: "", appendonly: "no" },
  everySecond: { save: "", appendonly: "yes", appendfsync: "everysec" },
  always: { save: "", appendonly: "yes", appendfsync: "always" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

interface RedisServerOptions {
  readonly program?: string | undefined;
  /** As in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: what a client of this server on its plain port needs. */
  readonly url?: (port: number) => string;
}

/** One server over its lives: it can be killed and started again on the same port and folder. */
export class RedisServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), "tidewire-redis-"));
  readonly #options: RedisServerOptions;
  #port = 0;
  #child: ChildProcess | null = null;

  constructor(options: RedisServerOptions = {}) {
    this.#options = options;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options);
    await server.start();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return this.#options.url?.(this.#port) ?? `redis://127.0.0.1:${this.#port}`;
  }

  /** @param overrides Of this life alone. */
  async start(overrides: Readonly<Record<string, string>> = {}): Promise<void> {
    const program = this.#options.program ?? redisPath;
    if (program === undefined) throw new Error(withoutRedis);
    if (this.#port === 0) this.#port = await freePort();
    const settings = {
      port: `${this.#port}`,
      bind: "127.0.0.1",
      dir: this.folder,
      // A replica gets its copy at once, not with others that may come in the next five seconds.
      "repl-diskless-sync-delay": "0",
      ...keeping.nothing,
      ...this.#options.settings,
      ...overrides,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    await said(child, "Ready to accept connections");
  }

  /** As a machine that fails: nothing is finished. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await ended(child, signal);
  }

  /** Stops it in its place, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** Copies what it holds; the function puts that in the place of what it holds later, and starts it again. */
  async backUp(): Promise<() => Promise<void>> {
    await this.ask("SAVE");
    const [dump, copy] = [join(this.folder, "dump.rdb"), join(this.folder, "copy.rdb")];
    copyFileSync(dump, copy);
    return async () => {
      await this.kill();
      rmSync(join(this.folder, "appendonlydir"), { recursive: true, force: true });
      copyFileSync(copy, dump);
      await this.start();
    };
  }

  /** As an operator does. */
  async ask(...args: string[]): Promise<unknown> {
    const [reply] = await this.askAll([args]);
    return reply;
  }

  /** On one connection. */
  async askAll(commands: readonly string[][]): Promise<readonly unknown[]> {
    const client = createClient({ url: this.url });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await Promise.all(commands.map((args) => client.sendCommand(args)));
    } finally {
      client.destroy();
    }
  }

  /** A server for one test, gone when it has ended; the test is skipped where there is none. */
  static async forTest(context: TestContext, options: RedisServerOptions = {}): Promise<RedisServer> {
    if ((options.program ?? redisPath) === undefined) context.skip(withoutRedis);
    const server = await RedisServer.start(options);
    context.onTestFinished(() => server.remove());
    return server;
  }

  async remove(): Promise<void> {
    this.signal("SIGCONT");
    await this.kill();
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (typeof address !== "object" || address === null) throw new Error("a port was expected");
  return address.port;
}
