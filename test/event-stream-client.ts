// A client of event streams on a bare TCP socket, so that a test decides when it reads and how it ends.
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { EventParser, type StreamedEvent } from "../packages/server/src/testing/event-parser.ts";
import { dial } from "./wire.ts";

const endOfHead = "\r\n\r\n";

export class StreamClient {
  readonly socket: Socket;
  readonly parser = new EventParser();
  /** Everything before the body. */
  head = "";
  /** Resolves with the body when the connection has ended. */
  readonly ended: Promise<string>;
  #body: Buffer[] = [];
  #isBody = false;
  #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.ended = new Promise((resolve) => {
      socket.once("close", () => {
        resolve(this.text);
        this.#tell();
      });
    });
    onTestFinished(() => void socket.destroy());
  }

  get status(): number {
    return Number(this.head.split(" ", 2)[1] ?? 0);
  }

  /** The body so far. */
  get text(): string {
    return Buffer.concat(this.#body).toString();
  }

  get events(): readonly StreamedEvent[] {
    return this.parser.events;
  }

  /** The data of the events of this type. */
  data(type = "message"): readonly string[] {
    return this.events.filter((event) => event.type === type).map(({ data }) => data);
  }

  /** Resolves when it holds; rejects when the connection ends before. */
  async until(holds: (client: StreamClient) => boolean): Promise<this> {
    while (!holds(this)) {
      if (this.socket.destroyed) throw new Error(`the connection ended before: ${this.head}`);
      await new Promise<void>((resolve) => void this.#waiting.add(resolve));
    }
    return this;
  }

  #read(chunk: Buffer): void {
    if (this.#isBody) this.#feed(chunk);
    else {
      const all = this.head + chunk.toString("latin1");
      const end = all.indexOf(endOfHead);
      this.head = end < 0 ? all : all.slice(0, end);
      if (end >= 0) {
        this.#isBody = true;
        this.#feed(Buffer.from(all.slice(end + endOfHead.length), "latin1"));
      }
    }
    this.#tell();
  }

  #feed(bytes: Buffer): void {
    this.#body.push(bytes);
    this.parser.feed(bytes);
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resolve of waiting) resolve();
  }
}

export interface StreamRequest {
  readonly method?: string;
  readonly version?: "1.0" | "1.1";
  readonly headers?: Readonly<Record<string, string>>;
}

/** The request as it goes over the wire. */
export function streamRequest(
  path: string,
  { method = "GET", version = "1.1", headers = {} }: StreamRequest = {},
): string {
  const lines = Object.entries({ Host: "127.0.0.1", Accept: "text/event-stream", ...headers });
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${path} HTTP/${version}\r\n${fields}\r\n`;
}

export async function requestStream(port: number, path: string, request: StreamRequest = {}): Promise<StreamClient> {
  const client = new StreamClient(await dial(port));
  client.socket.write(streamRequest(path, request));
  return client;
}

/** One that is subscribed. */
export async function openStream(port: number, path: string, request: StreamRequest = {}): Promise<StreamClient> {
  const client = await requestStream(port, path, request);
  await client.until(
    ({ parser, head }) => parser.retryMs !== null || (head !== "" && !head.startsWith("HTTP/1.1 200")),
  );
  if (client.status !== 200) throw new Error(`expected 200, got ${client.head}`);
  return client;
}
