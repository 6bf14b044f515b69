// Streams: connections that a request opens and that go one way, written straight on the socket.
//
// The body ends with the connection (RFC 9112 §6.3), so that HTTP adds nothing to bytes that all subscribers share:
// decision 0006. The head is written with the first frame: until then the answer can be any status.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { closeReasons } from "@tidewire/protocol";
import { Link, Links } from "../collections/links.ts";
import type { Connection, ConnectionInfo, Framing, Open, Opened } from "../dialects/connection.ts";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Random } from "../ports/random.ts";
import { answer, isTemporary } from "./answer.ts";
import { eventFraming } from "./event-framing.ts";
import { asciiFraming, lineFraming } from "./running-framing.ts";
import { watermarkOf, writeFrames } from "./writing.ts";

/** What a stream carries. */
export interface StreamForm {
  readonly framing: Framing;
  /** Its content type. */
  readonly type: string;
}

export const serverSentEvents: StreamForm = { framing: eventFraming, type: "text/event-stream; charset=utf-8" };
export const jsonLines: StreamForm = { framing: lineFraming, type: "application/json; charset=utf-8" };
export const asciiLines: StreamForm = { framing: asciiFraming, type: "application/json; charset=utf-8" };
export const delimitedBytes: StreamForm = { framing: asciiFraming, type: "application/octet-stream" };

export interface StreamOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
}

export interface Exchanged {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** How long whoever cannot be served now stays away: spread, since crowds come back together. */
const leastAwayMs = 5_000;
const mostAwayMs = 15_000;
/** A stream that was open: an `EventSource` comes back after a time between these. */
const leastRetryMs = 1_000;
const mostRetryMs = 5_000;
/** Nothing is heard of a client, so the kernel asks whether it is there. */
const keepAliveMs = 25_000;

/** What one `EventSource` is told: a crowd that was cut off together does not return together. */
export function spreadRetryMs(random: Random): number {
  return leastRetryMs + random.fraction() * (mostRetryMs - leastRetryMs);
}

export class StreamTransport {
  readonly #options: StreamOptions;
  readonly #open = new Links<Stream>();

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  accept(
    { request, response }: Exchanged,
    info: ConnectionInfo,
    { form, open }: { readonly form: StreamForm; readonly open: Open },
  ): void {
    const begin = (socket: Socket): void => {
      const stream = new Stream({ ...this.#options, request, response, socket, info, form });
      this.#follow(stream, open(stream), { response, socket });
    };
    // A pipelined request has the socket when those before it are answered.
    if (response.socket === null) response.once("socket", begin);
    else begin(response.socket);
  }

  /** Apart from `accept`: listeners made there would hold what its caller has read, for as long as the stream lasts. */
  #follow(stream: Stream, opened: Opened, { response, socket }: Pick<Parts, "response" | "socket">): void {
    const place = new Link(stream);
    this.#open.add(place);
    response.once("close", () => {
      place.leave();
      opened.closed(1006, "");
    });
    socket.on("drain", () => {
      if (!stream.isFull) return;
      stream.isFull = false;
      opened.writable();
    });
  }

  /** Says what a status says, or, to clients that would take it for the end, that they come back. */
  refuse(exchanged: Exchanged, status: number, body: string): void {
    refuseStream(exchanged, { status, body, random: this.#options.random });
  }

  /** Ends those that nobody has ended; what was said to the others is still on its way. */
  closeAll(): void {
    for (const stream of this.#open.items()) stream.close(503, goingDown);
  }
}

const { code, reason: message } = closeReasons.shutdown;
const goingDown = JSON.stringify({ error: { code, message } });

const streamHeaders = {
  "cache-control": "no-store",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
  connection: "close",
};

/** Writes the head of a stream that ends with its connection. */
export function writeStreamHead(response: ServerResponse, { type }: StreamForm): void {
  // Without it, and with the connection's end announced, Node adds no framing of its own.
  response.removeHeader("transfer-encoding");
  response.writeHead(200, { "content-type": type, ...streamHeaders });
  response.flushHeaders();
}

/**
 * Refuses before a stream has begun. An `EventSource` gives up for good on any status but 200, so one that a browser,
 * or what fetches as one does, would lose for a while only is told in a stream of one event when to come back.
 */
function refuseStream(
  { request, response }: Exchanged,
  { status, body, random }: { readonly status: number; readonly body: string; readonly random: Random },
): void {
  if (!isTemporary(status) || !comesBackByItself(request)) return answer(response, { status, body });
  if (response.headersSent || response.destroyed) return;
  const retryMs = leastAwayMs + random.fraction() * (mostAwayMs - leastAwayMs);
  writeStreamHead(response, serverSentEvents);
  response.end(eventFraming.event({ name: "end", data: body, retryMs }));
}

/** Fetch, "sec-fetch-mode"; browsers leave it out where a page came without TLS, and all of them call themselves Mozilla. */
function comesBackByItself({ headers }: IncomingMessage): boolean {
  return headers["sec-fetch-mode"] !== undefined || headers["user-agent"]?.startsWith("Mozilla/") === true;
}

interface Parts extends Exchanged, StreamOptions {
  readonly socket: Socket;
  readonly info: ConnectionInfo;
  readonly form: StreamForm;
}

class Stream implements Connection {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  isFull = false;
  readonly #parts: Parts;
  readonly #socket: Socket;
  readonly #watermark: number;
  #state: "new" | "open" | "ended" = "new";

  constructor(parts: Parts) {
    this.#parts = parts;
    this.info = parts.info;
    this.framing = parts.form.framing;
    this.#socket = parts.socket;
    this.#watermark = watermarkOf(parts.socket, parts.limits);
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    // Nothing that the client sends says that it reads.
    return { unsent: this.#socket.writableLength, received: 0 };
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    const socket = this.#socket;
    if (this.#state === "ended" || socket.destroyed) return "open";
    const isNew = this.#state === "new";
    // The head and the first frames leave together.
    if (isNew) socket.cork();
    if (isNew) this.#begin();
    writeFrames(socket, frames, this.#parts.metrics);
    if (isNew) socket.uncork();
    this.isFull = socket.writableLength >= this.#watermark;
    if (!this.isFull) return "open";
    this.#parts.metrics.add("limit_watermarkBytes");
    return "full";
  }

  /** Nothing is read from a stream in any case. */
  hold(): void {}

  /** One that has not begun is refused with `code` as its status, unless that is 200: then `last` is all of it. */
  close(code: number, reason: string, last?: Uint8Array): void {
    const isNew = this.#state === "new";
    if (this.#state === "ended") return;
    if (last !== undefined && (!isNew || code === 200)) this.send([last]);
    this.#state = "ended";
    if (isNew && code !== 200) return this.#refuse(code, reason);
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.destroySoon();
    const { clock, limits, metrics } = this.#parts;
    const cancel = clock.after(limits.closeTimeoutMs, () => {
      metrics.hit("closeTimeoutMs");
      socket.destroy();
    });
    socket.once("close", cancel);
  }

  terminate(): void {
    this.#socket.destroy();
  }

  #refuse(status: number, body: string): void {
    const { form, response, random } = this.#parts;
    if (form === serverSentEvents) refuseStream(this.#parts, { status, body, random });
    else answer(response, { status, body });
  }

  #begin(): void {
    const socket = this.#socket;
    this.#state = "open";
    socket.setNoDelay(true);
    // A stream may be silent for as long as its channel is.
    socket.setTimeout(0);
    socket.setKeepAlive(true, keepAliveMs);
    writeStreamHead(this.#parts.response, this.#parts.form);
    // RFC 9112 §9.6: after a request whose answer closes the connection, no other is read.
    socket.removeAllListeners("data");
    socket.on("data", () => undefined);
  }
}
