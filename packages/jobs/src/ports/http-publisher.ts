// The way to a job's channel for workers in processes of their own: the server's HTTP API.
import { jobChannel } from "@tidewire/protocol";
import type { Publisher } from "../publisher.ts";
import { type Post, PublishLine, type Reply } from "./publish-line.ts";

/** Where the server is, and what it knows a worker by. */
export interface HttpPublisherOptions {
  /** Where the server API is, such as `http://localhost:8080/api`. */
  readonly url: string;
  readonly apiKey: string;
}

const answerMs = 5_000;

/**
 * Publishes through the server API (PROTOCOL 3); any node of a cluster will do. What is published while an answer is awaited goes
 * in one request together.
 */
export function httpPublisher(options: HttpPublisherOptions): Publisher {
  const line = new PublishLine(postTo(options));
  return {
    publish: (id, data, key) =>
      line.publish(JSON.stringify({ channel: jobChannel.name({ id }), data, idempotency_key: key })),
  };
}

function postTo({ url, apiKey }: HttpPublisherOptions): Post {
  const base = url.endsWith("/") ? url : `${url}/`;
  const headers = { "content-type": "application/json", "x-api-key": apiKey };
  return async (method, body) => {
    const signal = AbortSignal.timeout(answerMs);
    const response = await fetch(new URL(method, base), { method: "POST", headers, body, signal });
    const answer = (await response.json()) as Reply;
    if (response.ok || answer.error !== undefined) return answer;
    return { error: { code: response.status, message: `the server API answered with status ${response.status}` } };
  };
}
