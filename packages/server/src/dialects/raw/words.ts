// Payloads between raw clients and the others: what is JSON, what is text, and how either is shown without an envelope.
import type { Publication } from "../../engine/engine.ts";
import type { Payload } from "../../session/command.ts";
import { scanPayload, type ScanLimits } from "../centrifuge/scan.ts";

// A byte order mark is a character like any other: JSON may not begin with one (RFC 8259 §8.1), a text may.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * JSON is passed on as JSON, anything else as text; a lone JSON string is text, quotes and all.
 * @throws {MalformedFrame} for JSON above the limits: it would reach clients of other dialects, which may not bear it.
 */
export function textPayload(message: Uint8Array, limits: ScanLimits): Payload {
  const bytes = message.slice();
  const written = decoder.decode(bytes);
  const value = parsed(written);
  // A text in quotes is a text, quotes and all, for the channel's schema too.
  if (value === undefined || typeof value === "string") return { bytes, form: "text", value: written };
  if (typeof value === "object") scanPayload(written, limits);
  return { bytes, form: "json", value };
}

/** `undefined` for what is no JSON. */
export function parsed(written: string): unknown {
  try {
    return JSON.parse(written) as unknown;
  } catch {
    return undefined;
  }
}

/** A JSON string reaches raw without its quotes. */
export function wordsOf({ data, form }: Pick<Publication, "data" | "form">): Uint8Array {
  if (form !== "json" || data[0] !== 0x22) return data;
  return encoder.encode(JSON.parse(decoder.decode(data)) as string);
}
