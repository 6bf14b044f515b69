// A primary with replicas, and three Sentinels that watch it: processes of one test, gone when it has ended.
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@redis/client";
import type { RedisClient, RedisSentinels } from "@tidewire/server/redis";
import type { TestContext } from "vitest";
import { until } from "../fleet.ts";
import { ended, said } from "./program.ts";
import { freePort, RedisServer, redisPath, withoutRedis } from "./redis.ts";

const name = "tides";

interface Options {
  readonly replicas: number;
  /** Default: Redis. */
  readonly program?: string | undefined;
  /** Of each server, as in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long a server is silent before Sentinels take it for dead. Default: a second. */
  readonly downAfterMs?: number;
  /** Of the servers. Default: none. */
  readonly password?: string;
  /** Of the Sentinels. Default: none. */
  readonly sentinelPassword?: string;
}

export class WatchedRedis {
  readonly #servers: readonly [RedisServer, ...RedisServer[]];
  readonly #sentinels: readonly Sentinel[];

  private constructor(servers: readonly [RedisServer, ...RedisServer[]], sentinels: readonly Sentinel[]) {
    this.#servers = servers;
    this.#sentinels = sentinels;
  }

  /** Resolves when the Sentinels know the replicas and each other. */
  static async start({
    replicas,
    settings: given = {},
    password,
    program,
    ...watching
  }: Options): Promise<WatchedRedis> {
    const settings = { ...given, ...(password !== undefined && { requirepass: password, masterauth: password }) };
    const url = (port: number): string => `redis://${password === undefined ? "" : `:${password}@`}127.0.0.1:${port}`;
    const primary = await RedisServer.start({ program, settings, url });
    const replicaof = `127.0.0.1 ${primary.port}`;
    const others = await Promise.all(
      Array.from({ length: replicas }, () => RedisServer.start({ program, settings: { ...settings, replicaof }, url })),
    );
    const sentinels: Sentinel[] = [];
    const watched = new WatchedRedis([primary, ...others], sentinels);
    try {
      for (let left = 3; left > 0; left -= 1) {
        const sentinel = new Sentinel(primary.folder, await freePort(), { program, password, ...watching });
        sentinels.push(sentinel);
        await sentinel.start(primary.port);
      }
      await watched.#known();
      return watched;
    } catch (thrown) {
      await watched.remove();
      throw thrown;
    }
  }

  /** For one test, gone when it has ended; the test is skipped where there is no Redis. */
  static async forTest(context: TestContext, options: Options): Promise<WatchedRedis> {
    if (redisPath === undefined) context.skip(withoutRedis);
    const watched = await WatchedRedis.start(options);
    context.onTestFinished(() => watched.remove());
    return watched;
  }

  async #known(): Promise<void> {
    const replicas = this.#servers.length - 1;
    await until(async () => {
      const known = await Promise.all(this.#sentinels.map((sentinel) => sentinel.knows()));
      return known.every((each) => each.sentinels === 2 && each.replicas === replicas);
    });
  }

  async remove(): Promise<void> {
    await Promise.all(this.#sentinels.map((sentinel) => sentinel.end()));
    await Promise.all(this.#servers.map((server) => server.remove()));
  }

  get sentinels(): RedisSentinels {
    return { name, clients: this.#sentinels.map((sentinel) => sentinel.client()) };
  }

  /** As the binary's address. */
  get url(): string {
    return `redis+sentinel://${this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${name}`;
  }

  /** Nobody is at its own address. */
  get client(): RedisClient {
    return createClient({ url: "redis://127.0.0.1:1" });
  }

  /** The first one was the primary at the start. */
  get servers(): readonly [RedisServer, ...RedisServer[]] {
    return this.#servers;
  }

  /** Whom the Sentinels name now, all of them. */
  async primary(): Promise<RedisServer | null> {
    const ports = await Promise.all(this.#sentinels.map(async (sentinel) => (await sentinel.knows()).port));
    return this.#servers.find(({ port }) => ports.every((each) => each === port)) ?? null;
  }

  /** Resolves when another server is the primary, by all Sentinels and by itself. */
  async replaced(former: RedisServer): Promise<RedisServer> {
    let found: RedisServer | null = null;
    await until(async () => {
      found = await this.primary();
      return found !== null && found !== former && (await isPrimary(found));
    });
    return found ?? former;
  }

  /** Resolves when every server is the primary, or has what it has. */
  async together(): Promise<void> {
    await until(async () => {
      const infos = await Promise.all(this.#servers.map(replicationOf));
      return infos.filter((info) => info.includes("master_link_status:up")).length === this.#servers.length - 1;
    });
  }

  /** As an operator asks for it, without a need; again, while no replica is good enough yet. */
  async failOver(): Promise<void> {
    await until(async () => {
      const asked = await Promise.allSettled([this.#sentinels[0]?.ask("SENTINEL", "FAILOVER", name)]);
      return asked[0].status === "fulfilled";
    });
  }

  async endSentinel(index: number): Promise<void> {
    await this.#sentinels[index]?.end();
  }

  /** Stops it in its place: it is there, and says nothing. */
  hangSentinel(index: number): void {
    this.#sentinels[index]?.signal("SIGSTOP");
  }
}

/** `primary` says so itself, and nobody stands above it. */
export async function isPrimary(server: RedisServer): Promise<boolean> {
  return (await replicationOf(server)).includes("role:master");
}

/** "" when the server ended the connection meanwhile, as one does that becomes a replica. */
async function replicationOf(server: RedisServer): Promise<string> {
  return String(await server.ask("INFO", "replication").catch(() => ""));
}

interface SentinelOptions {
  readonly downAfterMs?: number | undefined;
  readonly program?: string | undefined;
  readonly password?: string | undefined;
  readonly sentinelPassword?: string | undefined;
}

class Sentinel {
  readonly port: number;
  readonly #folder: string;
  readonly #options: SentinelOptions;
  #child: ChildProcess | null = null;

  constructor(folder: string, port: number, options: SentinelOptions) {
    this.#folder = folder;
    this.port = port;
    this.#options = options;
  }

  async start(primaryPort: number): Promise<void> {
    const { program = redisPath ?? "redis-server", password, sentinelPassword, downAfterMs = 1_000 } = this.#options;
    const file = join(this.#folder, `sentinel-${this.port}.conf`);
    const lines = [
      `port ${this.port}`,
      "bind 127.0.0.1",
      `dir ${this.#folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
      `sentinel failover-timeout ${name} 3000`,
      ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
      ...(sentinelPassword === undefined ? [] : [`requirepass ${sentinelPassword}`]),
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    const child = spawn(program, [file, "--sentinel"], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    await said(child, "+monitor master");
    // It looks around once in ten seconds by itself.
    await this.ask("SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "300");
  }

  client(): ReturnType<typeof createClient> {
    const { sentinelPassword: password } = this.#options;
    return createClient({ url: `redis://127.0.0.1:${this.port}`, ...(password !== undefined && { password }) });
  }

  async ask(...args: string[]): Promise<unknown> {
    const client = this.client();
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  async knows(): Promise<{ readonly port: number; readonly sentinels: number; readonly replicas: number }> {
    const told = Object(await this.ask("SENTINEL", "MASTER", name)) as Readonly<Record<string, string>>;
    return {
      port: Number(told["port"]),
      sentinels: Number(told["num-other-sentinels"]),
      replicas: Number(told["num-slaves"]),
    };
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  async end(): Promise<void> {
    this.signal("SIGCONT");
    await ended(this.#child);
  }
}
