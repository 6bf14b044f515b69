// Sends notices as e-mail, over SMTP.
import MailComposer from "nodemailer/lib/mail-composer";
import type { MailConfig } from "../../server/config.ts";
import { mailAddress } from "./mail-address.ts";
import type { Notice, Sender } from "./sender.ts";
import { deliver } from "./smtp-delivery.ts";

export function smtpSender({ smtpUrl, domain, publicUrl }: MailConfig): Sender {
  const from = `harbor@${domain}`;
  return {
    async send(notice) {
      const to = mailAddress(notice.to, domain);
      const mail = new MailComposer({
        from: { name: "Harbor", address: from },
        to: { name: notice.to.name, address: to },
        subject: notice.subject,
        text: textOf(notice, publicUrl),
        date: new Date(notice.atMs),
        // The same each time: whoever gets it twice has it once (RFC 5322 §3.6.4).
        messageId: `<${notice.id}@${domain}>`,
        // RFC 3834 §5: nobody's machine answers it.
        headers: { "Auto-Submitted": "auto-generated" },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      await deliver({ smtpUrl, envelope: { from, to: [to] }, bytes: await mail.compile().build() });
    },
  };
}

function textOf({ text, path }: Notice, publicUrl: string | null): string {
  return publicUrl === null ? text : `${text}\n\n${new URL(path, publicUrl).href}`;
}
