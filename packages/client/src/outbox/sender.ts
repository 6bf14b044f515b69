// Sends what an outbox keeps: in order within each channel, one at a time there, and with the key of the first attempt.

import { type Clock, type Random, randomKey } from "../clock.ts";
import type { Published, PublishOptions } from "../channel.ts";
import { afterFailure, type KeptEntry, repeatableForMs } from "./entry.ts";

/** How long an attempt may take; then its outcome is unknown, and the next attempt finds out. */
const attemptMs = 10_000;

// The server lets 100 publishes pass at once and 50 a second after that: a backlog must not run into it.
const burst = 50;
const pauseMs = 1_250;

export interface SenderHost {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether there is a connection, and it is this user's. */
  mayAttempt(): boolean;
  /** What waits, in the order in which it was added. */
  waiting(): readonly KeptEntry[];
  publish(entry: KeptEntry, options: Required<PublishOptions>): Promise<Published>;
  change(seq: number, change: (entry: KeptEntry) => KeptEntry): Promise<KeptEntry | null>;
  /** Channels whose first entry is to be tried again, but not yet: what comes behind it waits too. */
  readonly blocked: Set<string>;
}

/** Sends until nothing waits, or none of what waits can be sent now. */
export async function drain(host: SenderHost): Promise<void> {
  for (let sent = 0; host.mayAttempt();) {
    const heads = headsOf(host.waiting(), host.blocked).slice(0, burst);
    if (heads.length === 0) break;
    if (sent + heads.length > burst) {
      await passed(host.clock, pauseMs);
      sent = 0;
      continue;
    }
    sent += heads.length;
    await Promise.all(
      heads.map(async (entry) => {
        if (!(await attempt(host, entry))) host.blocked.add(entry.channel);
      }),
    );
  }
}

/** The first entry of each channel. */
function headsOf(waiting: readonly KeptEntry[], blocked: ReadonlySet<string>): readonly KeptEntry[] {
  const heads = new Map<string, KeptEntry>();
  for (const entry of waiting) {
    if (!blocked.has(entry.channel) && !heads.has(entry.channel)) heads.set(entry.channel, entry);
  }
  return [...heads.values()];
}

/** @returns Whether the entry waits no longer. */
async function attempt(host: SenderHost, { seq }: KeptEntry): Promise<boolean> {
  const { clock, random } = host;
  const pair: { before: KeptEntry | null } = { before: null };
  // Kept before it leaves: whoever finds it after this page has died knows since when the server may know the key.
  const begun = await host.change(seq, (entry) => {
    pair.before = entry;
    const isOver = entry.outcome !== null || entry.attempt !== null;
    return isOver ? entry : { ...entry, attempt: { key: randomKey(random), firstAtMs: clock.wall() } };
  });
  const { before } = pair;
  // Another tab has sent it, or somebody has taken it out.
  if (begun === null || begun.outcome !== null || begun.attempt === null || before === null) return true;
  const leftMs = repeatableForMs(begun.attempt, clock.wall());
  if (leftMs === 0) return false;
  try {
    const { position } = await host.publish(begun, { key: begun.attempt.key, timeoutMs: Math.min(attemptMs, leftMs) });
    await host.change(seq, (entry) => ({ ...entry, outcome: { kind: "sent", position, atMs: clock.wall() } }));
    return true;
  } catch (thrown) {
    const next = await host.change(seq, (entry) =>
      entry.outcome === null ? afterFailure({ before, begun }, thrown, clock.wall()) : entry,
    );
    return next === null || next.outcome !== null;
  }
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
