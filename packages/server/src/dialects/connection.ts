// A connection, as dialects see one; implemented by transports.
import type { IncomingHttpHeaders } from "node:http";

export interface ConnectionInfo {
  readonly headers: IncomingHttpHeaders;
  /** Path and query of the request that opened it. */
  readonly url: string;
  /** The client's address, as far as trusted proxies tell it. */
  readonly address: string;
  /** Whether it comes from this machine itself. */
  readonly isLoopback: boolean;
}

/** How one message becomes bytes on this transport. */
export interface Framing {
  readonly id: "ws";
  wrap(payload: Uint8Array, form: "text" | "bytes"): Uint8Array;
  /** A ping of the transport's own. */
  readonly ping: Uint8Array;
}

export interface Connection {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  /** Bytes: waiting in this process, and received so far. */
  traffic(): { readonly unsent: number; readonly received: number };
  /** One write of whole frames. "full": no more until `writable()`. */
  send(frames: readonly Uint8Array[]): "open" | "full";
  /** Stops reading (true) or goes on. */
  hold(isHeld: boolean): void;
  /** Starts the closing handshake; what was sent before goes out first. */
  close(code: number, reason: string): void;
  /** Destroys the socket. */
  terminate(): void;
}

/** What a dialect gives back for an opened connection; the transport calls it. */
export interface Opened {
  receive(message: Uint8Array, form: "text" | "bytes"): void;
  /** A pong of the transport's own. */
  pong(): void;
  writable(): void;
  closed(code: number, reason: string): void;
}

/** Opens one connection. */
export type Open = (connection: Connection) => Opened;
