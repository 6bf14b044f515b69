// One tab at its port of the worker: whether it lives, what it wants, and the tokens it can fetch.

import { type ChannelMode, TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "../clock.ts";
import type { LineTab } from "./contracts.ts";
import type { Line } from "./line.ts";
import { TabSession } from "./session.ts";
import type { FromTab, LineOptions, Port, ToTab } from "./words.ts";

/** A tab without a lock is asked as often whether it lives, and is gone when it has been silent for three times as long. */
const askEveryMs = 20_000;

/** The server's ping, from the worker: what holds for a connection holds for a link. */
const pingMs = 25_000;

export interface TabHost {
  readonly clock: Clock;
  /** Resolves when whoever held this lock is gone; `null` where there are no locks. */
  readonly freed: ((lock: string, signal: AbortSignal) => Promise<void>) | null;
  readonly line: (options: LineOptions) => Line;
}

export class Tab implements LineTab {
  session: TabSession | null = null;
  readonly modes: Map<string, ChannelMode> = new Map();
  readonly #port: Port<ToTab>;
  readonly #host: TabHost;
  #line: Line | null = null;
  #link = 0;
  #lastId = 0;
  readonly #tokens = new Map<number, PromiseWithResolvers<string>>();
  #heardMs = 0;
  #watch = new AbortController();
  #stopAsking: Cancel = () => undefined;
  #stopPing: Cancel = () => undefined;

  constructor(port: Port<ToTab>, host: TabHost) {
    this.#port = port;
    this.#host = host;
    port.onmessage = ({ data }: MessageEvent<FromTab>) => this.#take(data);
  }

  connected(): void {
    if (this.session === null) this.#port.postMessage({ kind: "up" });
    else this.session.connected();
  }

  token(): Promise<string> {
    const id = ++this.#lastId;
    const asked = Promise.withResolvers<string>();
    this.#tokens.set(id, asked);
    this.#port.postMessage({ kind: "token", id });
    return asked.promise.finally(() => this.#tokens.delete(id));
  }

  #take(message: FromTab): void {
    this.#heardMs = this.#host.clock.now();
    switch (message.kind) {
      case "open":
        return this.#open(message);
      case "frame":
        if (message.link === this.#link) this.#receive(message.text);
        return;
      case "taken":
        if (message.link === this.#link) this.session?.taken(message.characters);
        return;
      case "close":
        if (message.link === this.#link) this.#end();
        return;
      case "mode":
        this.modes.set(message.channel, message.mode);
        return;
      case "token":
        return this.#tokens.get(message.id)?.resolve(message.token);
      case "no token": {
        const { code, message: said, temporary } = message;
        return this.#tokens
          .get(message.id)
          ?.reject(new TidewireError({ received: { code, message: said, temporary } }));
      }
      case "retry":
        return this.#line?.connection.retry();
      case "leave":
        return this.#leave();
      case "alive":
    }
  }

  #open({ line: options, link, lock }: FromTab & { readonly kind: "open" }): void {
    const line = this.#host.line(options);
    if (line !== this.#line) this.#leave();
    if (this.#line === null) this.#watchOver(lock);
    this.#end();
    this.#line = line;
    this.#link = link;
    line.join(this);
    const { state } = line;
    if (state.kind === "waiting" || state.kind === "offline") {
      // It is told when there is one; meanwhile its state says what is true.
      return this.#port.postMessage({ kind: "closed", link, ...state.reason });
    }
    this.session = new TabSession({
      line,
      send: (text) => this.#port.postMessage({ kind: "frame", link, text }),
      closed: (reason) => {
        this.#end();
        this.#port.postMessage({ kind: "closed", link, ...reason });
      },
    });
    this.#port.postMessage({ kind: "opened", link });
    this.#pingLater();
  }

  #receive(text: string): void {
    const { session } = this;
    try {
      session?.receive(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      session?.lost({ code: 3_501, reason: error.message }, true);
    }
  }

  #end(): void {
    this.#stopPing();
    this.session?.end();
    this.session = null;
  }

  #leave(): void {
    this.#end();
    this.#watch.abort();
    this.#stopAsking();
    for (const { reject } of this.#tokens.values()) reject(new TidewireError("timed_out", "the tab is gone"));
    const line = this.#line;
    this.#line = null;
    line?.leave(this);
  }

  #pingLater(): void {
    this.#stopPing = this.#host.clock.after(pingMs, () => {
      this.session?.say("{}");
      this.#pingLater();
    });
  }

  #watchOver(lock: string | null): void {
    const { freed } = this.#host;
    this.#watch = new AbortController();
    if (lock === null || freed === null) return this.#askLater();
    const { signal } = this.#watch;
    freed(lock, signal).then(
      () => {
        if (!signal.aborted) this.#leave();
      },
      () => undefined,
    );
  }

  #askLater(): void {
    const { clock } = this.#host;
    this.#stopAsking = clock.after(askEveryMs, () => {
      if (clock.now() - this.#heardMs > 3 * askEveryMs) return this.#leave();
      this.#port.postMessage({ kind: "alive" });
      this.#askLater();
    });
  }
}
