// The connection: attempts, the connect command, the ping watchdog, and when to come back.

import { mayReconnect, type TidewireError } from "@tidewire/protocol";
import {
  attemptDelayed,
  attemptFailed,
  attemptStarted,
  type Attempts,
  blockedMs,
  longestDelayMs,
  noAttempts,
  retryDelayMs,
  shortestDelayMs,
} from "./backoff.ts";
import type { Cancel } from "./clock.ts";
import { type ConnectionState, type EndReason, localReasons } from "./connection-state.ts";
import { encode, Exchange, type Question } from "./exchange.ts";
import { ending, isTemporary } from "./failure.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { PageChange } from "./page.ts";
import type { Ports } from "./ports.ts";
import { Refresh } from "./refresh.ts";
import { Value } from "./store.ts";
import type { Tokens } from "./tokens.ts";
import type { Transport, TransportConnection } from "./transport.ts";
import { decode, endOf, type Fields, objectAt, textAt, wholeAt } from "./wire.ts";

/** What those above a connection learn from it. */
export interface ConnectionEvents {
  /** The socket is open and the connect command on its way; what is asked now travels in the same frame. */
  opening(): void;
  connected(): void;
  /** @param isFinal Nobody will connect again by himself. */
  lost(isFinal: boolean): void;
  push(channel: string, fields: Fields): void;
  /** The server forgot what it knew of us: positions are worth nothing (3014). */
  invalidated(): void;
}

export interface ConnectionOptions extends Ports {
  readonly url: string;
  readonly transport: Transport;
  readonly tokens: Tokens;
  readonly data: unknown;
  readonly name: string;
}

/**
 * We answer marks, so that the server has no more on its way than this line carries in an instant; the window is the
 * largest there is, as the server finds out what fits (PROTOCOL 1.17).
 */
const tide = { window: 4_194_304 };

/** A server that is gone for longer has not come back as it meant to. */
const longestAbsenceMs = 60_000;

/** How long a socket may take to open, and then the connect reply to come. */
const connectTimeoutMs = 10_000;

export class Connection {
  readonly state: Value<ConnectionState>;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #heartbeat: Heartbeat;
  readonly #refresh: Refresh;
  #attempts: Attempts = noAttempts;
  /** Grows with each attempt and each end, so that what belongs to an earlier one can tell. */
  #run = 0;
  #socket: TransportConnection | null = null;
  #exchange: Exchange | null = null;
  /** When it connected; `Infinity` as long as it has not. */
  #connectedMs: number = Infinity;
  #answersPings = false;
  /** The server is gone, and lets nobody in before (PROTOCOL 1.23). */
  #goneUntilMs = 0;
  /** The next attempt, or the end of the present one. */
  #stopTimer: Cancel | null = null;
  #stopPage: Cancel | null = null;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.state = new Value<ConnectionState>({ kind: "idle" }, options.onError);
    this.#heartbeat = new Heartbeat(options.clock, () => this.#retryAfter(localReasons.noPing));
    this.#refresh = new Refresh({
      ...options,
      show: (token, answer) => void this.ask({ body: encode({ refresh: { token } }), method: "refresh", ...answer }),
      refused: (error) => this.#end(ending(error)),
    });
  }

  connect(): void {
    const { kind } = this.state.getSnapshot();
    if (kind !== "idle" && kind !== "closed") return;
    this.#stopPage = this.#options.page.watch((change) => this.#pageChanged(change));
    this.#attempts = { ...this.#attempts, failures: 0 };
    this.#goneUntilMs = 0;
    this.#wait(0, localReasons.disconnected);
  }

  /** Tries at once when the next attempt is some time away. */
  retry(): void {
    this.#goneUntilMs = 0;
    this.#hurry(0);
  }

  close(): void {
    if (this.state.getSnapshot().kind !== "closed") this.#end(localReasons.closed);
  }

  /** Whether there is one to ask on. */
  get isOpen(): boolean {
    return this.#exchange !== null;
  }

  /** Asks on the open connection. @returns The question's number; 0, and nothing happens, when there is none. */
  ask(question: Question): number {
    return this.#exchange?.ask(question) ?? 0;
  }

  /** Gives the present connection up and comes back. */
  drop(reason: EndReason): void {
    if (this.#socket !== null) this.#retryAfter(reason);
  }

  /** Attempts in `wishMs`, or when a third attempt within this second becomes the second one. */
  #wait(wishMs: number, reason: EndReason): void {
    const { clock, page } = this.#options;
    const nowMs = clock.now();
    const delayMs = Math.max(wishMs, blockedMs(this.#attempts, nowMs), this.#goneUntilMs - nowMs);
    if (delayMs <= 0) return this.#attempt();
    this.#in(delayMs, () => this.#attempt());
    const attempt = this.#attempts.failures + 1;
    const retryAtMs = clock.wall() + delayMs;
    this.state.set(
      page.isOnline() ? { kind: "waiting", attempt, delayMs, retryAtMs, reason } : { kind: "offline", reason },
    );
  }

  #in(ms: number, act: () => void): void {
    this.#stopTimer?.();
    this.#stopTimer = this.#options.clock.after(ms, act);
  }

  #attempt(): void {
    const { clock, tokens } = this.#options;
    this.#run++;
    this.#goneUntilMs = 0;
    this.#attempts = attemptStarted(this.#attempts, clock.now());
    this.#stopTimer?.();
    this.#stopTimer = tokens.fetch({
      got: (token) => this.#open(token),
      failed: (error) => this.#failed(error),
    });
    this.state.set({ kind: "connecting", attempt: this.#attempts.failures + 1 });
  }

  #open(token: string): void {
    const { clock, url, transport } = this.#options;
    // A token may have been long in coming, and what servers see of attempts are sockets.
    this.#attempts = attemptDelayed(this.#attempts, clock.now());
    this.#limit();
    try {
      this.#socket = transport.open(url, {
        opened: () => this.#opened(token),
        received: (frame) => this.#received(frame),
        closed: (code, reason) => this.#closed({ code, reason }),
      });
    } catch (error) {
      // An address that is none, or one this page may not open: trying again would not change it.
      this.#options.onError(error);
      this.#end({ code: 1, reason: String(error) });
    }
  }

  #limit(): void {
    this.#in(connectTimeoutMs, () => this.#retryAfter(localReasons.noAnswer));
  }

  #opened(token: string): void {
    const { clock, data, name } = this.#options;
    const socket = this.#socket;
    const exchange = new Exchange({
      clock,
      send: (frame, bytes) => socket?.send(frame, bytes),
      unanswered: () => this.#retryAfter(localReasons.noAnswer),
    });
    this.#exchange = exchange;
    this.#limit();
    exchange.ask({
      body: encode({ connect: { name, data, token: token === "" ? undefined : token, tide } }),
      method: "connect",
      isPatient: true,
      done: (fields) => this.#connected(fields),
      failed: (error) => {
        // Reference A8: 109 wants a new token, which only a function can give.
        if (error.code === 109 && this.#options.tokens.renew()) this.#retryAfter(ending(error));
        else this.#failed(error);
      },
    });
    this.#events.opening();
  }

  #failed(error: TidewireError): void {
    if (isTemporary(error)) this.#retryAfter(ending(error));
    else this.#end(ending(error));
  }

  #connected(fields: Fields): void {
    const { clock } = this.#options;
    const session = textAt(fields, "client");
    this.#stopTimer?.();
    this.#connectedMs = clock.now();
    this.#answersPings = fields["pong"] === true;
    this.#heartbeat.start(wholeAt(fields, "ping") * 1_000);
    this.#refresh.start(fields);
    this.#exchange?.greeted();
    const run = this.#run;
    this.state.set({ kind: "connected", session, sinceMs: clock.wall(), data: fields["data"] });
    const subs = objectAt(fields, "subs") ?? {};
    for (const channel of Object.keys(subs)) {
      if (run === this.#run) this.#events.push(channel, { subscribe: subs[channel] });
    }
    if (run === this.#run) this.#events.connected();
  }

  #received(frame: string | readonly Fields[]): void {
    const run = this.#run;
    this.#heartbeat.heard();
    try {
      for (const message of typeof frame === "string" ? decode(frame) : frame) {
        this.#take(message);
        // A listener may have closed the client, or a reply ended the connection.
        if (run !== this.#run) return;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) this.#options.onError(error);
      if (run === this.#run) this.#retryAfter({ code: 4, reason: String(error) });
    }
  }

  #take(message: Fields): void {
    const id = wholeAt(message, "id");
    const mark = wholeAt(message, "mark");
    const push = objectAt(message, "push");
    if (mark > 0) this.#exchange?.say(`{"mark":${mark}}`);
    else if (id > 0) this.#exchange?.settle(id, message);
    else if (push !== null) this.#pushed(push);
    // A pong that nobody asked for ends the connection (reference A6): only the empty message is a ping.
    else if (this.#answersPings && Object.keys(message).length === 0) this.#exchange?.say("{}");
  }

  #pushed(push: Fields): void {
    const disconnect = objectAt(push, "disconnect");
    const back = objectAt(push, "return");
    if (back !== null) {
      this.#goneUntilMs = this.#options.clock.now() + Math.min(wholeAt(back, "after"), longestAbsenceMs);
    } else if (disconnect === null) this.#events.push(textAt(push, "channel"), push);
    else this.#closed(endOf(disconnect));
  }

  /** The other side has closed, or the network did. Reference A7. */
  #closed(reason: EndReason): void {
    const { code } = reason;
    // 3502 says that no connect came in time: ours was sent, by a page that was frozen or over a network that stood still.
    if (code !== 3502 && !mayReconnect(code)) return this.#end(reason);
    if (code === 3005 || code === 3014) this.#options.tokens.renew();
    if (code === 3014) this.#events.invalidated();
    this.#retryAfter({ code, reason: reason.reason || localReasons.disconnected.reason });
  }

  #retryAfter(reason: EndReason): void {
    const { clock, page, random } = this.#options;
    this.#attempts = attemptFailed(this.#attempts, clock.now() - this.#connectedMs);
    if (this.#leave(reason, false)) {
      this.#wait(page.isOnline() ? retryDelayMs(this.#attempts, random) : longestDelayMs, reason);
    }
  }

  #end(reason: EndReason): void {
    if (!this.#leave(reason, true)) return;
    this.#stopPage?.();
    this.state.set({ kind: "closed", reason });
  }

  /** Leaves the socket and every timer of this attempt behind; false when a listener has closed the client meanwhile. */
  #leave(reason: EndReason, isFinal: boolean): boolean {
    const run = ++this.#run;
    const socket = this.#socket;
    const exchange = this.#exchange;
    this.#socket = this.#exchange = null;
    this.#connectedMs = Infinity;
    this.#stopTimer?.();
    this.#heartbeat.stop();
    this.#refresh.stop();
    // 3500 and up would be read as the server's own words; a client may say 1000 or 3000 to 4999.
    socket?.close(3000, reason.reason.slice(0, 40));
    exchange?.end();
    this.#events.lost(isFinal);
    return run === this.#run;
  }

  #pageChanged(change: PageChange): void {
    const { page, random } = this.#options;
    if (change === "hidden") return;
    const { kind } = this.state.getSnapshot();
    if (kind === "connected") return this.#probe();
    // There is hope, though not so much that all clients should come in the same instant.
    if (page.isOnline()) this.#hurry(random() * shortestDelayMs);
    // Once: whoever looks at the page again and again does not put off what the platform may be wrong about.
    else if (kind === "waiting") this.#hurry(longestDelayMs);
  }

  /** Waits so much from now on, where it waits. */
  #hurry(ms: number): void {
    const state = this.state.getSnapshot();
    if (state.kind === "waiting" || state.kind === "offline") this.#wait(ms, state.reason);
  }

  /** After sleep or a change of network the socket may be dead without a word: any reply, even an error, proves life. */
  #probe(): void {
    this.ask({
      body: encode({ rpc: { method: "tide.ping" } }),
      method: "rpc",
    });
  }
}
