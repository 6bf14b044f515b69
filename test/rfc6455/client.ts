// A WebSocket client on a bare TCP socket that writes whatever it is told and notes whatever comes.
import { once } from "node:events";
import type { Socket } from "node:net";
import { constants, inflateRawSync } from "node:zlib";
import { dial, readUntil, upgradeRequest } from "../wire.ts";
import type { Chops, Event } from "./case.ts";
import { bytesOf, type Frame, frame, FrameReader, op } from "./frames.ts";

export interface ClientOptions {
  readonly port: number;
  readonly path: string;
  /** `Sec-WebSocket-Extensions`; "" for none. */
  readonly offer: string;
  readonly windowBits: number;
}

const tail = Buffer.from([0, 0, 0xff, 0xff]);

export class Client {
  readonly events: Event[] = [];
  /** The extension that the server agreed to; "" for none. */
  readonly extension: string;
  /** The server's close frame: its code, or `null` for one without; `undefined` while there was none. */
  closing: number | null | undefined = undefined;
  /** What a server must not do, and did. */
  wrong = "";
  /** Whether the server has ended the TCP connection. */
  isGone = false;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #windowBits: number;
  #partial: { readonly opcode: number; readonly isCompressed: boolean; readonly pieces: Buffer[] } | null = null;
  #changed: (() => void) | null = null;

  constructor(socket: Socket, { extension, windowBits }: { extension: string; windowBits: number }) {
    this.#socket = socket;
    this.extension = extension;
    this.#windowBits = windowBits;
    socket.on("data", (piece: Buffer) => this.#take(piece));
    for (const ending of ["end", "close"]) socket.once(ending, () => this.#leave());
  }

  static async open({ port, path, offer, windowBits }: ClientOptions): Promise<Client> {
    const socket = await dial(port);
    socket.setNoDelay(true);
    socket.write(upgradeRequest(path, offer === "" ? {} : { "Sec-WebSocket-Extensions": offer }));
    const answer = await readUntil(socket, (text) => text.includes("\r\n\r\n"));
    if (!answer.startsWith("HTTP/1.1 101 ")) throw new Error(`expected 101, got ${answer.slice(0, 80)}`);
    const [, extension = ""] = /^Sec-WebSocket-Extensions: *(.*)\r$/im.exec(answer) ?? [];
    return new Client(socket, { extension, windowBits });
  }

  get isOpen(): boolean {
    return !this.isGone && this.closing === undefined;
  }

  async send(frames: readonly Frame[], chops: Chops): Promise<void> {
    const pieces = frames.map(bytesOf);
    if (chops === "frames") {
      for (const piece of pieces) await this.#writeApart(piece);
      return;
    }
    const all = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
    if (chops === "whole") return this.write(all);
    for (let at = 0; at < all.length && this.isOpen; at += chops) await this.#writeApart(all.subarray(at, at + chops));
  }

  /** A server that has ended does not hear the rest, which is its right. */
  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Until it is so, or nothing more will come. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.isGone && this.wrong === "") {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** As a piece of its own: the turn of the event loop that follows lets it go out, and a server on it read. */
  async #writeApart(piece: Buffer): Promise<void> {
    this.write(piece);
    if (this.#socket.writableNeedDrain) await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]);
    await new Promise((resolve) => void setImmediate(resolve));
  }

  #leave(): void {
    this.isGone = true;
    this.#changed?.();
  }

  #take(piece: Buffer): void {
    try {
      for (const each of this.#reader.read(piece)) this.#hear(each);
    } catch (thrown) {
      this.wrong ||= thrown instanceof Error ? thrown.message : String(thrown);
    }
    this.#changed?.();
  }

  #hear(each: Frame): void {
    const { opcode, payload } = each;
    // RFC 6455 §5.5.1: nothing may follow.
    if (this.closing !== undefined) throw new Error(`expected nothing after the close frame, got opcode ${opcode}`);
    if (opcode === op.close) this.closing = payload.length < 2 ? null : payload.readUInt16BE(0);
    else if (opcode === op.ping) this.write(bytesOf(frame(op.pong, payload)));
    else if (opcode === op.pong) this.events.push({ kind: "pong", payload: Buffer.from(payload) });
    else this.#hearData(each);
  }

  #hearData({ opcode, payload, isFinal, reserved }: Frame): void {
    if ((opcode === op.continuation) !== (this.#partial !== null) || opcode > op.binary) {
      throw new Error(`expected ${this.#partial === null ? "a message" : "its continuation"}, got opcode ${opcode}`);
    }
    const isCompressed = reserved === 4 && this.extension !== "" && opcode !== op.continuation;
    if (reserved !== 0 && !isCompressed) throw new Error(`expected no reserved bit, got ${reserved}`);
    this.#partial ??= { opcode, isCompressed, pieces: [] };
    this.#partial.pieces.push(payload);
    if (!isFinal) return;
    const { opcode: first, isCompressed: isInflated, pieces } = this.#partial;
    this.#partial = null;
    const whole = isInflated ? this.#inflate([...pieces, tail]) : Buffer.concat(pieces);
    this.events.push({ kind: "message", form: first === op.text ? "text" : "binary", payload: whole });
  }

  /** Each message by itself, in the window that was agreed on. */
  #inflate(pieces: readonly Buffer[]): Buffer {
    const windowBits = this.#windowBits;
    // zlib also reaches back into what it has just put out: only small chunks hold it to a small window.
    const chunkSize = windowBits < 15 ? 2 ** windowBits : constants.Z_DEFAULT_CHUNK;
    return inflateRawSync(Buffer.concat(pieces), { windowBits, chunkSize, finishFlush: constants.Z_SYNC_FLUSH });
  }
}
