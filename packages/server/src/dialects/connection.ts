// A connection, as dialects see one; implemented by transports.
import type { IncomingHttpHeaders } from "node:http";

export interface ConnectionInfo {
  readonly headers: IncomingHttpHeaders;
  /** Path and query of the request that opened it. */
  readonly url: string;
  /** The client's address, as far as trusted proxies tell it. */
  readonly address: string;
  /** Stands for the client: one object for all requests of an address, where many do not share it, else of a socket. */
  readonly client: object;
  /** Its bearer token; "" when it shows none. Browsers send one for nobody but the page itself. */
  readonly token: string;
  /** Whether it comes from this machine itself. */
  readonly isLoopback: boolean;
}

/** How one message becomes bytes on this transport. */
export interface Framing {
  /** Those with the same yield the same bytes. */
  readonly id: "ws" | "ws+deflate" | "ws+deflate9" | "sse" | "lines" | "ascii" | "http";
  wrap(payload: Uint8Array, form: "text" | "bytes"): Uint8Array;
  /** A ping of the transport's own. */
  readonly ping: Uint8Array;
}

/** One event of a stream of server-sent events; what is left out is not said. */
export interface StreamEvent {
  /** What the client shows when it comes back. Without control characters. */
  readonly id?: string;
  /** Without it, it is a `message`. */
  readonly name?: string;
  /** Without it, the client takes in the rest and tells its user nothing. */
  readonly data?: Uint8Array | string;
  /** Milliseconds after which the client comes back, should the stream end. */
  readonly retryMs?: number;
}

/** A framing whose messages carry ids and names. */
export interface EventFraming extends Framing {
  readonly id: "sse";
  event(event: StreamEvent): Uint8Array;
}

export interface Connection {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  /** Bytes: waiting in this process, and received so far. */
  traffic(): { readonly unsent: number; readonly received: number };
  /** Whether bytes that it has brought wait here to be taken in; not said of connections that say nothing, or by requests of their own. */
  readonly isLate?: boolean;
  /** One write of whole frames. "full": no more until `writable()`. */
  send(frames: readonly Uint8Array[]): "open" | "full";
  /** Stops reading (true) or goes on. */
  hold(isHeld: boolean): void;
  /**
   * Ends it, with as much of the reason as there is room for; what was sent before goes out first.
   * @param last What a stream that has begun says instead, having no code to end with.
   */
  close(code: number, reason: string, last?: Uint8Array): void;
  /** Destroys the socket. */
  terminate(): void;
}

/** What a dialect gives back for an opened connection; the transport calls it. */
export interface Opened {
  receive(message: Uint8Array, form: "text" | "bytes"): void;
  /** A pong of the transport's own, where it has pongs. */
  pong(): void;
  writable(): void;
  closed(code: number, reason: string): void;
}

/** Opens one connection. */
export type Open = (connection: Connection) => Opened;
