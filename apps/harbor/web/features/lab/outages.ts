// The times without a connection: which numbers passed meanwhile, and which of those came afterwards. Pure.
import type { Happening } from "../../connection/event-log.ts";

export interface Outage {
  readonly lostAtMs: number;
  /** The newest number that had come. */
  readonly after: number;
  /** `null` while it lasts. */
  readonly backAtMs: number | null;
  /** The newest number that the server had made when it let us in again; `null` until it said so. */
  readonly upTo: number | null;
  /** Those between that have come since. */
  readonly came: readonly number[];
}

const outagesKept = 100;
/** As many as the channel keeps: nobody gets more of them afterwards. */
const mostMissed = 1_000;

export function lost(outages: readonly Outage[], after: number, atMs: number): readonly Outage[] {
  return [...outages, { lostAtMs: atMs, after, backAtMs: null, upTo: null, came: [] }].slice(-outagesKept);
}

/** The server has let us in, as it says itself. An attempt that broke at once is followed by another. */
export function sessionOpened(outages: readonly Outage[], number: number): readonly Outage[] {
  return withLast(outages, (last) => {
    if (last.backAtMs !== null && last.upTo !== null) return last;
    const upTo = Math.max(number, last.after);
    return { ...last, upTo, came: last.came.filter((each) => each <= upTo) };
  });
}

export function backAgain(outages: readonly Outage[], atMs: number): readonly Outage[] {
  return withLast(outages, (last) => (last.backAtMs === null ? { ...last, backAtMs: atMs } : last));
}

export function numberCame(outages: readonly Outage[], number: number): readonly Outage[] {
  return withLast(outages, (last) => {
    const isOfIt = number > last.after && (last.upTo === null || number <= last.upTo);
    return isOfIt && last.came.length < mostMissed ? { ...last, came: [...last.came, number] } : last;
  });
}

/** How many numbers passed; `null` until the server said so. */
export function passedIn({ after, upTo }: Outage): number | null {
  return upTo === null ? null : upTo - after;
}

/** Said once, with the last number that was missed. */
export function caughtUp(before: readonly Outage[], after: readonly Outage[]): readonly Happening[] {
  const last = after.at(-1);
  const count = last?.came.length ?? 0;
  if (last === undefined || last === before.at(-1) || count === 0 || count !== passedIn(last)) return [];
  const what = count === 1 ? "the number that was" : `the ${count} numbers that were`;
  return [{ side: "page", tone: "good", text: `Has ${what} missed, and is up to date` }];
}

function withLast(outages: readonly Outage[], change: (last: Outage) => Outage): readonly Outage[] {
  const last = outages.at(-1);
  if (last === undefined) return outages;
  const changed = change(last);
  return changed === last ? outages : [...outages.slice(0, -1), changed];
}
