// A client of the protocol's fallbacks by hand: a stream on a bare socket, and requests of their own.
import { requestStream, type StreamClient } from "./event-stream-client.ts";
import { ask, type Asked } from "./requesting.ts";
import type { Served } from "./serving.ts";

export type Line = Readonly<Record<string, unknown>>;
export type Fallback = "http_stream" | "sse";

interface Place {
  readonly session: string;
  readonly node: string;
}

export class EmulatedClient {
  readonly stream: StreamClient;
  readonly #httpUrl: string;

  constructor(stream: StreamClient, httpUrl: string) {
    this.stream = stream;
    this.#httpUrl = httpUrl;
  }

  /** What was said so far, whole lines alone. */
  get lines(): readonly Line[] {
    return (
      this.stream.head.includes("text/event-stream") ? this.stream.data() : this.stream.text.split("\n").slice(0, -1)
    ).map((line) => JSON.parse(line) as Line);
  }

  get place(): Place {
    const { session, node } = (this.lines[0]?.["connect"] ?? {}) as Place;
    return { session, node };
  }

  /** Says commands; answered with a status, while what they come to is heard by the stream. */
  say(commands: string, place: Partial<Place> = {}): Promise<Asked> {
    return emulate(this.#httpUrl, JSON.stringify({ ...this.place, ...place, data: commands }));
  }

  async until(holds: (lines: readonly Line[]) => boolean): Promise<this> {
    await this.stream.until(() => holds(this.lines));
    return this;
  }
}

export function emulate(httpUrl: string, body: string | Uint8Array, type = "application/json"): Promise<Asked> {
  return ask(`${httpUrl}/emulation`, {
    method: "POST",
    body: body as BodyInit,
    headers: { "Content-Type": type },
  });
}

export const connectCommand = '{"id":1,"connect":{}}';

/** A stream that was begun by these commands; whether it opens is seen by its status. */
export async function beginStream({ port }: Served, fallback: Fallback, commands: string): Promise<StreamClient> {
  if (fallback === "sse") return requestStream(port, `/connection/sse?cf_connect=${encodeURIComponent(commands)}`);
  return postStream(port, "/connection/http_stream", commands);
}

/** A stream that a posted body begins. */
export async function postStream(port: number, path: string, body: string | Uint8Array): Promise<StreamClient> {
  const length = Buffer.byteLength(body);
  const headers = {
    "Content-Type": typeof body === "string" ? "application/json" : "application/octet-stream",
    "Content-Length": String(length),
  };
  const client = await requestStream(port, path, { method: "POST", headers });
  client.socket.write(body);
  return client;
}

/** One that is connected. */
export async function emulatedClient(
  served: Served,
  fallback: Fallback = "http_stream",
  commands = connectCommand,
): Promise<EmulatedClient> {
  const client = new EmulatedClient(await beginStream(served, fallback, commands), served.httpUrl);
  return client.until((lines) => lines.length > 0);
}
