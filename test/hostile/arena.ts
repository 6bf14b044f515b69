// An arena: a server in a process of its own, bystanders in another, and what an attack from this one does to both.
import type { Stats } from "@tidewire/server";
import { Child, nodeProgram, type Program } from "tidewire/bench";
import type { Standing } from "./standing.ts";
import type { BystanderTalk, Heard, VictimOptions, VictimTalk } from "./talk.ts";

/** What an attack may do besides writing to the server's port. */
export interface Target {
  readonly port: number;
  /** An attack calls it at its height: where memory is weighed, what the server holds is looked at then. */
  readonly look: () => Promise<void>;
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

/** What an attack came to for everybody in it. */
interface Trial {
  readonly result: string;
  readonly bystander: Heard;
}

/** Of an attack during which garbage is collected by order, so that it says how much is held. */
export interface Weighed extends Trial {
  /** More than before the attack, at the most that was looked at while it went on, and when it was over. */
  readonly heldBytes: number;
  readonly leftBytes: number;
}

/** Of an attack that nobody looks at: collections by order would be delays too. */
export interface Timed extends Trial {
  /** How often the attack was made. */
  readonly rounds: number;
  /** Above what was resident before the first round, at the most in all of them. */
  readonly peakRssBytes: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
}

interface Question<Answer> {
  readonly ask: { readonly name: string };
  readonly answer: Answer;
}

/** What a process of attackers is asked: the attack of that name, on a server that has seen no other. */
export type AttackTalk = {
  readonly time: Question<TimedBeside>;
  readonly weigh: Question<Weighed>;
};

/** Where they stood on the machine that they shared with the server. */
export interface Standings {
  readonly bystanders: Standing;
  readonly attackers: Standing;
}

export interface TimedBeside extends Timed {
  /** The bystanders before the attack. */
  readonly quiet: Heard;
  readonly standing: Standings;
  /** How busy the machine was in all, attackers included, and the rests between two of their rounds. */
  readonly machineShare: number;
}

/** Between two looks. */
const pauseMs = 50;
/** An attack that is over sooner is made again, so that what is heard meanwhile is enough for a 99th percentile, but not for ever. */
const leastMs = 10_000;
const mostRounds = 20;
/** Between two of them, in which neither bystanders nor event loop are measured: an address has all its tries again. */
const restMs = 1_000;
const startMs = 120_000;
const attackMs = 600_000;
/** What a full attack waits for, it waits for no longer. */
const fullUntilMs = 500_000;

export class Arena {
  readonly #victim: Child<VictimTalk>;
  readonly #bystander: Child<BystanderTalk>;
  readonly #port: number;
  readonly #untilMs: number;

  private constructor(
    victim: Child<VictimTalk>,
    bystander: Child<BystanderTalk>,
    { port, untilMs }: { readonly port: number; readonly untilMs: number },
  ) {
    this.#victim = victim;
    this.#bystander = bystander;
    this.#port = port;
    this.#untilMs = untilMs;
  }

  /** @param untilMs What an attack waits for, it waits for no longer. */
  static async open(options: VictimOptions, untilMs: number = fullUntilMs): Promise<Arena> {
    const victim = new Child<VictimTalk>(programOf("victim", [JSON.stringify(options)]), null);
    const bystander = new Child<BystanderTalk>(programOf("bystander", []), null);
    const { port } = await victim.ask("listen", null, startMs);
    await bystander.ask("begin", { port }, startMs);
    return new Arena(victim, bystander, { port, untilMs });
  }

  async close(): Promise<void> {
    await Promise.all([this.#bystander.stop(), this.#victim.stop()]);
  }

  get port(): number {
    return this.#port;
  }

  /** Puts the bystanders before all others on this machine, where they may be: in life they have machines of their own. */
  async bystandersFirst(): Promise<Standing> {
    return (await this.#bystander.ask("standFirst", null)).standing;
  }

  /** What the bystanders hear in `ms` milliseconds in which nobody attacks. */
  async quiet(ms: number): Promise<Heard> {
    await this.#bystander.ask("report", null);
    await new Promise((resolve) => void setTimeout(resolve, ms));
    return this.#bystander.ask("report", null);
  }

  async weigh(row: Row, n: number): Promise<Weighed> {
    const victim = this.#victim;
    const before = await victim.ask("look", null);
    let highest = 0;
    const trial = await this.#try(row, n, async () => {
      highest = Math.max(highest, (await victim.ask("look", null)).heldBytes);
    });
    const after = await victim.ask("look", null);
    return { ...trial, heldBytes: highest - before.heldBytes, leftBytes: after.heldBytes - before.heldBytes };
  }

  /** An attack that is short is made again and again. */
  async time(row: Row, n: number): Promise<Timed> {
    const before = await this.#victim.ask("watch", null);
    await this.#bystander.ask("report", null);
    const results = new Set<string>();
    let [rounds, elapsedMs] = [0, 0];
    while (elapsedMs < leastMs && rounds < mostRounds) {
      if (rounds > 0) await this.#rest();
      const sinceMs = performance.now();
      results.add(await this.#attack(row, n, () => Promise.resolve()));
      elapsedMs += performance.now() - sinceMs;
      rounds += 1;
    }
    const bystander = await this.#bystander.ask("report", null);
    const { peakRssBytes, loopP99Ms, loopMaxMs } = await this.#victim.ask("watch", null);
    const result = [...results].join("; ");
    return { result, rounds, bystander, peakRssBytes: peakRssBytes - before.rssBytes, loopP99Ms, loopMaxMs };
  }

  async #rest(): Promise<void> {
    await this.#victim.ask("watchLoop", { isWatched: false });
    await this.#bystander.ask("rest", { ms: restMs });
    await this.#victim.ask("watchLoop", { isWatched: true });
  }

  async #try(row: Row, n: number, look: Target["look"]): Promise<Trial> {
    await this.#bystander.ask("report", null);
    const result = await this.#attack(row, n, look);
    return { result, bystander: await this.#bystander.ask("report", null) };
  }

  /** Returns what the attackers were told, once they are gone. */
  async #attack(row: Row, n: number, look: Target["look"]): Promise<string> {
    const victim = this.#victim;
    const { connections } = await victim.ask("stats", null);
    const stats = (): Promise<Stats> => victim.ask("stats", null);
    const until: Target["until"] = async (holds) => {
      let now = await stats();
      const endMs = performance.now() + this.#untilMs;
      while (!holds(now)) {
        if (performance.now() > endMs)
          throw new Error(`${row.name}: not there after ${this.#untilMs} ms: ${JSON.stringify(now)}`);
        await new Promise((resolve) => void setTimeout(resolve, pauseMs));
        now = await stats();
      }
      return now;
    };
    const publish: Target["publish"] = async (count, bytes) => {
      await victim.ask("publish", { count, bytes }, attackMs);
    };
    const result = await row.attack({ port: this.#port, stats, look, until, publish }, n);
    await until((now) => now.connections <= connections);
    return result;
  }
}

export function programOf(name: string, args: readonly string[]): Program {
  return nodeProgram(new URL(`${name}-process`, import.meta.url), args, ["--expose-gc"]);
}
