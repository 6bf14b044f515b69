// Expiry: ends what a token let in, some time after the token has expired.
//
// Expiry is a time of day, so it moves with the wall clock; a timer is not. So the time of day is looked at now and then.
import type { Due, DueAt, Wheel } from "../hub/wheel.ts";
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
  readonly #renew: (() => void) | null;
  dueAt: DueAt | null = null;
  dueSlot = 0;
  #endMs = Number.POSITIVE_INFINITY;

  /**
   * @param expired Called once, when the time and the grace are over.
   * @param renew Called when the time is over, and again at each look until it is set anew or the grace is over, too.
   */
  constructor(node: ExpiryNode, expired: () => void, renew: (() => void) | null = null) {
    this.#node = node;
    this.#expired = expired;
    this.#renew = renew;
  }

  /** @param expiresAt In seconds since 1970; `null`: never. */
  set(expiresAt: number | null): void {
    this.stop();
    this.#endMs = Number.POSITIVE_INFINITY;
    if (expiresAt === null) return;
    this.#endMs = expiresAt * 1_000 + this.#node.limits.expiryGraceMs;
    this.#look();
  }

  /** In seconds since 1970; `null`: never. */
  get endsAt(): number | null {
    const endMs = this.#endMs - this.#node.limits.expiryGraceMs;
    return endMs === Number.POSITIVE_INFINITY ? null : endMs / 1_000;
  }

  stop(): void {
    this.#node.hub.wheel.cancel(this);
  }

  /** The wheel's. */
  due(): void {
    if (this.#leftMs() <= 0) {
      this.#node.metrics.hit("expiryGraceMs");
      return this.#expired();
    }
    // First: what it does may set another time.
    this.#look();
    if (this.#freshMs() <= 0) this.#renew?.();
  }

  #look(): void {
    const freshMs = this.#freshMs();
    const nextMs = this.#renew !== null && freshMs > 0 ? freshMs : this.#leftMs();
    this.#node.hub.wheel.schedule(this, Math.min(lookMs, Math.max(0, nextMs)));
  }

  /** Until its time is over, the grace not counted. */
  #freshMs(): number {
    return this.#leftMs() - this.#node.limits.expiryGraceMs;
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
