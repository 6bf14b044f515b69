// NATS for tests: the program that the test run found, started on free ports in folders of its own, ended by its id.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type TestContext, vi } from "vitest";
import { freePort } from "../killable-node.ts";
import { ended, said } from "./program.ts";

/** Why nothing moves on for the keys that NATS remembers. */
export const natsKeyTime = "NATS forgets keys by its own clock, which cannot be moved";

export { connecting } from "./nats-client.ts";

/** Where NATS is, or `undefined` where the tests have to do without. */
export const natsPath: string | undefined = process.env["TIDEWIRE_NATS"];

export const withoutNats = "no nats-server: TIDEWIRE_NATS is not set; TIDEWIRE_REQUIRE=nats npm test fetches one";

/** Why three of them cannot be one cluster here; `null` where they can (decisions 0045 and 0053). */
export function withoutNatsCluster(): string | null {
  if (natsPath === undefined) return withoutNats;
  const { major, minor, version } = natsVersion(natsPath);
  if (major > 2 || (major === 2 && minor >= 12)) return null;
  return `NATS 2.12 or newer is needed for a cluster, TIDEWIRE_NATS is ${version}`;
}

/** Why channels of mode `latest` cannot be kept here; `null` where they can (decision 0058). */
export function withoutNatsTables(): string | null {
  if (natsPath === undefined) return withoutNats;
  const { major, minor, version } = natsVersion(natsPath);
  if (major > 2 || (major === 2 && minor >= 11)) return null;
  return `NATS 2.11 or newer is needed for tables, TIDEWIRE_NATS is ${version}`;
}

function natsVersion(program: string): { major: number; minor: number; version: string } {
  const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
  const [, major = 0, minor = 0] = (/v?(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return { major, minor, version };
}

interface NatsServerOptions {
  /** Added to its configuration, in its own language. */
  readonly settings?: string;
  readonly isWithoutJetStream?: true;
}

/** One server over its lives: it can be killed and started again on the same port and folder. */
export class NatsServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), "tidewire-nats-"));
  readonly port: number;
  readonly #options: NatsServerOptions;
  #child: ChildProcess | null = null;

  private constructor(port: number, options: NatsServerOptions) {
    this.port = port;
    this.#options = options;
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), options);
    await server.start();
    return server;
  }

  /** Three that are one cluster. */
  static async cluster(): Promise<readonly NatsServer[]> {
    const ports = await Promise.all(Array.from({ length: 3 }, () => freePort()));
    const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`).join(", ");
    const servers = await Promise.all(
      ports.map(async (port, index) => {
        const cluster = `cluster { name: tests, listen: "127.0.0.1:${port}", routes: [${routes}] }`;
        return new NatsServer(await freePort(), { settings: `server_name: n${index}\n${cluster}` });
      }),
    );
    await Promise.all(servers.map((server) => server.start()));
    // They have to agree on a leader before anything is asked of them.
    await vi.waitUntil(() => servers[0]?.asOperator(canAnswer), { timeout: 60_000, interval: 200 });
    return servers;
  }

  /** A server for one test, gone when it has ended; the test is skipped where there is none. */
  static async forTest(context: TestContext, options: NatsServerOptions = {}): Promise<NatsServer> {
    if (natsPath === undefined) context.skip(withoutNats);
    const server = await NatsServer.start(options);
    context.onTestFinished(() => server.remove());
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    if (natsPath === undefined) throw new Error(withoutNats);
    const { settings = "", isWithoutJetStream } = this.#options;
    const store = isWithoutJetStream === true ? "" : `jetstream { store_dir: "${this.folder}/store" }`;
    const file = join(this.folder, "nats.conf");
    writeFileSync(file, `listen: "127.0.0.1:${this.port}"\nmax_payload: 8MB\n${store}\n${settings}\n`);
    const child = spawn(natsPath, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    await said(child, "Server is ready");
  }

  /** Stops it in its place, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** As a machine that fails: nothing is finished. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await ended(child);
  }

  /** Copies what it holds; the function puts that in the place of what it holds later, and starts it again. */
  backUp(): () => Promise<void> {
    const [store, copy] = [join(this.folder, "store"), join(this.folder, "copy")];
    // So that nothing changes while it is copied.
    this.signal("SIGSTOP");
    rmSync(copy, { recursive: true, force: true });
    cpSync(store, copy, { recursive: true });
    this.signal("SIGCONT");
    return async () => {
      await this.kill();
      rmSync(store, { recursive: true, force: true });
      cpSync(copy, store, { recursive: true });
      await this.start();
    };
  }

  /** As an operator does. */
  async asOperator<Result>(act: (manager: JetStreamManager) => Promise<Result>): Promise<Result> {
    const connection = await connect({ servers: this.url });
    try {
      return await act(await jetstreamManager(connection, { checkAPI: false }));
    } finally {
      await connection.close();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }
}

async function canAnswer(manager: JetStreamManager): Promise<boolean> {
  return await manager.streams
    .names()
    .next()
    .then(
      () => true,
      () => false,
    );
}
