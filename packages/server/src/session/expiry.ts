// Expiry: ends what a token let in, some time after the token has expired.
//
// Expiry is a time of day, so it moves with the wall clock; a timer is not. So the time of day is looked at now and then.
import type { Due, Wheel } from "../hub/wheel.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";

/** After a jump of the wall clock this long at most until it is noticed, in milliseconds. */
const lookMs = 10_000;
const mostSeconds = 0xffff_ffff;

export interface ExpiryNode {
  readonly clock: Clock;
  readonly hub: { readonly wheel: Wheel };
  readonly limits: { readonly expiryGraceMs: number };
  readonly metrics: Metrics;
}

export class Expiry implements Due {
  readonly #node: ExpiryNode;
  readonly #expired: () => void;
  #endMs = Number.POSITIVE_INFINITY;

  /** @param expired Called once, when the time and the grace are over. */
  constructor(node: ExpiryNode, expired: () => void) {
    this.#node = node;
    this.#expired = expired;
  }

  /** @param expiresAt In seconds since 1970; `null`: never. */
  set(expiresAt: number | null): void {
    this.stop();
    if (expiresAt === null) return;
    this.#endMs = expiresAt * 1_000 + this.#node.limits.expiryGraceMs;
    this.#look();
  }

  stop(): void {
    this.#node.hub.wheel.cancel(this);
  }

  /** The wheel's. */
  due(): void {
    if (this.#leftMs() > 0) return this.#look();
    this.#node.metrics.hit("expiryGraceMs");
    this.#expired();
  }

  #look(): void {
    this.#node.hub.wheel.schedule(this, Math.min(lookMs, Math.max(0, this.#leftMs())));
  }

  #leftMs(): number {
    return this.#endMs - this.#node.clock.wall();
  }
}

/** Whether that time has come. */
export function isPast(expiresAt: number | null, clock: Clock): boolean {
  return expiresAt !== null && expiresAt * 1_000 <= clock.wall();
}

/** Seconds until then, as clients are told: at least one. */
export function ttlOf(expiresAt: number | null, clock: Clock): number | null {
  if (expiresAt === null) return null;
  return Math.min(mostSeconds, Math.max(1, Math.floor(expiresAt - clock.wall() / 1_000)));
}
