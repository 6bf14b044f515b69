// What the contract says about tables: the newest publication of each key.
import { describe, expect, it } from "vitest";
import type { Ack, Page, PageStart, TableRetention } from "../engine.ts";
import { expectLinked } from "./publishing.ts";
import { type EngineHarness, everything, publicationOf, textBody, textsOf, Trial } from "./trial.ts";

const table: TableRetention = { kind: "table", keys: 5, bytes: 100, ttlMs: 60_000 };

/** One channel, and its verbs. */
class Keyed {
  readonly trial: Trial;
  readonly retention: TableRetention;

  constructor(trial: Trial, retention = table) {
    this.trial = trial;
    this.retention = retention;
  }

  static async begin(harness: EngineHarness, retention?: TableRetention): Promise<Keyed> {
    return new Keyed(await Trial.begin(harness), retention);
  }

  set(key: string, text: string, idempotencyKey?: string): Promise<Ack> {
    const saying = { retention: this.retention, ...(idempotencyKey !== undefined && { idempotencyKey }) };
    return this.trial.publish("market", { ...textBody(text), key }, saying);
  }

  remove(key: string): Promise<Ack> {
    return this.trial.engine.publish("market", { kind: "remove", key, retention: this.retention });
  }

  async page(start: PageStart = "oldest", publications = 1_000): Promise<Page> {
    return await this.trial.engine.read("market", start, { publications, bytes: everything.bytes });
  }

  /** `key=text`, `-key` for a removal. */
  async said(start: PageStart = "oldest", publications = 1_000): Promise<string[]> {
    return saidOf(await this.page(start, publications));
  }
}

function saidOf({ publications }: Page): string[] {
  const texts = textsOf(publications);
  return publications.map(({ key, removed }, at) =>
    removed === true ? `-${key ?? ""}` : `${key ?? ""}=${texts[at] ?? ""}`,
  );
}

export function tables(harness: EngineHarness): void {
  if (harness.withoutTables !== undefined) return noTables(harness, harness.withoutTables);
  describe("tables", () => {
    it("keep the newest publication of each key, ascending by version", async () => {
      const market = await Keyed.begin(harness);
      const acks = [];
      for (const [key, text] of [
        ["a", "1"],
        ["b", "2"],
        ["a", "3"],
        ["c", "4"],
        ["b", "5"],
      ] as const) {
        acks.push(await market.set(key, text));
      }
      expectLinked(acks.map(publicationOf), null);
      const { publications, top, floor, more } = await market.page();
      expect(publications).toEqual([acks[2], acks[3], acks[4]].map((ack) => ack && publicationOf(ack)));
      expect({ top, floor, more }).toEqual({ top: acks[4]?.position, floor: 0, more: false });
    });

    it("give what changed after a version, in pages from either side", async () => {
      const market = await Keyed.begin(harness);
      for (const key of ["a", "b", "c", "d", "a"]) await market.set(key, key);
      const { epoch } = (await market.page()).top;
      const at = (offset: number): { epoch: string; offset: number } => ({ epoch, offset });
      expect(await market.said({ after: at(0) }, 2)).toEqual(["b=b", "c=c"]);
      expect(await market.said({ after: at(3) })).toEqual(["d=d", "a=a"]);
      expect(await market.said({ after: at(5) })).toEqual([]);
      expect(await market.said({ before: at(5) }, 2)).toEqual(["c=c", "d=d"]);
      expect(await market.said("newest", 1)).toEqual(["a=a"]);
      expect([(await market.page("oldest", 3)).more, (await market.page("oldest", 4)).more]).toEqual([true, false]);
      expect(await market.said({ after: { epoch: "other", offset: 0 } })).toEqual([]);
    });
  });
  changes(harness);
  limits(harness);
  removals(harness);
  elsewhere(harness);
}

function changes(harness: EngineHarness): void {
  describe("changes of tables", () => {
    it("announce values and removals as they are read", async () => {
      const market = await Keyed.begin(harness);
      await market.trial.engine.follow("market");
      const acks = [await market.set("a", "1"), await market.set("b", "2"), await market.remove("a")];
      await market.trial.sink.until(() => market.trial.sink.of("market").length === 3);
      expect(market.trial.sink.of("market")).toEqual(acks.map(publicationOf));
      expect((await market.page()).publications).toEqual(acks.slice(1).map(publicationOf));
      expect(acks[2]?.publication).toMatchObject({ key: "a", removed: true, form: "json" });
      expect(textsOf([acks[2] && publicationOf(acks[2])].filter((known) => known !== undefined))).toEqual(["null"]);
    });

    it("remove nothing where there is nothing", async () => {
      const market = await Keyed.begin(harness);
      expect(await market.remove("a")).toMatchObject({ publication: null, position: { offset: 0 } });
      await market.set("a", "1");
      const removed = await market.remove("a");
      for (const key of ["a", "b"]) {
        expect(await market.remove(key)).toMatchObject({ publication: null, position: removed.position });
      }
      expect(await market.said()).toEqual(["-a"]);
      await market.set("a", "2");
      expect(await market.said()).toEqual(["a=2"]);
    });
  });
}

function limits(harness: EngineHarness): void {
  describe("tables at their limits", () => {
    it("refuse a new key above, evict nothing, and take known ones on", async () => {
      const market = await Keyed.begin(harness);
      for (const key of ["a", "b", "c", "d", "e"]) await market.set(key, "1");
      await expect(market.set("f", "1")).rejects.toMatchObject({ reason: "limit_exceeded", temporary: false });
      await market.set("a", "2");
      expect(await market.said()).toEqual(["b=1", "c=1", "d=1", "e=1", "a=2"]);
      await market.remove("b");
      await market.set("f", "3");
      expect(await market.said()).toEqual(["c=1", "d=1", "e=1", "a=2", "-b", "f=3"]);
      expect((await market.page()).top.offset).toBe(8);
    });

    it("refuse bytes above", async () => {
      const market = await Keyed.begin(harness);
      await market.set("a", "x".repeat(60));
      await expect(market.set("b", "x".repeat(41))).rejects.toMatchObject({ reason: "limit_exceeded" });
      await expect(market.set("a", "x".repeat(101))).rejects.toMatchObject({ reason: "limit_exceeded" });
      await market.set("b", "x".repeat(40));
      await market.set("a", "");
      await market.set("c", "x".repeat(60));
      expect((await market.page()).publications.map(({ data }) => data.byteLength)).toEqual([40, 0, 60]);
    });

    it("hold 10,000 keys and refuse one more", { timeout: 120_000 }, async () => {
      const market = await Keyed.begin(harness, { ...table, keys: 10_000, bytes: 1_000_000 });
      for (let from = 0; from < 10_000; from += 250) {
        await Promise.all(Array.from({ length: 250 }, (_, at) => market.set(`k${from + at}`, "v")));
      }
      await expect(market.set("one more", "v")).rejects.toMatchObject({ reason: "limit_exceeded" });
      await market.set("k0", "w");
      let page = await market.page("oldest", 20_000);
      const keys = page.publications.map(({ key }) => key);
      while (page.more) {
        page = await market.page({ after: { ...page.top, offset: page.publications.at(-1)?.offset ?? 0 } }, 20_000);
        keys.push(...page.publications.map(({ key }) => key));
      }
      expect([keys.length, new Set(keys).size, keys.at(-1)]).toEqual([10_000, 10_000, "k0"]);
    });
  });
}

/** An engine without tables says so, and does nothing else. */
function noTables(harness: EngineHarness, reason: string): void {
  describe("tables", () => {
    it("are refused as what the engine does not have", async () => {
      const market = await Keyed.begin(harness);
      await market.trial.say("market", "a line");
      const before = await market.page();
      await expect(market.set("a", "1")).rejects.toMatchObject({ reason: "not_available" });
      await expect(market.remove("a")).rejects.toMatchObject({ reason: "not_available" });
      expect(await market.page()).toEqual(before);
    });

    it("keep the newest publication of each key", (context) => context.skip(reason));
  });
}

function removals(harness: EngineHarness): void {
  describe("removals in tables", () => {
    it("are kept for the ttl; forgetting one raises the floor, and the values stay", async (context) => {
      const market = await Keyed.begin(harness);
      await market.set("a", "1");
      await market.set("b", "2");
      await market.remove("a");
      await market.trial.advance(context, 59_000);
      expect([await market.said(), (await market.page()).floor]).toEqual([["b=2", "-a"], 0]);
      await market.trial.advance(context, 2_000);
      expect([await market.said(), (await market.page()).floor]).toEqual([["b=2"], 3]);
      expect((await market.page()).top.offset).toBe(3);
      await market.trial.advance(context, 3 * 86_400_000);
      expect([await market.said(), (await market.page()).floor]).toEqual([["b=2"], 3]);
      await market.set("a", "4");
      expect(await market.said()).toEqual(["b=2", "a=4"]);
    });

    it("are at most as many as keys may be; the oldest goes first", async () => {
      const market = await Keyed.begin(harness);
      for (const key of ["a", "b", "c", "d", "e", "f", "g"]) {
        await market.set(key, key);
        await market.remove(key);
      }
      expect([await market.said(), (await market.page()).floor]).toEqual([["-c", "-d", "-e", "-f", "-g"], 4]);
    });

    it("raise no floor when their key has a value again", async (context) => {
      const market = await Keyed.begin(harness);
      await market.set("a", "1");
      await market.remove("a");
      await market.set("a", "2");
      await market.trial.advance(context, 61_000);
      await market.set("b", "3");
      expect([await market.said(), (await market.page()).floor]).toEqual([["a=2", "b=3"], 0]);
    });
  });
}

function elsewhere(harness: EngineHarness): void {
  describe("tables and what is around them", () => {
    it("know a repeated set by its idempotency key", async () => {
      const market = await Keyed.begin(harness);
      const first = await market.set("a", "1", "i");
      await market.set("a", "2");
      expect(await market.set("a", "1", "i")).toEqual({ ...first, duplicate: true });
      await expect(market.set("b", "1", "i")).rejects.toMatchObject({ reason: "conflict" });
      expect(await market.said()).toEqual(["a=2"]);
    });

    it("are empty after a clear, in another epoch, with floor 0", async () => {
      const market = await Keyed.begin(harness);
      await market.set("a", "1");
      const { epoch } = (await market.page()).top;
      await market.trial.engine.publish("market", { kind: "clear" });
      expect(await market.page()).toMatchObject({ publications: [], floor: 0, top: { offset: 0 } });
      const again = await market.set("a", "2");
      expect([again.position.offset, again.position.epoch === epoch]).toEqual([1, false]);
    });

    it("do not mix with what was kept in the other way: another epoch begins", async () => {
      const market = await Keyed.begin(harness);
      const first = await market.trial.say("market", "a line");
      const set = await market.set("a", "1");
      expect(await market.said()).toEqual(["a=1"]);
      const line = await market.trial.say("market", "another");
      expect(textsOf((await market.page()).publications)).toEqual(["another"]);
      expect(new Set([first, set, line].map(({ position }) => position.epoch)).size).toBe(3);
    });

    it("are kept through a restart, floor, removals and limits too, if anything is", async (context) => {
      const market = await Keyed.begin(harness);
      if (!market.trial.engine.traits.survivesRestart) context.skip("this engine forgets at a restart");
      for (const key of ["a", "b", "c", "d", "e", "f"]) {
        await market.set(key, key);
        await market.remove(key);
      }
      for (const key of ["u", "v", "w", "x", "y"]) await market.set(key, key);
      const before = await market.page();
      await market.trial.restart();
      expect(await market.page()).toEqual(before);
      expect(before.floor).toBe(2);
      await expect(market.set("z", "z")).rejects.toMatchObject({ reason: "limit_exceeded" });
      await market.set("u", "again");
      expect((await market.said()).slice(-2)).toEqual(["y=y", "u=again"]);
    });
  });
}
