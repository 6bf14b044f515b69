// The leases of a worker: renewed while somebody works under them, and over for us no later than for the store.
import { type Cancel, type Clock, type Log, reasonOf } from "@tidewire/protocol/ports";
import type { Hold, JobStore, Renewal } from "./store/job-store.ts";

/** At least this often, since a renewal is how a worker hears that a job is canceled. */
const longestRenewMs = 1_000;

export interface LeaseOptions {
  readonly store: JobStore;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who works under a lease. */
export interface Holder {
  readonly hold: Hold;
  /** The job is to be ended, or is another worker's. */
  stop(why: "canceled" | "lost"): void;
}

interface Lease {
  readonly holder: Holder;
  /** Another worker may have the job once this timer has run out, whether or not the store could tell us so. */
  cancel: Cancel;
}

export class Leases {
  readonly #options: LeaseOptions;
  readonly #leases = new Map<string, Lease>();
  #isRenewing = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  begin(holder: Holder): void {
    this.#leases.set(keyOf(holder.hold), { holder, cancel: this.#timer(holder) });
    if (!this.#isRenewing) this.#renewLater();
    this.#isRenewing = true;
  }

  end(hold: Hold): void {
    this.#leases.get(keyOf(hold))?.cancel();
    this.#leases.delete(keyOf(hold));
  }

  /** Whether it is ours, as far as we know. */
  has(hold: Hold): boolean {
    return this.#leases.has(keyOf(hold));
  }

  #timer(holder: Holder): Cancel {
    return this.#options.clock.after(this.#options.leaseMs, () => this.#lose(holder));
  }

  #lose(holder: Holder): void {
    this.end(holder.hold);
    holder.stop("lost");
  }

  #renewLater(): void {
    const { clock, leaseMs } = this.#options;
    clock.after(Math.min(longestRenewMs, leaseMs / 3), () => void this.#renew().finally(() => this.#renewed()));
  }

  #renewed(): void {
    this.#isRenewing = this.#leases.size > 0;
    if (this.#isRenewing) this.#renewLater();
  }

  async #renew(): Promise<void> {
    const { store, leaseMs, log } = this.#options;
    const leases = [...this.#leases.values()];
    if (leases.length === 0) return;
    try {
      const renewals = await store.renew(
        leases.map(({ holder }) => ({ id: holder.hold.id, fence: holder.hold.fence })),
        leaseMs,
      );
      leases.forEach((lease, index) => this.#answered(lease, renewals[index] ?? "lost"));
    } catch (thrown) {
      log.warn("the leases of jobs could not be renewed yet", { reason: reasonOf(thrown) });
    }
  }

  #answered(lease: Lease, renewal: Renewal): void {
    const { holder } = lease;
    if (!this.has(holder.hold)) return;
    if (renewal === "lost") return this.#lose(holder);
    lease.cancel();
    lease.cancel = this.#timer(holder);
    if (renewal === "canceling") holder.stop("canceled");
  }
}

const keyOf = ({ id, fence }: Hold): string => `${id} ${fence}`;
