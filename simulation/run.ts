// One run: a world of a seed, in which things go wrong for a while, then heal; and what the checker says of its history.
import { createHash } from "node:crypto";
import type { ChannelDefinition } from "@tidewire/protocol";
import { Checker } from "./checker/checker.ts";
import type { HistoryRecord, RecordOf, Verdict } from "./checker/records.ts";
import type { Opening, SimulatedClient } from "./world/client.ts";
import { Dice } from "./world/dice.ts";
import type { FaultName } from "./world/fault-names.ts";
import { befall } from "./world/faults.ts";
import { draw, mayRead, type Plan } from "./world/plan.ts";
import { Scheduler } from "./world/scheduler.ts";
import { World } from "./world/world.ts";

/** What is wrong with a run, beyond what histories show. */
export type Problem = Verdict | "presence" | "broken";

export interface Outcome {
  readonly seed: number;
  readonly problems: readonly { readonly problem: Problem; readonly says: string }[];
  /** How often each fault hit a live subscription. */
  readonly hits: Readonly<Partial<Record<FaultName, number>>>;
  readonly recoveries: { readonly recovered: number; readonly unrecovered: number; readonly eligible: number };
  readonly publications: number;
  readonly deliveries: number;
  readonly records: number;
  /** Virtual milliseconds, and those from the healing to the end. */
  readonly virtualMs: number;
  readonly healingMs: number;
  /** Of everything that happened, in order. */
  readonly digest: string;
}

export interface RunOptions {
  /** Takes a line for everything that happens. */
  readonly trace?: (line: string) => void;
  readonly record?: (record: HistoryRecord) => void;
}

/** Where an engine goes back under the same epoch, against its contract, an honest flag is promised and no more (S5). */
const unpromised: ReadonlySet<Problem> = new Set(["skip", "needless_unrecovered"]);
/** A node may be behind for so long (S9); a removal that is kept for less may be forgotten there before it is superseded. */
const mostBehindMs = 20_000;
/** S9, and half as long again: a subscription may have to be begun anew. */
const findOutMs = 30_000;
const mostHealingMs = 120_000;
const keys = ["a", "b", "c", "d", "e", "f"];

export async function simulate(seed: number, options: RunOptions = {}): Promise<Outcome> {
  return await new Run(seed, options).run();
}

class Run {
  readonly #seed: number;
  readonly #options: RunOptions;
  readonly #plan: Plan;
  readonly #scheduler = new Scheduler((thrown) => this.#wrong("broken", `an event threw ${String(thrown)}`));
  readonly #world: World;
  readonly #checker: Checker;
  readonly #dice: Dice;
  readonly #hash = createHash("sha256");
  readonly #hits: Partial<Record<FaultName, number>> = {};
  readonly #problems: { problem: Problem; says: string }[] = [];
  /** Faults that are to end. */
  readonly #ends = new Set<() => void>();
  readonly #tops = new Map<string, number>();
  #publications = 0;
  #isOver = false;

  constructor(seed: number, options: RunOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#plan = draw(new Dice(seed, "plan"));
    this.#dice = new Dice(seed, "work");
    this.#checker = new Checker({
      found: ({ verdict, says }) => this.#wrong(verdict, says),
    });
    this.#world = new World({
      seed,
      plan: this.#plan,
      scheduler: this.#scheduler,
      record: (record) => this.#record(record),
      note: (what) => this.#line(what),
      hit: (fault) => void (this.#hits[fault] = (this.#hits[fault] ?? 0) + 1),
      broken: (what) => this.#wrong("broken", what),
    });
  }

  async run(): Promise<Outcome> {
    const scheduler = this.#scheduler;
    const { clients } = this.#world;
    const { busyMs } = this.#plan;
    for (const client of clients) this.#work(client);
    this.#backend();
    this.#disturb();
    await scheduler.run(busyMs);
    this.#heal();
    await this.#converge(scheduler.nowMs + mostHealingMs);
    this.#record({ kind: "settled" });
    const presence = this.#world.presenceProblem();
    if (presence !== null) this.#wrong("presence", presence);
    const { recoveries, records, deliveries } = this.#checker;
    return {
      seed: this.#seed,
      problems: this.#problems,
      hits: this.#hits,
      recoveries,
      publications: this.#publications,
      deliveries,
      records,
      virtualMs: scheduler.nowMs,
      healingMs: scheduler.nowMs - busyMs,
      digest: this.#hash.digest("hex").slice(0, 16),
    };
  }

  /** What the application on one client does, step by step. */
  #work(client: SimulatedClient): void {
    const scheduler = this.#scheduler;
    const dice = new Dice(this.#seed, `work ${client.name}`);
    for (const definition of this.#plan.channels)
      if (dice.chance(0.8)) client.open(definition, this.#opening(definition, dice));
    const step = (): void => {
      if (this.#isOver) return;
      if (!client.machine.isFrozen) this.#step(client, dice);
      scheduler.at(scheduler.nowMs + dice.between(10, this.#plan.stepMs), step);
    };
    scheduler.at(dice.between(0, 1_000), step);
  }

  #step(client: SimulatedClient, dice: Dice): void {
    const definition = dice.pick(this.#plan.channels);
    const { pattern } = definition;
    const lot = dice.fraction();
    if (lot < 0.7) return client.publish(definition, this.#value(dice));
    if (lot < 0.8) return client.open(definition, this.#opening(definition, dice));
    if (lot < 0.84) return client.close(pattern);
    if (lot < 0.88) return this.#turnPage(client, dice);
    if (lot < 0.93) return client.rest(pattern, true);
    if (lot < 0.97) return client.rest(pattern, false);
    if (lot < 0.98) return client.client.retry();
    this.#line(`${client.name} closes and connects`);
    client.client.close();
    client.client.connect();
  }

  #opening({ mode }: ChannelDefinition, dice: Dice): Opening {
    return { rate: mode === "latest" ? dice.pick(this.#plan.rates) : null, showsMembers: dice.chance(0.6) };
  }

  /** The application shows something else: what it needs no longer goes, and what it needs now comes, all at once. */
  #turnPage(client: SimulatedClient, dice: Dice): void {
    this.#line(`${client.name} turns the page`);
    for (const definition of this.#plan.channels) {
      if (dice.chance(0.5)) client.close(definition.pattern);
      else client.open(definition, this.#opening(definition, dice));
    }
  }

  #backend(): void {
    const scheduler = this.#scheduler;
    const dice = new Dice(this.#seed, "backend");
    const step = (): void => {
      if (this.#isOver) return;
      const { pattern, mode } = dice.pick(this.#plan.channels);
      if (mode === "latest" && dice.chance(0.4)) this.#world.remove(pattern, dice.pick(keys));
      // A burst, so that readers fall behind; or one that goes on while they read.
      else if (dice.chance(0.1)) for (let left = 15; left > 0; left -= 1) this.#publish(pattern, dice, 1);
      else if (dice.chance(0.12)) this.#spreadOut(pattern, dice);
      else this.#publish(pattern, dice, dice.chance(0.3) ? 2 : 1);
      scheduler.at(scheduler.nowMs + dice.between(10, 2 * this.#plan.stepMs), step);
    };
    scheduler.at(0, step);
  }

  #spreadOut(channel: string, dice: Dice): void {
    const scheduler = this.#scheduler;
    for (let left = dice.whole(4, 20); left > 0; left -= 1) {
      scheduler.at(scheduler.nowMs + dice.between(0, 800), () => this.#publish(channel, dice, 1));
    }
  }

  #publish(channel: string, dice: Dice, times: number): void {
    this.#world.publish(channel, this.#value(dice), times);
  }

  #value(dice: Dice): { key: string; fill: string } {
    return { key: dice.pick(keys), fill: "x".repeat(dice.whole(0, this.#plan.fillBytes)) };
  }

  /** Faults of the plan, one after another. */
  #disturb(): void {
    const scheduler = this.#scheduler;
    const dice = new Dice(this.#seed, "faults");
    const { faults, calmMs } = this.#plan;
    if (faults.length === 0) return;
    const next = (): void => {
      if (this.#isOver) return;
      this.#befall(dice.pick(faults), dice);
      scheduler.at(scheduler.nowMs + dice.between(50, calmMs), next);
    };
    scheduler.at(dice.between(500, 2_000), next);
  }

  #befall(name: FaultName, dice: Dice): void {
    const scheduler = this.#scheduler;
    const begun = befall(name, this.#world, dice);
    if (begun === null) return;
    const { isHit, lastsMs, end } = begun;
    this.#line(`fault: ${name}${lastsMs === undefined ? "" : ` for ${Math.round(lastsMs)} ms`}`);
    if (isHit) this.#hits[name] = (this.#hits[name] ?? 0) + 1;
    if (end === undefined) return;
    const once = (): void => {
      if (!this.#ends.delete(once)) return;
      this.#line(`end of: ${name}`);
      end();
    };
    this.#ends.add(once);
    scheduler.at(scheduler.nowMs + (lastsMs ?? 0), once);
  }

  /** Nothing goes wrong any more, and nobody begins anything; but what was begun goes on while readers catch up. */
  #heal(): void {
    this.#isOver = true;
    this.#line("everything heals");
    for (const { pattern } of this.#plan.channels) if (this.#dice.chance(0.8)) this.#spreadOut(pattern, this.#dice);
    for (const end of this.#ends) end();
    for (const client of this.#world.clients) {
      client.isDoomed = false;
      for (const channel of client.held.keys()) client.rest(channel, false);
    }
  }

  /** Waits until all are subscribed, says one last thing on each channel, and waits until all have it. */
  async #converge(untilMs: number): Promise<void> {
    const scheduler = this.#scheduler;
    const { clients } = this.#world;
    const isSettled = (): boolean => this.#world.isWell && clients.every((client) => client.isSettled);
    while (scheduler.nowMs < untilMs && !isSettled()) await scheduler.run(scheduler.nowMs + 250);
    if (this.#plan.loss !== "unfenced") await this.#findOut();
    for (const { pattern } of this.#plan.channels) {
      // A log that went back under its epoch is told from the old one where it has grown past it, if not before.
      const count = 1 + Math.max(0, this.#highest(pattern) - this.#world.head(pattern).offset);
      for (let left = count; left > 0; left -= 1) this.#publish(pattern, this.#dice, 1);
    }
    const hasAll = (): boolean =>
      isSettled() && clients.every((client) => this.#isAtHead(client)) && this.#world.presenceProblem() === null;
    do await scheduler.run(scheduler.nowMs + 1_000);
    while (scheduler.nowMs < untilMs && !hasAll());
  }

  /** Nothing more is published, and yet everybody gets what there is (S9). */
  async #findOut(): Promise<void> {
    const scheduler = this.#scheduler;
    const untilMs = scheduler.nowMs + findOutMs;
    const late = (): readonly SimulatedClient[] => this.#world.clients.filter((client) => !this.#isAtHead(client));
    while (scheduler.nowMs < untilMs && late().length > 0) await scheduler.run(scheduler.nowMs + 500);
    for (const { name } of late())
      this.#wrong("stuck", `${name} is not at the head, and nothing more comes that would tell`);
  }

  /** The highest offset that was ever given in the epoch in force. */
  #highest(channel: string): number {
    return this.#tops.get(`${this.#world.head(channel).epoch} ${channel}`) ?? 0;
  }

  #isAtHead(client: SimulatedClient): boolean {
    return [...client.held.values()].every(({ channel, close, definition }) => {
      if (close === null || definition.mode === "signal" || !mayRead(client.user, channel.name)) return true;
      const head = this.#world.newest(channel.name);
      const { position } = channel;
      return position?.epoch === head.epoch && position.offset >= head.offset;
    });
  }

  #record(record: HistoryRecord): void {
    if (record.kind === "append") this.#appended(record);
    // Whether a place was retained is judged by what is.
    if (record.kind === "reply") this.#world.process.store.sweep();
    this.#line(lineOf(record));
    this.#options.record?.(record);
    this.#checker.read(record);
  }

  #appended({ channel, position: { epoch, offset } }: RecordOf<"append">): void {
    this.#publications += 1;
    const name = `${epoch} ${channel}`;
    this.#tops.set(name, Math.max(offset, this.#tops.get(name) ?? 0));
  }

  #isUnpromised(problem: Problem, says: string): boolean {
    const { loss, channels } = this.#plan;
    if (loss === "unfenced" && unpromised.has(problem)) return true;
    if (problem !== "needless_unrecovered") return false;
    return channels.some(({ pattern, mode, history }) => {
      return mode === "latest" && says.includes(` ${pattern} `) && (history?.ttlMs ?? 0) < mostBehindMs;
    });
  }

  #wrong(problem: Problem, says: string): void {
    if (this.#isUnpromised(problem, says)) return;
    this.#problems.push({ problem, says });
    this.#line(`!!! ${problem}: ${says}`);
  }

  #line(what: string): void {
    const line = `${this.#scheduler.nowMs.toFixed(3).padStart(10)}  ${what}`;
    this.#hash.update(line);
    this.#options.trace?.(line);
  }
}

function lineOf({ kind, ...fields }: HistoryRecord): string {
  const said = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${kind} ${said.join(" ")}`;
}
