// Carries frames to a shared worker, which has the connection; where there is none, over a transport of its own.

import { type ChannelMode, TidewireError } from "@tidewire/protocol";
import { localReasons } from "../connection-state.ts";
import type { Transport, TransportConnection, TransportEvents } from "../transport.ts";
import type { FromTab, LineOptions, TabsWorker, ToTab } from "./words.ts";

export interface PortTransportOptions {
  readonly worker: () => TabsWorker;
  readonly own: Transport;
  readonly line: LineOptions;
  /** Held as long as the tab lives; of a name that no other tab has. */
  readonly lock: string;
  readonly fetchToken: () => Promise<string>;
  /** There is a connection: who waits may come. */
  readonly up: () => void;
}

/** The code has a client come back with another token: with one at all. */
const noWorker = { code: 3005, reason: "no shared worker" };

export class PortTransport implements Transport {
  readonly #options: PortTransportOptions;
  readonly #modes = new Map<string, ChannelMode>();
  #worker: TabsWorker | null = null;
  #hasNone = false;
  /** The client has been given no token, since the worker would ask for one. */
  #needsToken = false;
  /** Whether the worker has ever said anything. */
  #hasHeard = false;
  #link = 0;
  #events: TransportEvents | null = null;
  /** Resolves when the tab's lock is held: a worker that asked earlier would take the tab for dead. */
  #locked: Promise<string | null> | null = null;

  constructor(options: PortTransportOptions) {
    this.#options = options;
  }

  /** Whether the connection is the worker's. */
  get isShared(): boolean {
    this.#start();
    return !this.#hasNone;
  }

  open(url: string, events: TransportEvents): TransportConnection {
    if (!this.isShared) return this.#openOwn(url, events);
    const link = ++this.#link;
    this.#events = events;
    this.#locked ??= this.#lock();
    this.#locked.then(
      (lock) => {
        if (link === this.#link) this.#post({ kind: "open", link, line: this.#options.line, lock });
      },
      () => undefined,
    );
    return {
      send: (text) => this.#post({ kind: "frame", link, text }),
      close: (_code, reason) => {
        if (link !== this.#link || this.#events === null) return;
        this.#events = null;
        this.#post({ kind: "close", link });
        // It has not answered, or it went silent. It may be gone, and the platform starts another.
        if (this.#hasHeard || reason === localReasons.closed.reason) this.#restart();
        else this.#giveUp();
      },
    };
  }

  /** The one to connect with: none where the worker asks for it. */
  async token(): Promise<string> {
    this.#needsToken = this.isShared;
    return this.#needsToken ? "" : await this.#options.fetchToken();
  }

  tellMode(channel: string, mode: ChannelMode): void {
    if (this.#modes.get(channel) === mode) return;
    this.#modes.set(channel, mode);
    this.#post({ kind: "mode", channel, mode });
  }

  retry(): void {
    this.#post({ kind: "retry" });
  }

  leave(): void {
    this.#post({ kind: "leave" });
  }

  #openOwn(url: string, events: TransportEvents): TransportConnection {
    if (!this.#needsToken) return this.#options.own.open(url, events);
    // It was not known yet that the connection would be our own. Another attempt fetches what it has to show.
    let isOver = false;
    queueMicrotask(() => {
      if (!isOver) events.closed(noWorker.code, noWorker.reason);
    });
    return { send: () => undefined, close: () => void (isOver = true) };
  }

  #post(message: FromTab): void {
    this.#worker?.port.postMessage(message);
  }

  #start(): void {
    if (this.#worker !== null || this.#hasNone) return;
    try {
      const worker = this.#options.worker();
      worker.port.onmessage = ({ data }: MessageEvent<ToTab>) => {
        if (worker === this.#worker) this.#take(data);
      };
      // Its script could not be had.
      worker.onerror = () => {
        if (worker === this.#worker && !this.#hasHeard) this.#giveUp();
      };
      this.#worker = worker;
      for (const [channel, mode] of this.#modes) this.#post({ kind: "mode", channel, mode });
      this.#watchPage();
    } catch {
      this.#hasNone = true;
    }
  }

  #restart(): void {
    this.#post({ kind: "leave" });
    this.#worker = null;
  }

  #giveUp(): void {
    this.#hasNone = true;
    this.#restart();
    this.#closed(noWorker.code, noWorker.reason);
  }

  #closed(code: number, reason: string): void {
    const events = this.#events;
    this.#events = null;
    events?.closed(code, reason);
  }

  #take(message: ToTab): void {
    this.#hasHeard = true;
    if ("link" in message && message.link !== this.#link) return;
    switch (message.kind) {
      case "opened":
        return this.#events?.opened();
      case "frame":
        this.#events?.received(message.text);
        return this.#post({ kind: "taken", link: message.link, characters: message.text.length });
      case "closed":
        return this.#closed(message.code, message.reason);
      case "token":
        return this.#bring(message.id);
      case "up":
        return this.#options.up();
      case "alive":
        this.#post({ kind: "alive" });
    }
  }

  #bring(id: number): void {
    this.#options.fetchToken().then(
      (token) => this.#post({ kind: "token", id, token }),
      (error: unknown) => {
        const known = error instanceof TidewireError ? error : new TidewireError("timed_out", "no token");
        const { code, message, temporary } = known;
        this.#post({ kind: "no token", id, code, message, temporary });
      },
    );
  }

  #lock(): Promise<string | null> {
    const { lock } = this.#options;
    const { locks } = navigator as { readonly locks?: LockManager };
    if (locks === undefined) return Promise.resolve(null);
    return new Promise((resolve) => {
      const held = (): Promise<void> => {
        resolve(lock);
        return new Promise(() => undefined);
      };
      locks.request(lock, held).catch(() => resolve(null));
    });
  }

  /** A page that is put away hears nothing, and may come back. */
  #watchPage(): void {
    if (typeof addEventListener === "undefined") return;
    addEventListener("pagehide", () => this.leave(), { once: true });
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.#closed(1006, "the page was put away");
    });
  }
}
