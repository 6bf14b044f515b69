// Framing in a stream of nothing but messages: a JSON text is a line, and bytes bring their own length.
import type { Framing } from "../dialects/connection.ts";

const lineFeed = Uint8Array.of(0x0a);
/** Nothing that every dialect would take for a ping. */
const ping = new Uint8Array();

/** What people read too. */
export const lineFraming: Framing = {
  id: "lines",
  ping,
  wrap: (payload, form) => (form === "text" ? Buffer.concat([payload, lineFeed]) : payload),
};

/**
 * What SDKs read. Those of JavaScript before 5.8 decode each piece that they are given by itself, and a piece may end
 * within a character: it arrived as two others. In ASCII no character can be cut (decision 0022).
 */
export const asciiFraming: Framing = {
  id: "ascii",
  ping,
  wrap: (payload, form) => lineFraming.wrap(form === "text" && !isAscii(payload) ? escaped(payload) : payload, form),
};

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false;
  return true;
}

const decoder = new TextDecoder();
const unit = /[\u0080-\uffff]/g;

/** RFC 8259 §7. In JSON, what is not ASCII stands in texts alone. */
function escaped(json: Uint8Array): Uint8Array {
  const text = decoder.decode(json);
  return Buffer.from(text.replace(unit, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`));
}
