// Commands: what a client may ask, in the server's own words; dialects translate.
import type { TidewireError } from "@tidewire/protocol";
import type { Form } from "../engine/engine.ts";
import type { FilterNode } from "../hub/filter.ts";
import type { Seen } from "../hub/recovery.ts";

/** The dialect's number for a command, which its reply carries. */
export type CommandId = number;

export type Command =
  | {
      readonly kind: "connect";
      readonly id: CommandId;
      readonly token: string;
      readonly data: unknown;
      /** Tidewire's own client, which is told the ids of publications. */
      readonly speaksTide: boolean;
      /** Bytes that it wants on their way at most, and says what it has read; `null`: it does not. */
      readonly windowBytes: number | null;
      /** What it has seen of channels that the server subscribed it to before. */
      readonly seen: ReadonlyMap<string, Seen>;
      /** Channels that it asks for with it, since it cannot speak later. */
      readonly asks?: readonly string[];
    }
  | {
      readonly kind: "subscribe";
      readonly id: CommandId;
      readonly channel: string;
      /** "" when there is none. */
      readonly token: string;
      readonly seen: Seen | null;
      readonly wantsMembers: boolean;
      readonly isPaused: boolean;
      /** Pulls a second; `null`: as they come. */
      readonly rate: number | null;
      /** Answer `unrecoverable_position` rather than start at the head. */
      readonly mustRecover: boolean;
      /** Whether it knows channels by their numbers. */
      readonly wantsNumber: boolean;
      /** Whether it can be told what has changed since the publication before. */
      readonly wantsPatches: boolean;
      /** Which publications it wants, by their tags. */
      readonly filter: FilterNode | null;
      /** What the client sent along, unchecked. */
      readonly data?: unknown;
    }
  | { readonly kind: "unsubscribe"; readonly id: CommandId; readonly channel: string }
  | {
      readonly kind: "publish";
      readonly id: CommandId;
      readonly channel: string;
      readonly payload: Payload;
      readonly idempotencyKey: string | null;
      /** Only the `publish` rule gives some. */
      readonly tags?: Readonly<Record<string, string>>;
      /** Whether the reply carries the position. */
      readonly wantsPosition: boolean;
    }
  | { readonly kind: "presence"; readonly id: CommandId; readonly channel: string }
  | { readonly kind: "presence_stats"; readonly id: CommandId; readonly channel: string }
  | {
      readonly kind: "history";
      readonly id: CommandId;
      readonly channel: string;
      /** Negative: as many as one reply holds. */
      readonly limit: number;
      readonly since: Seen["position"] | null;
      readonly reverse: boolean;
    }
  | {
      readonly kind: "call";
      readonly id: CommandId;
      readonly method: string;
      readonly input: unknown;
      /** How long its caller waits; `null` when he does not say. */
      readonly timeoutMs: number | null;
    }
  /** Ends the wait for the call of this number. */
  | { readonly kind: "cancel"; readonly id: CommandId; readonly call: CommandId }
  | { readonly kind: "refresh"; readonly id: CommandId; readonly token: string }
  | { readonly kind: "sub_refresh"; readonly id: CommandId; readonly channel: string; readonly token: string }
  | { readonly kind: "send" }
  | { readonly kind: "pause"; readonly id: CommandId; readonly channel: string }
  | { readonly kind: "resume"; readonly id: CommandId; readonly channel: string }
  | { readonly kind: "rate"; readonly id: CommandId; readonly channel: string; readonly rate: number }
  /** Takes a key out of a `latest` channel. */
  | { readonly kind: "remove"; readonly id: CommandId; readonly channel: string; readonly key: string }
  | { readonly kind: "pong" }
  /** One that its dialect could read but not accept. */
  | { readonly kind: "invalid"; readonly id: CommandId; readonly error: TidewireError };

/** It has read everything up to a mark: for the link, and no command that a session obeys (PROTOCOL 1.17). */
export interface MarkAnswer {
  readonly kind: "mark";
  readonly at: number;
}

export type CommandKind = Command["kind"];
export type CommandOf<Kind extends CommandKind> = Extract<Command, { readonly kind: Kind }>;

/** What a client publishes. `value` is the parsed JSON, for the channel's schema. */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly form: Form;
  readonly value: unknown;
}
