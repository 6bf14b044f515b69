// The way into channels for processes far from a server: its HTTP API.
import { Agent, request as plainRequest, type RequestOptions } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { systemClock } from "./clock.ts";
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

interface Publication extends Marks {
  readonly data: unknown;
}

const answerMs = 5_000;
const mostAnswerChars = 4_194_304;

/** Resolves when it is accepted. */
type Publish = (channel: string, data: unknown, marks: Marks) => Promise<void>;

/** Resolves when all are accepted, in their order; rejects when one is not, and then none after it is. At most 100. */
type PublishAll = (channel: string, publications: readonly Publication[]) => Promise<void>;

/**
 * Publishes through the server API (PROTOCOL 3); any node of a cluster will do. Resolves when it is accepted.
 * @throws {TidewireError} what the server refused it with, or the status it answered with.
 */
export function httpPublish(options: HttpPublisherOptions): Publish {
  const ask = askAt(options);
  return async (channel, data, marks) => {
    const { error } = await ask("publish", commandOf(channel, { data, ...marks }));
    if (error !== null) throw error;
  };
}

/** The same for whoever publishes much at once: what is published while an answer is awaited goes in one request together (decision 0050). */
export function httpPublishTogether(options: HttpPublisherOptions): PublishAll {
  const line = new PublishLine(askAt(options));
  return (channel, publications) => line.publish(...publications.map((one) => commandOf(channel, one)));
}

function commandOf(channel: string, { data, idempotencyKey, tags }: Publication): string {
  return JSON.stringify({ channel, data, idempotency_key: idempotencyKey, tags });
}

function askAt({ url, apiKey }: HttpPublisherOptions): Ask {
  const base = url.endsWith("/") ? url : `${url}/`;
  const headers = { "content-type": "application/json", "x-api-key": apiKey };
  const addresses = { publish: new URL("publish", base), batch: new URL("batch", base) };
  const post = posting(addresses.publish.protocol === "https:", headers);
  return async (method, body) => {
    const { status, text } = await post(addresses[method], body);
    const { error, replies } = Object(parsed(status, text)) as { readonly error?: unknown; readonly replies?: unknown };
    return status < 300 && error === undefined
      ? { error: null, replies }
      : { error: refusalOf(error, status), replies };
  };
}

/** What stands before a server refuses what is too large in words of its own; other words are no server's. */
function parsed(status: number, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    if (status === 413) return null;
    throw thrown;
  }
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Not `fetch`, which costs three times as much of a processor for each request (decision 0054). */
function posting(isSecure: boolean, headers: RequestOptions["headers"]): (to: URL, body: string) => Promise<Answered> {
  const agent = isSecure ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  const request = isSecure ? secureRequest : plainRequest;
  return (to, body) =>
    new Promise((resolve, reject) => {
      const asking = request(to, { method: "POST", agent, headers });
      const late = (): void => void asking.destroy(new Error(`no answer came within ${answerMs} ms`));
      const cancel = systemClock.after(answerMs, late);
      asking.on("close", cancel);
      asking.on("error", reject);
      asking.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > mostAnswerChars) asking.destroy(new Error(`an answer was longer than ${mostAnswerChars}`));
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asking.end(body);
    });
}
