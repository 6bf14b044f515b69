// Sentinels, one beside each server of a Redis: whom they name the primary, and when all servers are together again.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@redis/client";
import type { Machine } from "./machines.ts";
import { Program } from "./program.ts";

/** What the Sentinels call it. */
export const watchedName = "torture";
/** How long a server is silent before Sentinels take it for dead. */
const downAfterMs = 1_000;
const lookMs = 100;
const lookLimitMs = 1_000;
const patienceMs = 60_000;

export const linesOf = (lines: readonly string[]): string => `${lines.join("\n")}\n`;

export class WatchedRedis {
  readonly sentinels = new Map<string, Program>();
  readonly #machines: readonly Machine[];

  /** @param program `redis-server`. @param options.machines The first one's server is the primary at the start. */
  constructor(
    program: string,
    { folder, machines }: { readonly folder: string; readonly machines: readonly Machine[] },
  ) {
    this.#machines = machines;
    const [first] = machines;
    for (const machine of machines) {
      const dir = join(folder, `s-${machine.name}`);
      mkdirSync(dir, { recursive: true });
      const file = join(dir, "sentinel.conf");
      const lines = [
        `port ${machine.secondPort}`,
        `bind ${machine.host}`,
        "protected-mode no",
        `dir ${dir}`,
        `sentinel monitor ${watchedName} ${first?.host} ${first?.port} 2`,
        `sentinel down-after-milliseconds ${watchedName} ${downAfterMs}`,
        `sentinel failover-timeout ${watchedName} 3000`,
      ];
      writeFileSync(file, linesOf(lines));
      const [command, ...args] = [...machine.prefix, program, file, "--sentinel"];
      const log = join(folder, `s-${machine.name}.log`);
      this.sentinels.set(machine.name, new Program({ command, args, ready: "+monitor master", log }));
    }
  }

  /** Resolves when the Sentinels know the replicas and each other. */
  async start(): Promise<void> {
    for (const machine of this.#machines) await this.startSentinel(machine.name);
    await this.together();
  }

  async startSentinel(machine: string): Promise<void> {
    await this.sentinels.get(machine)?.start();
    const at = this.#machines.find((each) => each.name === machine);
    if (at === undefined) throw new TypeError(`a machine with a Sentinel was expected, got ${machine}`);
    // It looks around once in ten seconds by itself.
    await ask(at.host, at.secondPort, "SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "300");
  }

  async end(): Promise<void> {
    await Promise.all([...this.sentinels.values()].map((sentinel) => sentinel.end("SIGKILL")));
  }

  /** The machine whose server they name. */
  async primary(): Promise<string> {
    let found: string | null = null;
    await until("the Sentinels name a primary", async () => (found = await this.#named()) !== null);
    return found ?? "";
  }

  /** Resolves when another server than this is the primary, by the Sentinels and by itself. */
  async replaced(former: string): Promise<void> {
    await until(`another primary than ${former}`, async () => {
      const named = await this.#named();
      return named !== null && named !== former && (await this.#replication(named)).includes("role:master");
    });
  }

  /** Resolves when every server is the primary or has what it has, and every Sentinel knows them all. */
  async together(): Promise<void> {
    await until("all servers and Sentinels together", async () => {
      const named = await this.#named();
      if (named === null) return false;
      const others = this.#machines.length - 1;
      const told = await Promise.all(this.#machines.map((machine) => master(machine)));
      if (!told.every((each) => each?.sentinels === others && each.replicas === others)) return false;
      const infos = await Promise.all(this.#machines.map((machine) => this.#replication(machine.name)));
      const at = this.#machines.find((machine) => machine.name === named);
      const follows = `master_host:${at?.host}\r\nmaster_port:${at?.port}\r\nmaster_link_status:up`;
      return infos.filter((info) => info.includes(follows)).length === others;
    });
  }

  /** As an operator asks for it, without a need; again, while no replica is good enough yet. */
  async failOver(): Promise<void> {
    const [machine] = this.#machines;
    if (machine === undefined) return;
    await until("a failover that was asked for", async () => {
      const answer = ask(machine.host, machine.secondPort, "SENTINEL", "FAILOVER", watchedName);
      return await answer.then(
        () => true,
        () => false,
      );
    });
  }

  /** The one that has counted the most failovers is believed. */
  async #named(): Promise<string | null> {
    const told = (await Promise.all(this.#machines.map((machine) => master(machine)))).filter((each) => each !== null);
    const newest = told.toSorted((one, other) => other.failovers - one.failovers)[0];
    const at = this.#machines.find(({ host, port }) => host === newest?.host && port === newest.port);
    return at?.name ?? null;
  }

  /** "" where there is no answer. */
  async #replication(machine: string): Promise<string> {
    const at = this.#machines.find((each) => each.name === machine);
    if (at === undefined) return "";
    return await ask(at.host, at.port, "INFO", "replication").then(String, () => "");
  }
}

interface Told {
  readonly host: string;
  readonly port: number;
  readonly failovers: number;
  readonly sentinels: number;
  readonly replicas: number;
}

/** `null` where there is no answer. */
async function master(machine: Machine): Promise<Told | null> {
  try {
    const answer = await ask(machine.host, machine.secondPort, "SENTINEL", "MASTER", watchedName);
    const told = Object(answer) as Readonly<Record<string, string>>;
    return {
      host: told["ip"] ?? "",
      port: Number(told["port"]),
      failovers: Number(told["config-epoch"]),
      sentinels: Number(told["num-other-sentinels"]),
      replicas: Number(told["num-slaves"]),
    };
  } catch {
    return null;
  }
}

async function ask(host: string, port: number, ...command: readonly string[]): Promise<unknown> {
  const socket = { connectTimeout: lookLimitMs, socketTimeout: lookLimitMs, reconnectStrategy: false } as const;
  const client = createClient({ url: `redis://${host}:${port}`, socket });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await client.sendCommand([...command]);
  } finally {
    client.destroy();
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const sinceMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - sinceMs > patienceMs) throw new Error(`expected within ${patienceMs} ms: ${what}`);
    await sleep(lookMs);
  }
}
