// Publishes to a server that is not ours to start: by its API, by HTTP, or over a WebSocket as its clients do.
import { once } from "node:events";
import type { Payload } from "../mark.ts";

export interface RemoteOptions {
  /** Where its clients connect: `ws://`. */
  readonly url: string;
  readonly channel: string;
  readonly by: "api" | "post" | "centrifuge" | "message";
  /** For `api`. */
  readonly apiKey: string | null;
}

export interface RemotePublisher {
  publish(payload: Payload): void;
  /** Resolves when the server has taken everything. @throws {Error} what it refused. */
  drained(): Promise<void>;
}

const requestMs = 10_000;
/** Of a server's commands in one request. */
const batchSize = 100;

export async function openPublisher(options: RemoteOptions): Promise<RemotePublisher> {
  const { url, channel, by, apiKey } = options;
  const http = new URL(url.replace(/^ws/, "http"));
  switch (by) {
    case "api": {
      const headers = { "content-type": "application/json", "x-api-key": apiKey ?? "" };
      return new RequestPublisher(batchSize, async (payloads) => {
        const commands = payloads.map((data) => ({ publish: { channel, data } }));
        const body = JSON.stringify({ commands });
        await checkReplies(await post(new URL("/api/batch", http), { headers, body }));
      });
    }
    case "post": {
      const headers = { "content-type": "application/json" };
      return new RequestPublisher(1, async (payloads) => {
        await post(http, { headers, body: JSON.stringify(payloads[0]) });
      });
    }
    case "centrifuge":
    case "message": {
      const socket = new WebSocket(url);
      await Promise.race([once(socket, "open"), failed(socket, url)]);
      return by === "message" ? messagesOn(socket) : new CommandPublisher(socket, channel);
    }
  }
}

async function failed(socket: WebSocket, url: string): Promise<never> {
  await once(socket, "error");
  throw new Error(`${url}: expected a WebSocket, got none`);
}

async function post(url: URL, { headers, body }: { headers: Record<string, string>; body: string }): Promise<Response> {
  const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(requestMs) });
  if (response.ok) return response;
  throw new Error(`${url.href}: expected 200, got ${response.status} ${(await response.text()).slice(0, 200)}`);
}

/** Errors of a batch stand in an answer with status 200. */
async function checkReplies(response: Response): Promise<void> {
  interface Answer {
    readonly error?: unknown;
    readonly replies?: readonly Readonly<Record<string, unknown>>[];
    readonly result?: { readonly replies?: readonly Readonly<Record<string, unknown>>[] };
  }
  const { error, replies, result } = (await response.json()) as Answer;
  const refused = (replies ?? result?.replies ?? []).find((reply) => reply["error"] !== undefined);
  if (error !== undefined || refused !== undefined) throw new Error(`refused: ${JSON.stringify(error ?? refused)}`);
}

function messagesOn(socket: WebSocket): RemotePublisher {
  return {
    publish: (payload) => socket.send(JSON.stringify(payload)),
    drained: () => Promise.resolve(),
  };
}

/** One request at a time, or they would overtake each other. */
class RequestPublisher implements RemotePublisher {
  readonly #most: number;
  readonly #send: (payloads: readonly Payload[]) => Promise<void>;
  #waiting: Payload[] = [];
  #running: Promise<void> | null = null;

  constructor(most: number, send: (payloads: readonly Payload[]) => Promise<void>) {
    this.#most = most;
    this.#send = send;
  }

  publish(payload: Payload): void {
    this.#waiting.push(payload);
    if (this.#running !== null) return;
    this.#running = this.#run();
    // `drained` is who reads it.
    this.#running.catch(() => undefined);
  }

  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Those of the same burst go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0, this.#most));
    this.#running = null;
  }
}

/** Publish commands of the Centrifuge protocol. */
class CommandPublisher implements RemotePublisher {
  readonly #socket: WebSocket;
  readonly #channel: string;
  #lastId = 1;
  #unanswered = 0;
  #problem: Error | null = null;
  #answered: () => void = () => undefined;

  constructor(socket: WebSocket, channel: string) {
    this.#socket = socket;
    this.#channel = channel;
    socket.addEventListener("message", ({ data }) => this.#hear(String(data)));
    socket.addEventListener("close", ({ code, reason }) => this.#fail(`the server closed it: ${code} ${reason}`));
    socket.send('{"id":1,"connect":{}}');
  }

  publish(data: Payload): void {
    this.#lastId += 1;
    this.#unanswered += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, publish: { channel: this.#channel, data } }));
  }

  async drained(): Promise<void> {
    while (this.#unanswered > 0 && this.#problem === null) {
      await new Promise<void>((resolve) => {
        this.#answered = resolve;
      });
    }
    if (this.#problem !== null) throw this.#problem;
  }

  #hear(text: string): void {
    for (const line of text.split("\n")) {
      const { id, error } = JSON.parse(line) as { id?: number; error?: unknown };
      if (error !== undefined)
        this.#fail(`refused: ${JSON.stringify(error)}; with --api-key the server's API publishes`);
      else if (line === "{}") this.#socket.send("{}");
      else if (id !== undefined && id > 1) this.#unanswered -= 1;
    }
    this.#answered();
  }

  #fail(problem: string): void {
    this.#problem ??= new Error(problem);
    this.#answered();
  }
}
