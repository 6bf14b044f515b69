// One subscriber of the load generator, on a bare TCP socket.
import { connect, type Socket } from "node:net";
import type { MarkReader } from "../mark.ts";
import { blankLine, EventReader, lineEnd } from "./events.ts";
import { clientFrame, FrameReader, opcodes } from "./frames.ts";
import { justOpen, type Opened } from "./replies.ts";
import type { Speech } from "./speech.ts";
import type { Tally } from "./tally.ts";

/** What all subscribers of a process share. */
export interface Shared {
  readonly host: string;
  readonly port: number;
  /** The path to ask for; `null`: the wire's own. */
  readonly path: string | null;
  readonly marks: MarkReader;
  /** Where all sockets read into: on POSIX a read and its callback are one step. */
  readonly buffer: Buffer;
  /** Called before the deliveries of one read. */
  reads(): void;
  /** Called for each delivery of the phase that is counted. */
  delivered(atUs: number): void;
}

export interface SubscriberOptions {
  /** The address to dial from; `null`: whichever. */
  readonly from: string | null;
  readonly speech: Speech;
  readonly tally: Tally;
  /** Called once, when it ends after it was open. */
  readonly ended: (problem: string) => void;
}

const endOfHead = "\r\n\r\n";

export class Subscriber {
  readonly tally: Tally;
  /** Resolves when it is subscribed. */
  readonly opened: Promise<Opened>;
  /** Publications since it was opened, of every phase. */
  publications = 0;
  readonly #shared: Shared;
  readonly #speech: Speech;
  readonly #ended: (problem: string) => void;
  readonly #socket: Socket;
  readonly #reader: FrameReader | EventReader;
  #isOpen = false;
  #head: string | null = "";
  #open: (opened: Opened) => void = () => undefined;
  #refuse: (problem: Error) => void = () => undefined;

  constructor({ from, speech, tally, ended }: SubscriberOptions, shared: Shared) {
    this.tally = tally;
    this.#shared = shared;
    this.#speech = speech;
    this.#ended = ended;
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
      host: shared.host,
      port: shared.port,
      ...(from !== null && { localAddress: from }),
      noDelay: true,
      onread: { buffer: shared.buffer, callback },
    };
    this.#socket = connect(options, () => this.#socket.write(requestOf(speech, shared)));
    this.#socket.on("error", (error) => this.#fail(error.message));
    this.#socket.on("close", () => this.#fail("the server closed the connection"));
  }

  /** Reads nothing any more. */
  stall(): void {
    this.#socket.pause();
  }

  /** Lets its subscription go on, which is at rest. */
  resume(): void {
    if (this.#speech.resume !== null) this.#socket.write(this.#speech.resume);
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
    if (this.#speech.opening === null) this.#nowOpen(justOpen);
    else if (this.#speech.opening.length > 0) this.#socket.write(this.#speech.opening);
    return chunk.subarray(end + endOfHead.length - before.length);
  }

  #frame(frame: FrameReader): void {
    const { bytes, start, end, opcode } = frame;
    if (opcode === opcodes.text || opcode === opcodes.binary) {
      const { endOfReply } = this.#speech;
      if (endOfReply === undefined) return this.#said(bytes, start, end);
      for (let [at, next] = [start, start]; at < end; at = next) {
        next = endOfReply(bytes, at, end);
        this.#said(bytes, at, next);
      }
    } else if (opcode === opcodes.ping) {
      this.#socket.write(clientFrame(opcodes.pong, bytes.subarray(start, end)));
    } else if (opcode === opcodes.close) {
      this.#fail(`the server said close: ${bytes.toString("latin1", start + 2, end)}`);
    }
  }

  #said(bytes: Buffer, start: number, end: number): void {
    const { marks } = this.#shared;
    if (!marks.read(bytes, start, end)) return this.#hear(bytes.subarray(start, end));
    this.publications += 1;
    if (this.tally.add(marks)) this.#shared.delivered(marks.atUs);
  }

  #hear(payload: Buffer): void {
    try {
      const heard = this.#speech.hear(payload);
      if (Buffer.isBuffer(heard)) this.#say(heard);
      else if (heard !== null) this.#nowOpen(heard);
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** Where what it hears is an answer, it says the rest by requests; what comes of them is heard where everything is. */
  #say(bytes: Buffer): void {
    if (this.#speech.carrier === "websocket") return void this.#socket.write(bytes);
    const { host, port } = this.#shared;
    const socket = connect({ host, port }, () => socket.write(bytes));
    socket.on("error", (error) => this.#fail(error.message));
    socket.resume();
  }

  #nowOpen(opened: Opened): void {
    this.#isOpen = true;
    this.#open(opened);
  }

  #fail(problem: string): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#socket.resetAndDestroy();
    if (wasOpen) this.#ended(problem);
    else this.#refuse(new Error(problem));
  }
}

function requestOf({ path: usual, carrier, subprotocol, posted }: Speech, { host, port, path: asked }: Shared): string {
  const path = asked ?? usual;
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (posted !== undefined) return postOf(path, authority, posted);
  if (carrier === "events") return `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nAccept: text/event-stream\r\n\r\n`;
  const offer = subprotocol === null ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${offer}\r\n`
  );
}

function postOf(path: string, authority: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${authority}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
