// A lane: publishes what the database holds as unpublished, in order, one at a time, until nothing is left.
import { TidewireError } from "@tidewire/protocol";
import type { Log } from "@tidewire/server";

export interface LaneWork<Item> {
  /** What is unpublished, oldest first; a few at a time. */
  readonly take: () => Promise<readonly Item[]>;
  /** Must be safe to repeat: an item whose outcome is not known is published again. */
  readonly publish: (item: Item) => Promise<void>;
  readonly done: (item: Item) => Promise<void>;
}

export interface Lane {
  /** Says that something was added. Returns at once. */
  wake(): void;
  /** Resolves when the lane has nothing to do, or was stopped. */
  idle(): Promise<void>;
  stop(): void;
}

const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** One item's trouble holds back those after it, so that the channel never gets them in another order. */
export function createLane<Item>(work: LaneWork<Item>, log: Log): Lane {
  const stopping = new AbortController();
  let woken = false;
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (woken && !stopping.signal.aborted) {
      woken = false;
      try {
        await drain(work, stopping.signal, log);
        pauseMs = firstPauseMs;
      } catch (thrown) {
        log.warn("publishing waits", { reason: messageOf(thrown), againInMs: pauseMs });
        woken = true;
        await pause(pauseMs, stopping.signal);
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      }
    }
    // In the same turn as the last look at `woken`: a wake after this starts a new run.
    running = null;
  }

  return {
    wake() {
      woken = true;
      running ??= stopping.signal.aborted ? null : run();
    },
    async idle() {
      while (running !== null) await running;
    },
    stop: () => stopping.abort(),
  };
}

async function drain<Item>(work: LaneWork<Item>, signal: AbortSignal, log: Log): Promise<void> {
  for (;;) {
    const items = await work.take();
    if (items.length === 0) return;
    for (const item of items) {
      if (signal.aborted) return;
      try {
        await work.publish(item);
      } catch (thrown) {
        if (!(thrown instanceof TidewireError) || thrown.temporary) throw thrown;
        // It will never be accepted. The database has it, and pages see the hole in the numbers and read it from there.
        log.error("left out of its channel", { reason: thrown.message });
      }
      await work.done(item);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
