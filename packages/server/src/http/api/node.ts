// What the methods of the server API see of their node.
import type { CloseReasonName, SessionId } from "@tidewire/protocol";
import type { Hub } from "../../hub/hub.ts";
import type { Limits } from "../../options.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Metrics } from "../../ports/metrics.ts";

/** A session, as far as the server API may command it. */
export interface ApiSession {
  readonly id: SessionId;
  readonly identity: { readonly user: string };
  subscribe(channel: string): Promise<boolean>;
  unsubscribe(channel: string): Promise<boolean>;
  close(reason: CloseReasonName): void;
}

export interface ApiNode {
  /** Names this run of the process. */
  readonly id: string;
  readonly hub: Hub;
  readonly sessions: ReadonlyMap<SessionId, ApiSession>;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly metrics: Metrics;
}
