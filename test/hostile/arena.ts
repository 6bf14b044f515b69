// An arena: a server in a process of its own, a bystander in another, and what an attack from this one does to both.
import type { Stats } from "@tidewire/server";
import { Child, nodeProgram, type Program } from "tidewire/bench";
import type { BystanderTalk, Heard, Look, VictimOptions, VictimTalk } from "./talk.ts";

/** What an attack may do besides writing to the server's port. */
export interface Target {
  readonly port: number;
  /** What the server holds now. An attack asks at its height: what it is told there is measured. */
  readonly look: () => Promise<Look>;
  readonly stats: () => Promise<Stats>;
  /** Asks for the stats until `holds` says so. */
  readonly until: (holds: (stats: Stats) => boolean) => Promise<Stats>;
  /** Publishes to `crowd`. */
  readonly publish: (count: number, bytes: number) => Promise<void>;
}

/** A row of the table: one attack. */
export interface Row {
  readonly name: string;
  readonly server: ServerName;
  readonly sizes: { readonly small: number; readonly full: number };
  /** What is done, with `n` for how many. */
  readonly about: (n: number) => string;
  /** What the attackers are told. */
  readonly expected: (n: number) => string;
  /** The most that the server may hold for it, in bytes. */
  readonly heldBytes: (n: number) => number;
  readonly attack: (target: Target, n: number) => Promise<string>;
}

export const serverNames = ["ordinary", "compressing"] as const;
export type ServerName = (typeof serverNames)[number];

export interface Trial {
  readonly result: string;
  /** More than before the attack, at the most that was looked at while it went on, and when it was over. */
  readonly heldBytes: number;
  readonly leftBytes: number;
  readonly peakRssBytes: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly bystander: Heard;
}

/** Between two looks. */
const pauseMs = 50;
const startMs = 120_000;
const attackMs = 600_000;

export class Arena {
  readonly #victim: Child<VictimTalk>;
  readonly #bystander: Child<BystanderTalk>;
  readonly #port: number;

  private constructor(victim: Child<VictimTalk>, bystander: Child<BystanderTalk>, port: number) {
    this.#victim = victim;
    this.#bystander = bystander;
    this.#port = port;
  }

  static async open(options: VictimOptions): Promise<Arena> {
    const victim = new Child<VictimTalk>(programOf("victim", [JSON.stringify(options)]), null);
    const bystander = new Child<BystanderTalk>(programOf("bystander", []), null);
    const { port } = await victim.ask("listen", null, startMs);
    await bystander.ask("begin", { port }, startMs);
    return new Arena(victim, bystander, port);
  }

  async close(): Promise<void> {
    await Promise.all([this.#bystander.stop(), this.#victim.stop()]);
  }

  /** What the bystander hears in `ms` milliseconds in which nobody attacks. */
  async quiet(ms: number): Promise<Heard> {
    await this.#bystander.ask("report", null);
    await new Promise((resolve) => void setTimeout(resolve, ms));
    return this.#bystander.ask("report", null);
  }

  async try(row: Row, n: number): Promise<Trial> {
    const victim = this.#victim;
    await this.#bystander.ask("report", null);
    const { connections } = await victim.ask("stats", null);
    const before = await victim.ask("look", null);
    await victim.ask("watch", null);
    let highest = 0;
    const look = async (): Promise<Look> => {
      const now = await victim.ask("look", null);
      highest = Math.max(highest, now.heldBytes);
      return now;
    };
    const stats = (): Promise<Stats> => victim.ask("stats", null);
    const until: Target["until"] = async (holds) => {
      let now = await stats();
      while (!holds(now)) {
        await new Promise((resolve) => void setTimeout(resolve, pauseMs));
        now = await stats();
      }
      return now;
    };
    const publish: Target["publish"] = async (count, bytes) => {
      await victim.ask("publish", { count, bytes }, attackMs);
    };
    const target = { port: this.#port, stats, look, until, publish };
    const result = await row.attack(target, n);
    await until((now) => now.connections <= connections);
    const after = await victim.ask("look", null);
    const { peakRssBytes, loopP99Ms, loopMaxMs } = await victim.ask("watch", null);
    const bystander = await this.#bystander.ask("report", null);
    const [heldBytes, leftBytes] = [highest - before.heldBytes, after.heldBytes - before.heldBytes];
    return {
      result,
      heldBytes,
      leftBytes,
      peakRssBytes: peakRssBytes - before.rssBytes,
      loopP99Ms,
      loopMaxMs,
      bystander,
    };
  }
}

function programOf(name: string, args: readonly string[]): Program {
  return nodeProgram(new URL(`${name}-process`, import.meta.url), args, ["--expose-gc"]);
}
