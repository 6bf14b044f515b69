// The rules an application gives: who may connect, subscribe and publish, for how long, and what its calls answer.
import type { IncomingHttpHeaders } from "node:http";
import type { CallDefinition, ChannelDefinition, GivenOf, Position, ReturnedOf, SessionId } from "@tidewire/protocol";
import type { ConnectionClaims } from "./tokens/claims.ts";

/** What is known of somebody who connects. */
export interface ConnectRequest {
  readonly session: SessionId;
  /** The headers of the upgrade request: a session cookie or an authorization header becomes a user here. */
  readonly headers: IncomingHttpHeaders;
  /** Path and query of the upgrade request. */
  readonly url: string;
  /** The client's address, as far as trusted proxies tell it. */
  readonly address: string;
  /** Whether it comes from this machine itself. */
  readonly isLoopback: boolean;
  readonly dialect: string;
  /** What the client's SDK sent as its token; "" when nothing. */
  readonly token: string;
  /** What that token says, verified by the option `tokens`; `null` without a token or without the option. */
  readonly claims: ConnectionClaims | null;
  /** What the client sent along, unchecked. */
  readonly data: unknown;
}

/** Who has connected. */
export interface Identity {
  /** Names the account; "" for a guest without one. */
  readonly user: string;
  /** What other members of a channel may see of this user; JSON. */
  readonly info?: unknown;
  /** Sent to the client with the connect reply; JSON. */
  readonly data?: unknown;
  /**
   * Channels the server subscribes it to, without asking the `subscribe` rule; those of its token are added. SDKs of the
   * Centrifuge protocol hear them at once; our own client hears those that it opens, and is let in there.
   */
  readonly subscriptions?: readonly string[];
  /** When the connection ends unless it is renewed, in seconds since 1970; 0: never. Default: what its token says. */
  readonly expiresAt?: number;
  /** Shown to the other rules, and never to a client. */
  readonly meta?: unknown;
}

/** Request headers by their lower-case names. */
export type Headers = Readonly<Record<string, string>>;

/** Who asks, as the `connect` rule or the token named them. */
export interface RuleContext {
  readonly session: SessionId;
  readonly user: string;
  readonly info: unknown;
  /** What the `connect` rule said of it. */
  readonly meta: unknown;
  readonly dialect: string;
  /** Those of `keptHeaders` that came with its connection. */
  readonly headers: Headers;
}

/** Who asks about which channel. `params` are those of its pattern. */
export interface ChannelRuleContext extends RuleContext {
  readonly channel: string;
  readonly definition: ChannelDefinition;
  readonly params: Readonly<Record<string, string>>;
}

/** Who wants to subscribe. */
export interface SubscribeRuleContext extends ChannelRuleContext {
  /** What the client sent along, unchecked. */
  readonly data: unknown;
}

/** Who wants to publish what. */
export interface PublishRuleContext extends ChannelRuleContext {
  /** Whether it is subscribed to the channel. */
  readonly isSubscribed: boolean;
  /** What is to be published, before the channel's schema has seen it; bytes as a Uint8Array. */
  readonly data: unknown;
  /** The key that is to be removed from a `latest` channel; `null`: `data` is to be published. */
  readonly removedKey: string | null;
}

/** Who calls, and whether anybody still waits. */
export interface CallContext extends RuleContext {
  /**
   * Aborted, with a TidewireError as its reason, when nobody waits for the result any more: `canceled` by the client or
   * by the end of its connection, or `timed_out`. What is returned after that is dropped.
   */
  readonly signal: AbortSignal;
}

/** How long a handler may take. */
export interface HandleOptions {
  /** Milliseconds the handler may take; a client that waits less shortens it. Default: the limit `callDeadlineMs`. */
  readonly deadlineMs?: number;
}

/** A rule lets in with `true`, refuses with `false`, or throws a TidewireError of its own. */
export type Verdict<Terms = never> = boolean | Terms | Promise<boolean | Terms>;

/** Lets in, on terms, of which there is one at least; an object with anything else in it does not. */
export interface SubscribeTerms {
  /** What others in this channel see of this user, beside the identity's info; JSON. */
  readonly info?: unknown;
  /** Sent to the client with the reply; JSON. */
  readonly data?: unknown;
  /** When the subscription ends unless it is renewed, in seconds since 1970. Default: never. */
  readonly expiresAt?: number;
}

/** On what terms the server subscribes somebody by its own word. */
export interface LiveTerms extends SubscribeTerms {
  /** What follows this place is handed over first; where that cannot be, it is `unrecoverable_position`. */
  readonly since?: Position;
}

/** Lets it be published, changed. */
export interface PublishTerms {
  /** JSON, in the place of what the client sent. */
  readonly data?: unknown;
  readonly tags?: Readonly<Record<string, string>>;
  /** 1 to 64 characters. */
  readonly idempotencyKey?: string;
}

/** Until when somebody may stay, in seconds since 1970 (`null`: without an end), or that it may not. */
export type Renewal = { readonly expiresAt: number | null } | "expired";

/**
 * Thrown by a rule or a call: ends the connection with a close code of the application's own.
 * After 4000 to 4499 clients come back by themselves, after 4500 to 4999 they do not.
 */
export class Disconnect extends Error {
  override readonly name: string = "Disconnect";
  readonly code: number;

  /** @throws {RangeError} for a code outside of 4000 to 4999, or a reason of more than 100 bytes. */
  constructor(code: number, reason: string) {
    if (!Number.isInteger(code) || code < 4_000 || code > 4_999) {
      throw new RangeError(`expected a close code from 4000 to 4999, got ${code}`);
    }
    // RFC 6455 §5.5: a close frame has room for 123.
    const bytes = Buffer.byteLength(reason);
    if (bytes > 100) throw new RangeError(`expected a reason of at most 100 bytes, got ${bytes}`);
    super(reason);
    this.code = code;
  }
}

/**
 * Who may connect, subscribe, publish and call, and for how long. What a rule throws, and is no `TidewireError` or
 * `Disconnect`, is logged and answered with `internal`; a rule that throws never lets in.
 */
export interface AccessRules {
  /** Names of request headers that the rules after `connect` are shown. They cost memory while the connection lasts. */
  readonly keptHeaders?: readonly string[];
  /**
   * Default: whom a token names; guests are let in in development and refused in production. `null` refuses.
   * A token that is not valid ends the connection before this rule is asked.
   */
  readonly connect?: (request: ConnectRequest) => Identity | null | Promise<Identity | null>;
  /** Not asked where a subscription token lets in. Default: everybody who is connected. */
  readonly subscribe?: (context: SubscribeRuleContext) => Verdict<SubscribeTerms>;
  /** Asked for channels with `publishers: "clients"` alone. Default: everybody who is connected. */
  readonly publish?: (context: PublishRuleContext) => Verdict<PublishTerms>;
  /** Default: everybody who is connected. */
  readonly call?: (context: RuleContext & { readonly method: string }) => Verdict;
  /**
   * Asked when a connection's time is over, in the place of its client; again some seconds later when it throws, until the
   * grace of `limits.expiryGraceMs` is over. Default: clients bring new tokens.
   */
  readonly refresh?: (context: RuleContext) => Renewal | Promise<Renewal>;
  /** The same for a subscription. */
  readonly subRefresh?: (context: ChannelRuleContext) => Renewal | Promise<Renewal>;
  /** The patterns of the channels for which `subRefresh` is asked; elsewhere clients bring new tokens. Default: all. */
  readonly subRefreshPatterns?: readonly string[];
}

/** Answers a call by its name: with JSON, or by throwing. */
export type OtherCalls = (method: string, input: unknown, context: CallContext) => unknown;

/** Answers a call. `input` was validated; so is what it returns. */
export type CallHandler<Definition extends CallDefinition> = (
  input: GivenOf<Definition>,
  context: CallContext,
) => ReturnedOf<Definition> | Promise<ReturnedOf<Definition>>;
