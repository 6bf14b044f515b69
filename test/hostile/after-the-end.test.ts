// Whoever was told to go and goes on talking: nothing is made of it, and it ends when it says goodbye.
import { once } from "node:events";
import { expect, test } from "vitest";
import { serve } from "../serving.ts";
import { frame, openWire, readUntil } from "../wire.ts";

test("frames after the server's close frame are not read as commands", async () => {
  const { tide, port } = await serve();
  const socket = await openWire(port, "/connection/websocket");
  const told = readUntil(socket, (text) => text.includes("bad request"));
  socket.write(Buffer.concat([frame("text", '{"id":1,"connect":{}}'), frame("text", "none")]));
  await told;
  const more = Array.from({ length: 100 }, () => frame("text", "none"));
  const goodbye = frame("close", Uint8Array.of(3, 232));
  const ended = once(socket, "close");
  socket.resume().write(Buffer.concat([...more, goodbye]));
  await ended;
  await expect.poll(() => tide.stats().connections).toBe(0);
  expect(tide.stats().counters["bad_frames"]).toBe(1);
});

test("nor are those that came in one write with what ended it", async () => {
  const { tide, port } = await serve();
  const socket = await openWire(port, "/connection/websocket");
  const ended = once(socket, "close");
  const all = Array.from({ length: 100 }, () => frame("text", "none"));
  socket.write(Buffer.concat([frame("text", '{"id":1,"connect":{}}'), ...all, frame("close", Uint8Array.of(3, 232))]));
  socket.resume();
  await ended;
  await expect.poll(() => tide.stats().connections).toBe(0);
  expect(tide.stats().counters["bad_frames"]).toBe(1);
});
