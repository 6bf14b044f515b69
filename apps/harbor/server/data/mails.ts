// The mailbox of development in the database: the newest mails, and no more of them than anybody looks at.
import type { Mail } from "../../contract/mailbox.ts";
import type { Database } from "./schema.ts";

const mostKept = 1_000;
const mailsAtOnce = 20;

/** One that is there already stays as it is. */
export async function keepMail(db: Database, mail: Mail): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("mails")
      .values({
        id: mail.id,
        to_name: mail.to.name,
        to_address: mail.to.address,
        subject: mail.subject,
        text: mail.text,
        path: mail.path,
        at_ms: mail.atMs,
      })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    await tx
      .deleteFrom("mails")
      .where("place", "<=", (mails) =>
        mails.selectFrom("mails").select((row) => row(row.fn.max("place"), "-", mostKept).as("last")),
      )
      .execute();
  });
}

/** Newest first: those before a place, or the newest. */
export async function readMails(
  db: Database,
  before: number | undefined,
): Promise<{ mails: (Mail & { place: number })[]; hasMore: boolean }> {
  const rows = await db
    .selectFrom("mails")
    .selectAll()
    .$if(before !== undefined, (all) => all.where("place", "<", before ?? 0))
    .orderBy("place", "desc")
    .limit(mailsAtOnce + 1)
    .execute();
  const mails = rows.slice(0, mailsAtOnce).map((row) => ({
    place: row.place,
    id: row.id,
    to: { name: row.to_name, address: row.to_address },
    subject: row.subject,
    text: row.text,
    path: row.path,
    atMs: row.at_ms,
  }));
  return { mails, hasMore: rows.length > mailsAtOnce };
}
