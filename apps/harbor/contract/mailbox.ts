// The mailbox of development: what would have left by e-mail, kept to be looked at.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";

export const mail = z.object({
  /** The id of the event that it tells of, which is also what its Message-ID is made of. */
  id: z.string(),
  to: z.object({ name: z.string(), address: z.string() }),
  subject: z.string(),
  text: z.string(),
  /** Where the event happened, as a path of Harbor. */
  path: z.string(),
  atMs: z.int(),
});
export type Mail = z.infer<typeof mail>;

/** One mail has come. A signal, since whoever missed it reads the list. */
export const mailbox = defineChannel("mailbox", {
  mode: "signal",
  data: z.object({ id: z.string() }),
  publishers: "server",
});

/** The newest mails, newest first; with `before` those that came before that one. */
export const listMail = defineCall("mail.list", {
  input: z.object({ before: z.int().min(1).optional() }),
  output: z.object({ mails: z.array(mail.extend({ place: z.int() })), hasMore: z.boolean() }),
});
