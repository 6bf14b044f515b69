// ws for handshakes alone: frames are made once, and what one turn of the event loop publishes is one write per socket.
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Serve } from "tidewire/bench";

export const serveBatchedWs: Serve = (server) => {
  const upgrades = new WebSocketServer({ noServer: true, clientTracking: false });
  const open = new Set<Duplex>();
  let frames: Buffer[] = [];
  server.on("upgrade", (request, socket, head) => {
    upgrades.handleUpgrade(request, socket, head, () => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    });
  });
  const flush = (): void => {
    const batch = frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames);
    frames = [];
    for (const socket of open) socket.write(batch);
  };
  return (payload) => {
    if (frames.length === 0) setImmediate(flush);
    frames.push(textFrame(Buffer.from(JSON.stringify(payload))));
  };
};

/** RFC 6455 §5.2, up to 64 KiB. */
function textFrame(payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? Buffer.of(0x81, length) : Buffer.of(0x81, 126, length >> 8, length & 0xff);
  return Buffer.concat([head, payload]);
}
