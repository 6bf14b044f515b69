// What owner and worker say to each other, and how what came is read.
import type { Member, RequestErrorName, SessionId } from "@tidewire/protocol";
import type { Ack, Draft, EngineTraits, Page, PageLimit, PageStart, Publication } from "../../engine/engine.ts";

/** Owner and workers are of one version: they are started together. */
export const protocolVersion = 1;

/** A publication without its bytes, which are the record's payload, or a part of it. */
export type BarePublication = Omit<Publication, "data">;

/** A draft without its bytes. */
export type BareDraft =
  | (Omit<Extract<Draft, { kind: "value" }>, "body"> & {
      readonly body: Omit<Extract<Draft, { kind: "value" }>["body"], "data">;
    })
  | Exclude<Draft, { kind: "value" }>;

export type MembersNews =
  | { readonly kind: "join"; readonly member: Member }
  | { readonly kind: "leave"; readonly session: SessionId }
  /** By the other workers are these, and nobody else. */
  | { readonly kind: "all"; readonly members: readonly Member[] };

/** What a worker asks; each is answered once, by its number. */
export type Question =
  | { readonly kind: "publish"; readonly channel: string; readonly draft: BareDraft }
  | { readonly kind: "read"; readonly channel: string; readonly start: PageStart; readonly limit: PageLimit }
  | { readonly kind: "tops"; readonly channels: readonly string[] }
  | { readonly kind: "follow"; readonly channel: string }
  | { readonly kind: "watch"; readonly channel: string }
  | { readonly kind: "list"; readonly channel: string }
  | { readonly kind: "take"; readonly channel: string; readonly ttlMs: number }
  /** `null`: all other nodes. The payload is the question. */
  | { readonly kind: "ask"; readonly node: string | null }
  | { readonly kind: "ping" };

/** What a worker says, and gets no answer to. */
export type Word =
  | { readonly kind: "hello"; readonly version: number; readonly node: string }
  | { readonly kind: "unfollow"; readonly channel: string }
  | { readonly kind: "unwatch"; readonly channel: string }
  | { readonly kind: "join"; readonly channel: string; readonly member: Member }
  | { readonly kind: "leave"; readonly channel: string; readonly session: SessionId }
  | { readonly kind: "release"; readonly channel: string }
  /** The payload answers the owner's question of this number; without one: could not. */
  | { readonly kind: "answer"; readonly to: number; readonly isGiven: boolean };

export type FromWorker = Word | (Question & { readonly n: number });

/** An ack without its publication's bytes: they are the draft's, or the payload where the draft had none. */
export type BareAck = Omit<Ack, "publication"> & { readonly publication: BarePublication | null };
export type BarePage = Omit<Page, "publications"> & {
  /** With the length of each one's bytes, which stand in the payload in this order. */
  readonly publications: readonly (BarePublication & { readonly bytes: number })[];
};

export type FromOwner =
  | {
      readonly kind: "welcome";
      readonly traits: Pick<EngineTraits, "durability" | "survivesRestart">;
      readonly isUp: boolean;
    }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "done"; readonly n: number; readonly answer: unknown }
  | { readonly kind: "failed"; readonly n: number; readonly reason: RequestErrorName; readonly message: string }
  | {
      readonly kind: "announced";
      readonly channel: string;
      readonly epoch: string;
      readonly publication: BarePublication;
    }
  /** It did not read for a while, and was not told what came meanwhile. */
  | { readonly kind: "missed" }
  | { readonly kind: "suspect"; readonly channels: readonly string[] | "all" }
  | { readonly kind: "health"; readonly state: "up" | "down" }
  | { readonly kind: "members"; readonly channel: string; readonly news: MembersNews }
  /** The payload is another node's question. */
  | { readonly kind: "question"; readonly n: number };

/** JSON leaves out what is `undefined`. */
export function bareOf(publication: Publication): BarePublication {
  const bare: BarePublication & { readonly data: undefined } = { ...publication, data: undefined };
  return bare;
}
