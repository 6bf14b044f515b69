// The heartbeat: finds out which clients are gone.
//
// A client that reads is judged by its pong, one that was slow by its progress alone: a slow link is not a dead one.
// One that has no pongs has answered a ping when its socket has taken all there was.
import type { CloseReasonName } from "@tidewire/protocol";
import type { Wheel } from "../hub/wheel.ts";
import type { Clock } from "../ports/clock.ts";
import type { SessionNode } from "./node.ts";

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly wheel: Wheel;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  readonly stalledMs: number;
  /** Milliseconds to the first ping: spread, since clients come back together. */
  readonly firstPingMs: number;
  /** Queues a ping before everything else. */
  readonly ping: () => void;
  readonly close: (reason: CloseReasonName, detail: string) => void;
  readonly traffic: () => { readonly unsent: number; readonly received: number };
  /** Whether this client answers pings by itself. */
  readonly hasPongs: boolean;
  /** Whether this client is not read at present: then its pong cannot be heard. */
  readonly isHeld: () => boolean;
}

/**
 * idle      no ping is out; the next is due
 * queued    a ping waits in our queue
 * awaiting  it has left; the pong is due
 * slow      the socket takes no more; it must make progress
 */
type State = "idle" | "queued" | "awaiting" | "slow";

/** With the node's own times, and the first ping spread over half an interval. */
export function heartbeatOf(
  { hub, clock, random, limits }: SessionNode,
  own: Pick<HeartbeatOptions, "ping" | "close" | "traffic" | "hasPongs" | "isHeld">,
): Heartbeat {
  const { pingIntervalMs, pongTimeoutMs, stalledMs } = limits;
  const firstPingMs = pingIntervalMs * (0.5 + random.fraction() / 2);
  return new Heartbeat({ clock, wheel: hub.wheel, pingIntervalMs, pongTimeoutMs, stalledMs, firstPingMs, ...own });
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #state: State = "idle";
  /** A ping has left, and its pong is owed: no second ping goes out before it. */
  #isOwed = false;
  /** Since the last pong the socket was full: what it still holds may take longer than a pong may. */
  #wasSlow = false;
  #unsent = 0;
  #received = 0;
  #progressMs = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    options.wheel.schedule(this, options.firstPingMs);
  }

  /** Everything queued so far has left this process. */
  left(): void {
    if (this.#state === "queued") this.#isOwed = true;
    if (this.#state === "queued" || this.#state === "slow") this.#next(this.#isOwed ? "awaiting" : "idle");
  }

  /** The socket takes no more. */
  full(): void {
    if (this.#state === "slow") return;
    if (this.#state === "queued") this.#isOwed = true;
    this.#state = "slow";
    this.#wasSlow = true;
    this.#noteProgress();
    this.#options.wheel.schedule(this, this.#options.stalledMs);
  }

  /** False when no ping was out. */
  pong(): boolean {
    if (!this.#isOwed) return false;
    this.#isOwed = false;
    this.#wasSlow = this.#state === "slow";
    if (this.#state === "awaiting") this.#next("idle");
    return true;
  }

  stop(): void {
    this.#options.wheel.cancel(this);
  }

  /** The wheel's. */
  due(): void {
    if (this.#state === "idle") {
      this.#state = "queued";
      // A ping that cannot leave is found by the state `slow`; this only guards against a queue that is never flushed.
      this.#options.wheel.schedule(this, this.#options.stalledMs);
      return this.#options.ping();
    }
    if (this.#state === "awaiting" && this.#isTaken) return void this.pong();
    const awaitsPong = this.#state === "awaiting" && this.#options.hasPongs;
    const waitMs = awaitsPong ? this.#pongMs : this.#options.stalledMs;
    const sinceMs = this.#quietMs();
    if (sinceMs < waitMs) return this.#options.wheel.schedule(this, waitMs - sinceMs);
    if (awaitsPong) return this.#options.close("no_pong", `no pong within ${waitMs} ms`);
    this.#options.close("slow", `took no byte for ${waitMs} ms`);
  }

  #await(): void {
    this.#state = "awaiting";
    if (this.#isTaken) return void this.pong();
    this.#noteProgress();
    this.#options.wheel.schedule(this, this.#pongMs);
  }

  /** What stands for a pong where there are none. */
  get #isTaken(): boolean {
    return !this.#options.hasPongs && this.#options.traffic().unsent === 0;
  }

  get #pongMs(): number {
    const { pongTimeoutMs, stalledMs } = this.#options;
    return this.#wasSlow ? Math.max(pongTimeoutMs, stalledMs) : pongTimeoutMs;
  }

  #next(state: "idle" | "awaiting"): void {
    if (state === "awaiting") return this.#await();
    this.#state = "idle";
    this.#options.wheel.schedule(this, this.#options.pingIntervalMs);
  }

  #noteProgress(): void {
    const { unsent, received } = this.#options.traffic();
    this.#unsent = unsent;
    this.#received = received;
    this.#progressMs = this.#options.clock.now();
  }

  /** Milliseconds since bytes last moved; what moved since the last look counts as now. */
  #quietMs(): number {
    const { unsent, received } = this.#options.traffic();
    const hasMoved =
      received !== this.#received ||
      ((this.#state === "slow" || !this.#options.hasPongs) && unsent !== this.#unsent) ||
      (this.#state === "awaiting" && this.#options.isHeld());
    if (hasMoved) this.#noteProgress();
    return this.#options.clock.now() - this.#progressMs;
  }
}
