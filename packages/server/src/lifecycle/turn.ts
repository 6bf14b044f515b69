// Whose turn it is to tell: of several nodes, the one's that has the lease.
import type { EngineSources } from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";

/** Another node tells by now. */
export class Deposed extends Error {}

export interface TurnOptions {
  /** `null`: it is always this node's. */
  readonly leases: EngineSources | null;
  readonly clock: Clock;
  /** Called when it was not this node's since it was asked for last: somebody else may have told. */
  readonly lost: () => void;
}

const leaseMs = 9_000;
/** No channel is called so. */
const leaseName = "lifecycle\nreader";

export class Turn {
  readonly #options: TurnOptions;
  #fence: number | null = null;
  #leasedMs = 0;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Whether there is a lease, and it is this node's as far as it knows. */
  get isLeased(): boolean {
    return this.#fence !== null;
  }

  /** Whether it is this node's; takes it where nobody has it. @throws {TidewireError} `engine_unavailable` */
  async take(): Promise<boolean> {
    const { leases, clock, lost } = this.#options;
    const nowMs = clock.now();
    if (leases === null || (this.#fence !== null && nowMs - this.#leasedMs < leaseMs / 3)) return true;
    const fence = await leases.take(leaseName, leaseMs);
    if (fence !== this.#fence) lost();
    this.#fence = fence;
    this.#leasedMs = nowMs;
    return fence !== null;
  }

  /** Goes on with it: to be called before each thing that takes time. @throws {Deposed} where somebody else may have had it. */
  async hold(): Promise<void> {
    const fence = this.#fence;
    const isOwn = await this.take();
    if (!isOwn || fence !== this.#fence) throw new Deposed("another node may tell what happens by now");
  }

  /** The lease is asked for again before anything else. */
  doubt(): void {
    this.#leasedMs = Number.NEGATIVE_INFINITY;
  }

  release(): void {
    if (this.#fence !== null) this.#options.leases?.release(leaseName);
    this.#fence = null;
  }
}
