// Payloads between raw clients and the others: what is JSON, what is text, and how either is shown without an envelope.
import type { Publication } from "../../engine/engine.ts";
import type { Payload } from "../../session/command.ts";

// A byte order mark is a character like any other: JSON may not begin with one (RFC 8259 §8.1), a text may.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** JSON is passed on as JSON, anything else as text; a lone JSON string is text, quotes and all. */
export function textPayload(message: Uint8Array): Payload {
  const bytes = message.slice();
  const written = decoder.decode(bytes);
  try {
    const value = JSON.parse(written) as unknown;
    // A text in quotes is a text, quotes and all, for the channel's schema too.
    return typeof value === "string" ? { bytes, form: "text", value: written } : { bytes, form: "json", value };
  } catch {
    return { bytes, form: "text", value: written };
  }
}

/** A JSON string reaches raw without its quotes. */
export function wordsOf({ data, form }: Pick<Publication, "data" | "form">): Uint8Array {
  if (form !== "json" || data[0] !== 0x22) return data;
  return encoder.encode(JSON.parse(decoder.decode(data)) as string);
}
