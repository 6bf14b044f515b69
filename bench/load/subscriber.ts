// One subscriber of the load generator, on a bare TCP socket.
import { connect, type Socket } from "node:net";
import type { MarkReader } from "../mark.ts";
import { blankLine, EventReader, lineEnd } from "./events.ts";
import { clientFrame, FrameReader, opcodes } from "./frames.ts";
import type { Speech } from "./speech.ts";
import { Tally } from "./tally.ts";

/** What all subscribers of a process share. */
export interface Shared {
  readonly port: number;
  readonly marks: MarkReader;
  /** Where all sockets read into: on POSIX a read and its callback are one step. */
  readonly buffer: Buffer;
  /** Called before the deliveries of one read. */
  reads(): void;
  /** Called for each delivery of the phase that is counted. */
  delivered(atUs: number): void;
  failed(problem: string): void;
}

const endOfHead = "\r\n\r\n";

export class Subscriber {
  readonly tally: Tally = new Tally();
  /** Resolves when it is subscribed. */
  readonly opened: Promise<void>;
  readonly #shared: Shared;
  readonly #speech: Speech;
  readonly #socket: Socket;
  readonly #reader: FrameReader | EventReader;
  #isOpen = false;
  #head: string | null = "";
  #open: () => void = () => undefined;
  #refuse: (problem: Error) => void = () => undefined;

  constructor(speech: Speech, shared: Shared) {
    this.#shared = shared;
    this.#speech = speech;
    this.#reader =
      speech.carrier === "websocket"
        ? new FrameReader((frame) => this.#frame(frame))
        : new EventReader(speech.carrier === "events" ? blankLine : lineEnd, ({ bytes, start, end }) =>
            this.#said(bytes, start, end),
          );
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#refuse = reject;
    });
    const callback = (count: number): boolean => {
      this.#read(shared.buffer.subarray(0, count));
      return true;
    };
    const options = {
      host: "127.0.0.1",
      port: shared.port,
      noDelay: true,
      onread: { buffer: shared.buffer, callback },
    };
    this.#socket = connect(options, () => this.#socket.write(requestOf(speech)));
    this.#socket.on("error", (error) => this.#fail(error.message));
    this.#socket.on("close", () => this.#fail("the server closed the connection"));
  }

  /** Reads nothing any more. */
  stall(): void {
    this.#socket.pause();
  }

  #read(chunk: Buffer): void {
    this.#shared.reads();
    const left = this.#head === null ? chunk : this.#begun(chunk);
    if (left !== null) this.#reader.read(left);
  }

  /** What follows the head of the answer; `null` until it is there. */
  #begun(chunk: Buffer): Buffer | null {
    const before = this.#head ?? "";
    const head = before + chunk.toString("latin1");
    const end = head.indexOf(endOfHead);
    if (end < 0) {
      this.#head = head;
      return null;
    }
    const status = this.#speech.carrier === "websocket" ? 101 : 200;
    if (!head.startsWith(`HTTP/1.1 ${status} `)) {
      this.#fail(`expected ${status}, got ${head.slice(0, end)}`);
      return null;
    }
    this.#head = null;
    if (this.#speech.opening === null) this.#nowOpen();
    else if (this.#speech.opening.length > 0) this.#socket.write(this.#speech.opening);
    return chunk.subarray(end + endOfHead.length - before.length);
  }

  /** The contestants put one publication into a frame; a second would be counted as lost. */
  #frame(frame: FrameReader): void {
    const { bytes, start, end, opcode } = frame;
    if (opcode === opcodes.text || opcode === opcodes.binary) {
      this.#said(bytes, start, end);
    } else if (opcode === opcodes.ping) {
      this.#socket.write(clientFrame(opcodes.pong, bytes.subarray(start, end)));
    } else if (opcode === opcodes.close) {
      this.#fail(`the server said close: ${bytes.toString("latin1", start + 2, end)}`);
    }
  }

  #said(bytes: Buffer, start: number, end: number): void {
    const { marks } = this.#shared;
    if (!marks.read(bytes, start, end)) this.#hear(bytes.subarray(start, end));
    else if (this.tally.add(marks.phase, marks.n)) this.#shared.delivered(marks.atUs);
  }

  #hear(payload: Buffer): void {
    const meant = this.#speech.hear(payload);
    if (meant === "open") this.#nowOpen();
    else if (meant !== null && this.#speech.posted !== undefined) this.#post(meant);
    else if (meant !== null) this.#socket.write(meant);
  }

  /** What comes of it is heard where everything is. */
  #post(request: Buffer): void {
    const socket = connect({ host: "127.0.0.1", port: this.#shared.port }, () => socket.write(request));
    socket.on("error", (error) => this.#fail(error.message));
    socket.resume();
  }

  #nowOpen(): void {
    this.#isOpen = true;
    this.#open();
  }

  #fail(problem: string): void {
    if (this.#isOpen) this.#shared.failed(problem);
    else this.#refuse(new Error(problem));
    this.#isOpen = false;
    this.#socket.resetAndDestroy();
  }
}

function requestOf({ path, carrier, subprotocol, posted }: Speech): string {
  if (posted !== undefined) {
    const length = Buffer.byteLength(posted);
    return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${length}\r\n\r\n${posted}`;
  }
  if (carrier === "events") return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n`;
  const offer = subprotocol === null ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${offer}\r\n`
  );
}
