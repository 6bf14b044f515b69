// The WebSocket transport: the platform's own WebSocket, in browsers, workers and Node from 22 on.

import type { Transport, TransportConnection, TransportEvents } from "../transport.ts";

/** Carries the protocol over the platform's WebSocket. */
export const webSocketTransport: Transport = {
  open(url: string, events: TransportEvents): TransportConnection {
    const socket = new WebSocket(url);
    socket.onopen = () => events.opened();
    // Binary becomes "[object Blob]", which the decoder refuses as it should.
    socket.onmessage = ({ data }: MessageEvent<unknown>) => events.received(String(data));
    socket.onclose = ({ code, reason }) => events.closed(code, reason);
    return {
      send: (text) => socket.send(text),
      close(code, reason) {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close(code, reason);
      },
    };
  },
};
