// One publish that waits in an outbox: what is kept of it, where it stands, and how it goes from one state to the next.

import { type Position, TidewireError } from "@tidewire/protocol";
import { isTemporary } from "../failure.ts";
import type { PlainChannelOptions } from "../subscription-options.ts";

/** What became of an entry for good, as it is kept. */
export type KeptOutcome =
  | { readonly kind: "sent"; readonly position: Position | null; readonly atMs: number }
  | { readonly kind: "failed"; readonly code: number; readonly message: string; readonly atMs: number };

/** An entry as it is kept. Times are milliseconds since 1970: they outlive the page, which no other clock does. */
export interface KeptEntry {
  /** Given by the storage, and the order in which entries were added. */
  readonly seq: number;
  readonly id: string;
  readonly user: string;
  readonly channel: string;
  /** How the channel is subscribed to, so that publishing alone does not settle it for whoever opens the channel later. */
  readonly traits: Pick<PlainChannelOptions, "mode" | "presence">;
  /** The data as JSON, as it was when it was published. */
  readonly json: string;
  readonly bytes: number;
  readonly createdAtMs: number;
  /** Set before the first attempt leaves; `null` as long as there was none that the server may have seen. */
  readonly attempt: { readonly key: string; readonly firstAtMs: number } | null;
  readonly outcome: KeptOutcome | null;
}

/** Where a publish stands, for people. */
export type OutboxState =
  /** Not tried yet, or every attempt was turned away: nobody has seen it. */
  | { readonly kind: "queued" }
  /** On its way, or it was when the connection or the page went. */
  | { readonly kind: "sending" }
  | { readonly kind: "sent"; readonly position: Position | null }
  /**
   * Stays until `retry` or `remove`. With the reason `indeterminate` it may have been published, and the server can no
   * longer tell: trying again may publish it twice.
   */
  | { readonly kind: "failed"; readonly error: TidewireError };

/** A publish in an outbox. */
export interface OutboxEntry {
  readonly id: string;
  readonly channel: string;
  readonly data: unknown;
  /** When it was published here, in milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly state: OutboxState;
}

/**
 * A key is good for 5 minutes from when the server first saw it (P4); the clock of day that entries are dated by may be
 * set in between, and the last attempt takes its time.
 */
const repeatableMs = 240_000;
/** How far the clock of day may have been set back since; further, and nobody knows how long ago the attempt was. */
const clockErrorMs = 30_000;
/** How long `sent` is shown before the entry goes. */
const sentShownMs = 60_000;

export function shown(entry: KeptEntry): OutboxEntry {
  const { id, channel, createdAtMs } = entry;
  return { id, channel, data: JSON.parse(entry.json) as unknown, createdAtMs, state: stateOf(entry) };
}

function stateOf({ attempt, outcome }: KeptEntry): OutboxState {
  if (outcome === null) return { kind: attempt === null ? "queued" : "sending" };
  if (outcome.kind === "sent") return { kind: "sent", position: outcome.position };
  const { code, message } = outcome;
  return { kind: "failed", error: new TidewireError({ received: { code, message, temporary: false } }) };
}

export function isWaiting({ outcome }: KeptEntry): boolean {
  return outcome === null;
}

function failed(entry: KeptEntry, error: TidewireError, atMs: number): KeptEntry {
  const { code, message } = error;
  return { ...entry, outcome: { kind: "failed", code, message, atMs } };
}

/** An attempt: the entry before it, and as it was kept for it. */
export interface Attempt {
  readonly before: KeptEntry;
  readonly begun: KeptEntry;
}

/** What an attempt that failed makes of its entry. */
export function afterFailure({ before, begun }: Attempt, thrown: unknown, atMs: number): KeptEntry {
  const error = thrown instanceof TidewireError ? thrown : new TidewireError("bad_request", String(thrown));
  // It left and no answer came: the same key again finds out (P5).
  if (error.reason === "indeterminate") return begun;
  // Nobody knows what became of an earlier attempt, whatever is said to a later one (P3).
  if (isTemporary(error)) return before;
  if (before.attempt === null) return failed(before, error, atMs);
  const told = `an attempt was not answered, and a repetition was refused: ${error.message}`;
  return failed(before, new TidewireError("indeterminate", told), atMs);
}

/** What waiting has made of an entry by now: `null` when it goes, the same when nothing has changed. */
export function aged(entry: KeptEntry, nowMs: number, maxAgeMs: number): KeptEntry | null {
  const { attempt, createdAtMs, outcome } = entry;
  if (outcome?.kind === "sent") return nowMs >= outcome.atMs + sentShownMs ? null : entry;
  if (outcome !== null) return entry;
  if (attempt === null) {
    if (nowMs < createdAtMs + maxAgeMs) return entry;
    const hours = Math.round(maxAgeMs / 3_600_000);
    return failed(entry, new TidewireError("expired", `not sent within ${hours} hours`), nowMs);
  }
  const ageMs = nowMs - attempt.firstAtMs;
  if (ageMs >= -clockErrorMs && ageMs < repeatableMs) return entry;
  const told = "no answer came, and the server has forgotten the attempt by now";
  return failed(entry, new TidewireError("indeterminate", told), nowMs);
}

/** For how long from `nowMs` on the same key may be sent again; 0 when it may not. */
export function repeatableForMs({ firstAtMs }: NonNullable<KeptEntry["attempt"]>, nowMs: number): number {
  return Math.max(0, Math.min(repeatableMs, firstAtMs + repeatableMs - nowMs));
}

/** When `aged` will next say something else; `Infinity`: never. */
export function changesAtMs({ attempt, createdAtMs, outcome }: KeptEntry, maxAgeMs: number): number {
  if (outcome !== null) return outcome.kind === "sent" ? outcome.atMs + sentShownMs : Infinity;
  return attempt === null ? createdAtMs + maxAgeMs : attempt.firstAtMs + repeatableMs;
}
