// The way into channels for bridges in processes of their own: the server's HTTP API.
import { TidewireError } from "@tidewire/protocol";
import type { Publisher } from "../publisher.ts";

/** Where the server is, and what it knows a bridge by. */
export interface HttpPublisherOptions {
  /** Where the server API is, such as `http://localhost:8080/api`. */
  readonly url: string;
  readonly apiKey: string;
}

const answerMs = 5_000;

/** Publishes through the server API (PROTOCOL 3); any node of a cluster will do. */
export function httpPublisher({ url, apiKey }: HttpPublisherOptions): Publisher {
  const address = new URL("publish", url.endsWith("/") ? url : `${url}/`);
  return {
    publish: async (channel, data, { idempotencyKey, tags }) => {
      const response = await fetch(address, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": apiKey },
        body: JSON.stringify({ channel, data, idempotency_key: idempotencyKey, ...(tags && { tags }) }),
        signal: AbortSignal.timeout(answerMs),
      });
      const answer = (await response.json()) as { readonly error?: unknown };
      if (response.ok && answer.error === undefined) return;
      throw errorOf(answer.error, response.status);
    },
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
