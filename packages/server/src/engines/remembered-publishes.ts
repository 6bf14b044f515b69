// Publishes with an idempotency key that are remembered in memory: what a repetition is answered with (P4).
import { fail } from "@tidewire/protocol";
import type { Ack, Body, Publication } from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";
import { KeyWindow } from "./key-window.ts";

/**
 * Keys remembered at once, of all channels together. Above, the oldest are forgotten early; to get there takes 3,300
 * publishes with a key every second for five minutes. They take 300 bytes each.
 */
const maxKeys = 1_000_000;

export interface Keyed {
  readonly channel: string;
  readonly key: string;
  /** Of the payload. */
  readonly digest: string;
}

/** An ack without the body, which a repetition brings along. */
interface First extends Pick<Publication, "id" | "offset" | "previous" | "atMs"> {
  readonly digest: string;
  readonly epoch: string;
}

export class RememberedPublishes {
  readonly #clock: Clock;
  readonly #window = new KeyWindow<First>(maxKeys);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The ack for a repetition, or `null` for a publish that is none.
   * @throws {TidewireError} `conflict` when the key was used for another payload.
   */
  duplicateOf(keyed: Keyed, body: Body): Ack | null {
    const first = this.#window.find(nameOf(keyed), this.#clock.now());
    if (first === undefined) return null;
    if (first.digest !== keyed.digest) fail("conflict", "this idempotency key was used with another payload");
    const { epoch, id, offset, previous, atMs } = first;
    const publication = { ...body, id, offset, previous, atMs };
    return { position: { epoch, offset }, publication, duplicate: true, durability: "volatile" };
  }

  add(keyed: Keyed, epoch: string, { id, offset, previous, atMs }: Publication): void {
    const first = { digest: keyed.digest, epoch, id, offset, previous, atMs };
    this.#window.add(nameOf(keyed), first, this.#clock.now());
  }

  /** Forgets a part of what is too old. */
  sweep(): void {
    this.#window.expire(this.#clock.now());
  }
}

/** No channel name has a control character, so the first one ends it. */
function nameOf({ channel, key }: Keyed): string {
  return `${channel}\u0000${key}`;
}
