// The unmodified `centrifuge` package, connected for one test and told to come back without delay.
import { Centrifuge, type Options, type PublicationContext, type Subscription } from "centrifuge";
import { EventSource } from "eventsource";
import { onTestFinished } from "vitest";
import WebSocket from "ws";

/** What carries the protocol: either WebSocket, or a stream with requests beside it. */
export const carriers = {
  ws: { transport: "websocket", websocket: WebSocket },
  "Node's own WebSocket": { transport: "websocket", websocket: globalThis.WebSocket },
  http_stream: { transport: "http_stream", websocket: null },
  sse: { transport: "sse", websocket: null },
} as const;
export type CarrierName = keyof typeof carriers;
export const carrierNames = Object.keys(carriers) as CarrierName[];

export function clientOf(socketUrl: string, name: CarrierName = "ws", options: Partial<Options> = {}): Centrifuge {
  const { transport, websocket } = carriers[name];
  const url = transport === "websocket" ? socketUrl : socketUrl.replace(/^ws/, "http");
  const client = new Centrifuge([{ transport, endpoint: `${url}/connection/${transport}` }], {
    websocket,
    eventsource: EventSource,
    fetch,
    readableStream: ReadableStream,
    emulationEndpoint: `${url}/emulation`,
    minReconnectDelay: 1,
    maxReconnectDelay: 20,
    ...options,
  });
  client.on("connected", (context) => void sessions.set(client, context.client));
  onTestFinished(() => client.disconnect());
  return client;
}

const sessions = new WeakMap<Centrifuge, string>();

/** The server's name for what `client` last connected as. */
export function sessionOf(client: Centrifuge): string {
  return sessions.get(client) ?? "";
}

/** A client that is connected. */
export async function connected(socketUrl: string, name: CarrierName = "ws"): Promise<Centrifuge> {
  const client = clientOf(socketUrl, name);
  client.connect();
  await client.ready();
  return client;
}

/** How a subscription was (re)established. */
export interface Establishment {
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
}

/** One subscription and all that it was told, in order. */
export class Listener {
  readonly subscription: Subscription;
  readonly publications: PublicationContext[] = [];
  readonly establishments: Establishment[] = [];
  #waiting: (() => void)[] = [];

  constructor(client: Centrifuge, channel: string, options: Parameters<Centrifuge["newSubscription"]>[1] = {}) {
    this.subscription = client.newSubscription(channel, options);
    this.subscription.on("publication", (context) => {
      this.publications.push(context);
      this.#wake();
    });
    this.subscription.on("subscribed", ({ wasRecovering, recovered }) => {
      this.establishments.push({ wasRecovering, recovered });
      this.#wake();
    });
    this.subscription.subscribe();
  }

  get values(): unknown[] {
    return this.publications.map(({ data }) => data as unknown);
  }

  get offsets(): number[] {
    return this.publications.map(({ offset }) => offset ?? 0);
  }

  /** Resolves once `condition` holds; looks whenever something arrives. */
  async until(condition: (listener: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

export async function listening(client: Centrifuge, channel: string): Promise<Listener> {
  const listener = new Listener(client, channel);
  await listener.subscription.ready();
  return listener;
}
