// Makes the numbers of one guest: each is kept in the database first and then published, so that the list is the truth.
import { setTimeout as sleep } from "node:timers/promises";
import type { ChannelHandle, Log } from "@tidewire/server";
import { numberIntervalMs } from "../../contract/lab.ts";
import { keepNumber, type LabNumber, lastNumberOf } from "../data/lab-numbers.ts";
import type { Database } from "../data/schema.ts";

export interface Numbers {
  /** The newest one that is kept; 0 before the first. */
  readonly last: number;
  /** Resolves when no more are on their way. */
  stop(): Promise<void>;
}

export interface NumbersOptions {
  readonly guest: string;
  readonly db: Database;
  readonly channel: Pick<ChannelHandle<LabNumber>, "publish" | "history">;
  readonly log: Log;
}

/** Goes on after the number that the database has, even if the process died between keeping and publishing it. */
export async function startNumbers({ guest, db, channel, log }: NumbersOptions): Promise<Numbers> {
  const kept = await lastNumberOf(db, guest);
  let last = kept?.number ?? 0;
  const stop = new AbortController();

  async function publish(made: LabNumber): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await channel.publish(made, { idempotencyKey: `number-${made.number}` });
        return;
      } catch (thrown) {
        log.warn("a number of the lab was not published; it is tried again", { reason: String(thrown) });
        await pause(stop.signal);
      }
    }
  }

  async function make(): Promise<void> {
    // A log that is empty is a new one: then nobody waits for the number before.
    const [newest] = await channel.history(1);
    if (kept !== null && newest !== undefined && newest.data.number < kept.number) await publish(kept);
    while (!stop.signal.aborted) {
      const made = { number: last + 1, madeAtMs: Date.now() };
      await keepNumber(db, guest, made);
      last = made.number;
      await publish(made);
      await pause(stop.signal);
    }
  }

  const making = make().catch((thrown: unknown) => log.error("the lab's numbers ended", { reason: String(thrown) }));
  return {
    get last() {
      return last;
    },
    stop: async () => {
      stop.abort();
      await making;
    },
  };
}

/** Ends early when it is to stop. */
async function pause(signal: AbortSignal): Promise<void> {
  await sleep(numberIntervalMs, undefined, { signal }).catch(() => undefined);
}
