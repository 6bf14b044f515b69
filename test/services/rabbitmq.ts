// RabbitMQ for tests: the program that the test run found, started on free ports in a folder of its own, ended by its id.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ended, said } from "./program.ts";
import { type Channel, connect } from "amqplib";
import type { TestContext } from "vitest";
import { freePort } from "./redis.ts";

/** Where RabbitMQ is, or `undefined` where the tests have to do without. */
export const rabbitmqPath: string | undefined = process.env["TIDEWIRE_RABBITMQ"];

export const withoutRabbitmq =
  "no rabbitmq-server: TIDEWIRE_RABBITMQ is not set; TIDEWIRE_REQUIRE=rabbitmq npm test fetches one";

/** What it calls itself. */
const node = "tidewire@localhost";

interface RabbitServerOptions {
  readonly program?: string;
  /** As in rabbitmq.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Ports {
  readonly amqp: number;
  /** Of Erlang's own directory of nodes, which no two servers of these tests share. */
  readonly names: number;
  readonly nodes: number;
}

/** One server over its lives: it can be killed and started again on the same ports and folder. */
export class RabbitServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), "tidewire-rabbitmq-"));
  readonly #program: string;
  readonly #ports: Ports;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #names: ChildProcess;
  #child: ChildProcess | null = null;
  #output = "";

  private constructor(program: string, ports: Ports, options: RabbitServerOptions) {
    this.#program = program;
    this.#ports = ports;
    this.#settings = options.settings ?? {};
    // The server would start one that outlives it.
    const beside = join(dirname(program), "epmd");
    const args = ["-port", `${ports.names}`, "-address", "127.0.0.1"];
    this.#names = spawn(existsSync(beside) ? beside : "epmd", args, { stdio: "ignore" });
  }

  static async start(options: RabbitServerOptions = {}): Promise<RabbitServer> {
    const program = options.program ?? rabbitmqPath;
    if (program === undefined) throw new Error(withoutRabbitmq);
    const ports = { amqp: await freePort(), names: await freePort(), nodes: await freePort() };
    const server = new RabbitServer(program, ports, options);
    await once(server.#names, "spawn");
    await server.start();
    return server;
  }

  /** A server for one test, gone when it has ended; the test is skipped where there is none. */
  static async forTest(context: TestContext, options: RabbitServerOptions = {}): Promise<RabbitServer> {
    if (rabbitmqPath === undefined) context.skip(withoutRabbitmq);
    const server = await RabbitServer.start(options);
    context.onTestFinished(() => server.remove());
    return server;
  }

  /** What it has said last. */
  get output(): string {
    return this.#output;
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.#ports.amqp}`;
  }

  async start(): Promise<void> {
    const { amqp, names, nodes } = this.#ports;
    const settings = {
      "listeners.tcp.1": `127.0.0.1:${amqp}`,
      "log.console": "true",
      "log.file": "false",
      ...this.#settings,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(join(this.folder, "rabbitmq.conf"), lines.join(""));
    const child = spawn(this.#program, [], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        // Where Erlang keeps what nodes know each other by.
        HOME: this.folder,
        ERL_EPMD_PORT: `${names}`,
        ERL_EPMD_ADDRESS: "127.0.0.1",
        RABBITMQ_NODENAME: node,
        RABBITMQ_DIST_PORT: `${nodes}`,
        RABBITMQ_CONFIG_FILE: join(this.folder, "rabbitmq.conf"),
        RABBITMQ_CONF_ENV_FILE: join(this.folder, "none"),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(this.folder, "plugins"),
        RABBITMQ_MNESIA_BASE: join(this.folder, "data"),
        RABBITMQ_LOG_BASE: join(this.folder, "log"),
        // Idle schedulers do not spin: tests share their cores with it.
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        // Otherwise the script stays as its parent, and `kill` would end that alone.
        RUNNING_UNDER_SYSTEMD: "true",
      },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-20_000)));
    }
    await said(child, "Server startup complete");
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

  /** Whether it would know after `kill -9` which log is a quorum queue's: it writes that down a second after it has declared one. */
  registers(queue: string): boolean {
    return existsSync(this.#registry) && readFileSync(this.#registry).includes(`%2F_${queue}`);
  }

  /** While it does not run: as if it had been killed before it wrote down anything of its quorum queues. Gives back what undoes that. */
  forgetQueues(): () => void {
    const registry = readFileSync(this.#registry);
    rmSync(this.#registry);
    return () => writeFileSync(this.#registry, registry);
  }

  get #registry(): string {
    return join(this.folder, "data", node, "quorum", node, "names.dets");
  }

  /** As an operator does. */
  async asOperator<Result>(act: (channel: Channel) => Promise<Result>): Promise<Result> {
    const connection = await connect(this.url);
    connection.on("error", () => undefined);
    try {
      const channel = await connection.createChannel();
      const result = await act(channel);
      // What was sent on it is at the server when this is answered.
      await channel.close();
      return result;
    } finally {
      await connection.close();
    }
  }

  async remove(): Promise<void> {
    this.signal("SIGCONT");
    await this.kill();
    this.#names.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
