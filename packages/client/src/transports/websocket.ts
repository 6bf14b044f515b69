// The WebSocket transport: the platform's own WebSocket, in browsers, workers and Node from 22 on.

import type { Transport, TransportConnection, TransportEvents } from "../transport.ts";

/** Carries the protocol over the platform's WebSocket. */
export const webSocketTransport: Transport = {
  open(url: string, events: TransportEvents): TransportConnection {
    const socket = new WebSocket(url);
    let isOver = false;
    socket.onopen = () => {
      if (!isOver) events.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      // Binary becomes "[object Blob]", which the decoder refuses as it should.
      if (!isOver) events.received(String(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (isOver) return;
      isOver = true;
      events.closed(code, reason);
    };
    return {
      send: (text) => socket.send(text),
      close(code, reason) {
        isOver = true;
        socket.close(code, reason);
      },
    };
  },
};
