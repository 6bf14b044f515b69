// Patience with a shared machine: waits for other programs to leave it alone, within a budget.
import { setTimeout as sleep } from "node:timers/promises";
import { machineTime, othersShare } from "tidewire/bench";

/** Above this share of the machine, other programs change what is measured. */
const busy = 0.2;
const lookMs = 1_000;

export class Patience {
  #leftMs: number;

  constructor(seconds: number) {
    this.#leftMs = seconds * 1_000;
  }

  /** Returns once the machine was quiet for a moment, or patience has run out. */
  async quiet(): Promise<void> {
    while (this.#leftMs > 0) {
      const since = machineTime();
      await sleep(lookMs);
      if (othersShare(since, 0) < busy) return;
      this.#leftMs -= lookMs;
    }
  }

  /** Whether to measure again what took `seconds` while others had `share` of the machine. */
  repeats(share: number, seconds: number): boolean {
    if (share < busy || this.#leftMs <= 0) return false;
    this.#leftMs -= seconds * 1_000;
    return true;
  }
}
