// A subscriber, as the hub sees one; implemented by session. It carries no data, so nothing can queue per subscriber.
import type { Position, SessionId, UnsubscribeReasonName } from "@tidewire/protocol";

export interface Budget {
  /** Bytes of publications for this turn. */
  readonly pageBytes: number;
  /**
   * The same of a table, of which more is read at once where the line takes little: keys that change faster than it
   * carries them would be passed over for ever, were each part of the table read when there is room for it.
   */
  readonly tableBytes: number;
}

export type Pulled =
  /** `more`: the cursor is still ready and goes to the end of the outbox. */
  | { readonly kind: "frames"; readonly frames: readonly Uint8Array[]; readonly more: boolean }
  /** What lay between was lost for this reader; `null` where nobody counted. */
  | {
      readonly kind: "gap";
      readonly from: Position;
      readonly to: Position;
      readonly skipped: number | null;
      readonly more: boolean;
    }
  /** Nothing now; the cursor says `ready` again by itself. */
  | { readonly kind: "later" };

/** Something that a subscriber pulls from when it can write: a cursor on a log, or on the members of a channel. */
export interface Pullable {
  readonly channel: string;
  /** Whether the subscriber's other work may wait for this one: few others listen to its channel. */
  readonly isUrgent: boolean;
  pull(budget: Budget): Pulled;
}

export interface Subscriber {
  readonly id: SessionId;
  /** There is something to pull. Said once until the next pull. */
  ready(source: Pullable): void;
  /** Writes what is ready, as far as the link takes it. True: there is more and the link is open. */
  flush(): boolean;
  /** The hub ends the subscription. */
  end(channel: string, reason: UnsubscribeReasonName): void;
}
