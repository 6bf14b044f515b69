// The numbers of a guest go on without a hole over every way to end in between.
import { createTidewire } from "@tidewire/server";
import { afterEach, beforeEach, expect, it } from "vitest";
import { labNumbers } from "../../contract/lab.ts";
import { keepNumber, lastNumberOf, readNumbers } from "../data/lab-numbers.ts";
import { openDatabase } from "../data/open-database.ts";
import type { Database } from "../data/schema.ts";
import { startNumbers } from "./numbers.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const guest = "guest_one";

let db: Database;
const tide = createTidewire({ channels: [labNumbers], log: quiet });
const channel = tide.channel(labNumbers, { guest });

beforeEach(async () => {
  db = await openDatabase(":memory:");
  await tide.start();
});
afterEach(() => db.destroy());

async function published(): Promise<number[]> {
  return (await channel.history(1_000)).map(({ data }) => data.number);
}

it("publishes what an earlier process kept and did not publish, once, and goes on from there", async () => {
  const first = await startNumbers({ guest, db, channel, log: quiet });
  await expect.poll(() => first.last).toBeGreaterThanOrEqual(3);
  await first.stop();
  const { last } = first;
  await keepNumber(db, guest, { number: last + 1, madeAtMs: 1 });
  const second = await startNumbers({ guest, db, channel, log: quiet });
  await expect.poll(() => second.last).toBeGreaterThanOrEqual(last + 2);
  await second.stop();
  const listed = await readNumbers(db, { guest, from: 1, limit: 1_000 });
  expect(listed).toEqual(Array.from({ length: second.last }, (_, index) => index + 1));
  expect(await published()).toEqual(listed);
});

it("keeps the newest number for as long as there is the list, and drops the old ones", async () => {
  await db
    .insertInto("lab_numbers")
    .values([1, 2, 979, 980].map((number) => ({ guest, number, made_at_ms: 0 })))
    .execute();
  await keepNumber(db, guest, { number: 21_000, madeAtMs: 0 });
  expect(await readNumbers(db, { guest, from: 1, limit: 10 })).toEqual([21_000]);
  expect((await lastNumberOf(db, guest))?.number).toBe(21_000);
});
