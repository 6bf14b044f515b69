// What the mailbox of development answers; elsewhere there is none.
import { fail } from "@tidewire/protocol";
import type { Tidewire } from "@tidewire/server";
import { listMail } from "../../contract/mailbox.ts";
import { readMails } from "../data/mails.ts";
import type { Database } from "../data/schema.ts";

/** @param isThere Whether mail is kept here in the place of being sent. */
export function handleMailbox(tide: Tidewire, db: Database, isThere: () => boolean): void {
  tide.handle(listMail, async ({ before }) => {
    if (!isThere()) fail("not_available", "there is a mailbox in development alone");
    return await readMails(db, before);
  });
}
