// Reading a JSON body within its limit.
import type { IncomingMessage } from "node:http";

export class BodyError extends Error {
  override readonly name: string = "BodyError";
  readonly status: 400 | 413;
  readonly reason: "bad_request" | "too_large";

  constructor(status: 400 | 413, message: string) {
    super(message);
    this.status = status;
    this.reason = status === 413 ? "too_large" : "bad_request";
  }
}

/** A parsed body and its text. */
export interface Json {
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** @throws {BodyError} when it is larger than `maxBytes`, or not a JSON object. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<Json> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isTooLarge = Number(request.headers["content-length"] ?? 0) > maxBytes;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    isTooLarge ||= bytes > maxBytes;
    // What is too large is read to its end, within reason, so that the answer reaches whoever is still sending.
    if (isTooLarge && bytes > 4 * maxBytes) break;
    if (!isTooLarge) chunks.push(chunk);
  }
  if (isTooLarge) throw new BodyError(413, `expected a body of at most ${maxBytes} bytes`);
  const text = decode(Buffer.concat(chunks));
  const value = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BodyError(400, "expected a JSON object as body");
  }
  return { text, value: value as Readonly<Record<string, unknown>> };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new BodyError(400, "expected a body in UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new BodyError(400, "expected JSON as body");
  }
}
