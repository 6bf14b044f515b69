// What carries text between client and server. The client knows nothing else of sockets.

/** What a transport tells; `closed` comes once and last. */
export interface TransportEvents {
  opened(): void;
  received(text: string): void;
  /** @param code The WebSocket close code; 1006 when there was none, also when it could not be opened. */
  closed(code: number, reason: string): void;
}

/** One way to the server, open or about to be. */
export interface TransportConnection {
  /** Called only after `opened`. */
  send(text: string): void;
  /** No event comes after this, however long the other side takes. */
  close(code: number, reason: string): void;
}

/** Opens ways to the server. What goes wrong from then on is told by `closed`. */
export interface Transport {
  open(url: string, events: TransportEvents): TransportConnection;
}
