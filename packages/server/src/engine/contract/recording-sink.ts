// A sink that remembers what an engine told it, and lets a test wait for it.
import type { EngineSink, Publication } from "../engine.ts";

export interface Announcement {
  readonly channel: string;
  readonly epoch: string;
  readonly publication: Publication;
}

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
}

/** Keeps what an engine tells its node, in order. */
export class RecordingSink implements EngineSink {
  readonly announcements: Announcement[] = [];
  readonly suspects: (readonly string[] | "all")[] = [];
  readonly healths: ("up" | "down")[] = [];
  #waiters: Waiter[] = [];

  announced(channel: string, epoch: string, publication: Publication): void {
    this.announcements.push({ channel, epoch, publication });
    this.#wake();
  }

  suspect(channels: readonly string[] | "all"): void {
    this.suspects.push(channels);
    this.#wake();
  }

  health(state: "up" | "down"): void {
    this.healths.push(state);
    this.#wake();
  }

  /** What was announced of one channel, in the order of its coming. */
  of(channel: string): readonly Publication[] {
    return this.announcements.filter((one) => one.channel === channel).map(({ publication }) => publication);
  }

  /** Resolves as soon as `isMet`; looked at whenever something was told. */
  async until(isMet: () => boolean): Promise<void> {
    if (isMet()) return;
    await new Promise<void>((resolve) => this.#waiters.push({ isMet, resolve }));
  }

  #wake(): void {
    const met = this.#waiters.filter(({ isMet }) => isMet());
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve();
  }
}
