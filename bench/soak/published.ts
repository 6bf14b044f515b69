// What the soak's server publishes: a number after the other on each channel, as many in all as it is told.
import type { Tidewire } from "@tidewire/server";
import { chat, counts, fire, keysOfMarket, market, type Numbered, typing } from "./channels.ts";
import type { Ended } from "./talk.ts";

const tickMs = 20;
/** Publications that may be made up for. */
const mostDue = 20;
/** Of all publications: the rest is typing. */
const shares = { chat: 0.6, market: 0.2 };
const text = "x".repeat(80);
const large = "x".repeat(20_000);
const fireEveryMs = 100;

const anyOf = (count: number): number => Math.floor(Math.random() * count);

export class Published {
  readonly #tide: Tidewire;
  readonly #numbers = new Map<string, number>();
  readonly #newest = new Map<string, Map<string, number>>();
  #timers: readonly NodeJS.Timeout[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #stepMs = 0;
  #dueMs = 0;
  #published = 0;
  #misplaced = 0;

  constructor(tide: Tidewire) {
    this.#tide = tide;
  }

  begin(perSecond: number): void {
    this.#stepMs = 1_000 / perSecond;
    this.#dueMs = performance.now();
    this.#timers = [setInterval(() => this.#tick(), tickMs), setInterval(() => this.#burn(), fireEveryMs)];
  }

  /** Publishes nothing until it begins again; resolves when all that was published has its answer. */
  async end(): Promise<Ended> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#inFlight);
    const tops = new Map<string, number | ReadonlyMap<string, number>>(this.#newest);
    for (const [channel, n] of this.#numbers) if (channel.startsWith("chat:")) tops.set(channel, n);
    return { tops, published: this.#published, misplaced: this.#misplaced, counters: this.#tide.stats().counters };
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#dueMs = Math.max(this.#dueMs, nowMs - mostDue * this.#stepMs);
    for (; this.#dueMs <= nowMs; this.#dueMs += this.#stepMs) this.#one();
  }

  #one(): void {
    this.#published += 1;
    const which = Math.random();
    if (which < shares.chat) return this.#chat();
    if (which < shares.chat + shares.market) return this.#market();
    const n = String(anyOf(counts.typing));
    this.#track(this.#tide.channel(typing, { n }).publish({ n: this.#next(typing.name({ n })), text } as never));
  }

  /** Half of them under a key, as what a client asks for is published. */
  #chat(): void {
    const channel = { n: String(anyOf(counts.chat)) };
    const n = this.#next(chat.name(channel));
    const keyed = Math.random() < 0.5 ? { idempotencyKey: `${channel.n} ${n}` } : {};
    const acked = this.#tide.channel(chat, channel).publish({ n, text } satisfies Numbered as never, keyed);
    this.#track(
      acked.then(({ position }) => {
        if (position.offset !== n) this.#misplaced += 1;
      }),
    );
  }

  #market(): void {
    const n = String(anyOf(counts.market));
    const [name, key] = [market.name({ n }), `k${anyOf(keysOfMarket)}`];
    const value: Numbered = { n: this.#next(name), key, text };
    const newest = this.#newest.get(name) ?? new Map<string, number>();
    this.#newest.set(name, newest.set(key, value.n));
    this.#track(this.#tide.channel(market, { n }).publish(value as never));
  }

  #burn(): void {
    const value: Numbered = { n: this.#next("fire:0"), text: large };
    this.#track(this.#tide.channel(fire, { n: "0" }).publish(value as never));
  }

  #next(channel: string): number {
    const n = (this.#numbers.get(channel) ?? 0) + 1;
    this.#numbers.set(channel, n);
    return n;
  }

  /** Rejected, it ends the process: a soak of a server that refuses is none. */
  #track(publishing: Promise<unknown>): void {
    const done: Promise<void> = publishing.then(() => void this.#inFlight.delete(done));
    this.#inFlight.add(done);
  }
}
