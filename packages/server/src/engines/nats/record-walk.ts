// All records of a channel's log between two places of its stream, asked for one by one and many at once.
//
// NATS 2.11 has batches. They are any replica's, which may be behind, and in 2.12.0 and 2.12.1 one that meets a write stops
// its stream for good (decision 0058).
import type { Gate } from "./gate.ts";
import { type LogRecord, recordIn } from "./log-records.ts";
import type { NatsManager } from "./nats-client.ts";

export interface Found {
  readonly sequence: number;
  readonly record: LogRecord | null;
}

export interface Walk {
  readonly manager: NatsManager;
  readonly stream: string;
  readonly subject: string;
  readonly gate: Gate;
  /** Whether nothing more should be asked for. */
  readonly isLate: () => boolean;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Below this, what lies between two halves is not worth a question of its own. */
const shortest = 8;

/** @returns what is there in its order, and up to where that is all. */
export async function recordsIn(
  walk: Walk,
  range: Range,
): Promise<{ readonly found: readonly Found[]; readonly upTo: number }> {
  const found: Found[] = [];
  const left: number[] = [];
  await goThrough(walk, range, { found, left });
  const upTo = Math.min(range.to, ...left.map((from) => from - 1));
  const whole = found.filter(({ sequence }) => sequence <= upTo);
  return { found: whole.sort((one, other) => one.sequence - other.sequence), upTo };
}

/** Where others wait for nothing, what is left is gone through in two halves. */
async function goThrough(
  walk: Walk,
  { from: start, to }: Range,
  into: { readonly found: Found[]; readonly left: number[] },
): Promise<void> {
  const { manager, stream, subject, gate, isLate } = walk;
  let from = start;
  while (from <= to) {
    if (isLate()) return void into.left.push(from);
    const asked = from;
    const query = { seq: asked, next_by_subj: subject };
    const message = await gate.pass(() => manager.streams.getMessage(stream, query));
    if (message === null || message.seq > to) return;
    into.found.push({ sequence: message.seq, record: recordIn(message.data) });
    from = message.seq + 1;
    if (to - from < shortest || !gate.isFree) continue;
    const middle = from + Math.floor((to - from) / 2);
    await Promise.all([goThrough(walk, { from, to: middle }, into), goThrough(walk, { from: middle + 1, to }, into)]);
    return;
  }
}
