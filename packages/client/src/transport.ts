// What carries frames between client and server. The client knows nothing else of sockets.

import type { Fields } from "./wire.ts";

/** What a transport tells; `closed` comes once and last. */
export interface TransportEvents {
  opened(): void;
  /** The text of a frame, or the messages that another form of the protocol has said. */
  received(frame: string | readonly Fields[]): void;
  /** @param code The WebSocket close code; 1006 when there was none, also when it could not be opened. */
  closed(code: number, reason: string): void;
}

/** One way to the server, open or about to be. */
export interface TransportConnection {
  /**
   * Called only after `opened`.
   * @param bytes What the one command of this frame publishes in the place of JSON, for transports that can say it.
   */
  send(text: string, bytes?: Uint8Array): void;
  /** No event comes after this, however long the other side takes. */
  close(code: number, reason: string): void;
}

/** Opens ways to the server. What goes wrong from then on is told by `closed`. */
export interface Transport {
  open(url: string, events: TransportEvents): TransportConnection;
}
