// The desk of webhooks: what the server API shows of deliveries, and what it may have done again.

/** An HTTP endpoint that is told what happens. */
export interface EndpointState {
  readonly name: string;
  readonly url: string;
  /** Events so far; the newest one's number. */
  readonly sequence: number;
  /** Deliveries whose time has not come, or that are under way. */
  readonly waiting: number;
  readonly dead: number;
  /** Why the newest attempt that failed did; `null` when the newest attempt did not. */
  readonly problem: string | null;
}

/** A delivery that was given up. */
export interface DeadDelivery {
  /** In the order of events, over all endpoints. */
  readonly place: number;
  readonly endpoint: string;
  /** What `webhook-id` says. */
  readonly id: string;
  readonly type: string;
  /** The JSON that was to be delivered, as text. */
  readonly body: string;
  readonly attempts: number;
  /** Why the last attempt failed: one of a few words, and in a sentence. */
  readonly reason: string;
  readonly message: string;
  /** When the event was taken and when it was given up, in milliseconds since 1970. */
  readonly takenMs: number;
  readonly deadMs: number;
}

/** Which deliveries. */
export interface DeliveryQuery {
  /** `null`: of all endpoints. */
  readonly endpoint: string | null;
  /** Those behind this place. */
  readonly after: number;
  readonly limit: number;
}

/** What the server API asks of whoever sends webhooks. Where another process sends them, it has nothing to show. */
export interface WebhookDesk {
  endpoints(): Promise<readonly EndpointState[]>;
  dead(query: DeliveryQuery): Promise<readonly DeadDelivery[]>;
  /** Tries dead deliveries again, all over: those with this id, or all. @returns how many. */
  replay(query: { readonly endpoint: string | null; readonly id: string | null }): Promise<number>;
}
