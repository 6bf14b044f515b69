// What was sent to people: written down before and after, so that nothing is sent more than once too often.
import type { Database } from "./schema.ts";

/**
 * What sending may do now. `sent`: nothing. `spent`: nothing either, since it was begun twice without anybody knowing how it
 * went, and a third time would be one too many.
 */
export type Beginning = "begun" | "sent" | "spent";

interface NoticeOf {
  readonly id: string;
  readonly person: string;
}

const mostBegun = 2;
/** Longer than a store of jobs keeps what could be run again. */
const rememberedMs = 60 * 86_400_000;

/** Before it is sent. Two workers that believe they have the same job begin it twice, and not three times. */
export async function beginNotice(db: Database, { id, person }: NoticeOf): Promise<Beginning> {
  return await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("notices")
      .values({ id, person, begun: 0, sent_at_ms: null })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    const { begun, sent_at_ms: sentAtMs } = await tx
      .selectFrom("notices")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    if (sentAtMs !== null) return "sent";
    if (begun >= mostBegun) return "spent";
    await tx
      .updateTable("notices")
      .set({ begun: begun + 1 })
      .where("id", "=", id)
      .execute();
    return "begun";
  });
}

/** How many somebody has got since. */
export async function noticesSince(db: Database, person: string, sinceMs: number): Promise<number> {
  const { count } = await db
    .selectFrom("notices")
    .select((row) => row.fn.countAll<number>().as("count"))
    .where("person", "=", person)
    .where("sent_at_ms", ">=", sinceMs)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** It has arrived where somebody else answers for it. */
export async function noticeSent(db: Database, id: string): Promise<void> {
  const nowMs = Date.now();
  await db.updateTable("notices").set({ sent_at_ms: nowMs }).where("id", "=", id).execute();
  await db
    .deleteFrom("notices")
    .where("sent_at_ms", "<", nowMs - rememberedMs)
    .execute();
}

/** It has certainly not been sent by whoever began it, who may begin it again. */
export async function noticeRefused(db: Database, id: string): Promise<void> {
  await db
    .updateTable("notices")
    .set((expression) => ({ begun: expression("begun", "-", 1) }))
    .where("id", "=", id)
    .where("begun", ">", 0)
    .execute();
}
