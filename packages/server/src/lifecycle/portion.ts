// How much nodes say to each other at once, of facts and of events: what somebody shows of itself may be long.

/** What engines carry between nodes is at most 8 MiB: with as much of something else beside it this is no longer. */
const mostBytes = 1024 * 1024;
const mostItems = 1_000;

/** As many of them from this place on as may be said at once; where there is one, one at least. */
export function portionOf<Item extends object>(items: readonly Item[], from: number = 0): readonly Item[] {
  const most = Math.min(items.length, from + mostItems);
  let bytes = 0;
  let to = from;
  for (; to < most; to += 1) {
    bytes += Buffer.byteLength(JSON.stringify(items[to]));
    if (bytes > mostBytes && to > from) break;
  }
  return items.slice(from, to);
}
