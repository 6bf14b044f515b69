// Sends a notice once, or once more where a crash came between sending it and writing that down; never a third time.
import { fail } from "@tidewire/protocol";
import { beginNotice, noticeRefused, noticeSent } from "../../server/data/notices.ts";
import type { Database } from "../../server/data/schema.ts";
import { type Notice, NotSent, type Sender } from "./sender.ts";

/**
 * Resolves when it was sent, now or before.
 * @throws {TidewireError} `not_available` when it is refused for good, `conflict` when it was begun twice and nobody knows how
 * that went; any other error when it may be tried again.
 */
export async function sendOnce(db: Database, sender: Sender, notice: Notice): Promise<void> {
  const beginning = await beginNotice(db, { id: notice.id, person: notice.to.id });
  if (beginning === "sent") return;
  if (beginning === "spent") fail("conflict", "it was begun twice, and nobody knows whether it was sent");
  try {
    await sender.send(notice);
  } catch (thrown) {
    if (!(thrown instanceof NotSent)) throw thrown;
    await noticeRefused(db, notice.id);
    if (thrown.isForGood) fail("not_available", thrown.message);
    throw thrown;
  }
  await noticeSent(db, notice.id);
}
