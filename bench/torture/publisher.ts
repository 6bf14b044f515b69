// A publisher: publishes 1, 2, 3 … to one channel at a rate, and again under the same key what had no answer.
import type { Position } from "@tidewire/protocol";
import { Centrifuge } from "centrifuge";
import type { Acked, Ledger } from "./ledger.ts";
import { type Addresses, socketTo } from "./addresses.ts";

const tickMs = 20;
/** Publishes that may be made up for. */
const mostDue = 100;
/** Publishes without an answer: more would only wait in a line that is too long already. */
const mostInFlight = 100;
const againMs = 200;

interface Answer extends Acked {
  readonly duplicate: boolean;
}

interface Written {
  readonly ledger: Ledger;
  readonly perSecond: number;
}

export class Publisher {
  readonly channel: string;
  /** Publishes whose outcome nobody knew, and which turned out to have been accepted. */
  duplicates = 0;
  indeterminate = 0;
  /** Where the first publish was accepted that began after `look`. */
  seen: Position | null = null;
  readonly #ledger: Ledger;
  readonly #client: Centrifuge;
  readonly #perMs: number;
  readonly #timer: NodeJS.Timeout;
  #tickedMs = performance.now();
  #due = 0;
  #next = 1;
  #lookedAt = 1;
  #again: number[] = [];
  #inFlight = 0;
  #isEnding = false;

  constructor(addresses: Addresses, channel: string, { ledger, perSecond }: Written) {
    this.channel = channel;
    this.#ledger = ledger;
    this.#perMs = perSecond / 1_000;
    const options = { minReconnectDelay: 20, maxReconnectDelay: 500, timeout: 5_000 };
    this.#client = new Centrifuge(addresses.url(), { websocket: socketTo(addresses), ...options });
    this.#client.connect();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Publishes nothing new. */
  finish(): void {
    this.#isEnding = true;
  }

  get isDone(): boolean {
    return this.#isEnding && this.#inFlight === 0 && this.#again.length === 0;
  }

  look(): void {
    this.#lookedAt = this.#next;
    this.seen = null;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#client.disconnect();
  }

  #tick(): void {
    // Made up for when the server is back, or the machine was busy; not all at once.
    const nowMs = performance.now();
    this.#due = Math.min(this.#due + (nowMs - this.#tickedMs) * this.#perMs, mostDue);
    this.#tickedMs = nowMs;
    if (this.#client.state !== "connected") return;
    // What never got an answer comes first.
    while (this.#again.length > 0 && this.#hasRoom()) this.#publish(this.#again.shift() ?? 0);
    if (this.#isEnding) return;
    for (; this.#due >= 1 && this.#hasRoom(); this.#due -= 1) {
      this.#publish(this.#next);
      this.#next += 1;
    }
  }

  #publish(value: number): void {
    this.#inFlight += 1;
    const publish = { channel: this.channel, data: value, key: `${this.channel} ${value}` };
    this.#client.rpc("tide.publish", publish).then(
      ({ data }) => this.#accepted(value, data as Answer),
      () => {
        this.indeterminate += 1;
        // It keeps its place among those in flight meanwhile.
        setTimeout(() => {
          this.#inFlight -= 1;
          this.#again.push(value);
        }, againMs);
      },
    );
  }

  #hasRoom(): boolean {
    return this.#inFlight < mostInFlight;
  }

  #accepted(value: number, { epoch, offset, duplicate, durability }: Answer): void {
    this.#inFlight -= 1;
    if (duplicate) this.duplicates += 1;
    else if (value >= this.#lookedAt) this.seen ??= { epoch, offset };
    this.#ledger.ack(value, { epoch, offset, durability });
  }
}
