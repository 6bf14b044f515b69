// A publisher: publishes 1, 2, 3 … to one channel at a rate, and again under the same key what had no answer.
import { Centrifuge } from "centrifuge";
import WebSocket from "ws";

const tickMs = 20;
/** Publishes that may be made up for. */
const mostDue = 100;

interface Answer {
  readonly offset: number;
  readonly duplicate: boolean;
}

export class Publisher {
  readonly channel: string;
  /** Offset by value. */
  readonly acked = new Map<number, number>();
  /** Publishes whose outcome nobody knew, and which turned out to have been accepted. */
  duplicates = 0;
  indeterminate = 0;
  readonly #client: Centrifuge;
  readonly #perMs: number;
  #tickedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #due = 0;
  #next = 1;
  #again: number[] = [];
  #inFlight = 0;
  #isEnding = false;

  constructor(url: string, channel: string, perSecond: number) {
    this.channel = channel;
    this.#perMs = perSecond / 1_000;
    this.#client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 20, maxReconnectDelay: 500 });
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
    const again = this.#again;
    this.#again = [];
    for (const value of again) this.#publish(value);
    if (this.#isEnding) return;
    for (; this.#due >= 1; this.#due -= 1) {
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
        this.#inFlight -= 1;
        this.indeterminate += 1;
        this.#again.push(value);
      },
    );
  }

  #accepted(value: number, { offset, duplicate }: Answer): void {
    this.#inFlight -= 1;
    if (duplicate) this.duplicates += 1;
    this.acked.set(value, offset);
  }
}
