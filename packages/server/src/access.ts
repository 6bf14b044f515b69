// The rules an application gives: who may connect, subscribe and publish, and what its calls answer.
import type { IncomingHttpHeaders } from "node:http";
import type { CallDefinition, ChannelDefinition, GivenOf, ReturnedOf, SessionId } from "@tidewire/protocol";
import type { ConnectionClaims } from "./tokens/claims.ts";

/** What is known of somebody who connects. */
export interface ConnectRequest {
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
  /** Channels the server subscribes it to, without asking the `subscribe` rule; those of its token are added. */
  readonly subscriptions?: readonly string[];
}

export interface RuleContext {
  readonly session: SessionId;
  readonly user: string;
  readonly info: unknown;
}

export interface ChannelRuleContext extends RuleContext {
  readonly channel: string;
  readonly definition: ChannelDefinition;
  readonly params: Readonly<Record<string, string>>;
}

export interface CallContext extends RuleContext {
  /**
   * Aborted, with a TidewireError as its reason, when nobody waits for the result any more: `canceled` by the client or
   * by the end of its connection, or `timed_out`. What is returned after that is dropped.
   */
  readonly signal: AbortSignal;
}

export interface HandleOptions {
  /** Milliseconds the handler may take; a client that waits less shortens it. Default: the limit `callDeadlineMs`. */
  readonly deadlineMs?: number;
}

/** A rule lets in with `true`, refuses with `false`, or throws a TidewireError of its own. */
export type Verdict = boolean | Promise<boolean>;

export interface AccessRules {
  /**
   * Default: whom a token names; guests are let in in development and refused in production. `null` refuses.
   * A token that is not valid ends the connection before this rule is asked.
   */
  readonly connect?: (request: ConnectRequest) => Identity | null | Promise<Identity | null>;
  /** Not asked where a subscription token lets in. Default: everybody who is connected. */
  readonly subscribe?: (context: ChannelRuleContext) => Verdict;
  /** Asked for channels with `publishers: "clients"` alone. Default: everybody who is connected. */
  readonly publish?: (context: ChannelRuleContext) => Verdict;
  /** Default: everybody who is connected. */
  readonly call?: (context: RuleContext & { readonly method: string }) => Verdict;
}

export type CallHandler<Definition extends CallDefinition> = (
  input: GivenOf<Definition>,
  context: CallContext,
) => ReturnedOf<Definition> | Promise<ReturnedOf<Definition>>;
