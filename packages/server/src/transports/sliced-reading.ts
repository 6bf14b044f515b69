// Sliced reading: what a socket brings is handed to its parser in pieces, as long as the turn has time for them.
//
// Node reads up to 64 KiB from every socket before anything else runs, and a parser takes all of it at once: of small
// requests that is 10 ms, of each who floods. What there is no time for goes back to the socket's own buffer and waits in
// line (decision 0060). So the socket's end, its close and whoever takes it over come after it, as its stream has it.
import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Hearer, Place, Turns } from "../session/turns.ts";

/** What comes in no more than this is handed over as it is; larger pieces where those before it were quick. */
const leastBytes = 1_024;
const mostBytes = 16_384;
/** A piece that took no longer is followed by one of twice its size: a body, not a thousand requests. */
const quickMs = 0.05;
/** So long is handed over at once; what is left waits in line, where also what is done with it counts. */
const atOnceMs = 0.1;

type Parse = (this: Duplex, chunk: Buffer) => void;

/** Takes the place of `listener`: who removes that one removes this, as it does one of `once`. */
interface InPlaceOf extends Parse {
  listener?: Parse;
}

export interface SlicedReadingOptions {
  readonly turns: Turns;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Reads what connects to `server` from now on in pieces, until it is upgraded. */
export function sliceRequests(server: Server, options: SlicedReadingOptions): void {
  if (sliced.has(server)) return;
  sliced.add(server);
  // Behind the listener that gives the socket its parser; under TLS that one listens for another event.
  const opened = server.listenerCount("secureConnection") > 0 ? "secureConnection" : "connection";
  server.on(opened, (socket: Duplex) => sliceReads(socket, options, null));
}

const sliced = new WeakSet<Server>();

/** Whose pausing is heeded also while a socket waits in line. */
interface Consumer {
  readonly isPaused: boolean;
}

/** Stands before the one who parses what `socket` brings. */
export function sliceReads(socket: Duplex, options: SlicedReadingOptions, consumer: Consumer | null): void {
  const [parse] = socket.listeners("data") as Parse[];
  // One that speaks HTTP/2 is not read by way of its stream.
  if (parse === undefined) return;
  (socket as Carrier)[carried] = new SlicedReading(socket, { parse, options, consumer });
  socket.off("data", parse);
  // All WebSockets have one parser's listener, and share this one: one for each would cost memory while it idles.
  if (consumer !== null && shared?.listener !== parse) shared = inPlaceOf(parse);
  socket.on("data", consumer === null ? inPlaceOf(parse) : (shared as InPlaceOf));
}

let shared: InPlaceOf | null = null;

const carried = Symbol("sliced reading");
type Carrier = Duplex & { [carried]: SlicedReading };

function inPlaceOf(parse: Parse): InPlaceOf {
  const came: InPlaceOf = function came(this: Duplex, chunk: Buffer) {
    (this as Carrier)[carried].came(chunk);
  };
  came.listener = parse;
  return came;
}

interface Parts {
  readonly parse: Parse;
  readonly options: SlicedReadingOptions;
  readonly consumer: Consumer | null;
}

class SlicedReading implements Hearer {
  readonly #socket: Duplex;
  readonly #parse: Parse;
  readonly #options: SlicedReadingOptions;
  readonly #consumer: Consumer | null;
  /** A whole number, which costs no memory of its own. */
  readonly #sinceMs: number;
  /** `null` before it ever waited. */
  #place: Place | null = null;
  #isHanding = false;
  /** Of the next piece. */
  #bytes = leastBytes;

  constructor(socket: Duplex, { parse, options, consumer }: Parts) {
    this.#socket = socket;
    this.#parse = parse;
    this.#options = options;
    this.#consumer = consumer;
    this.#sinceMs = Math.trunc(options.clock.now());
  }

  came(chunk: Buffer): void {
    const isAtOnce = this.#isHanding || (chunk.length <= leastBytes && this.#options.turns.hasTime());
    // One that is destroyed cannot be paused on Node 26, and takes nothing back. Of a request nothing more is wanted then.
    if (isAtOnce || (this.#consumer !== null && this.#socket.destroyed)) return this.#parse.call(this.#socket, chunk);
    this.#socket.pause();
    this.#socket.unshift(chunk);
    this.#handOver();
  }

  hearNext(): boolean {
    if (!this.#isParsed()) {
      // Whoever has a request's socket now expects that it flows; what is behind a WebSocket's last frame is discarded.
      if (this.#consumer === null && this.#socket.listenerCount("data") > 0) this.#socket.resume();
      return false;
    }
    // It comes again when it is let flow.
    return this.#consumer?.isPaused !== true && this.#handNext();
  }

  #handOver(): void {
    const { turns, metrics } = this.#options;
    this.#bytes = leastBytes;
    const bytes = this.#socket.readableLength;
    const untilMs = this.#options.clock.now() + atOnceMs;
    while (turns.hasTimeForMany() && this.#options.clock.now() <= untilMs) if (!this.#handNext()) return;
    metrics.add("reads_late");
    this.#place ??= turns.placeOf(this, this.#sinceMs);
    turns.wait(this.#place, bytes);
  }

  /** Hands over one piece of what is in the socket's buffer. True: the next one may follow. */
  #handNext(): boolean {
    const { clock } = this.#options;
    const socket = this.#socket;
    // A parser that has enough pauses it: that shows only where it flows.
    socket.resume();
    const sinceMs = clock.now();
    this.#isHanding = true;
    try {
      socket.read(Math.min(this.#bytes, socket.readableLength));
    } finally {
      this.#isHanding = false;
    }
    // Whoever wants what is left of one that is over, as ws does, reads it at its close.
    if (socket.destroyed) socket.pause();
    if (!this.#isParsed() || socket.isPaused() || socket.readableLength === 0) return false;
    if (clock.now() - sinceMs < quickMs) this.#bytes = Math.min(2 * this.#bytes, mostBytes);
    socket.pause();
    return true;
  }

  /** Whether it still has its parser: it has none once it is upgraded, or has said its last. */
  #isParsed(): boolean {
    return !this.#socket.destroyed && this.#socket.listenerCount("data", this.#parse) > 0;
  }
}
