// Sources: values that somebody makes while somebody listens; of several nodes on the one that holds the channel's lease.
import type { ChannelDefinition } from "@tidewire/protocol";
import type { EngineCluster, Lease } from "../engine/cluster.ts";
import type { Clock } from "../ports/clock.ts";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Channel } from "./channel.ts";

/** Values made on the server: called when the first subscriber comes, aborted some seconds after the last left. */
export type Source<Data> = (context: SourceContext) => AsyncIterable<Data>;

export interface SourceContext {
  readonly channel: string;
  readonly params: Readonly<Record<string, string>>;
  /** Aborted when nobody listens any more. */
  readonly signal: AbortSignal;
  /** Resolves `ms` milliseconds from now, or as soon as the signal is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** Yields what `make` returns, every `ms` milliseconds; a late one does not delay those after it. */
export function every<Data>(ms: number, make: (context: SourceContext) => Data | Promise<Data>): Source<Data> {
  if (!(ms >= 1)) throw new RangeError(`every() takes at least 1 millisecond, got ${ms}`);
  return async function* (context) {
    while (!context.signal.aborted) {
      yield await make(context);
      await context.sleep(ms);
    }
  };
}

/** A source or a rule may hold the event loop this long before its name is logged. */
export const slowMs = 100;
const lingerMs = 5_000;
const firstRetryMs = 1_000;
const longestRetryMs = 30_000;

interface SourcesNode {
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (channel: string, value: unknown, by: { readonly fence?: number }) => Promise<unknown>;
  /** `null`: there is no other node. */
  readonly cluster: EngineCluster | null;
}

/** A source while this node may run it. */
interface Turn {
  readonly channel: Channel;
  readonly source: Source<unknown>;
  readonly signal: AbortSignal;
  readonly fence?: number;
}

interface Running {
  readonly abort: AbortController;
  cancelStop: (() => void) | null;
}

export class Sources {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #publish: SourcesNode["publish"];
  readonly #cluster: EngineCluster | null;
  readonly #bound = new Map<ChannelDefinition, Source<unknown>>();
  readonly #running = new Map<string, Running>();

  constructor({ clock, log, publish, cluster }: SourcesNode) {
    this.#clock = clock;
    this.#log = log;
    this.#publish = publish;
    this.#cluster = cluster;
  }

  /** How many are at work. */
  get size(): number {
    return this.#running.size;
  }

  /** @throws {TypeError} when the channel has a source already. */
  bind(definition: ChannelDefinition, source: Source<unknown>): void {
    if (this.#bound.has(definition)) throw new TypeError(`"${definition.pattern}" has a source already`);
    this.#bound.set(definition, source);
  }

  has(definition: ChannelDefinition): boolean {
    return this.#bound.has(definition);
  }

  /** Somebody listens, or nobody any more. */
  occupancy(channel: Channel): void {
    const source = this.#bound.get(channel.known.definition);
    if (source === undefined) return;
    const running = this.#running.get(channel.name);
    if (channel.subscribers > 0) {
      running?.cancelStop?.();
      if (running === undefined) this.#start(channel, source);
      else running.cancelStop = null;
    } else if (running !== undefined) {
      running.cancelStop = this.#clock.after(lingerMs, () => this.#stop(channel.name, running));
    }
  }

  stop(): void {
    for (const [name, running] of this.#running) this.#stop(name, running);
  }

  #stop(name: string, running: Running): void {
    running.cancelStop?.();
    running.abort.abort();
    this.#running.delete(name);
  }

  #start(channel: Channel, source: Source<unknown>): void {
    const running: Running = { abort: new AbortController(), cancelStop: null };
    this.#running.set(channel.name, running);
    const { signal } = running.abort;
    const run =
      this.#cluster === null
        ? this.#run({ channel, source, signal })
        : this.#runAlone({ channel, source, signal }, this.#cluster);
    run.catch((thrown: unknown) => {
      this.#log.error("a source ended", { channel: channel.name, reason: reasonOf(thrown) });
    });
  }

  /** For as long as somebody listens here it is run here, or waited for: somebody may listen on this node alone. */
  async #runAlone(turn: Turn, cluster: EngineCluster): Promise<void> {
    const { channel, signal } = turn;
    while (!signal.aborted) {
      let lease: Lease;
      try {
        lease = await cluster.hold(channel.name, signal);
      } catch (thrown) {
        if (!signal.aborted) await this.#sleep(firstRetryMs, signal);
        this.#log.debug("a source's lease was not given", { channel: channel.name, reason: reasonOf(thrown) });
        continue;
      }
      const both = AbortSignal.any([signal, lease.lost]);
      await this.#run({ ...turn, signal: both, fence: lease.fence });
      // One that has no more values is not begun anew elsewhere.
      await aborted(both);
      lease.release();
    }
  }

  async #run(turn: Turn): Promise<void> {
    const { channel, signal } = turn;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      const startedMs = this.#clock.now();
      try {
        const drained = await this.#drain(turn);
        if (drained) return;
      } catch (thrown) {
        this.#log.error("a source failed; it starts again", {
          channel: channel.name,
          retryMs,
          reason: reasonOf(thrown),
        });
        await this.#sleep(retryMs, signal);
        // One that worked for a while fails anew.
        const hasWorked = this.#clock.now() - startedMs > 2 * longestRetryMs;
        retryMs = hasWorked ? firstRetryMs : Math.min(retryMs * 2, longestRetryMs);
      }
    }
  }

  /** True when the source has no more values. */
  async #drain({ channel, source, signal, fence }: Turn): Promise<boolean> {
    const by = fence === undefined ? {} : { fence };
    const watch = new HoldWatch(this.#clock);
    const sleep = async (ms: number): Promise<void> => {
      await this.#sleep(ms, signal);
      watch.resume();
    };
    for await (const value of source({ channel: channel.name, params: channel.known.params, signal, sleep })) {
      const heldMs = watch.heldMs();
      if (heldMs > slowMs) {
        const { pattern } = channel.known.definition;
        this.#log.warn("a source held the event loop", { channel: pattern, ms: Math.round(heldMs) });
      }
      if (signal.aborted) return true;
      await this.#publish(channel.name, value, by).catch((thrown: unknown) => {
        this.#log.warn("a source's value was not published", { channel: channel.name, reason: reasonOf(thrown) });
      });
      watch.resume();
    }
    return true;
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = (): void => {
        cancel();
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const cancel = this.#clock.after(ms, wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** How long a source's own code held the event loop: nothing, once the loop has turned. */
class HoldWatch {
  readonly #clock: Clock;
  #resumedMs = 0;
  /** Grows with each resumption, so that a turn after an earlier one does not count. */
  #run = 0;
  #turnedRun = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.resume();
  }

  /** The source's code runs from here. */
  resume(): void {
    this.#resumedMs = this.#clock.now();
    this.#run += 1;
    const run = this.#run;
    this.#clock.defer(() => {
      this.#turnedRun = run;
    });
  }

  heldMs(): number {
    return this.#turnedRun === this.#run ? 0 : this.#clock.now() - this.#resumedMs;
  }
}
