// Jobs that are ordered in a transaction of Harbor's database: they wait there until the store of jobs has them.
import type { JobDraft, Outbox } from "@tidewire/jobs";
import type { Database } from "./schema.ts";

/** @param transaction The job is ordered if and only if it commits. */
export async function putJob(transaction: Database, draft: JobDraft): Promise<void> {
  await transaction
    .insertInto("job_outbox")
    .values({ draft: JSON.stringify(draft) })
    .execute();
}

/** Kysely's connection is one, and lent to one at a time: nothing is read here that may still be rolled back. */
export function jobOutbox(db: Database): Outbox {
  return {
    async oldest(limit) {
      const rows = await db
        .selectFrom("job_outbox")
        .select(["place", "draft"])
        .where("problem", "is", null)
        .orderBy("place")
        .limit(limit)
        .execute();
      return rows.map(({ place, draft }) => ({ place: String(place), draft }));
    },
    async taken(places) {
      await db.deleteFrom("job_outbox").where("place", "in", places.map(Number)).execute();
    },
    async refused(place, problem) {
      await db.updateTable("job_outbox").set({ problem }).where("place", "=", Number(place)).execute();
    },
  };
}
