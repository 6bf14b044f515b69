// Publishes with an idempotency key that are remembered in memory: what a repetition is answered with (P4).
import { fail } from "@tidewire/protocol";
import type { Ack, Body, Publication } from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";
import { KeyWindow } from "./key-window.ts";
import { Rounds } from "./rounds.ts";

export interface Keyed {
  readonly channel: string;
  readonly key: string;
  /** Of the payload. */
  readonly digest: string;
}

/** An ack without the payload, which a repetition brings along. */
interface First {
  readonly digest: string;
  readonly epoch: string;
  readonly publication: Omit<Publication, "data">;
}

export class RememberedPublishes {
  readonly #clock: Clock;
  readonly #windows = new Map<string, KeyWindow<First>>();
  readonly #rounds = new Rounds(this.#windows);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The ack for a repetition, or `null` for a publish that is none.
   * @throws {TidewireError} `conflict` when the key was used for another payload.
   */
  duplicateOf(keyed: Keyed, body: Body): Ack | null {
    const first = this.#windows.get(keyed.channel)?.find(keyed.key, this.#clock.now());
    if (first === undefined) return null;
    if (first.digest !== keyed.digest) fail("conflict", "this idempotency key was used with another payload");
    return {
      position: { epoch: first.epoch, offset: first.publication.offset },
      publication: { ...first.publication, data: body.data },
      duplicate: true,
      durability: "volatile",
    };
  }

  add({ channel, key, digest }: Keyed, epoch: string, { data: _, ...publication }: Publication): void {
    let window = this.#windows.get(channel);
    if (window === undefined) this.#windows.set(channel, (window = new KeyWindow()));
    window.add(key, { digest, epoch, publication }, this.#clock.now());
  }

  /** Forgets what is too old in the next part of the channels. */
  sweep(): void {
    this.#rounds.go((channel, window) => {
      window.expire(this.#clock.now());
      if (window.size === 0) this.#windows.delete(channel);
    });
  }
}
