// Which node is the source of a channel: a lease beside the idempotency keys, which its holder renews (decision 0056).
//
// No clock is compared with another node's. Whoever sees the same record for as long as it lasts takes the lease, and what the
// one before it still says is refused by the log itself, which names the fence.
import { fail } from "@tidewire/protocol";
import type { Clock } from "../../ports/clock.ts";
import { farthestFence } from "./log-records.ts";
import type { Logs } from "./logs.ts";
import type { Names } from "./names.ts";
import type { Reached } from "./line.ts";

export interface LeasesOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly logs: Logs;
  /** This one, as others call it. */
  readonly node: string;
}

interface Lease {
  /** `null`: it was given back. */
  readonly holder: string | null;
  readonly fence: number;
  readonly ttlMs: number;
}

interface Held {
  readonly fence: number;
  /** Of the record that says so. */
  readonly sequence: number;
  /** Since before it was written, so that nobody else believes for less long that it is held. */
  readonly untilMs: number;
}

interface Seen {
  readonly sequence: number;
  readonly sinceMs: number;
}

/** Nobody takes a lease for longer. */
const longestTtlMs = 60_000;
const nobody = "-";
const line = /^([\w-]{1,64}) (\d{1,16}) (\d{1,5})$/;

export class Leases {
  readonly #options: LeasesOptions;
  readonly #held = new Map<string, Held>();
  /** What others hold, and since when nothing has changed about it. */
  readonly #seen = new Map<string, Seen>();

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** As far as this node's own clock goes. */
  isHeld(channel: string, fence: number): boolean {
    const held = this.#held.get(channel);
    return held?.fence === fence && held.untilMs > this.#options.clock.now();
  }

  /** @see EngineSources */
  async take(reached: Reached, channel: string, ttlMs: number): Promise<number | null> {
    const { clock, names, logs, node } = this.#options;
    if (ttlMs > longestTtlMs)
      fail("limit_exceeded", `a lease of at most ${longestTtlMs} ms was expected, got ${ttlMs}`);
    const held = this.#held.get(channel);
    const subject = names.ofLease(channel);
    const found = await reached.client.manager.streams.getMessage(names.keys, { last_by_subj: subject });
    const sequence = found?.seq ?? 0;
    const lease = found === null ? null : leaseIn(found.data);
    const isStill = held !== undefined && held.sequence === sequence && this.isHeld(channel, held.fence);
    if (!isStill) this.#held.delete(channel);
    const isOthers = lease !== null && lease.holder !== null && lease.holder !== node;
    if (isOthers && !this.#isOver(channel, sequence, lease.ttlMs)) return null;
    this.#seen.delete(channel);
    const fence = isStill ? held.fence : await this.#nextFence(reached, channel, lease);
    const untilMs = clock.now() + ttlMs;
    const written = await logs.append(reached, { subject, record: recordOf(node, fence, ttlMs), after: sequence });
    // Before anybody relies on the lease: from then on nothing is stored that was said under another one.
    if (written === null || !(await logs.fence(reached, channel, fence))) {
      this.#held.delete(channel);
      return null;
    }
    this.#held.set(channel, { fence, sequence: written.seq, untilMs });
    return fence;
  }

  async release(reached: Reached, channel: string): Promise<void> {
    this.#seen.delete(channel);
    const held = this.#held.get(channel);
    if (held === undefined) return;
    this.#held.delete(channel);
    const { names, logs } = this.#options;
    const record = recordOf(nobody, held.fence, 0);
    await logs.append(reached, { subject: names.ofLease(channel), record, after: held.sequence });
  }

  /** Another one than any before it, and larger. */
  async #nextFence(reached: Reached, channel: string, lease: Lease | null): Promise<number> {
    const { clock, logs } = this.#options;
    const { fence } = await logs.head(reached, channel);
    const next = Math.max(Math.floor(clock.wall()) * 1_000, fence + 1, (lease?.fence ?? 0) + 1);
    return next > farthestFence ? fail("engine_unavailable", "the channel's lease cannot be counted on") : next;
  }

  #isOver(channel: string, sequence: number, ttlMs: number): boolean {
    const nowMs = this.#options.clock.now();
    const seen = this.#seen.get(channel);
    if (seen?.sequence === sequence) return nowMs - seen.sinceMs >= ttlMs;
    this.#seen.set(channel, { sequence, sinceMs: nowMs });
    return false;
  }
}

function recordOf(holder: string, fence: number, ttlMs: number): Uint8Array {
  return Buffer.from(`${holder} ${fence} ${ttlMs}`);
}

/** `null` for what no node has written, which nobody holds. */
function leaseIn(bytes: Uint8Array): Lease | null {
  const [, holder, fence, ttlMs] = line.exec(Buffer.from(bytes).toString("latin1")) ?? [];
  if (holder === undefined || Number(fence) > farthestFence || Number(ttlMs) > longestTtlMs) return null;
  return { holder: holder === nobody ? null : holder, fence: Number(fence), ttlMs: Number(ttlMs) };
}
