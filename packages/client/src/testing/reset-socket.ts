// Ends a TCP socket with RST instead of FIN.
import type { Socket } from "node:net";

/** Does nothing to a socket that is gone. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.connecting) {
    // Nobody has heard of it yet; `resetAndDestroy` would wait until somebody has.
    socket.destroy();
  } else if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) {
    // libuv refuses to reset while its shutdown is on the way, and Node then leaves the socket open. It takes a turn.
    socket.once("finish", () => resetSocket(socket));
  } else {
    socket.resetAndDestroy();
  }
}
