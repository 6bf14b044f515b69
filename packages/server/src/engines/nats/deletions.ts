// Deletes records that nobody needs any more, a few at a time; whoever makes more of them waits (decision 0058).
import { TidewireError } from "@tidewire/protocol";
import type { Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import type { Gate } from "./gate.ts";
import type { Reached } from "./line.ts";

export interface DeletionsOptions {
  readonly stream: string;
  readonly clock: Clock;
  readonly gate: Gate;
  /** Told of a channel where something may have been left. */
  readonly failed: (channel: string) => void;
}

/** Of one channel, before its next publication waits. */
const mostOfChannel = 256;
const patienceMs = 4_000;

export class Deletions {
  readonly #options: DeletionsOptions;
  /** How many of each channel are not done. */
  readonly #left = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();

  constructor(options: DeletionsOptions) {
    this.#options = options;
  }

  add(reached: Reached, channel: string, sequences: readonly number[]): void {
    if (sequences.length === 0) return;
    this.#left.set(channel, (this.#left.get(channel) ?? 0) + sequences.length);
    for (const sequence of sequences) {
      this.#delete(reached, sequence)
        .catch((thrown: unknown) => {
          // Another node was faster.
          if (!/delete failed|not found|no message/i.test(reasonOf(thrown))) this.#options.failed(channel);
        })
        .finally(() => this.#done(channel));
    }
  }

  /**
   * Resolves when the channel's next publication may leave something behind. One at a time.
   * @throws {TidewireError} `overloaded` when that takes too long.
   */
  async room(channel: string): Promise<void> {
    if ((this.#left.get(channel) ?? 0) < mostOfChannel) return;
    const { clock } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const cancel = clock.after(patienceMs, () => {
        this.#waiting.delete(channel);
        reject(new TidewireError("overloaded", "too much waits for NATS already"));
      });
      this.#waiting.set(channel, () => {
        cancel();
        resolve();
      });
    });
  }

  async #delete({ client }: Reached, sequence: number): Promise<void> {
    const { stream, gate } = this.#options;
    await gate.pass(() => client.manager.streams.deleteMessage(stream, sequence, false));
  }

  #done(channel: string): void {
    const left = (this.#left.get(channel) ?? 1) - 1;
    if (left > 0) this.#left.set(channel, left);
    else this.#left.delete(channel);
    if (left >= mostOfChannel) return;
    const go = this.#waiting.get(channel);
    this.#waiting.delete(channel);
    go?.();
  }
}
