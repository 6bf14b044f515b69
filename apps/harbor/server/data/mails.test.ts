// The mailbox of development on a real database: the newest thousand mails, each once, in pages.
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Mail } from "../../contract/mailbox.ts";
import { keepMail, readMails } from "./mails.ts";
import { openDatabase } from "./open-database.ts";
import type { Database } from "./schema.ts";

let db: Database;
beforeEach(async () => {
  db = await openDatabase(":memory:");
});
afterEach(() => db.destroy());

const mailOf = (n: number): Mail => ({
  id: `mail-${n}`,
  to: { name: `Name ${n}`, address: `name-${n}@harbor.test` },
  subject: `Subject ${n}`,
  text: `Text ${n}`,
  path: `/chat/${n}`,
  atMs: n,
});

async function keepSome(from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n += 1) await keepMail(db, mailOf(n));
}

async function page(before?: number): Promise<{ readonly ids: readonly string[]; readonly hasMore: boolean }> {
  const { mails, hasMore } = await readMails(db, before);
  return { ids: mails.map(({ id }) => id), hasMore };
}

const ids = (from: number, to: number): string[] => Array.from({ length: from - to + 1 }, (_, n) => `mail-${from - n}`);

it("has each as it was kept, newest first, and where it is to go on", async () => {
  await keepSome(1, 2);
  const { mails, hasMore } = await readMails(db, undefined);
  expect(mails).toEqual([
    { ...mailOf(2), place: 2 },
    { ...mailOf(1), place: 1 },
  ]);
  expect(hasMore).toBe(false);
});

it("has twenty at once, and says whether there are more before them", async () => {
  await keepSome(1, 20);
  expect(await page()).toEqual({ ids: ids(20, 1), hasMore: false });
  await keepSome(21, 20);
  expect(await page()).toEqual({ ids: ids(40, 21), hasMore: true });
  expect(await page(22)).toEqual({ ids: ids(21, 2), hasMore: true });
  expect(await page(21)).toEqual({ ids: ids(20, 1), hasMore: false });
  expect(await page(2)).toEqual({ ids: ["mail-1"], hasMore: false });
  expect(await page(1)).toEqual({ ids: [], hasMore: false });
});

it("that is kept again stays as it is, where it is", async () => {
  await keepSome(1, 2);
  await keepMail(db, { ...mailOf(1), text: "another" });
  expect((await readMails(db, undefined)).mails).toEqual([
    { ...mailOf(2), place: 2 },
    { ...mailOf(1), place: 1 },
  ]);
});

it("keeps the newest thousand", async () => {
  const kept = async (): Promise<number> => (await db.selectFrom("mails").select("id").execute()).length;
  await keepSome(1, 1_000);
  expect(await kept()).toBe(1_000);
  await keepSome(1_001, 2);
  expect(await kept()).toBe(1_000);
  expect(await page(4)).toEqual({ ids: ["mail-3"], hasMore: false });
});
