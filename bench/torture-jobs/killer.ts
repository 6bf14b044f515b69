// The killer of a torture: strikes at random, as its dice fall, and notes when the store was away for it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Dice } from "../torture/dice.ts";
import type { Broker } from "./broker.ts";
import type { Span } from "./checker.ts";
import type { Crew } from "./crew.ts";
import { leaseMs } from "./job.ts";

export const strikeNames = [
  "worker killed",
  "worker stopped",
  "server killed",
  "broker killed",
  "keeper killed",
] as const;
export type StrikeName = (typeof strikeNames)[number];

/** How many of each come in a row that is shuffled; then in another one. */
const shares: Readonly<Record<StrikeName, number>> = {
  "worker killed": 5,
  "worker stopped": 1,
  "server killed": 2,
  "broker killed": 1,
  "keeper killed": 2,
};

const shortestOutageMs = 100;

export interface KillerOptions {
  readonly crew: Crew;
  readonly broker: Broker;
  readonly dice: Dice;
  /** Resolves when the store answers. */
  readonly answers: () => Promise<void>;
  /** Called when the server is back. */
  readonly served: () => void;
  readonly say: (line: string) => void;
}

export class Killer {
  readonly counts: Partial<Record<StrikeName, number>> = {};
  readonly outages: Span[] = [];
  readonly #options: KillerOptions;
  readonly #under = new Set<Promise<void>>();
  #stopped: number | null = null;
  #isOver = false;

  constructor(options: KillerOptions) {
    this.#options = options;
  }

  /** Until `end`. */
  async run(): Promise<void> {
    const { dice, say } = this.#options;
    while (!this.#isOver) {
      for (const name of this.#row()) {
        await sleep(dice.between(200, 1_200));
        if (this.#isOver) break;
        this.counts[name] = (this.counts[name] ?? 0) + 1;
        const sinceMs = performance.now();
        await this.#strike(name);
        say(`${name}, well after ${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`);
      }
    }
    await Promise.all(this.#under);
  }

  end(): void {
    this.#isOver = true;
  }

  #row(): readonly StrikeName[] {
    const { broker, crew, dice } = this.#options;
    const impossible: readonly StrikeName[] = [
      ...(broker.program === null ? (["broker killed"] as const) : []),
      ...(crew.keepers.length === 0 ? (["keeper killed"] as const) : []),
    ];
    const able = strikeNames.filter((name) => !impossible.includes(name));
    return dice.shuffled(able.flatMap((name) => Array.from({ length: shares[name] }, () => name)));
  }

  async #strike(name: StrikeName): Promise<void> {
    const { crew, dice, served } = this.#options;
    switch (name) {
      case "worker killed":
        return await crew.killWorker(this.#someWorker());
      case "worker stopped":
        return this.#stop();
      case "server killed":
        await crew.kill(crew.server);
        return served();
      case "broker killed":
        return await this.#killBroker();
      case "keeper killed":
        return await crew.kill(dice.one(crew.keepers));
    }
  }

  /** Others are struck meanwhile; one worker at least goes on. */
  #stop(): void {
    if (this.#stopped !== null) return;
    const { crew, dice } = this.#options;
    const worker = this.#someWorker();
    this.#stopped = worker;
    const under = crew.stopWorker(worker, leaseMs + dice.between(1_500, 2_500)).finally(() => {
      this.#stopped = null;
      this.#under.delete(under);
    });
    this.#under.add(under);
    const noting = this.#noteOutage().finally(() => void this.#under.delete(noting));
    this.#under.add(noting);
  }

  /** A worker that is stopped while it writes keeps a file of several processes from all others. */
  async #noteOutage(): Promise<void> {
    const fromMs = Date.now();
    await this.#options.answers();
    const toMs = Date.now();
    if (toMs - fromMs > shortestOutageMs) this.outages.push({ fromMs, toMs });
  }

  #someWorker(): number {
    const { crew, dice } = this.#options;
    return dice.one([...crew.workers.keys()].filter((worker) => worker !== this.#stopped));
  }

  async #killBroker(): Promise<void> {
    const { broker, dice, answers } = this.#options;
    const fromMs = Date.now();
    await broker.program?.kill();
    await sleep(dice.between(0, 500));
    await broker.program?.start();
    await answers();
    this.outages.push({ fromMs, toMs: Date.now() });
  }
}
