// A tab's connection, seen from the worker: its commands, its cursors, and no more on its way than it takes in.

import { TidewireError } from "@tidewire/protocol";
import type { EndReason } from "../connection-state.ts";
import { encode } from "../exchange.ts";
import { asObject, decode, type Fields, objectAt, positionOf, textAt, wholeAt } from "../wire.ts";
import type { Cursor, CursorHome, CursorOwner, SessionLine } from "./contracts.ts";

/** Characters of frames that a tab has not taken in; with more, publications wait in their tails. */
const maxOnTheWay = 1_048_576;
/** How often the worker says that it is there. */
const pingSeconds = 25;

export interface TabSessionOptions {
  readonly line: SessionLine;
  readonly send: (frame: string) => void;
  readonly closed: (reason: EndReason) => void;
}

export class TabSession implements CursorOwner {
  readonly #options: TabSessionOptions;
  readonly #cursors = new Map<string, Cursor>();
  /** Cursors that have something to hand over. */
  readonly #ready = new Map<Cursor, CursorHome>();
  #lines: string[] = [];
  #isFlushComing = false;
  #onTheWay = 0;
  /** The number of the connect command as long as it is not answered. */
  #greeting = 0;
  #isOver = false;
  /** The server's numbers of calls that are on their way, by the tab's. */
  readonly #calls = new Map<number, number>();

  constructor(options: TabSessionOptions) {
    this.#options = options;
  }

  get isKeepingUp(): boolean {
    return this.#onTheWay < maxOnTheWay;
  }

  receive(frame: string): void {
    for (const command of decode(frame)) if (!this.#isOver) this.#obey(command);
  }

  taken(characters: number): void {
    this.#onTheWay -= characters;
    this.#flushLater();
  }

  /** There is a connection to greet it with. */
  connected(): void {
    const { state } = this.#options.line;
    if (this.#greeting === 0 || state.kind !== "connected") return;
    const connect = { client: state.session, version: "tidewire", data: state.data, ping: pingSeconds };
    this.reply(this.#greeting, { connect });
    this.#greeting = 0;
  }

  /** The connection is gone. */
  lost(reason: EndReason, isFinal: boolean): void {
    if (this.#isOver) return;
    const { code, reason: message } = reason;
    const { closed } = this.#options;
    this.end();
    // What ended it for all ends it for each: a code that forbids to come back.
    closed(isFinal && code < 3_000 ? { code: 3_500, reason: message } : reason);
  }

  /** Nobody is there any more. */
  end(): void {
    this.#isOver = true;
    for (const channel of this.#cursors.keys()) this.#leave(channel);
  }

  say(line: string): void {
    this.#lines.push(line);
    this.#flushLater();
  }

  reply(id: number, fields: Fields): void {
    this.say(JSON.stringify({ id, ...fields }));
  }

  refuse(id: number, { code, message, temporary }: TidewireError): void {
    this.reply(id, { error: { code, message, temporary } });
  }

  wake(cursor: Cursor, channel: CursorHome): void {
    this.#ready.set(cursor, channel);
    this.#flushLater();
  }

  drop(channel: string, { code, reason }: EndReason): void {
    this.#leave(channel);
    this.say(JSON.stringify({ push: { channel, unsubscribe: { code, reason } } }));
  }

  #leave(name: string): void {
    const cursor = this.#cursors.get(name);
    if (cursor === undefined) return;
    cursor.isOver = true;
    this.#cursors.delete(name);
    this.#ready.delete(cursor);
    this.#options.line.channels.get(name)?.detach(cursor);
  }

  /** One frame a turn, in the order of what was said; what tails hold comes after it. */
  #flushLater(): void {
    if (this.#isFlushComing) return;
    this.#isFlushComing = true;
    queueMicrotask(() => {
      this.#isFlushComing = false;
      if (!this.#isOver) this.#flush();
    });
  }

  #flush(): void {
    let characters = this.#lines.reduce((sum, line) => sum + line.length, 0);
    for (const [cursor, channel] of this.#ready) {
      if (!this.isKeepingUp) break;
      this.#ready.delete(cursor);
      characters += channel.pull(cursor, maxOnTheWay - this.#onTheWay - characters, this.#lines);
      if (characters + this.#onTheWay < maxOnTheWay) continue;
      // It may have more, unless it was found to be too far behind.
      if (!cursor.isOver) this.#ready.set(cursor, channel);
      break;
    }
    if (this.#lines.length === 0) return;
    const frame = this.#lines.join("\n");
    this.#lines = [];
    this.#onTheWay += frame.length;
    this.#options.send(frame);
  }

  #obey(command: Fields): void {
    const id = wholeAt(command, "id");
    const method = Object.keys(command).find((name) => name !== "id") ?? "";
    // A pong: nobody asked for it.
    if (method === "") return;
    const fields = objectAt(command, method) ?? {};
    const channel = textAt(fields, "channel");
    if (method === "connect") {
      this.#greeting = id;
      this.connected();
    } else if (method === "subscribe") this.#subscribe(id, fields);
    else if (method === "unsubscribe") {
      this.#leave(channel);
      this.reply(id, { unsubscribe: {} });
    } else if (method === "rpc") this.#call(id, fields);
    else this.#ask(id, method, fields);
  }

  #subscribe(id: number, fields: Fields): void {
    const { line } = this.#options;
    const name = textAt(fields, "channel");
    const tide = objectAt(fields, "tide") ?? {};
    this.#leave(name);
    const cursor: Cursor = {
      session: this,
      wantsMembers: fields["join_leave"] === true,
      asked: fields["recover"] === true ? positionOf(fields) : null,
      awaited: id,
      isPaused: tide["paused"] === true,
      isOver: false,
      at: 0,
      stop: () => undefined,
      stopTimer: () => undefined,
    };
    this.#cursors.set(name, cursor);
    const rate = typeof tide["rate"] === "number" ? tide["rate"] : undefined;
    line.channel(name, fields["recoverable"] === true).attach(cursor, { rate, token: textAt(fields, "token") });
  }

  /** Commands about a subscription are about this tab's; everything else is the server's to answer. */
  #call(id: number, fields: Fields): void {
    const { line } = this.#options;
    const method = textAt(fields, "method");
    const data = method.startsWith("tide.") ? asObject(fields["data"] ?? {}) : {};
    const name = method.startsWith("tide.") ? textAt(data, "channel") : "";
    const cursor = this.#cursors.get(name);
    const channel = line.channels.get(name);
    if (method === "tide.cancel") {
      const call = this.#calls.get(wholeAt(data, "id"));
      if (call === undefined) return this.reply(id, { rpc: {} });
      return this.#ask(id, "rpc", { method, data: { id: call } });
    }
    const isFlow = method === "tide.pause" || method === "tide.resume" || method === "tide.rate";
    if (!isFlow) return this.#ask(id, "rpc", fields);
    if (cursor === undefined || channel === undefined) {
      return this.refuse(id, new TidewireError("not_available", `not subscribed to "${name}"`));
    }
    if (method === "tide.rate") {
      const { rate } = data;
      if (typeof rate === "number") channel.rate(cursor, rate);
      return this.reply(id, { rpc: { data: { rate } } });
    }
    this.reply(id, { rpc: { data: { skipped: channel.rest(cursor, method === "tide.pause") } } });
  }

  #ask(id: number, method: string, fields: Fields): void {
    const number = this.#options.line.connection.ask({
      body: encode({ [method]: fields }),
      method,
      // A probe is to find out whether the connection lives.
      isPatient: fields["method"] !== "tide.ping",
      done: (result) => {
        this.#calls.delete(id);
        if (!this.#isOver) this.reply(id, { [method]: result });
      },
      failed: (error) => {
        this.#calls.delete(id);
        if (!this.#isOver) this.refuse(id, error);
      },
    });
    if (method === "rpc" && number > 0) this.#calls.set(id, number);
  }
}
