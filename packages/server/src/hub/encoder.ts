// How a dialect turns a publication into bytes; implemented by dialects, called once per view.
import type { Member } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";

/** A channel as encoders name it. */
export interface ChannelRef {
  readonly name: string;
  /** The name as JSON text, made once. */
  readonly json: string;
  /** Its number on this node, from 1; never given to another. */
  readonly number: number;
}

/** Somebody came to a channel or left it; of a crowd, how many sessions and how many different users it has, and whether it is over. */
export type MemberChange =
  | { readonly kind: "join" | "leave"; readonly member: Member }
  | { readonly kind: "counts"; readonly clients: number; readonly users: number; readonly areListed: boolean };

/** Where a publication stands. */
export interface PublicationPlace {
  /** That of the publication's offset: with it, a dialect can say the whole position. */
  readonly epoch: string;
  /** What everybody has just been given who is given this; `null` where that cannot be said. */
  readonly before: Publication | null;
}

/** Encoders with the same `id` yield the same bytes; subscribers that share one share its bytes. */
export interface Encoder {
  /** Form and transport framing, for example `centrifuge-json/ws`. */
  readonly id: string;
  /**
   * The framed bytes; `null` when the dialect cannot say it.
   * They are copied before the next call, so an encoder may use one buffer again and again.
   */
  publication(publication: Publication, channel: ChannelRef, place: PublicationPlace): Uint8Array | null;
  /**
   * Where frames say what has changed since the publication before: the encoder that says one by itself, for a reader who
   * has not just been given the one before it.
   */
  readonly whole?: Encoder;
  readonly member: (change: MemberChange, channel: ChannelRef) => Uint8Array | null;
}
