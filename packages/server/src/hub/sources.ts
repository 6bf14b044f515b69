// Sources: values that somebody makes while somebody listens.
import type { ChannelDefinition } from "@tidewire/protocol";
import type { EngineSources } from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Channel } from "./channel.ts";

/** Values made on the server: called when the first subscriber comes, aborted some seconds after the last left. */
export type Source<Data> = (context: SourceContext) => AsyncIterable<Data>;

/** The channel that a source makes values for, and how long. */
export interface SourceContext {
  readonly channel: string;
  readonly params: Readonly<Record<string, string>>;
  /** Aborted when nobody listens any more. */
  readonly signal: AbortSignal;
  /** Resolves `ms` milliseconds from now, or as soon as the signal is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Yields what `make` returns, then rests `ms` milliseconds, as long as somebody listens.
 * @throws {RangeError} for less than a millisecond.
 */
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

type Publish = (channel: string, value: unknown, fence?: number) => Promise<unknown>;

/** One run of a source. */
interface Work {
  readonly channel: Channel;
  readonly source: Source<unknown>;
  readonly signal: AbortSignal;
  readonly fence?: number;
}

/** A node that ended without a word is followed by another one after this, and a third of it. */
const leaseMs = 9_000;

interface Running {
  readonly abort: AbortController;
  cancelStop: (() => void) | null;
}

export class Sources {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #publish: Publish;
  readonly #leases: EngineSources | null;
  readonly #bound = new Map<ChannelDefinition, Source<unknown>>();
  readonly #running = new Map<string, Running>();

  constructor(node: {
    readonly clock: Clock;
    readonly log: Log;
    readonly publish: Publish;
    /** Where several nodes share an engine; there each source runs at one of them. */
    readonly leases: EngineSources | null;
  }) {
    this.#leases = node.leases;
    this.#clock = node.clock;
    this.#log = node.log;
    this.#publish = node.publish;
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
    this.#leases?.release(name);
  }

  #start(channel: Channel, source: Source<unknown>): void {
    const running: Running = { abort: new AbortController(), cancelStop: null };
    this.#running.set(channel.name, running);
    const { signal } = running.abort;
    const work: Work = { channel, source, signal };
    const working = this.#leases === null ? this.#run(work) : this.#hold(this.#leases, work);
    working.catch((thrown: unknown) => {
      this.#log.error("a source ended", { channel: channel.name, reason: reasonOf(thrown) });
    });
  }

  /** Runs the source while this node has the lease, and asks for it while another one has. */
  async #hold(leases: EngineSources, work: Work): Promise<void> {
    let held: { readonly fence: number; readonly lost: AbortController } | null = null;
    const { name } = work.channel;
    while (!work.signal.aborted) {
      // An engine that does not answer renews nothing either.
      const fence = await leases.take(name, leaseMs).catch(() => null);
      if (held !== null && held.fence !== fence) {
        held.lost.abort();
        held = null;
      }
      if (fence !== null && held === null && !work.signal.aborted) {
        held = { fence, lost: new AbortController() };
        const signal = AbortSignal.any([work.signal, held.lost.signal]);
        this.#run({ ...work, signal, fence }).catch((thrown: unknown) => {
          this.#log.error("a source ended", { channel: name, reason: reasonOf(thrown) });
        });
      }
      await this.#sleep(leaseMs / 3, work.signal);
    }
    // It may have been taken while the last subscriber left; whoever came since has another one running.
    if (!this.#running.has(name)) leases.release(name);
  }

  async #run(work: Work): Promise<void> {
    const { channel, signal } = work;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      const startedMs = this.#clock.now();
      try {
        const drained = await this.#drain(work);
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
  async #drain({ channel, source, signal, fence }: Work): Promise<boolean> {
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
      await this.#publish(channel.name, value, fence).catch((thrown: unknown) => {
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
