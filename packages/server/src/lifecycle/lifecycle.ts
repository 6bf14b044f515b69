// What happens on a server: kept for whoever tells of it, and told where this node is the one.
import type { LifecycleSink } from "./events.ts";
import { Facts } from "./facts.ts";
import { LifecycleReader, type LifecycleReaderOptions } from "./reader.ts";
import type { Metrics } from "../ports/metrics.ts";

export interface LifecycleOptions extends Omit<LifecycleReaderOptions, "sink" | "facts"> {
  /** `true`: another node tells what happens here. */
  readonly sink: LifecycleSink | true;
  readonly metrics: Metrics;
}

/** What happened last is to be asked for by another node in this time. */
const lastReadMs = 2_000;

export class Lifecycle {
  readonly facts: Facts;
  readonly #options: LifecycleOptions;
  readonly #reader: LifecycleReader | null;

  constructor(options: LifecycleOptions) {
    const { node, sink, others, leases, clock, random, log, metrics } = options;
    this.#options = options;
    this.facts = new Facts(node, { clock, metrics });
    const { facts } = this;
    // Without a lease each of them would tell of all.
    const asked = leases === null ? null : others;
    const given = { node, facts, others: asked, leases, clock, random, log };
    this.#reader = sink === true ? null : new LifecycleReader({ ...given, sink });
  }

  start(): void {
    this.#reader?.start();
  }

  /** That everybody has gone is told by this node, or asked by the one that tells; not where it cannot be reached. */
  async stop(isEngineUp: boolean): Promise<void> {
    await this.#reader?.stop();
    const { others, clock } = this.#options;
    if (others === null || this.#reader?.isReading === true || !isEngineUp) return;
    const { promise: tooLate, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(lastReadMs, resolve);
    await Promise.race([this.facts.allRead(), tooLate]).finally(cancel);
  }
}
