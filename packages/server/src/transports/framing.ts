// WebSocket framing of the server's frames: RFC 6455 §5.2, never masked, never fragmented.
import type { Framing } from "../dialects/connection.ts";

const text = 0x81;
const binary = 0x82;
const ping = 0x89;
/** RFC 7692 §6: the message is compressed. */
const compressed = 0x40;

export const webSocketFraming: Framing = {
  id: "ws",
  ping: Uint8Array.of(ping, 0),
  wrap: (payload, form) => frameOf(form === "text" ? text : binary, payload),
};

/** A frame around what `deflate` has made of a message. */
export function compressedFrame(payload: Uint8Array, form: "text" | "bytes"): Uint8Array {
  return frameOf((form === "text" ? text : binary) | compressed, payload);
}

function frameOf(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.from(new ArrayBuffer(head + length));
  frame[0] = first;
  if (head === 2) {
    frame[1] = length;
  } else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, head);
  return frame;
}
