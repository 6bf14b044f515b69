// What the nodes do, minute by minute, from what they count themselves: nothing is added to what they do for it.
import { minuteOf } from "./counting.ts";
import { added, between, type Reading, readMetrics } from "./metrics-text.ts";
import type { Analytics } from "./tables.ts";

/** Of this there is no log to count it again from. */
const keptMs = 90 * 86_400_000;
/** A look that comes late belongs to the minute before it all the same. */
const lateMs = 30_000;

export interface Looking {
  /** The text of `/metrics`, of all nodes where there are several. */
  readonly look: () => Promise<string>;
  readonly nowMs: () => number;
}

/** Adds what happened since the last look to the minute that is over. Looking twice adds nothing twice. */
export async function keepNodeMinute(analytics: Analytics, { look, nowMs }: Looking): Promise<void> {
  const nodes = readMetrics(await look());
  const atMs = nowMs();
  const minute_ms = minuteOf(atMs - lateMs);
  await analytics.transaction().execute(async (tx) => {
    const kept = await tx.selectFrom("node_readings").selectAll().execute();
    const before = new Map(kept.map(({ node, reading }) => [node, JSON.parse(reading) as Reading]));
    const rows = await tx.selectFrom("node_minutes").selectAll().where("minute_ms", "=", minute_ms).execute();
    const there = new Map(rows.map(({ node, reading }) => [node, JSON.parse(reading) as Reading]));
    for (const [node, now] of nodes) {
      const happened = between(before.get(node) ?? null, now);
      const first = there.get(node);
      const reading = JSON.stringify(first === undefined ? happened : added(first, happened));
      await tx
        .insertInto("node_minutes")
        .values({ minute_ms, node, reading })
        .onConflict((conflict) => conflict.columns(["minute_ms", "node"]).doUpdateSet({ reading }))
        .execute();
      await tx
        .insertInto("node_readings")
        .values({ node, reading: JSON.stringify(now) })
        .onConflict((conflict) => conflict.column("node").doUpdateSet({ reading: JSON.stringify(now) }))
        .execute();
    }
    await tx
      .deleteFrom("node_minutes")
      .where("minute_ms", "<", atMs - keptMs)
      .execute();
  });
}
