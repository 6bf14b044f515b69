// The way into channels for processes far from a server: its HTTP API.
import { TidewireError } from "@tidewire/protocol";

/** Where the server is, and what it knows a publisher by. */
export interface HttpPublisherOptions {
  /** Where the server API is, such as `http://localhost:8080/api`. */
  readonly url: string;
  readonly apiKey: string;
}

/** How a publication is named and marked. */
interface Marks {
  /** 1 to 64 characters. */
  readonly idempotencyKey: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const answerMs = 5_000;

/**
 * Publishes through the server API (PROTOCOL 3); any node of a cluster will do. Resolves when it is accepted.
 * @throws {TidewireError} what the server refused it with, or the status it answered with.
 */
export function httpPublish({
  url,
  apiKey,
}: HttpPublisherOptions): (channel: string, data: unknown, marks: Marks) => Promise<void> {
  const address = new URL("publish", url.endsWith("/") ? url : `${url}/`);
  return async (channel, data, { idempotencyKey, tags }) => {
    const response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": apiKey },
      body: JSON.stringify({ channel, data, idempotency_key: idempotencyKey, tags }),
      signal: AbortSignal.timeout(answerMs),
    });
    const answer = (await response.json()) as { readonly error?: unknown };
    if (response.ok && answer.error === undefined) return;
    throw errorOf(answer.error, response.status);
  };
}

function errorOf(error: unknown, status: number): TidewireError {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  return new TidewireError({
    received: {
      code: typeof code === "number" ? code : status,
      message: typeof message === "string" ? message : `the server API answered with status ${status}`,
      temporary: code === 100 || status >= 500 || status === 429,
    },
  });
}
