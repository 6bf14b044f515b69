// Whether RabbitMQ confirms orders. While it does not, one after the other finds out, and the rest is refused at once.
import { fail } from "@tidewire/protocol";
import type { Clock } from "@tidewire/protocol/ports";

/** An order that RabbitMQ was given and has said nothing about. */
export interface Unconfirmed {
  readonly sinceMs: number;
}

/** As long as whoever ordered waits: a quorum queue without a leader is silent for good. */
const silentMs = 9_000;

export class Confirms {
  readonly #clock: Clock;
  readonly #queue: string;
  /** The oldest first. */
  readonly #unconfirmed = new Set<Unconfirmed>();
  #isSilent = false;
  #triedMs = -Infinity;

  constructor(clock: Clock, queue: string) {
    this.#clock = clock;
    this.#queue = queue;
  }

  /** @throws {TidewireError} `engine_unavailable`: RabbitMQ is silent, and another order is finding out whether it still is. */
  admit(): void {
    const nowMs = this.#clock.now();
    const [oldest] = this.#unconfirmed;
    if (oldest !== undefined && nowMs - oldest.sinceMs >= silentMs) this.#isSilent = true;
    if (this.#isSilent && nowMs - this.#triedMs < silentMs)
      fail("engine_unavailable", `RabbitMQ confirms no orders: its queue "${this.#queue}" may have no leader`);
    this.#triedMs = nowMs;
  }

  sent(): Unconfirmed {
    const order = { sinceMs: this.#clock.now() };
    this.#unconfirmed.add(order);
    return order;
  }

  /** RabbitMQ has taken or refused it. */
  answered(order: Unconfirmed): void {
    this.#unconfirmed.delete(order);
    this.#isSilent = false;
  }

  /** Nothing comes any more of what was sent; the first order after this may be confirmed again. */
  lost(): void {
    this.#unconfirmed.clear();
    this.#triedMs = -Infinity;
  }
}
