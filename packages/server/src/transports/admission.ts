// Admission: how many connections a node takes, and how fast; a crowd that comes back at once queues.
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";

const tickMs = 20;

/** What a comer is told, by the limit that it met. */
const refusals: {
  readonly connections: "connections";
  readonly connectionsPerAddress: "address";
  readonly newPerAddressPerSecond: "address rate";
  readonly admissionQueue: "queue";
  readonly admissionQueueMs: "queue";
} = {
  connections: "connections",
  connectionsPerAddress: "address",
  newPerAddressPerSecond: "address rate",
  admissionQueue: "queue",
  admissionQueueMs: "queue",
};

type Met = keyof typeof refusals;
type Refusal = (typeof refusals)[Met];

interface Waiting {
  readonly address: string | null;
  readonly admit: () => void;
  readonly refuse: (met: Met) => void;
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

  /** How many wait. */
  get queued(): number {
    return this.#queue.length;
  }

  get open(): number {
    return this.#open;
  }

  /** @param address Counted where limits per address make sense; otherwise `null`. */
  ask(address: string | null, admit: () => void, refuse: (why: Refusal) => void): void {
    const no = (met: Met): void => {
      this.#metrics.add("connections_refused");
      this.#metrics.hit(met);
      refuse(refusals[met]);
    };
    if (this.#open >= this.#limits.connections) return no("connections");
    const met = address === null ? null : this.#addressLimit(address);
    if (met !== null) return no(met);
    this.#refill();
    if (this.#queue.length === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return admit();
    }
    if (this.#queue.length >= this.#limits.admissionQueue) return no("admissionQueue");
    this.#metrics.hit("newPerSecond");
    this.#queue.push({ address, admit, refuse: no, sinceMs: this.#clock.now() });
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

  #addressLimit(address: string): Met | null {
    if (this.#isCrowded(address)) return "connectionsPerAddress";
    const entry = this.#entry(address);
    const now = this.#clock.now();
    const perSecond = this.#limits.newPerAddressPerSecond;
    entry.tokens = Math.min(perSecond, entry.tokens + ((now - entry.filledMs) * perSecond) / 1_000);
    entry.filledMs = now;
    if (entry.tokens < 1) return "newPerAddressPerSecond";
    entry.tokens -= 1;
    return null;
  }

  #isCrowded(address: string): boolean {
    return this.#entry(address).open >= this.#limits.connectionsPerAddress;
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
      if (now - waiting.sinceMs > this.#limits.admissionQueueMs) waiting.refuse("admissionQueueMs");
      else if (this.#tokens < 1) break;
      else if (this.#open >= this.#limits.connections) waiting.refuse("connections");
      // Others of its address may have come in while it waited.
      else if (waiting.address !== null && this.#isCrowded(waiting.address)) waiting.refuse("connectionsPerAddress");
      else {
        this.#tokens -= 1;
        waiting.admit();
      }
      served += 1;
    }
    this.#queue = this.#queue.slice(served);
  }
}
