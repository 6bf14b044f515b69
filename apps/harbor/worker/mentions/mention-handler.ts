// The job `mention`: writes to whoever was mentioned, unless they know already.
import type { JobShapeOf } from "@tidewire/protocol";
import type { ChatMessage } from "../../contract/chat.ts";
import { here, mention } from "../../contract/mention.ts";
import { findGuest } from "../../server/data/guests.ts";
import { findMessage } from "../../server/data/messages.ts";
import { noticesSince } from "../../server/data/notices.ts";
import { findRoom, readUpTo } from "../../server/data/rooms.ts";
import type { Handling, WorkerParts } from "../handling.ts";
import { mailboxSender } from "../notices/mailbox-sender.ts";
import { sendOnce } from "../notices/send-once.ts";
import type { Sender } from "../notices/sender.ts";
import { smtpSender } from "../notices/smtp-sender.ts";
import { mentionNotice } from "./mention-notice.ts";

type Outcome = JobShapeOf<typeof mention>["returned"]["outcome"];

/** Somebody who is called again and again is told that often in an hour, and finds the rest in Harbor. */
const mostInAnHour = 20;
const hourMs = 3_600_000;

/** Where there is no way to send, what was ordered waits for a worker that has one. */
export const handleMentions: Handling = (worker, parts) => {
  if (parts.config.mail.kind === "none") return;
  const sender = senderFor(parts);
  worker.handle(mention, async ({ message, person }) => ({ outcome: await tell(parts, sender, { message, person }) }));
};

function senderFor({ api, config, db, log }: WorkerParts): Sender {
  const { mail } = config;
  return mail.kind === "smtp" ? smtpSender(mail) : mailboxSender({ db, api, domain: mail.domain, log });
}

async function tell({ api, db }: WorkerParts, sender: Sender, ids: Ids): Promise<Outcome> {
  const message = await findMessage(db, ids.message);
  const person = await findGuest(db, ids.person);
  const room = message === null ? null : await findRoom(db, message.room);
  if (message === null || person === null || room === null) return "gone";
  if (await hasRead(db, message, person.id)) return "read";
  if ((await api.connections(here.name({ person: person.id }))) > 0) return "here";
  if ((await noticesSince(db, person.id, Date.now() - hourMs)) >= mostInAnHour) return "enough";
  await sendOnce(db, sender, mentionNotice(message, { id: person.id, name: person.name }, room.name));
  return "sent";
}

interface Ids {
  readonly message: string;
  readonly person: string;
}

async function hasRead(db: WorkerParts["db"], { room, seq }: ChatMessage, guest: string): Promise<boolean> {
  return (await readUpTo(db, { room, guest })) >= seq;
}
