// Framing in a stream of nothing but messages: a text is a line, and bytes bring their own length.
import type { Framing } from "../dialects/connection.ts";

const lineFeed = Uint8Array.of(0x0a);

export const runningFraming: Framing = {
  id: "stream",
  // Nothing that every dialect would take for one.
  ping: new Uint8Array(),
  wrap: (payload, form) => (form === "text" ? Buffer.concat([payload, lineFeed]) : payload),
};
