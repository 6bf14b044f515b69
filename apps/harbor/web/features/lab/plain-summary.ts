// The log of the connection in one sentence. Pure.
import type { LogEntry } from "../../connection/event-log.ts";
import { spanOf } from "../../theme/words-for-time.ts";

/** What ends a connection; an attempt that fails ends none. */
const losing = /^(Lost|Gave|Closed)/;
const opening = /^Opened/;

export function plainSummary(entries: readonly LogEntry[]): string {
  const losses = entries.filter((entry) => losing.test(entry.text));
  const last = losses.at(-1);
  if (last === undefined) return "The connection has held since the page was opened.";
  const back = entries.find((entry) => entry.id > last.id && opening.test(entry.text));
  const times = losses.length === 1 ? "once" : losses.length === 2 ? "twice" : `${losses.length} times`;
  if (back === undefined) return `The connection was lost ${times}, and is not back yet.`;
  return `The connection was lost ${times}; the last time it was back after ${spanOf(back.atMs - last.atMs)}.`;
}
