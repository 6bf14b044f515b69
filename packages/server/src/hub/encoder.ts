// How a dialect turns a publication into bytes; implemented by dialects, called once per view.
import type { Member } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";

/** A channel as encoders name it. */
export interface ChannelRef {
  readonly name: string;
  /** The name as JSON text, made once. */
  readonly json: string;
}

/** Somebody came to a channel or left it; of a crowd, how many sessions and how many different users it has. */
export type MemberChange =
  | { readonly kind: "join" | "leave"; readonly member: Member }
  | { readonly kind: "counts"; readonly clients: number; readonly users: number };

/** Encoders with the same `id` yield the same bytes; subscribers that share one share its bytes. */
export interface Encoder {
  /** Form and transport framing, for example `centrifuge-json/ws`. */
  readonly id: string;
  /**
   * The framed bytes; `null` when the dialect cannot say it.
   * @param epoch That of the publication's offset: with it, a dialect can say the whole position.
   * They are copied before the next call, so an encoder may use one buffer again and again.
   */
  publication(publication: Publication, channel: ChannelRef, epoch: string): Uint8Array | null;
  readonly member: (change: MemberChange, channel: ChannelRef) => Uint8Array | null;
}
