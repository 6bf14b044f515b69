// The heartbeat: finds out which clients are gone.
//
// A client that reads is judged by its pong, one that was slow by its progress alone: a slow link is not a dead one.
// One that has no pongs has answered a ping when its socket has taken all there was.
import type { CloseReasonName } from "@tidewire/protocol";
import type { Due, DueAt, Wheel } from "../hub/wheel.ts";
import type { Clock } from "../ports/clock.ts";
import type { Limits } from "../options.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Link } from "./link.ts";
import type { Random } from "../ports/random.ts";

/** What the heartbeats of a node share. */
export interface HeartbeatNode {
  readonly clock: Clock;
  readonly hub: { readonly wheel: Wheel };
  readonly limits: Pick<Limits, "pingIntervalMs" | "pongTimeoutMs" | "stalledMs">;
  readonly metrics: Metrics;
}

/** Whose heartbeat it is. */
export interface HeartbeatHost {
  /** Whether this client answers pings by itself. */
  readonly traits: { readonly hasPongs: boolean };
  /** Whether this client is not read at present, or what it has said waits here: then its pong cannot be heard. */
  readonly isHeld: boolean;
  readonly link: Pick<Link, "traffic">;
  /** Queues a ping before everything else. */
  ping(): void;
  close(reason: CloseReasonName, detail: string): void;
}

/**
 * idle      no ping is out; the next is due
 * queued    a ping waits in our queue
 * awaiting  it has left; the pong is due
 * slow      the socket takes no more; it must make progress
 */
type State = "idle" | "queued" | "awaiting" | "slow";

/** The first ping is spread over half an interval, since clients come back together. */
export function heartbeatOf(node: HeartbeatNode & { readonly random: Random }, host: HeartbeatHost): Heartbeat {
  return new Heartbeat(node, host, node.limits.pingIntervalMs * (0.5 + node.random.fraction() / 2));
}

export class Heartbeat implements Due {
  readonly #node: HeartbeatNode;
  readonly #host: HeartbeatHost;
  dueAt: DueAt | null = null;
  dueSlot = 0;
  #state: State = "idle";
  /** A ping has left, and its pong is owed: no second ping goes out before it. */
  #isOwed = false;
  /** Since the last pong the socket was full: what it still holds may take longer than a pong may. */
  #wasSlow = false;
  #unsent = 0;
  #received = 0;
  #progressMs = 0;

  constructor(node: HeartbeatNode, host: HeartbeatHost, firstPingMs: number) {
    this.#node = node;
    this.#host = host;
    this.#dueIn(firstPingMs);
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
    this.#dueIn(this.#node.limits.stalledMs);
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
    this.#node.hub.wheel.cancel(this);
  }

  /** The wheel's. */
  due(): void {
    if (this.#state === "idle") {
      this.#state = "queued";
      // A ping that cannot leave is found by the state `slow`; this only guards against a queue that is never flushed.
      this.#dueIn(this.#node.limits.stalledMs);
      return this.#host.ping();
    }
    if (this.#state === "awaiting" && this.#isTaken) return void this.pong();
    const awaitsPong = this.#state === "awaiting" && this.#host.traits.hasPongs;
    const waitMs = awaitsPong ? this.#pongMs : this.#node.limits.stalledMs;
    const sinceMs = this.#quietMs();
    if (sinceMs < waitMs) return this.#dueIn(waitMs - sinceMs);
    this.#node.metrics.hit(awaitsPong ? "pongTimeoutMs" : "stalledMs");
    if (awaitsPong) return this.#host.close("no_pong", `no pong within ${waitMs} ms`);
    this.#host.close("slow", `took no byte for ${waitMs} ms`);
  }

  #dueIn(ms: number): void {
    this.#node.hub.wheel.schedule(this, ms);
  }

  #await(): void {
    this.#state = "awaiting";
    if (this.#isTaken) return void this.pong();
    this.#noteProgress();
    this.#dueIn(this.#pongMs);
  }

  /** What stands for a pong where there are none. */
  get #isTaken(): boolean {
    return !this.#host.traits.hasPongs && this.#host.link.traffic().unsent === 0;
  }

  get #pongMs(): number {
    const { pongTimeoutMs, stalledMs } = this.#node.limits;
    return this.#wasSlow ? Math.max(pongTimeoutMs, stalledMs) : pongTimeoutMs;
  }

  #next(state: "idle" | "awaiting"): void {
    if (state === "awaiting") return this.#await();
    this.#state = "idle";
    this.#dueIn(this.#node.limits.pingIntervalMs);
  }

  #noteProgress(): void {
    const { unsent, received } = this.#host.link.traffic();
    this.#unsent = unsent;
    this.#received = received;
    this.#progressMs = this.#node.clock.now();
  }

  /** Milliseconds since bytes last moved; what moved since the last look counts as now. */
  #quietMs(): number {
    const { unsent, received } = this.#host.link.traffic();
    const hasMoved =
      received !== this.#received ||
      ((this.#state === "slow" || !this.#host.traits.hasPongs) && unsent !== this.#unsent) ||
      (this.#state === "awaiting" && this.#host.isHeld);
    if (hasMoved) this.#noteProgress();
    return this.#node.clock.now() - this.#progressMs;
  }
}
