// The way into channels for processes far from a server: its HTTP API.
import { type Ask, PublishLine, refusalOf } from "./publish-line.ts";

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

/** Resolves when it is accepted. */
type Publish = (channel: string, data: unknown, marks: Marks) => Promise<void>;

/**
 * Publishes through the server API (PROTOCOL 3); any node of a cluster will do. Resolves when it is accepted.
 * @throws {TidewireError} what the server refused it with, or the status it answered with.
 */
export function httpPublish(options: HttpPublisherOptions): Publish {
  const ask = askAt(options);
  return async (channel, data, marks) => {
    const { error } = await ask("publish", commandOf(channel, data, marks));
    if (error !== null) throw error;
  };
}

/** The same for whoever publishes much at once: what is published while an answer is awaited goes in one request together (decision 0050). */
export function httpPublishTogether(options: HttpPublisherOptions): Publish {
  const line = new PublishLine(askAt(options));
  return (channel, data, marks) => line.publish(commandOf(channel, data, marks));
}

function commandOf(channel: string, data: unknown, { idempotencyKey, tags }: Marks): string {
  return JSON.stringify({ channel, data, idempotency_key: idempotencyKey, tags });
}

function askAt({ url, apiKey }: HttpPublisherOptions): Ask {
  const base = url.endsWith("/") ? url : `${url}/`;
  const headers = { "content-type": "application/json", "x-api-key": apiKey };
  const addresses = { publish: new URL("publish", base), batch: new URL("batch", base) };
  return async (method, body) => {
    const signal = AbortSignal.timeout(answerMs);
    const response = await fetch(addresses[method], { method: "POST", headers, body, signal });
    // What stands before a server refuses what is too large in words of its own; other words are no server's.
    const answer: unknown = await response.json().catch((thrown: unknown) => {
      if (response.status !== 413) throw thrown;
    });
    const { error, replies } = Object(answer) as { readonly error?: unknown; readonly replies?: unknown };
    return response.ok && error === undefined
      ? { error: null, replies }
      : { error: refusalOf(error, response.status), replies };
  };
}
