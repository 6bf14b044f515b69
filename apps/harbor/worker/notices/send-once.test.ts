// Notices by e-mail to a real mail server: once, and at most once more where nobody knows.
import { afterEach, beforeEach, expect, it } from "vitest";
import { openDatabase } from "../../server/data/open-database.ts";
import type { Database } from "../../server/data/schema.ts";
import { type MailServer, startMailServer } from "../testing/mail-server.ts";
import { mailAddress } from "./mail-address.ts";
import { sendOnce } from "./send-once.ts";
import { type Notice, NotSent } from "./sender.ts";
import { smtpSender } from "./smtp-sender.ts";

const domain = "harbor.test";
const notice: Notice = {
  id: "m_abc-1.guest_lou_2",
  to: { id: "guest_lou_2", name: "Łou, the “First”" },
  subject: "Ada mentioned you in Grüße 🚢",
  text: "Ada wrote in Workshop:\n\n> hello\n.\n> a line with a dot before it",
  path: "/chat/workshop",
  atMs: Date.UTC(2026, 4, 1, 12),
};

let db: Database;
let server: MailServer;
beforeEach(async () => {
  db = await openDatabase(":memory:");
  server = await startMailServer();
});
afterEach(async () => {
  await server.stop();
  await db.destroy();
});

async function send(url = server.url): Promise<void> {
  const mail = { kind: "smtp", smtpUrl: url, domain, publicUrl: "https://harbor.example" } as const;
  await sendOnce(db, smtpSender(mail), notice);
}

it("arrives as it was written, with the event's id, and not again when the job runs once more", async () => {
  await send();
  await send();
  expect(server.received).toHaveLength(1);
  const [mail] = server.received;
  expect(mail?.to).toEqual([mailAddress(notice.to, domain)]);
  expect(mail?.headers.get("Message-ID")).toBe(`<${notice.id}@${domain}>`);
  expect(mail?.headers.get("Auto-Submitted")).toBe("auto-generated");
  expect(mail?.headers.get("Date")).toBe("Fri, 01 May 2026 12:00:00 +0000");
  expect(mail?.text).toBe(`${notice.text}\n\nhttps://harbor.example/chat/workshop`);
});

it.each([451, 452])("that is refused for now (%i) is sent later, as often as that takes", async (code) => {
  server.answer = () => code;
  for (let time = 0; time < 4; time += 1) await expect(send()).rejects.toMatchObject({ isForGood: false });
  server.answer = () => "take";
  await send();
  await send();
  expect(server.received).toHaveLength(5);
});

it("that is refused for good is not tried again", async () => {
  server.answer = () => 550;
  await expect(send()).rejects.toMatchObject({ reason: "not_available", temporary: false });
});

it("is sent later where our password is refused, which says nothing of the mail", async () => {
  await server.stop();
  server = await startMailServer({ refusesLogin: true });
  const url = server.url.replace("smtp://", "smtp://harbor:mistaken@");
  for (let time = 0; time < 3; time += 1) await expect(send(url)).rejects.toMatchObject({ isForGood: false });
  await send();
  expect(server.received).toHaveLength(1);
});

it("waits for a mail server that is not there", async () => {
  const { url } = server;
  await server.stop();
  for (let time = 0; time < 4; time += 1) await expect(send(url)).rejects.toBeInstanceOf(NotSent);
  server = await startMailServer();
  await send();
  expect(server.received).toHaveLength(1);
});

it("is sent twice at most where nobody knows whether it was taken", async () => {
  server.answer = () => "cut";
  for (let time = 0; time < 2; time += 1) await expect(send()).rejects.not.toBeInstanceOf(NotSent);
  server.answer = () => "take";
  await expect(send()).rejects.toMatchObject({ reason: "conflict", temporary: false });
  const ids = server.received.map(({ headers }) => headers.get("Message-ID"));
  expect(ids).toEqual([`<${notice.id}@${domain}>`, `<${notice.id}@${domain}>`]);
});

it("is sent twice at most by workers that believe they have the same job", async () => {
  await Promise.allSettled(Array.from({ length: 5 }, () => send()));
  expect(server.received.length).toBeLessThanOrEqual(2);
  expect(server.received.length).toBeGreaterThanOrEqual(1);
});
