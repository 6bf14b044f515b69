// The lane of one endpoint: its deliveries, a few at once, each tried until it is over. Nobody else's wait for them (W3).
import { AttemptFigures } from "./attempt-figures.ts";
import { type Cancel, type Log, type Random, toDate } from "@tidewire/protocol/ports";
import type { DeliveryRows, Due, Ending } from "./delivery-rows.ts";
import type { Endpoint } from "./endpoint.ts";
import { failureOf, post, type PostPorts } from "./post.ts";
import { delayMs, isTooLate } from "./retry.ts";
import { signatureOf } from "./signature.ts";

export interface LanePorts extends PostPorts {
  readonly rows: DeliveryRows;
  readonly random: Random;
  readonly log: Log;
}

const mostAtOnce = 8;
/** The time of day may jump. */
const longestWaitMs = 30_000;
/** After which the database is asked again that could not say. */
const againMs = 1_000;

/** How an ending is counted. */
const counted = { done: "delivered", again: "failed", dead: "given up" } as const;

export class Lane {
  readonly figures: AttemptFigures = new AttemptFigures();
  readonly #endpoint: Endpoint;
  readonly #ports: LanePorts;
  readonly #active = new Map<number, Promise<void>>();
  readonly #stop = new AbortController();
  #cancel: Cancel = () => undefined;
  #isStopped = false;

  constructor(endpoint: Endpoint, ports: LanePorts) {
    this.#endpoint = endpoint;
    this.#ports = ports;
  }

  get name(): string {
    return this.#endpoint.name;
  }

  /** Begins what is due. */
  wake(): void {
    this.#cancel();
    if (this.#isStopped) return;
    const { clock, log } = this.#ports;
    let waitMs = againMs;
    try {
      waitMs = this.#begin();
    } catch (thrown) {
      log.error("the deliveries of an endpoint cannot be read", {
        ...this.#named(),
        reason: failureOf(thrown).message,
      });
    }
    if (this.#active.size < mostAtOnce) this.#cancel = clock.after(waitMs, () => this.wake());
  }

  /** Begins nothing more; what is under way has `graceMs`, and is done again by whoever is next where that was not enough. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    const cancel = this.#ports.clock.after(graceMs, () => this.#stop.abort());
    await Promise.all(this.#active.values());
    cancel();
  }

  /** @returns In how many milliseconds to look again. */
  #begin(): number {
    const { clock, rows } = this.#ports;
    const { name } = this.#endpoint;
    const nowMs = clock.wall();
    if (this.#active.size >= mostAtOnce) return longestWaitMs;
    for (const delivery of rows.due(name, nowMs, mostAtOnce + this.#active.size)) {
      if (this.#active.size >= mostAtOnce) break;
      if (this.#active.has(delivery.place)) continue;
      const delivering = this.#deliver(delivery).finally(() => {
        this.#active.delete(delivery.place);
        this.wake();
      });
      this.#active.set(delivery.place, delivering);
    }
    const nextMs = rows.nextDueMs(name, nowMs);
    return nextMs === null ? longestWaitMs : Math.min(nextMs - nowMs, longestWaitMs);
  }

  /** Never rejects. */
  async #deliver(delivery: Due): Promise<void> {
    const { rows, clock, log } = this.#ports;
    const { name } = this.#endpoint;
    const beganMs = clock.now();
    const ending = await this.#attempt(delivery);
    if (ending !== null) this.figures.ended(counted[ending.kind], clock.now() - beganMs);
    // Until it is kept, it is due still: made again and again, it would hammer at the endpoint.
    for (let isKept = ending === null; !isKept && ending !== null;) {
      try {
        rows.settle(name, delivery.place, { ending, nowMs: clock.wall() });
        isKept = true;
      } catch (thrown) {
        if (this.#isStopped) return;
        log.error("how a delivery ended cannot be kept yet", { ...this.#named(), reason: failureOf(thrown).message });
        await new Promise<void>((resolve) => void clock.after(againMs, resolve));
      }
    }
  }

  /** `null` when it was broken off, which says nothing. */
  async #attempt({ id, type, body, attempts, sinceMs }: Due): Promise<Ending | null> {
    const { url, allowsPrivate, secrets } = this.#endpoint;
    const { clock, random, log } = this.#ports;
    const timestamp = Math.floor(clock.wall() / 1_000);
    const headers = {
      "content-type": "application/json",
      "user-agent": "Tidewire",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signatureOf({ id, timestamp, body }, secrets),
    };
    try {
      await post({ url, allowsPrivate, headers, body }, { ...this.#ports, signal: this.#stop.signal });
      return { kind: "done" };
    } catch (thrown) {
      if (this.#stop.signal.aborted) return null;
      const { reason, message } = failureOf(thrown);
      const said = { ...this.#named(), id, type, attempt: attempts + 1, reason: message };
      const dueMs = clock.wall() + delayMs(attempts + 1, random);
      if (reason === "gone" || isTooLate(dueMs, sinceMs)) {
        log.error("a webhook was given up", said);
        return { kind: "dead", reason, message };
      }
      log.warn("a webhook was not delivered", { ...said, again: toDate(dueMs).toISOString() });
      return { kind: "again", dueMs, reason, message };
    }
  }

  #named(): { readonly endpoint: string } {
    return { endpoint: this.#endpoint.name };
  }
}
