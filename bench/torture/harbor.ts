// Harbor in the torture: a process on each node's machine, all on the torture's engine and one database, behind a balancer.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Balancer } from "../../tools/cluster/balancer.ts";
import type { Machine } from "./machines.ts";
import { Program } from "./program.ts";
import type { StoreAddress } from "./stores.ts";

const main = join(import.meta.dirname, "../../apps/harbor/server/main.ts");
const flags = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];

export interface HarborOptions {
  readonly folder: string;
  readonly machines: readonly Machine[];
  /** As Harbor's own configuration has it. */
  readonly engine: string;
  readonly environment: (machine: string) => Record<string, string>;
}

/** As it is written for Harbor; `null`: Harbor knows no such engine. */
export function harborEngine(store: StoreAddress): string | null {
  switch (store.kind) {
    case "redis":
      return store.url;
    case "sentinels":
      return `redis+sentinel://${store.urls.map((url) => new URL(url).host).join(",")}/${store.name}`;
    case "nats":
      // It tells of the others itself.
      return store.urls[0] ?? null;
    case "local":
      return null;
  }
}

export class Harbor {
  /** By the machines on which they run. */
  readonly nodes = new Map<string, Program>();
  readonly dataFolder: string;
  readonly #balancer: Balancer;

  constructor({ folder, machines, engine, environment }: HarborOptions) {
    this.dataFolder = join(folder, "harbor");
    mkdirSync(this.dataFolder, { mode: 0o700 });
    for (const machine of machines) {
      const { name, host, prefix } = machine;
      const [command, ...args] = [...prefix, process.execPath, ...flags, main];
      const env = {
        ...environment(name),
        NODE_ENV: "production",
        HOST: host,
        PORT: String(machine.secondPort),
        TIDEWIRE_DATA: this.dataFolder,
        TIDEWIRE_ENGINE: engine,
        TIDEWIRE_NODE: name,
        TIDEWIRE_WORKER: "none",
      };
      const log = join(folder, `harbor-${name}.log`);
      this.nodes.set(name, new Program({ command, args, env, ready: "App  ", log }));
    }
    this.#balancer = new Balancer(
      machines.map((machine) => ({
        name: machine.name,
        host: machine.host,
        port: machine.secondPort,
        isReady: false,
      })),
    );
  }

  /** Where a browser finds it, behind its balancer. */
  async open(): Promise<string> {
    return `http://127.0.0.1:${await this.#balancer.listen(0)}`;
  }

  async end(): Promise<void> {
    await this.#balancer.stop();
  }
}
