// Reads a small JSON body of a request.
import type { IncomingMessage } from "node:http";

const maxBytes = 4_096;

export type JsonBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "refused"; readonly status: 400 | 413 | 415; readonly why: string };

/**
 * Asks for `application/json`: a form on a page of another site cannot send that, so it cannot act for our user.
 * More than 4 KiB are not read.
 */
export async function readJsonBody(request: IncomingMessage): Promise<JsonBody> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    return { kind: "refused", status: 415, why: "The body is application/json." };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) return { kind: "refused", status: 413, why: `The body has at most ${maxBytes} bytes.` };
    chunks.push(chunk);
  }
  try {
    return { kind: "json", value: JSON.parse(Buffer.concat(chunks).toString("utf8")) };
  } catch {
    return { kind: "refused", status: 400, why: "The body is not JSON." };
  }
}
