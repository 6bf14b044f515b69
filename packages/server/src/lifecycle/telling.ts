// What is told, and what was: the events that wait for the sink, and what was told to have begun and not to have ended.
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import { eventOf, type LifecycleEvent, standingOf } from "./events.ts";
import { type Fact, keyOf } from "./facts.ts";
import { portionOf } from "./portion.ts";

export interface Said {
  readonly fact: Fact;
  readonly holds: boolean;
  readonly atMs: number;
  readonly reason?: string;
  /** Its beginning was told before, and that it had ended. */
  readonly isAgain?: boolean;
}

export interface TellingPorts {
  readonly clock: Clock;
  readonly random: Random;
}

export class Telling {
  readonly #ports: TellingPorts;
  /** What was told to have begun, and not to have ended. */
  readonly #told = new Map<string, Fact>();
  /** What is told to have ended at this time, unless it begins again. */
  readonly #ending = new Map<string, number>();
  #events: LifecycleEvent[] = [];
  /** The first of them, which others know of by now. */
  #said: readonly LifecycleEvent[] = [];

  constructor(ports: TellingPorts) {
    this.#ports = ports;
  }

  /** From what was told; the events may have been told or not, and are told again. All of it ends then unless it goes on. */
  begin(facts: readonly Fact[], events: readonly LifecycleEvent[], dueMs: number): void {
    this.clear();
    for (const fact of facts) this.#told.set(keyOf(fact), fact);
    for (const { fact, holds } of events.map((event) => standingOf(event))) {
      if (holds) this.#told.set(keyOf(fact), fact);
      else this.#told.delete(keyOf(fact));
    }
    for (const key of this.#told.keys()) this.#ending.set(key, dueMs);
    this.#events = [...events];
  }

  clear(): void {
    this.#told.clear();
    this.#ending.clear();
    this.#events = [];
    this.#said = [];
  }

  get told(): readonly Fact[] {
    return [...this.#told.values()];
  }

  /** Whether it was told to have begun. */
  has(key: string): boolean {
    return this.#told.has(key);
  }

  /** Its beginning was told by somebody else. */
  take(fact: Fact): void {
    this.#told.set(keyOf(fact), fact);
  }

  /** It has ended, unless it goes on before this time. */
  endsAt(key: string, dueMs: number): void {
    this.#ending.set(key, dueMs);
  }

  goesOn(key: string): void {
    this.#ending.delete(key);
  }

  say({ fact, holds, atMs, reason = "", isAgain = false }: Said): void {
    const key = keyOf(fact);
    if (holds) this.#told.set(key, fact);
    else this.#told.delete(key);
    this.#ending.delete(key);
    // A connection's own name makes an id that is the same whoever tells of it; it is lost with its node, and there again,
    // however often.
    const isOnce = fact.kind === "connection" && !isAgain && reason !== "node_lost";
    const id = isOnce ? `${holds ? "opened" : "closed"}_${fact.session}` : `event_${this.#ports.random.token(132)}`;
    this.#events.push(eventOf({ fact, holds }, { id, atMs, reason }));
  }

  /** Says what has ended for long enough. */
  settle(nowMs: number): void {
    for (const [key, dueMs] of this.#ending) {
      const fact = this.#told.get(key);
      if (dueMs > nowMs) continue;
      this.#ending.delete(key);
      if (fact !== undefined) this.say({ fact, holds: false, atMs: this.#ports.clock.wall(), reason: "node_lost" });
    }
  }

  /** Whether nothing waits for the sink. */
  get isQuiet(): boolean {
    return this.#events.length === 0;
  }

  /** What the sink is to take next; the same until it has. */
  next(): readonly LifecycleEvent[] {
    if (this.#said.length === 0) this.#said = portionOf(this.#events);
    return this.#said;
  }

  taken(): void {
    this.#events.splice(0, this.#said.length);
    this.#said = [];
  }
}
