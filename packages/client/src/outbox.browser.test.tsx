// What an outbox keeps in IndexedDB, in a real browser: written as one act, told to other tabs, one turn at a time.
import { expect, test } from "vitest";
import { FakeClock } from "../test/fake-clock.ts";
import type { NewEntry, OutboxStorage } from "./outbox.ts";
import { openIndexedStorage } from "./outbox/indexed-storage.ts";

let databases = 0;

const nameOfIts = (): string => `outbox test ${(databases += 1)} ${Math.random()}`;

const open = (name: string, clock = new FakeClock()): Promise<OutboxStorage> =>
  openIndexedStorage(name, { clock, random: Math.random });

const entry = (user: string, json: string): NewEntry => ({
  id: json,
  user,
  channel: "news",
  traits: {},
  json,
  bytes: json.length,
  createdAtMs: 1,
  attempt: null,
  outcome: null,
});

const never = new AbortController().signal;

test("entries are there again when it is opened again, by user and in order", async () => {
  const name = nameOfIts();
  const first = await open(name);
  for (const json of ["1", "2", "3"]) await first.add(entry("ada", json));
  await first.add(entry("bob", "4"));
  first.close();
  const second = await open(name);
  expect(second.isLasting).toBe(true);
  expect((await second.read("ada")).map(({ json }) => json)).toEqual(["1", "2", "3"]);
  expect(await second.read("cleo")).toEqual([]);
  second.close();
});

test("changes of two tabs at once are one after the other, and each is told to the other tab", async () => {
  const name = nameOfIts();
  const [one, other] = await Promise.all([open(name), open(name)]);
  const told: (string | null)[] = [];
  const gone = new Promise<void>((resolve) => {
    other.watch((_seq, changed) => {
      told.push(changed?.json ?? null);
      if (changed === null) resolve();
    });
  });
  const { seq } = await one.add(entry("ada", "0"));
  const add = (storage: OutboxStorage) =>
    storage.change(seq, (kept) => ({ ...kept, json: String(Number(kept.json) + 1) }));
  await Promise.all(Array.from({ length: 20 }, (_, index) => add(index % 2 === 0 ? one : other)));
  expect((await other.read("ada")).map(({ json }) => json)).toEqual(["20"]);
  expect(await one.change(seq, (kept) => kept)).toMatchObject({ json: "20" });
  expect(await one.change(seq, () => null)).toBeNull();
  expect(await other.change(seq, (kept) => kept)).toBeNull();
  await gone;
  expect(told).toHaveLength(12);
  for (const storage of [one, other]) storage.close();
});

test("turns of tabs follow one another, and one that is given up does not come", async () => {
  const name = nameOfIts();
  const [one, other] = await Promise.all([open(name), open(name)]);
  const order: string[] = [];
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const first = one.inTurn(
    "ada",
    async () => {
      begun.resolve();
      await held.promise;
      order.push("first");
    },
    never,
  );
  await begun.promise;
  const giveUp = new AbortController();
  const given = other.inTurn("ada", () => Promise.reject(new Error("it came")), giveUp.signal);
  const second = other.inTurn("ada", async () => void order.push("second"), never);
  await other.inTurn("bob", async () => void order.push("bob's"), never);
  giveUp.abort();
  await given;
  held.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(["bob's", "first", "second"]);
  for (const storage of [one, other]) storage.close();
});

test("without locks a lease does it: prolonged while it is held, and free soon after its holder has died", async () => {
  const { locks } = navigator;
  // As on a page that was not served securely.
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  try {
    const name = nameOfIts();
    const clock = new FakeClock();
    const [dying, other] = await Promise.all([open(name, clock), open(name, clock)]);
    const begun = Promise.withResolvers<void>();
    // Its page is gone, so that it never gives the lease back.
    const dies = (): Promise<void> => (begun.resolve(), new Promise<void>(() => undefined));
    dying.inTurn("ada", dies, never).catch(() => undefined);
    await begun.promise;
    let hasBegun = false;
    const turn = other.inTurn("ada", async () => void (hasBegun = true), never);
    const passes = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 1_000) {
        clock.advance(1_000);
        // What the timers began takes its time on the disk.
        await dying.read("ada").catch(() => other.read("ada"));
        await other.read("ada");
      }
    };
    await passes(30_000);
    expect(hasBegun).toBe(false);
    dying.close();
    await passes(30_000);
    await turn;
    expect(hasBegun).toBe(true);
    other.close();
  } finally {
    Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
  }
});

test("a database that is deleted meanwhile is made anew", async () => {
  const name = nameOfIts();
  const storage = await open(name);
  await storage.add(entry("ada", "1"));
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error("not deleted"));
  });
  expect(await storage.read("ada")).toEqual([]);
  await storage.add(entry("ada", "2"));
  expect((await storage.read("ada")).map(({ json }) => json)).toEqual(["2"]);
  storage.close();
});
