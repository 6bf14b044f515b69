// What the sessions of one node share.
import type { CallDefinition, SessionId } from "@tidewire/protocol";
import type { AccessRules, CallContext, ConnectRequest, Identity, LiveTerms, OtherCalls } from "../access.ts";
import type { Hub } from "../hub/hub.ts";
import type { TransientMap } from "../collections/transient-map.ts";
import type { Facts } from "../lifecycle/facts.ts";
import type { Limits, Mode } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Random } from "../ports/random.ts";
import type { Closing } from "./close-error.ts";
import type { Rates } from "./rates.ts";
import type { SessionEvent } from "./reply.ts";
import type { Turns } from "./turns.ts";
import type { SharedRates } from "./shared-rates.ts";
import type { TokenVerifier } from "../tokens/verifier.ts";

export interface BoundCall {
  readonly definition: CallDefinition;
  readonly handler: (input: unknown, context: CallContext) => unknown;
  /** Default: the limit `callDeadlineMs`. */
  readonly deadlineMs?: number | undefined;
}

/** A session as the rest of the node sees it. */
export interface OpenSession {
  readonly id: SessionId;
  readonly identity: Identity;
  /** Subscribes it by the server's own word. False when it has ended. @throws {TidewireError} */
  subscribe(channel: string, terms?: LiveTerms): Promise<boolean>;
  /** Ends one of its subscriptions. False when there was none. */
  unsubscribe(channel: string): Promise<boolean>;
  /** Queues an event; false where the dialect has no word for it. */
  tell(event: SessionEvent): boolean;
  close(reason: Closing, detail?: string): void;
  /** When it ends unless it is prolonged, in seconds since 1970; `null`: never. */
  expireAt(seconds: number | null): void;
  /** Cuts the socket without a word. */
  cut(): void;
}

export interface SessionNode {
  readonly hub: Hub;
  /** What the outside is told of; left out where it is told nothing. */
  readonly facts?: Facts;
  readonly access: AccessRules;
  /** `null` where tokens are not verified. */
  readonly tokens: TokenVerifier | null;
  readonly calls: ReadonlyMap<string, BoundCall>;
  /** Answers the calls that have no handler of their own. */
  readonly otherCalls?: OtherCalls;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly mode: () => Mode;
  readonly turns: Turns;
  /** How fast all connections of a user publish, by user. */
  readonly userRates: SharedRates;
  /** How fast clients publish to a channel that has a rate, by channel. */
  readonly channelRates: SharedRates;
  /** Whether rate limits hold: off for loopback in development. */
  readonly isRated: (request: Pick<ConnectRequest, "isLoopback">) => boolean;
  /** Those of a client whose sessions last one command each; otherwise every session has its own. */
  readonly rates?: Rates;
  readonly sessions: Pick<TransientMap<SessionId, OpenSession>, "get" | "set" | "delete" | "size" | "values">;
  /** Sessions per account. */
  readonly users: Map<string, number>;
}
