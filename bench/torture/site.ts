// The site of a torture: machines, an engine and three nodes on it, and where clients find them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Addresses } from "./addresses.ts";
import type { Clocks } from "./clocks.ts";
import type { Machine, Machines } from "./machines.ts";
import type { Harbor } from "./harbor.ts";
import { Program, programs, type Startable } from "./program.ts";
import type { Store } from "./stores.ts";

const script = join(import.meta.dirname, "node-process.ts");
const flags = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];

export interface SiteOptions {
  readonly folder: string;
  readonly machines: Machines;
  readonly clocks: Clocks;
  readonly store: Store;
  /** Names of the machines on which nodes run. */
  readonly nodes: readonly string[];
  /** On the machines of the nodes, beside them; what is done to a node is done to both. */
  readonly harbor: Harbor | null;
}

export class Site {
  readonly machines: Machines;
  readonly clocks: Clocks;
  readonly store: Store;
  readonly nodes = new Map<string, Startable>();
  readonly harbor: Harbor | null;
  readonly addresses: Addresses;

  constructor({ folder, machines, clocks, store, nodes, harbor }: SiteOptions) {
    this.machines = machines;
    this.clocks = clocks;
    this.store = store;
    this.harbor = harbor;
    mkdirSync(folder, { recursive: true });
    for (const name of nodes) {
      const { host, port, prefix } = this.machine(name);
      const options = JSON.stringify({ name, host, port, store: store.address });
      const [command, ...args] = [...prefix, process.execPath, ...flags, script, options];
      const log = join(folder, `${name}.log`);
      const node = new Program({ command, args, env: clocks.environment(name), ready: "listening", log });
      const beside = harbor?.nodes.get(name);
      this.nodes.set(name, beside === undefined ? node : programs([node, beside]));
    }
    this.addresses = new Addresses(nodes.map((name) => this.machine(name)));
  }

  machine(name: string): Machine {
    const found = this.machines.all.get(name);
    if (found === undefined) throw new TypeError(`a machine of ${[...this.machines.all.keys()].join()} was expected`);
    return found;
  }

  /** The node of that name, or the server of the engine. */
  program(name: string): Startable {
    const found = this.nodes.get(name) ?? this.store.servers.get(name);
    if (found === undefined) throw new TypeError(`a node or a server of the engine was expected, got ${name}`);
    return found;
  }

  async start(): Promise<void> {
    await Promise.all([...this.store.servers.values()].map((server) => server.start()));
    await this.store.watched?.start();
    const [first, ...others] = [...this.nodes.values()];
    // It makes the tables and secrets of Harbor.
    if (first !== undefined) await startedAtLast(first);
    await Promise.all(others.map((node) => startedAtLast(node)));
  }

  async end(): Promise<void> {
    this.addresses.end();
    await this.harbor?.end();
    await this.store.watched?.end();
    const all = [...this.nodes.values(), ...this.store.servers.values()];
    await Promise.all(all.map((program) => program.end("SIGKILL")));
  }
}

const attempts = 20;
const againMs = 500;

/** A node whose engine is not ready ends, and whatever watches over it starts it again. */
export async function startedAtLast(program: Startable): Promise<void> {
  for (let left = attempts; ; left -= 1) {
    try {
      return await program.start();
    } catch (thrown) {
      if (left === 0) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}
