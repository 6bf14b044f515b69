// What happens on a server: kept for whoever tells of it, and told where this node is the one.
import type { LifecycleSink } from "./events.ts";
import { Facts } from "./facts.ts";
import { Ledger, type LedgerPage, type LedgerWord } from "./ledger.ts";
import type { NodePage, Seen } from "./pages.ts";
import { LifecycleReader, type LifecycleReaderOptions } from "./reader.ts";
import type { Metrics } from "../ports/metrics.ts";

export interface LifecycleOptions extends Omit<LifecycleReaderOptions, "sink" | "facts" | "ledger"> {
  /** `true`: another node tells what happens here. */
  readonly sink: LifecycleSink | true;
  readonly metrics: Metrics;
}

/** What happened last is to be asked for by another node in this time. */
const lastReadMs = 2_000;

export class Lifecycle {
  readonly facts: Facts;
  readonly #options: LifecycleOptions;
  readonly #ledger: Ledger;
  readonly #reader: LifecycleReader | null;

  constructor(options: LifecycleOptions) {
    const { node, sink, others, leases, clock, random, log, metrics } = options;
    this.#options = options;
    this.facts = new Facts(node, { clock, metrics });
    this.#ledger = new Ledger(node);
    const { facts } = this;
    const ledger = this.#ledger;
    // Without a lease each of them would tell of all.
    const asked = leases === null ? null : others;
    const given = { node, facts, ledger, others: asked, leases, clock, random, log };
    this.#reader = sink === true ? null : new LifecycleReader({ ...given, sink });
  }

  start(): void {
    this.#reader?.start();
  }

  /** What changed here since whoever tells has read. */
  page(seen: Seen): NodePage {
    return { ...this.facts.page(seen[this.#options.node] ?? 0), mark: this.#ledger.mark };
  }

  heard(word: LedgerWord): LedgerPage {
    return this.#ledger.heard(word);
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
