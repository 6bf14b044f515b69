// A notice in the mailbox of development: kept first, told then, and no worse where nobody could be told.
import { afterEach, beforeEach, expect, it } from "vitest";
import { readMails } from "../../server/data/mails.ts";
import { openDatabase } from "../../server/data/open-database.ts";
import type { Database } from "../../server/data/schema.ts";
import type { ServerApi } from "../server-api.ts";
import { mailAddress } from "./mail-address.ts";
import { mailboxSender } from "./mailbox-sender.ts";

const domain = "harbor.test";
const notice = {
  id: "m_abc-1.guest_lou_2",
  to: { id: "guest_lou_2", name: "Lou" },
  subject: "Ada mentioned you",
  text: "Ada wrote",
  path: "/chat/workshop",
  atMs: 5,
};

let db: Database;
beforeEach(async () => {
  db = await openDatabase(":memory:");
});
afterEach(() => db.destroy());

function sending(publish: ServerApi["publish"]): { send: () => Promise<void>; said: readonly unknown[] } {
  const said: unknown[] = [];
  const ignore = (): void => undefined;
  const log = { debug: (...line: unknown[]) => void said.push(line), info: ignore, warn: ignore, error: ignore };
  const api = { publish, connections: () => Promise.resolve(0) };
  const sender = mailboxSender({ db, api, domain, log });
  return { send: () => sender.send(notice), said };
}

const kept = async (): Promise<unknown> => (await readMails(db, undefined)).mails;
const { to, ...rest } = notice;
const mail = { ...rest, to: { name: "Lou", address: mailAddress(to, domain) }, place: 1 };

it("is there before anybody is told of it, and told by its id", async () => {
  const told: unknown[] = [];
  const seen = Promise.withResolvers<unknown>();
  const { send } = sending(async (...given) => {
    told.push(given);
    seen.resolve(await kept());
  });
  await send();
  expect(await seen.promise).toEqual([mail]);
  expect(told).toEqual([["mailbox", { id: notice.id }]]);
});

it("is sent also where the server does not answer, or never does", async () => {
  const { send, said } = sending(() => Promise.reject(new Error("fetch failed")));
  await send();
  expect(said).toEqual([["nobody was told of a mail", { id: notice.id, reason: "Error: fetch failed" }]]);
  await sending(() => new Promise(() => undefined)).send();
  expect(await kept()).toEqual([mail]);
});

it("is not sent where it could not be kept", async () => {
  const told: unknown[] = [];
  const { send } = sending(async (...given) => void told.push(given));
  await db.schema.dropTable("mails").execute();
  await expect(send()).rejects.toThrow("no such table");
  expect(told).toEqual([]);
});
