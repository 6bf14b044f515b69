// Admission: how many connections a node takes, and how fast; a crowd that comes back at once queues.
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";

const queueMs = 10_000;
const tickMs = 20;

type Refusal = "connections" | "address" | "address rate" | "queue";

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (why: Refusal) => void;
  readonly sinceMs: number;
}

export class Admission {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  #open = 0;
  readonly #perAddress = new Map<string, { open: number; tokens: number; filledMs: number }>();
  #queue: Waiting[] = [];
  #tokens: number;
  #filledMs: number;
  #isTicking = false;

  constructor(limits: Limits, clock: Clock, metrics: Metrics) {
    this.#limits = limits;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#tokens = limits.newPerSecond;
    this.#filledMs = clock.now();
  }

  /** Stands for an address, as long as it is known here. */
  client(address: string): object {
    return this.#entry(address);
  }

  get open(): number {
    return this.#open;
  }

  /** @param address Counted where limits per address make sense; otherwise `null`. */
  ask(address: string | null, admit: () => void, refuse: (why: Refusal) => void): void {
    const no = (why: Refusal): void => {
      this.#metrics.add("connections_refused");
      refuse(why);
    };
    if (this.#open >= this.#limits.connections) return no("connections");
    const why = address === null ? null : this.#addressRefusal(address);
    if (why !== null) return no(why);
    this.#refill();
    if (this.#queue.length === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return admit();
    }
    if (this.#queue.length >= this.#limits.admissionQueue) return no("queue");
    this.#queue.push({ admit, refuse: no, sinceMs: this.#clock.now() });
    this.#tick();
  }

  /** A connection counts from here until `left`. */
  entered(address: string | null): void {
    this.#open += 1;
    if (address !== null) this.#entry(address).open += 1;
  }

  left(address: string | null): void {
    this.#open -= 1;
    if (address !== null) this.#entry(address).open -= 1;
    if (this.#perAddress.size > 10_000) this.#forgetQuiet();
  }

  #addressRefusal(address: string): Refusal | null {
    const entry = this.#entry(address);
    if (entry.open >= this.#limits.connectionsPerAddress) return "address";
    const now = this.#clock.now();
    const perSecond = this.#limits.newPerAddressPerSecond;
    entry.tokens = Math.min(perSecond, entry.tokens + ((now - entry.filledMs) * perSecond) / 1_000);
    entry.filledMs = now;
    if (entry.tokens < 1) return "address rate";
    entry.tokens -= 1;
    return null;
  }

  #entry(address: string): { open: number; tokens: number; filledMs: number } {
    let entry = this.#perAddress.get(address);
    if (entry === undefined) {
      entry = { open: 0, tokens: this.#limits.newPerAddressPerSecond, filledMs: this.#clock.now() };
      this.#perAddress.set(address, entry);
    }
    return entry;
  }

  #forgetQuiet(): void {
    const now = this.#clock.now();
    for (const [address, entry] of this.#perAddress) {
      if (entry.open === 0 && now - entry.filledMs > 1_000) this.#perAddress.delete(address);
    }
  }

  #refill(): void {
    const now = this.#clock.now();
    const perSecond = this.#limits.newPerSecond;
    this.#tokens = Math.min(perSecond, this.#tokens + ((now - this.#filledMs) * perSecond) / 1_000);
    this.#filledMs = now;
  }

  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.after(tickMs, () => {
      this.#isTicking = false;
      this.#serve();
      if (this.#queue.length > 0) this.#tick();
    });
  }

  #serve(): void {
    this.#refill();
    const now = this.#clock.now();
    let served = 0;
    for (const waiting of this.#queue) {
      if (now - waiting.sinceMs > queueMs) waiting.refuse("queue");
      else if (this.#tokens < 1) break;
      else if (this.#open >= this.#limits.connections) waiting.refuse("connections");
      else {
        this.#tokens -= 1;
        waiting.admit();
      }
      served += 1;
    }
    this.#queue = this.#queue.slice(served);
  }
}
