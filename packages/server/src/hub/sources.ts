// Sources: values that somebody makes while somebody listens.
import type { ChannelDefinition } from "@tidewire/protocol";
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

interface Running {
  readonly abort: AbortController;
  cancelStop: (() => void) | null;
}

export class Sources {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #publish: (channel: string, value: unknown) => Promise<unknown>;
  readonly #bound = new Map<ChannelDefinition, Source<unknown>>();
  readonly #running = new Map<string, Running>();

  constructor(node: {
    readonly clock: Clock;
    readonly log: Log;
    readonly publish: (channel: string, value: unknown) => Promise<unknown>;
  }) {
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
  }

  #start(channel: Channel, source: Source<unknown>): void {
    const running: Running = { abort: new AbortController(), cancelStop: null };
    this.#running.set(channel.name, running);
    const { signal } = running.abort;
    this.#run(channel, source, signal).catch((thrown: unknown) => {
      this.#log.error("a source ended", { channel: channel.name, reason: reasonOf(thrown) });
    });
  }

  async #run(channel: Channel, source: Source<unknown>, signal: AbortSignal): Promise<void> {
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      const startedMs = this.#clock.now();
      try {
        const drained = await this.#drain(channel, source, signal);
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
  async #drain(channel: Channel, source: Source<unknown>, signal: AbortSignal): Promise<boolean> {
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
      await this.#publish(channel.name, value).catch((thrown: unknown) => {
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
