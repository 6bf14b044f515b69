// A simulated socket between a client and a node: two ways, each in order, that can be slow, silent or cut.
import type { Connection, ConnectionInfo, Framing, Opened } from "../../packages/server/src/dialects/connection.ts";
import { splitFrames } from "../../packages/server/src/testing/frames.ts";
import { webSocketFraming } from "../../packages/server/src/transports/framing.ts";
import type { TransportConnection, TransportEvents } from "@tidewire/client";
import type { Machine } from "./machine.ts";
import type { Scheduler } from "./scheduler.ts";
import { WireWatch } from "./wire-watch.ts";

export interface SocketOptions {
  readonly scheduler: Scheduler;
  readonly client: Machine;
  readonly node: Machine;
  /** Milliseconds one way. */
  readonly latency: () => number;
  /** Bytes that are on their way to a client before the node's side fills up. */
  readonly windowBytes: number;
  /** Bytes waiting in the node from which on the connection calls itself full. */
  readonly watermarkBytes: number;
  readonly events: TransportEvents;
  readonly ended: () => void;
  /** The node did what no connection allows. */
  readonly broken: (what: string) => void;
}

/** Which way is silent: what is sent there waits, and may never arrive. */
export type Silence = "none" | "up" | "down" | "both";

const nobody: ConnectionInfo = {
  headers: {},
  url: "/connection/websocket",
  address: "203.0.113.7",
  client: {},
  token: "",
  isLoopback: false,
};
const afterCloseMs = 5_000;

export class Socket implements Connection {
  readonly info: ConnectionInfo = nobody;
  readonly framing: Framing = webSocketFraming;
  readonly #options: SocketOptions;
  readonly #watch: WireWatch;
  #opened: Opened | null = null;
  #silence: Silence = "none";
  /** What silence holds back, by the way it goes. */
  #held: { readonly way: "up" | "down"; readonly go: () => void }[] = [];
  #upMs = 0;
  #downMs = 0;
  /** The client side takes no events any more; the node's has said goodbye, or was told that it is over. */
  #isLeft = false;
  #isClosing = false;
  #isOver = false;
  // The node's side of the way down.
  #waiting: Uint8Array[] = [];
  #unsent = 0;
  #onTheWay = 0;
  #isFull = false;
  #isStalled = false;
  #closeFrame: { readonly code: number; readonly reason: string } | null = null;
  // Its side of the way up.
  #isUnread = false;
  #unread: string[] = [];
  #received = 0;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#watch = new WireWatch(() => options.scheduler.nowMs, options.broken);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether anything the node says can still reach the client. */
  get isAlive(): boolean {
    return !this.#isOver && !this.#isLeft && this.#opened !== null;
  }

  /** The handshake was answered. */
  accept(open: (connection: Connection) => Opened): void {
    this.#opened = open(this);
    this.#down(() => {
      if (!this.#isLeft) this.#options.events.opened();
    });
  }

  /** Nobody listens there. */
  refuse(): void {
    this.#isOver = true;
    this.#down(() => this.#leave(1006, ""));
  }

  // --- The node's side.

  traffic(): { readonly unsent: number; readonly received: number } {
    return { unsent: this.#unsent, received: this.#received };
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    if (this.#isOver || this.#isClosing) return "open";
    if (this.#isFull) this.#options.broken("something was written to a full connection");
    // Copied: a frame that is changed after it was written would otherwise not be noticed.
    for (const { payload } of splitFrames(Buffer.concat(frames)).messages) {
      this.#watch.said(Buffer.from(payload).toString());
      this.#waiting.push(payload);
      this.#unsent += payload.length;
    }
    this.#pump();
    this.#isFull = this.#unsent >= this.#options.watermarkBytes;
    return this.#isFull ? "full" : "open";
  }

  hold(isHeld: boolean): void {
    this.#isUnread = isHeld;
    if (!isHeld) this.#options.node.at(this.#options.scheduler.nowMs, () => this.#read());
  }

  close(code: number, reason: string): void {
    if (this.#isClosing || this.#isOver) return;
    this.#isClosing = true;
    this.#closeFrame = { code, reason };
    this.#pump();
    // A peer that does not answer the handshake is not waited for.
    this.#options.node.after(afterCloseMs, () => this.#over(1006));
  }

  terminate(): void {
    this.cut();
  }

  // --- The client's side, as its transport gives it out.

  /** What the client holds of this socket. */
  readonly clientSide: TransportConnection = {
    send: (text) => {
      if (!this.#isLeft) this.#up(() => this.#take(text));
    },
    close: (code) => {
      this.#isLeft = true;
      this.#up(() => this.#over(code));
    },
  };

  // --- What happens to it.

  /** Both sides are told, as after a reset. */
  cut(): void {
    this.#silence = "none";
    this.#held = [];
    this.#up(() => this.#over(1006));
    this.#down(() => this.#leave(1006, ""));
  }

  /** The node's process is gone: its kernel resets the connection, or the whole machine says nothing more. */
  vanish(isReset: boolean): void {
    this.#isOver = true;
    if (isReset) this.#down(() => this.#leave(1006, ""));
    else this.#silence = "both";
  }

  silence(silence: Silence): void {
    this.#silence = silence;
    const held = this.#held;
    this.#held = [];
    for (const { way, go } of held) {
      if (this.#isSilent(way)) this.#held.push({ way, go });
      else go();
    }
  }

  /** The reader stops taking what arrives, or goes on. */
  stall(isStalled: boolean): void {
    this.#isStalled = isStalled;
    this.#pump();
  }

  #take(text: string): void {
    this.#unread.push(text);
    this.#read();
  }

  #read(): void {
    while (!this.#isUnread && !this.#isOver) {
      const text = this.#unread.shift();
      if (text === undefined) return;
      const bytes = Buffer.from(text);
      this.#received += bytes.length;
      this.#watch.heard(text);
      this.#opened?.receive(bytes, "text");
    }
  }

  #over(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = [];
    this.#opened?.closed(code, "");
    this.#options.ended();
  }

  #leave(code: number, reason: string): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#options.events.closed(code, reason);
  }

  /** Puts on the way what there is room for. */
  #pump(): void {
    while (this.#waiting.length > 0 && this.#onTheWay < this.#options.windowBytes && !this.#isStalled) {
      const payload = this.#waiting.shift();
      if (payload === undefined) break;
      this.#onTheWay += payload.length;
      this.#down(() => this.#arrive(payload));
      this.#options.node.at(this.#options.scheduler.nowMs, () => this.#left(payload.length));
    }
    if (this.#waiting.length > 0 || this.#closeFrame === null) return;
    const { code, reason } = this.#closeFrame;
    this.#closeFrame = null;
    this.#down(() => {
      this.#leave(code, reason);
      this.#up(() => this.#over(code));
    });
  }

  #arrive(payload: Uint8Array): void {
    this.#onTheWay -= payload.length;
    if (!this.#isLeft) this.#options.events.received(Buffer.from(payload).toString());
    this.#options.node.at(this.#options.scheduler.nowMs, () => this.#pump());
  }

  #left(bytes: number): void {
    this.#unsent -= bytes;
    // As a socket does: it says so once it is empty, not before.
    if (!this.#isFull || this.#unsent > 0 || this.#isOver) return;
    this.#isFull = false;
    this.#opened?.writable();
  }

  #up(act: () => void): void {
    const { scheduler, node, latency } = this.#options;
    this.#go("up", () => {
      this.#upMs = Math.max(this.#upMs, scheduler.nowMs + latency());
      node.at(this.#upMs, act);
    });
  }

  #down(act: () => void): void {
    const { scheduler, client, latency } = this.#options;
    this.#go("down", () => {
      this.#downMs = Math.max(this.#downMs, scheduler.nowMs + latency());
      client.at(this.#downMs, act);
    });
  }

  #go(way: "up" | "down", go: () => void): void {
    if (this.#isSilent(way)) this.#held.push({ way, go });
    else go();
  }

  #isSilent(way: "up" | "down"): boolean {
    return this.#silence === "both" || this.#silence === way;
  }
}
