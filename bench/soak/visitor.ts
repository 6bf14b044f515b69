// A visitor: a client of the soak on a bare TCP socket, that leaves, comes back and goes on where it was.
import { connect, type Socket } from "node:net";
import { clientFrame, FrameReader, opcodes } from "tidewire/bench";
import { Account, type Counts } from "./account.ts";

/** What all visitors of a process share. */
export interface Town {
  readonly port: number;
  /** Where all sockets read into: on POSIX a read and its callback are one step. */
  readonly buffer: Buffer;
  readonly counts: Counts;
  /** Commands that were refused, and connections that the server ended, by what it said. */
  readonly refusals: Map<string, number>;
  readonly endings: Map<string, number>;
  /** Called when the server ended a visitor's connection. */
  lost(visitor: Visitor): void;
}

interface Reply {
  readonly id?: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly connect?: unknown;
  readonly subscribe?: { readonly epoch?: string; readonly offset?: number; readonly recovered?: boolean };
  readonly push?: {
    readonly channel?: string;
    readonly pub?: {
      readonly data: { readonly n?: number } | null;
      readonly offset?: number;
      readonly key?: string;
    };
    readonly unsubscribe?: { readonly code: number };
  };
}

interface Asked {
  readonly account: Account;
  readonly isReturn: boolean;
}

const endOfHead = "\r\n\r\n";
const request =
  "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

export const bump = (counted: Map<string, number>, name: string): void =>
  void counted.set(name, (counted.get(name) ?? 0) + 1);

export class Visitor {
  readonly accounts = new Map<string, Account>();
  /** Whether it wants to be told who joins and leaves. */
  readonly #wantsMembers: boolean;
  readonly #town: Town;
  readonly #user: string;
  #socket: Socket | null = null;
  #head: string | null = "";
  #reader: FrameReader | null = null;
  #lastId = 1;
  readonly #asked = new Map<number, Asked>();
  #isOpen = false;
  #opened: (() => void)[] = [];

  constructor(
    town: Town,
    user: string,
    options: { readonly wantsMembers: boolean; readonly channels: readonly string[] },
  ) {
    this.#town = town;
    this.#user = user;
    this.#wantsMembers = options.wantsMembers;
    for (const channel of options.channels) this.accounts.set(channel, new Account(channel, town.counts));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Connects, and subscribes to what it had, going on where it was. Resolves when all has been answered. */
  dial(): Promise<void> {
    const answered = new Promise<void>((resolve) => void this.#opened.push(resolve));
    if (this.#socket !== null) {
      // It is there, or on its way.
      if (this.#isOpen && this.#asked.size === 0) this.#settle();
      return answered;
    }
    const { port, buffer } = this.#town;
    const reader = new FrameReader((frame) => this.#frame(frame));
    const callback = (count: number): boolean => {
      if (this.#socket === socket) this.#read(buffer.subarray(0, count));
      return true;
    };
    const socket = connect({ host: "127.0.0.1", port, noDelay: true, onread: { buffer, callback } });
    this.#socket = socket;
    this.#reader = reader;
    this.#head = "";
    this.#asked.clear();
    socket.on("connect", () => socket.write(request));
    socket.on("error", (error) => this.#ended(socket, error.message));
    socket.on("close", () => this.#ended(socket, "closed without a word"));
    return answered;
  }

  /** Says goodbye, and ends when the server has answered it. */
  leave(): void {
    const socket = this.#forget();
    // 1000: a normal closure.
    socket?.write(clientFrame(opcodes.close, Buffer.of(0x03, 0xe8)));
  }

  /** Is gone without a word. */
  vanish(): void {
    this.#forget()?.resetAndDestroy();
  }

  /** Reads nothing any more. */
  stall(): void {
    this.#socket?.pause();
  }

  subscribe(channel: string): void {
    let account = this.accounts.get(channel);
    if (account === undefined) {
      account = new Account(channel, this.#town.counts);
      this.accounts.set(channel, account);
    }
    this.#subscribe(account);
  }

  unsubscribe(channel: string): void {
    this.accounts.get(channel)?.close();
    this.accounts.delete(channel);
    this.#say({ unsubscribe: { channel } });
  }

  pause(channel: string): void {
    this.#say({ rpc: { method: "tide.pause", data: { channel } } });
  }

  resume(channel: string): void {
    this.#say({ rpc: { method: "tide.resume", data: { channel } } });
  }

  publish(channel: string, data: unknown): void {
    this.#say({ publish: { channel, data } });
  }

  #say(command: object): number {
    this.#lastId += 1;
    const said = Buffer.from(JSON.stringify({ id: this.#lastId, ...command }));
    if (this.#isOpen) this.#socket?.write(clientFrame(opcodes.text, said));
    return this.#lastId;
  }

  #subscribe(account: Account): void {
    const { channel, place } = account;
    const from = place === null ? {} : { recover: true, ...place };
    const members = this.#wantsMembers && account.kind === "chat" ? { join_leave: true } : {};
    const id = this.#say({ subscribe: { channel, ...from, ...members } });
    this.#asked.set(id, { account, isReturn: place !== null });
  }

  #read(chunk: Buffer): void {
    const left = this.#head === null ? chunk : this.#begun(chunk);
    if (left !== null) this.#reader?.read(left);
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
    if (!head.startsWith("HTTP/1.1 101 ")) {
      this.#socket?.destroy(new Error(head.slice(0, head.indexOf("\r\n"))));
      return null;
    }
    this.#head = null;
    this.#isOpen = true;
    const connecting = JSON.stringify({ id: 1, connect: { tide: 1, data: this.#user } });
    this.#socket?.write(clientFrame(opcodes.text, Buffer.from(connecting)));
    for (const account of this.accounts.values()) this.#subscribe(account);
    return chunk.subarray(end + endOfHead.length - before.length);
  }

  #frame({ bytes, start, end, opcode }: FrameReader): void {
    if (opcode === opcodes.close) {
      const socket = this.#socket;
      if (socket === null) return;
      // Answered, so that the server need not wait for it.
      socket.end(clientFrame(opcodes.close, bytes.subarray(start, start + 2)));
      this.#ended(socket, bytes.toString("latin1", start + 2, end));
    } else if (opcode === opcodes.text) {
      for (const line of bytes.toString("utf8", start, end).split("\n")) this.#hear(line);
    }
  }

  #hear(line: string): void {
    if (line === "{}") {
      this.#socket?.write(clientFrame(opcodes.text, Buffer.from("{}")));
      return;
    }
    const { id, error, subscribe, push } = JSON.parse(line) as Reply;
    if (push !== undefined) this.#pushed(push);
    if (error !== undefined) bump(this.#town.refusals, `${error.code} ${error.message}`);
    const asked = id === undefined ? undefined : this.#asked.get(id);
    if (id === undefined || asked === undefined) return;
    this.#asked.delete(id);
    if (subscribe !== undefined) {
      const { epoch = "", offset = 0, recovered = false } = subscribe;
      asked.account.established({ epoch, offset, recovered, isReturn: asked.isReturn });
    }
    if (this.#asked.size === 0) this.#settle();
  }

  #pushed({ channel = "", pub, unsubscribe }: NonNullable<Reply["push"]>): void {
    const account = this.accounts.get(channel);
    if (account === undefined) return;
    if (pub !== undefined) account.given({ offset: pub.offset ?? 0, n: pub.data?.n ?? null, key: pub.key ?? null });
    if (unsubscribe === undefined) return;
    this.#town.counts.gaps += 1;
    // It could not go on: it begins anew.
    this.accounts.delete(channel);
    account.close();
    this.subscribe(channel);
  }

  /** By the server, or by the network. */
  #ended(socket: Socket, reason: string): void {
    if (this.#socket !== socket) return;
    bump(this.#town.endings, reason);
    this.#forget();
    this.#settle();
    this.#town.lost(this);
  }

  #forget(): Socket | null {
    const socket = this.#socket;
    this.#socket = null;
    this.#reader = null;
    this.#isOpen = false;
    return socket;
  }

  #settle(): void {
    const opened = this.#opened;
    this.#opened = [];
    for (const resolve of opened) resolve();
  }
}
