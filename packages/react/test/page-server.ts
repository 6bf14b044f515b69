// A server inside the page: a transport that plays the protocol, so that a test can count what a browser would send.
import type { Clock, Transport, TransportConnection, TransportEvents } from "@tidewire/client";

export type Json = Readonly<Record<string, unknown>>;

export class PageServer implements Transport {
  /** How many sockets were opened. */
  upgrades = 0;
  readonly heard: { readonly method: string; readonly params: Json }[] = [];
  /** What each session id shows as a member. */
  readonly present = new Map<string, Json>();
  /** The newest offset of every channel, whose history then has them all. */
  top = 0;
  /** What every channel's history has, newest first. */
  kept: readonly Json[] = [];
  /** Calls with this input get no answer. */
  silentOn: unknown = undefined;
  #events: TransportEvents | null = null;
  readonly #watchers = new Set<() => void>();

  open(_url: string, events: TransportEvents): TransportConnection {
    this.upgrades++;
    this.#events = events;
    queueMicrotask(() => events.opened());
    return {
      send: (frame) => {
        for (const line of frame.split("\n")) this.#hear(JSON.parse(line) as Json);
        for (const look of this.#watchers) look();
      },
      close: () => {
        this.#events = null;
      },
    };
  }

  all(method: string): readonly Json[] {
    return this.heard.filter((heard) => heard.method === method).map(({ params }) => params);
  }

  push(channel: string, push: Json): void {
    this.#events?.received(JSON.stringify({ push: { channel, ...push } }));
  }

  publish(channel: string, offset: number, data: unknown = offset): void {
    this.push(channel, { pub: { data, offset } });
  }

  drop(code: number): void {
    this.#events?.closed(code, "dropped");
  }

  async hears(method: string, count = 1): Promise<Json> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.all(method).length < count) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
    return this.all(method)[count - 1] ?? {};
  }

  #hear(command: Json): void {
    const method = Object.keys(command).find((name) => name !== "id") ?? "pong";
    const params = (command[method] ?? {}) as Json;
    this.heard.push({ method, params });
    if (method === "rpc" && this.silentOn !== undefined && params["data"] === this.silentOn) return;
    const reply = { id: command["id"], [method]: this.#answer(method, params) };
    queueMicrotask(() => this.#events?.received(JSON.stringify(reply)));
  }

  #answer(method: string, params: Json): Json {
    if (method === "connect") return { client: `session-${this.upgrades}`, ping: 25, pong: true };
    if (method === "presence") return { presence: Object.fromEntries(this.present) };
    if (method === "rpc") return { data: { method: params["method"], input: params["data"], epoch: "e1", offset: 1 } };
    if (method === "history") return { ...this.#before(params), epoch: "e1" };
    return method === "subscribe" ? { recoverable: true, epoch: "e1", offset: this.top } : {};
  }

  #before({ since, limit }: Json): Json {
    if (this.top === 0) return { publications: this.kept, offset: this.kept[0]?.["offset"] ?? 0 };
    const first = Number((since as Json)["offset"]);
    const offsets = Array.from({ length: Math.min(Number(limit), first - 1) }, (_, at) => first - 1 - at);
    return { publications: offsets.map((offset) => ({ offset, data: offset })), offset: this.top };
  }
}

/** Frames are the browser's own; time moves when the test says so. */
export class PageClock implements Clock {
  #nowMs = 0;
  #timers = new Set<{ readonly atMs: number; readonly act: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  wall(): number {
    return this.#nowMs;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, act };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  frame(act: () => void): () => void {
    const frame = requestAnimationFrame(act);
    return () => cancelAnimationFrame(frame);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) {
      if (timer.atMs <= this.#nowMs && this.#timers.delete(timer)) timer.act();
    }
  }
}
