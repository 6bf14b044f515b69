// Options of proxy events: which a backend is asked about, where, and how long it may take.

/** One address that a backend answers at. */
export interface ProxyEndpoint {
  /** Begins with http:// or https://. Redirects are not followed. */
  readonly endpoint: string;
  /** Milliseconds from asking to the whole answer. Default 1,000. */
  readonly timeoutMs?: number;
  /** Requests at a time; more of them wait, as a part of their time. Default 64. */
  readonly concurrency?: number;
  /** Headers of the client's own request that are passed on, such as `Cookie`. Default: none. */
  readonly clientHeaders?: readonly string[];
  /** Headers of every request: a secret that the backend knows Tidewire by. They stand before those of the client. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the `meta` that the backend gave at connect is sent along. Default: false. */
  readonly sendsMeta?: boolean;
}

/** An address that is asked about channels. */
export interface ChannelProxyEndpoint extends ProxyEndpoint {
  /** The channels it is asked about, by their definitions' patterns; elsewhere the access rule decides. Default: all. */
  readonly patterns?: readonly string[];
}

/** Each in the bodies of Centrifugo's proxies (PROTOCOL 3.6). */
export interface ProxyOptions {
  /** Asked for whoever shows no token (a bad one ends the connection), in the place of the `connect` rule. */
  readonly connect?: ProxyEndpoint;
  /** Asked when a connection's time is over, in the place of its client. */
  readonly refresh?: ProxyEndpoint;
  readonly subscribe?: ChannelProxyEndpoint;
  /** Asked when a subscription's time is over, in the place of its client. */
  readonly subRefresh?: ChannelProxyEndpoint;
  readonly publish?: ChannelProxyEndpoint;
  /** Answers calls that no handler is bound to. */
  readonly rpc?: ProxyEndpoint;
}
