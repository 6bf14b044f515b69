// What the methods of the server API see of their node.
import type { CloseReasonName, SessionId } from "@tidewire/protocol";
import type { Disconnect, LiveTerms } from "../../access.ts";
import type { Hub } from "../../hub/hub.ts";
import type { WebhookDesk } from "../../lifecycle/desk.ts";
import type { Limits } from "../../options.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { JsonText, Parameters } from "./parameters.ts";

/** A session, as far as the server API may command it. */
export interface ApiSession {
  readonly id: SessionId;
  readonly identity: { readonly user: string };
  subscribe(channel: string, terms: LiveTerms): Promise<boolean>;
  unsubscribe(channel: string): Promise<boolean>;
  close(reason: CloseReasonName | Disconnect): void;
  /** When it ends, in seconds since 1970; `null`: never. */
  expireAt(seconds: number | null): void;
}

export interface ApiNode {
  /** Names this run of the process. */
  readonly id: string;
  /** What its operator calls it. */
  readonly name: string;
  readonly hub: Hub;
  readonly sessions: Pick<ReadonlyMap<SessionId, ApiSession>, "get" | "size"> & {
    values(): IterableIterator<ApiSession>;
  };
  readonly limits: Limits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** `null` where this node sends no webhooks. */
  readonly webhooks: WebhookDesk | null;
  /** Has the other nodes do what a method does, each for itself; `null` where there are none. */
  readonly others: ((method: string, parameters: Parameters) => Promise<readonly JsonText[]>) | null;
}
