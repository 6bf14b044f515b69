// The mailbox of development: notices are kept to be looked at, as the mails they would have been.
import type { Log } from "@tidewire/server";
import { mailbox } from "../../contract/mailbox.ts";
import { keepMail } from "../../server/data/mails.ts";
import type { Database } from "../../server/data/schema.ts";
import type { ServerApi } from "../server-api.ts";
import { mailAddress } from "./mail-address.ts";
import type { Sender } from "./sender.ts";

export interface MailboxSenderOptions {
  readonly db: Database;
  readonly api: ServerApi;
  readonly domain: string;
  readonly log: Log;
}

export function mailboxSender({ db, api, domain, log }: MailboxSenderOptions): Sender {
  return {
    async send({ id, to, subject, text, path, atMs }) {
      const address = mailAddress(to, domain);
      await keepMail(db, { id, to: { name: to.name, address }, subject, text, path, atMs });
      // It is there for whoever looks; that pages which look already see it at once is worth no second attempt.
      api.publish(mailbox.name({}), { id }).catch((thrown: unknown) => {
        log.debug("nobody was told of a mail", { id, reason: String(thrown) });
      });
    },
  };
}
