// Socket.IO, over WebSocket alone, broadcasting to a room.
import { Server } from "socket.io";
import type { Serve } from "tidewire/bench";

const room = "bench";

export const serveSocketIo: Serve = (server) => {
  const io = new Server(server, { transports: ["websocket"], serveClient: false });
  io.on("connection", async (socket) => {
    await socket.join(room);
  });
  return (payload) => {
    io.to(room).emit("publication", payload);
  };
};
