// Replies of the Centrifuge protocol in JSON, as the generator reads them: which subscriptions opened, and where.

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** That the subscriptions of a connection are open. */
export interface Opened {
  /** Of the one that opened last; `null` where the wire does not tell. */
  readonly position: Position | null;
  readonly isRecovered: boolean;
}

export const justOpen: Opened = { position: null, isRecovered: false };

interface Reply {
  readonly error?: { readonly code: number; readonly message: string };
  readonly subscribe?: { readonly epoch?: string; readonly offset?: number; readonly recovered?: boolean };
  readonly push?: { readonly unsubscribe?: { readonly code: number } };
}

interface Replies {
  /** How many subscriptions they opened, and the last of them. */
  readonly subscribed: number;
  readonly last: Opened;
}

/** @throws {Error} when one is an error, or a subscription is ended. */
export function readReplies(payload: Buffer): Replies {
  let subscribed = 0;
  let last = justOpen;
  for (const line of payload.toString().split("\n")) {
    if (line === "" || line === "{}") continue;
    const { error, subscribe, push } = JSON.parse(line) as Reply;
    if (error !== undefined) throw new Error(`the server refused: ${error.code} ${error.message}`);
    if (push?.unsubscribe !== undefined) throw new Error(`a subscription ended with ${push.unsubscribe.code}`);
    if (subscribe === undefined) continue;
    const { epoch = "", offset = 0, recovered = false } = subscribe;
    subscribed += 1;
    last = { position: { epoch, offset }, isRecovered: recovered };
  }
  return { subscribed, last };
}
