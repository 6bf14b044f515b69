// The WebSocket transport: the platform's own WebSocket, in browsers, workers and Node from 22 on.

import type { Transport, TransportConnection, TransportEvents } from "../transport.ts";

/** Tells of `socket`'s end, once. */
export function tellEnd(socket: WebSocket, events: TransportEvents): void {
  socket.onclose = ({ code, reason }) => events.closed(code, reason);
  socket.onerror = () => {
    // Node 22 says nothing more of one that cannot be opened. Elsewhere the close event follows.
    if (socket.readyState !== socket.CONNECTING) return;
    forget(socket);
    events.closed(1006, "");
  };
}

/** Hears nothing more of `socket`. */
export function forget(socket: WebSocket): void {
  socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
}

/** Carries the protocol over the platform's WebSocket. */
export const webSocketTransport: Transport = {
  open(url: string, events: TransportEvents): TransportConnection {
    const socket = new WebSocket(url);
    socket.onopen = () => events.opened();
    // Binary becomes "[object Blob]", which the decoder refuses as it should.
    socket.onmessage = ({ data }: MessageEvent<unknown>) => events.received(String(data));
    tellEnd(socket, events);
    return {
      send: (text) => socket.send(text),
      close(code, reason) {
        forget(socket);
        socket.close(code, reason);
      },
    };
  },
};
