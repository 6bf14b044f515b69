// A connection without a socket: a test decides when its reader reads, and sees what arrived, frame by frame.
import type { Connection, ConnectionInfo, Framing, Opened } from "../dialects/connection.ts";
import { webSocketFraming } from "../transports/framing.ts";
import { type Message, splitFrames } from "./frames.ts";

const someone: ConnectionInfo = {
  headers: {},
  url: "/connection/websocket",
  address: "203.0.113.7",
  client: {},
  token: "",
  isLoopback: false,
};

/** A connection without a socket: what a client would have read, and what it says, as a test decides. */
export class FakeConnection implements Connection {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  /** What the reader has read, in order; of a WebSocket. */
  readonly messages: Message[] = [];
  /** What it has read of an event stream. */
  bytes: Buffer = Buffer.alloc(0);
  /** The close frame; `null` while there was none. */
  ended: { readonly code: number; readonly reason: string } | null = null;
  /** What a stream says at its end. */
  last: Buffer | null = null;
  isTerminated = false;
  /** Whether the server reads from this client. */
  isHeld = false;
  /** Whether what it says waits before it is taken in. */
  isLate = false;
  /** The most bytes that ever waited here. */
  mostUnsent = 0;
  /** How often something was written, and how often although it was full or had ended. */
  writes = 0;
  strayWrites = 0;
  /** Set once the connection was opened. */
  opened: Opened | null = null;
  readonly #watermark: number;
  #isReading = true;
  #isFull = false;
  #waiting: Buffer[] = [];
  #unsent = 0;
  #unparsed: Buffer = Buffer.alloc(0);
  #received = 0;

  /** @param watermark Bytes waiting from which on it calls itself full. Default: 65,536. */
  constructor(info: Partial<ConnectionInfo> = {}, watermark = 65_536, framing: Framing = webSocketFraming) {
    this.info = { ...someone, ...info };
    this.#watermark = watermark;
    this.framing = framing;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Every JSON value read so far; one frame may hold several lines. */
  get lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.messages
      .filter((message) => message.form === "text")
      .flatMap(({ payload }) => payload.toString().split("\n"))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    return { unsent: this.#unsent, received: this.#received };
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    if (this.#isFull || this.ended !== null || this.isTerminated) this.strayWrites += 1;
    if (this.ended !== null || this.isTerminated) return "open";
    this.writes += 1;
    // Copied: a frame that is changed after it was written would otherwise not be noticed.
    for (const frame of frames) this.#waiting.push(Buffer.from(frame));
    this.#unsent += frames.reduce((sum, frame) => sum + frame.length, 0);
    this.mostUnsent = Math.max(this.mostUnsent, this.#unsent);
    if (this.#isReading) this.#take(this.#unsent);
    this.#isFull = this.#unsent >= this.#watermark;
    return this.#isFull ? "full" : "open";
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  close(code: number, reason: string, last?: Uint8Array): void {
    if (this.ended !== null) throw new Error(`closed twice: with ${this.ended.code}, then with ${code}`);
    this.ended = { code, reason };
    this.last = last === undefined ? null : Buffer.from(last);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  /** The client says something. */
  say(message: string | Uint8Array): void {
    const bytes = typeof message === "string" ? Buffer.from(message) : message;
    this.#received += bytes.length;
    this.opened?.receive(bytes, typeof message === "string" ? "text" : "bytes");
  }

  /** The reader stops: what is written from now on waits. */
  stop(): void {
    this.#isReading = false;
  }

  /** The reader takes `bytes` of what waits, and no more. */
  read(bytes: number): void {
    this.#take(bytes);
    this.#relieve();
  }

  /** The reader reads again, all that waits and all that comes. */
  resume(): void {
    this.#isReading = true;
    this.#take(this.#unsent);
    this.#relieve();
  }

  /** As a socket does: it says so once it is empty, not before. */
  #relieve(): void {
    if (!this.#isFull || this.#unsent > 0) return;
    this.#isFull = false;
    this.opened?.writable();
  }

  #take(bytes: number): void {
    const all = Buffer.concat(this.#waiting);
    const taken = all.subarray(0, bytes);
    const rest = all.subarray(taken.length);
    this.#waiting = rest.length === 0 ? [] : [rest];
    this.#unsent = rest.length;
    if (this.framing.id !== "ws") return void (this.bytes = Buffer.concat([this.bytes, taken]));
    const { messages, rest: unparsed } = splitFrames(Buffer.concat([this.#unparsed, taken]));
    this.messages.push(...messages);
    this.#unparsed = unparsed;
  }
}
