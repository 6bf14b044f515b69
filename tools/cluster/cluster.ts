// Several Harbor nodes and a worker on one database and one Redis, behind a balancer: real processes, each started again when it is killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { consoleLog } from "tidewire/host";
import { type KeptWorker, keepWorker } from "../../apps/harbor/server/jobs/kept-worker.ts";
import { Balancer, type Target } from "./balancer.ts";

export interface ClusterOptions {
  /** The program `redis-server`. */
  readonly redis: string;
  /** Of Redis and of the nodes, which share it. */
  readonly dataFolder: string;
  /** Of the balancer; 0: a free one. */
  readonly port: number;
  readonly nodes: number;
  readonly say: (line: string) => void;
}

interface ClusterNode extends Target {
  child: ChildProcess;
  /** It ends because it was told to. */
  isOrdered: boolean;
}

const root = path.join(import.meta.dirname, "../..");
const restartMs = 1_000;

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #nodes: ClusterNode[] = [];
  #redis: ChildProcess | null = null;
  #redisUrl = "";
  #balancer: Balancer | null = null;
  #worker: KeptWorker | null = null;
  #isStopping = false;
  port = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  get nodes(): readonly { readonly name: string; readonly port: number; readonly pid: number | undefined }[] {
    return this.#nodes.map(({ name, port, child }) => ({ name, port, pid: child.pid }));
  }

  /** @throws when one of the processes does not start. */
  async start(): Promise<void> {
    const { nodes, port } = this.#options;
    await this.#startRedis();
    // The first one makes the tables and the secrets.
    for (let n = 1; n <= nodes; n += 1) {
      const { child, port: given } = await this.#startNode(`${n}`);
      this.#keep({ name: `${n}`, port: given, isReady: true, child, isOrdered: false });
    }
    this.#balancer = new Balancer(this.#nodes);
    this.port = await this.#balancer.listen(port);
    if (process.env["TIDEWIRE_WORKER"] !== "none") this.#startWorker(`http://127.0.0.1:${this.port}`);
  }

  /** One for all nodes: which of them it tells is the balancer's choice. */
  #startWorker(serverUrl: string): void {
    const env = { ...process.env, HOST: "127.0.0.1", TIDEWIRE_DATA: this.#options.dataFolder };
    this.#worker = keepWorker({ serverUrl, env, log: consoleLog("error") });
  }

  /** As a machine that fails. It is started again. */
  kill(name: string): void {
    this.#node(name).child.kill("SIGKILL");
  }

  /** In good order, then started again; resolves when it serves. */
  async restart(name: string): Promise<void> {
    const node = this.#node(name);
    node.isOrdered = true;
    await ended(node.child, "SIGTERM");
    await this.#again(node);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#worker?.stop();
    await Promise.all(this.#nodes.map(({ child }) => ended(child, "SIGTERM")));
    await this.#balancer?.stop();
    if (this.#redis !== null) await ended(this.#redis, "SIGTERM");
  }

  #node(name: string): ClusterNode {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new TypeError(`a node of 1 to ${this.#nodes.length} was expected, got ${name}`);
    return node;
  }

  #keep(node: ClusterNode): void {
    if (!this.#nodes.includes(node)) this.#nodes.push(node);
    node.child.once("exit", (code, signal) => {
      node.isReady = false;
      if (this.#isStopping || node.isOrdered) return;
      this.#options.say(`node ${node.name} ended (${signal ?? code}); it is started again`);
      setTimeout(() => {
        this.#again(node).catch((thrown: unknown) => this.#options.say(String(thrown)));
      }, restartMs);
    });
  }

  async #again(node: ClusterNode): Promise<void> {
    if (this.#isStopping) return;
    Object.assign(node, await this.#startNode(node.name), { isOrdered: false });
    this.#keep(node);
    this.#options.say(`node ${node.name} serves again, process ${node.child.pid}`);
  }

  async #startRedis(): Promise<void> {
    const folder = path.join(this.#options.dataFolder, "redis");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const port = await freePort();
    const settings = { port, bind: "127.0.0.1", dir: folder, save: "", appendonly: "yes", appendfsync: "always" };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    this.#redis = spawn(this.#options.redis, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    await said(this.#redis, /Ready to accept connections/);
    this.#redisUrl = `redis://127.0.0.1:${port}`;
  }

  async #startNode(name: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
    const main = path.join(root, "apps/harbor/server/main.ts");
    const env = {
      ...process.env,
      PORT: "0",
      HOST: "127.0.0.1",
      TIDEWIRE_DATA: this.#options.dataFolder,
      TIDEWIRE_ENGINE: this.#redisUrl,
      TIDEWIRE_NODE: name,
      TIDEWIRE_WORKER: "none",
    };
    const withParent = `--import=${path.join(root, "tools/run/with-parent.mjs")}`;
    const args = ["--conditions=@tidewire/source", withParent, main];
    // In a group of its own, so that Ctrl-C reaches it once, from us.
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"], detached: true });
    const found = await said(child, /http:\/\/(?:localhost|127\.0\.0\.1):(\d+)\//);
    return { child, port: Number(found[1]) };
  }
}

/** Resolves once it has said this. @throws when it ends before. */
async function said(child: ChildProcess, what: RegExp): Promise<RegExpExecArray> {
  let output = "";
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`it ended with ${code} and said: ${output.slice(-2_000)}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
      const found = what.exec(output);
      if (found !== null) resolve(found);
    });
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (typeof address !== "object" || address === null) throw new Error("a port was expected");
  return address.port;
}
