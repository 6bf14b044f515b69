// What crosses between the engine and its worker: requests in batches, answers in the same order.
import type { Position, RequestErrorName } from "@tidewire/protocol";
import type { Form, PageLimit, PageStart } from "../../engine/engine.ts";

export interface AppendRequest {
  readonly kind: "append";
  readonly channel: string;
  readonly id: string;
  readonly atMs: number;
  readonly form: Form;
  /** Author and tags as JSON text; `null` when there is neither. */
  readonly meta: string | null;
  /** How many of the batch's payload bytes are this one's: they stand there in the order of the requests. */
  readonly bytes: number;
  readonly size: number;
  readonly ttlMs: number;
  readonly key: string | null;
  readonly digest: string;
}

/** The value of a key in a table. */
export interface SetRequest extends Omit<AppendRequest, "kind"> {
  readonly kind: "set";
  readonly tableKey: string;
  /** Of all values together; `size` is how many keys there may be. */
  readonly tableBytes: number;
}

/** Answered by `passed` where the key has no value. */
export interface RemoveRequest extends Pick<AppendRequest, "channel" | "id" | "atMs" | "meta" | "size" | "ttlMs"> {
  readonly kind: "remove";
  readonly tableKey: string;
}

/** An ephemeral publication that must not overtake what stands before it, or whose key may be known. */
export interface PassRequest {
  readonly kind: "pass";
  readonly channel: string;
  readonly key: string | null;
  readonly digest: string;
}

/** Epochs are made on the engine's side, so that the worker needs no randomness. */
export interface ClearRequest {
  readonly kind: "clear";
  readonly channel: string;
  readonly newEpoch: string;
}

/** What must keep its order, and becomes one transaction with what came along. */
export type OrderedRequest = AppendRequest | SetRequest | RemoveRequest | PassRequest | ClearRequest;

export type Request =
  | OrderedRequest
  | { readonly kind: "read"; readonly channel: string; readonly start: PageStart; readonly limit: PageLimit }
  | { readonly kind: "tops"; readonly channels: readonly string[] }
  | { readonly kind: "follow"; readonly channels: readonly string[] }
  | { readonly kind: "unfollow"; readonly channel: string }
  | { readonly kind: "purge"; readonly newEpoch: string }
  /** Whether the store takes writes again, after a purge that may have made room. Answered by `purged`. */
  | { readonly kind: "probe"; readonly newEpoch: string }
  | { readonly kind: "close" };

const ordered: ReadonlySet<Request["kind"]> = new Set(["append", "set", "remove", "pass", "clear"]);

export function isOrdered(request: Request): request is OrderedRequest {
  return ordered.has(request.kind);
}

/** All requests of one turn. One message with one buffer: a message costs 10 µs, a request in it under 1. */
export interface Batch {
  /** Time since this worker was started, by a clock that only goes forward; the worker asks none itself. */
  readonly elapsedMs: number;
  readonly requests: readonly Request[];
  readonly payload: Uint8Array;
}

export interface Appended {
  readonly kind: "appended";
  readonly epoch: string;
  readonly offset: number;
  readonly previousId: string | null;
}

/** The key was used before, by the publication described here. */
export interface Duplicate {
  readonly kind: "duplicate";
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly previousId: string | null;
  readonly atMs: number;
}

export interface Failed {
  readonly kind: "failed";
  readonly reason: RequestErrorName;
  readonly message: string;
  /** Whether the store itself failed, not this request: for want of space, or for another reason. */
  readonly outage: "full" | "broken" | null;
}

/** A position, and whether its epoch is the channel's own or only the default that a purge may change. */
export interface Top extends Position {
  readonly isOwn: boolean;
}

export interface StoredPublication {
  readonly id: string;
  readonly offset: number;
  readonly previousId: string | null;
  readonly form: Form;
  readonly meta: string | null;
  readonly atMs: number;
  readonly bytes: number;
  readonly key?: string;
  readonly removed?: boolean;
}

export interface PageAnswer {
  readonly kind: "page";
  readonly publications: readonly StoredPublication[];
  readonly payload: Uint8Array;
  readonly top: Position;
  readonly floor: number;
  readonly more: boolean;
}

export type OrderedAnswer =
  | Appended
  | Duplicate
  | { readonly kind: "passed"; readonly top: Top }
  | { readonly kind: "cleared" }
  | Failed;

export type Answer =
  | OrderedAnswer
  | PageAnswer
  | { readonly kind: "tops"; readonly tops: readonly Top[] }
  /** `forgot`: a channel lost its own epoch, so what is known of others' default epochs may be stale. */
  | { readonly kind: "purged"; readonly more: boolean; readonly forgot: boolean }
  | { readonly kind: "done" };

export type WorkerNews =
  /** `wentBack`: it is not what it was, and all epochs have ended (S8). */
  | { readonly kind: "opened"; readonly wentBack: boolean }
  | { readonly kind: "refused"; readonly message: string }
  /** `damaged`: channels whose history ends where the database says what cannot have been published. */
  | { readonly kind: "answers"; readonly answers: readonly Answer[]; readonly damaged: readonly string[] };

/** What a worker is started with. */
export interface WorkerOptions {
  readonly path: string;
  readonly maxFileBytes: number | null;
  /** Also the name of the incarnation. */
  readonly newEpoch: string;
  /** What clients cannot guess. */
  readonly secret: string;
  /** The wall clock at the start. */
  readonly wallMs: number;
}
