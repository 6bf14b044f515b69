// The client: composes connection, requests and subscriptions, and hands out channels.

import {
  type CallDefinition,
  type ChannelDefinition,
  type ChannelShape,
  type InputOf,
  type ParamsOf,
  type ResultOf,
} from "@tidewire/protocol";
import { type Channel, ChannelHandle } from "./channel.ts";
import { type Cancel, type Clock, type Random, systemClock, systemRandom } from "./clock.ts";
import type { ConnectionState } from "./connection-state.ts";
import { Connection } from "./connection.ts";
import { encode } from "./exchange.ts";
import { type Page, systemPage } from "./page.ts";
import { answerMs, Requests } from "./requests.ts";
import { rethrowLater, type Store } from "./store.ts";
import type { PlainChannelOptions } from "./subscription-options.ts";
import { Subscription, type SubscriptionHost } from "./subscription.ts";
import { Tokens, type TokenSource } from "./tokens.ts";
import type { Transport } from "./transport.ts";
import { webSocketTransport } from "./transports/websocket.ts";

/** What `createClient` takes. Only `url` is needed; the last four are for tests and for places without a page. */
export interface ClientOptions {
  /** The server's WebSocket address; in a page it may be relative: `/connection/websocket`. */
  readonly url: string;
  /** Proves who the user is. A function is asked again whenever the server wants another. Default: a guest. */
  readonly token?: TokenSource;
  /** JSON for the server's `connect` rule. */
  readonly data?: unknown;
  /** What the server's logs call this client. Default: `tidewire`. */
  readonly name?: string;
  /** Takes what the application's listeners threw. Default: it surfaces as an uncaught error. */
  readonly onError?: (error: unknown) => void;
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly page?: Page;
}

/** How long one call is waited for. */
export interface CallOptions {
  /** Ends the wait; the server is told, and stops working on it where its handler listens. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for a connection and an answer together. Default: 10,000. */
  readonly timeoutMs?: number;
}

/** The parameters of a pattern as arguments: none where it has none. */
export type ParamArguments<Pattern extends string> = keyof ParamsOf<Pattern> extends never ? [] : [ParamsOf<Pattern>];

/** One connection to a server and everything on it. As a store its value is the state of the connection. */
export interface Client extends Store<ConnectionState> {
  readonly state: ConnectionState;
  readonly onState: (listener: (state: ConnectionState) => void) => Cancel;
  /** Connects, and stays connected until `close`. Calling it again does nothing. */
  connect(): void;
  /** Tries at once instead of at the end of the wait, to connect and to subscribe. */
  retry(): void;
  /** Ends the connection and every wait. Channels that are open come back with the next `connect`. */
  close(): void;
  /**
   * A channel, the same object for the same name as long as anybody holds it; what was said first of its mode and
   * presence counts. Subscribes to nothing by itself.
   */
  channel<Pattern extends string, Shape extends ChannelShape>(
    definition: ChannelDefinition<Pattern, Shape>,
    ...params: ParamArguments<Pattern>
  ): Channel<Shape["data"], Shape["info"]>;
  channel(name: string, options?: PlainChannelOptions): Channel;
  /**
   * Asks the server. Waits for a connection within its time.
   * @throws {TidewireError} What the server answered; `not_available` when it was never sent; `indeterminate` when it
   * was sent and no answer came, so that nobody can know whether it was done. The signal's reason, when it is aborted.
   */
  call<Definition extends CallDefinition>(
    definition: Definition,
    input: InputOf<Definition>,
    options?: CallOptions,
  ): Promise<ResultOf<Definition>>;
}

const defaults = {
  token: "",
  name: "tidewire",
  data: undefined,
  onError: rethrowLater,
  transport: webSocketTransport,
  clock: systemClock,
  random: systemRandom,
  page: systemPage,
};

/** Makes a client. Nothing happens until `connect`. */
export function createClient(options: ClientOptions): Client {
  return new TidewireClient(options);
}

class TidewireClient implements Client {
  readonly getSnapshot: Store<ConnectionState>["getSnapshot"];
  readonly subscribe: Store<ConnectionState>["subscribe"];
  readonly onState: Client["onState"];
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #host: SubscriptionHost;
  readonly #open = new Map<string, Subscription>();
  /** Channels somebody may still hold; what nobody holds is forgotten when the next one is made. */
  readonly #known = new Map<string, WeakRef<ChannelHandle>>();

  constructor(options: ClientOptions) {
    const settings = { ...defaults, ...options };
    this.#connection = new Connection(
      { ...settings, tokens: new Tokens(settings.clock, settings.token) },
      this.#events(),
    );
    this.#host = { ...settings, connection: this.#connection, open: this.#open };
    this.#requests = new Requests(this.#host);
    const { state } = this.#connection;
    this.getSnapshot = state.getSnapshot;
    this.subscribe = state.subscribe;
    this.onState = state.listeners.add;
  }

  get state(): ConnectionState {
    return this.#connection.state.getSnapshot();
  }

  connect(): void {
    this.#requests.reopened();
    this.#connection.connect();
  }

  retry(): void {
    this.#connection.retry();
    // Without a connection they are asked for when there is one.
    if (this.#connection.isOpen) this.#each((subscription) => subscription.opening());
  }

  close(): void {
    this.#connection.close();
  }

  channel<Pattern extends string, Shape extends ChannelShape>(
    channel: ChannelDefinition<Pattern, Shape> | string,
    second?: ParamsOf<Pattern> | PlainChannelOptions,
  ): Channel<Shape["data"], Shape["info"]> {
    // The overloads above pair a name with options and a definition with parameters.
    const name = typeof channel === "string" ? channel : channel.name((second ?? {}) as ParamsOf<Pattern>);
    const known = this.#known.get(name)?.deref();
    const traits = typeof channel === "string" ? ((second ?? {}) as PlainChannelOptions) : channel;
    return (known ?? this.#make(name, traits)) as Channel<Shape["data"], Shape["info"]>;
  }

  async call<Definition extends CallDefinition>(
    definition: Definition,
    input: InputOf<Definition>,
    options: CallOptions = {},
  ): Promise<ResultOf<Definition>> {
    const { signal, timeoutMs = answerMs } = options;
    const fields = await this.#requests.add({
      body: encode({ rpc: { method: definition.method, data: input, tide: { timeout: Math.ceil(timeoutMs) } } }),
      method: "rpc",
      isRepeatable: false,
      deadlineMs: timeoutMs,
      signal,
    });
    return fields["data"] as ResultOf<Definition>;
  }

  #make(name: string, traits: PlainChannelOptions): ChannelHandle {
    // One that is open lives on although nobody holds its handle: its listeners do.
    const subscription = this.#open.get(name) ?? new Subscription(name, traits, this.#host);
    const handle = new ChannelHandle(subscription, this.#requests, this.#host);
    for (const [other, reference] of this.#known) {
      if (reference.deref() === undefined) this.#known.delete(other);
    }
    this.#known.set(name, new WeakRef(handle));
    return handle;
  }

  #events(): ConstructorParameters<typeof Connection>[1] {
    return {
      opening: () => this.#each((subscription) => subscription.opening()),
      connected: () => this.#requests.connected(),
      lost: (isFinal) => {
        this.#requests.lost(isFinal);
        this.#each((subscription) => subscription.lost(isFinal));
      },
      invalidated: () => this.#each((subscription) => subscription.invalidated()),
      push: (channel, fields) => this.#open.get(channel)?.push(fields),
    };
  }

  #each(act: (subscription: Subscription) => void): void {
    for (const subscription of this.#open.values()) act(subscription);
  }
}
