// ws as its own README broadcasts: a loop over the clients, one send each.
import { WebSocket, WebSocketServer } from "ws";
import type { Serve } from "tidewire/bench";

export const serveNaiveWs: Serve = (server) => {
  const sockets = new WebSocketServer({ server });
  return (payload) => {
    const data = JSON.stringify(payload);
    for (const client of sockets.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(data);
    }
  };
};
