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

/** How long attempts took. */
export interface AttemptTimes {
  /** Upper ends of steps, in milliseconds, ascending. */
  readonly stepsMs: readonly number[];
  /** How many took at most as long as each step says, and at last how many there were. */
  readonly cumulative: readonly number[];
  /** Of all together. */
  readonly sumMs: number;
}

/** What `/metrics` tells of an endpoint: numbers since its process began to send, and how it stands. */
export interface EndpointFigures {
  readonly name: string;
  /** Deliveries, each by its one attempt that did not fail. */
  readonly delivered: number;
  /** Attempts. */
  readonly failed: number;
  /** Deliveries that became dead letters. */
  readonly givenUp: number;
  readonly waiting: number;
  /** Since the oldest one that waits was taken, or was last tried anew, in milliseconds; 0 where none waits. */
  readonly oldestWaitingMs: number;
  /** Dead letters that are kept. */
  readonly dead: number;
  readonly times: AttemptTimes;
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
  figures(): Promise<readonly EndpointFigures[]>;
  dead(query: DeliveryQuery): Promise<readonly DeadDelivery[]>;
  /** Tries dead deliveries again, all over: those with this id, or all. @returns how many. */
  replay(query: { readonly endpoint: string | null; readonly id: string | null }): Promise<number>;
}
