// A machine: a process of the simulated world, with clocks of its own. It can stand still, and it can die.
import type { Scheduler } from "./scheduler.ts";

/** When the world begins, by everybody's wall clock. */
const beginningMs = 1_767_225_600_000;

export interface MachineOptions {
  /** Timers fire at multiples of it, late as on a busy machine; 0: on time. */
  readonly grainMs?: number;
}

/** Its clock fits the server and the client. */
export class Machine {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #grainMs: number;
  #isDead = false;
  #isFrozen = false;
  #stepMs = 0;
  /** What fell due while it stood still. */
  #held: (() => void)[] = [];

  constructor(name: string, scheduler: Scheduler, options: MachineOptions = {}) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#grainMs = options.grainMs ?? 0;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  readonly now = (): number => this.#scheduler.nowMs;

  readonly wall = (): number => Math.floor(beginningMs + this.#scheduler.nowMs + this.#stepMs);

  readonly after = (ms: number, act: () => void): (() => void) => {
    const dueMs = this.#scheduler.nowMs + Math.max(0, ms);
    const grain = this.#grainMs;
    return this.at(grain === 0 ? dueMs : Math.ceil(dueMs / grain) * grain, act);
  };

  readonly defer = (act: () => void): void => void this.at(this.#scheduler.nowMs, act);

  readonly frame = (act: () => void): (() => void) => this.after(16, act);

  /** Something reaches this machine at that time: later while it stands still, never once it is dead. */
  at(atMs: number, act: () => void): () => void {
    let isCancelled = false;
    const happen = (): void => {
      if (isCancelled || this.#isDead) return;
      if (this.#isFrozen) this.#held.push(happen);
      else act();
    };
    const cancel = this.#scheduler.at(atMs, happen);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  /** SIGSTOP, or a tab that the browser freezes. */
  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    const held = this.#held;
    this.#held = [];
    for (const act of held) this.#scheduler.at(this.#scheduler.nowMs, act);
  }

  /** Nothing of it happens any more: kill -9. */
  kill(): void {
    this.#isDead = true;
    this.#held = [];
  }

  /** Sets the wall clock forward or back. */
  stepWall(ms: number): void {
    this.#stepMs += ms;
  }
}
