// What the contract says about reading history in pages.
import type { Position } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Page, PageLimit } from "../engine.ts";
import { type EngineHarness, everything, publicationOf, textBody, textsOf, Trial } from "./trial.ts";

/** A channel with the texts "1" to "9", and the position of each. */
async function nine(harness: EngineHarness): Promise<{ trial: Trial; at: (n: number) => Position }> {
  const trial = await Trial.begin(harness);
  const acks = await trial.sayMany("news", 9);
  const start = { epoch: acks[0]?.position.epoch ?? "", offset: 0 };
  return { trial, at: (n) => acks[n - 1]?.position ?? start };
}

function atMost(publications: number): PageLimit {
  return { publications, bytes: everything.bytes };
}

export function pages(harness: EngineHarness): void {
  describe("pages by count", () => {
    it("read forward from a position", async () => {
      const { trial, at } = await nine(harness);
      const read = (n: number, limit: number): Promise<Page> =>
        trial.engine.read("news", { after: at(n) }, atMost(limit));
      expect(summaryOf(await read(0, 3))).toEqual({ texts: ["1", "2", "3"], more: true });
      expect(summaryOf(await read(3, 6))).toEqual({ texts: ["4", "5", "6", "7", "8", "9"], more: false });
      expect(summaryOf(await read(8, 1))).toEqual({ texts: ["9"], more: false });
      expect(summaryOf(await read(9, 5))).toEqual({ texts: [], more: false });
      expect(await read(3, 1)).toMatchObject({ top: at(9), floor: 0 });
    });

    it("read the newest ones below a position, ascending", async () => {
      const { trial, at } = await nine(harness);
      const read = (n: number, limit: number): Promise<Page> =>
        trial.engine.read("news", { before: at(n) }, atMost(limit));
      expect(summaryOf(await read(9, 3))).toEqual({ texts: ["6", "7", "8"], more: true });
      expect(summaryOf(await read(4, 3))).toEqual({ texts: ["1", "2", "3"], more: false });
      expect(summaryOf(await read(1, 3))).toEqual({ texts: [], more: false });
    });

    it("read from either end, ascending", async () => {
      const { trial } = await nine(harness);
      const read = (start: "oldest" | "newest", limit: number): Promise<Page> =>
        trial.engine.read("news", start, atMost(limit));
      expect(summaryOf(await read("oldest", 2))).toEqual({ texts: ["1", "2"], more: true });
      expect(summaryOf(await read("newest", 2))).toEqual({ texts: ["8", "9"], more: true });
      expect(summaryOf(await read("newest", 9))).toEqual({
        texts: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
        more: false,
      });
    });

    it("follow on each other without a hole or a double", async () => {
      const { trial, at } = await nine(harness);
      const texts: string[] = [];
      let after = at(0);
      for (let more = true; more;) {
        const page: Page = await trial.engine.read("news", { after }, atMost(2));
        texts.push(...textsOf(page.publications));
        after = { epoch: after.epoch, offset: page.publications.at(-1)?.offset ?? after.offset };
        more = page.more;
      }
      expect(texts).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    });

    it("refuse a limit of nothing", async () => {
      const { trial } = await nine(harness);
      await expect(async () => await trial.engine.read("news", "oldest", atMost(0))).rejects.toThrow(RangeError);
    });
  });
  pagesByBytes(harness);
  pagesElsewhere(harness);
}

function pagesByBytes(harness: EngineHarness): void {
  describe("pages by bytes", () => {
    it("stop before their payloads exceed the limit, from either side", async () => {
      const trial = await Trial.begin(harness);
      for (const size of [100, 200, 300, 400]) await trial.publish("sizes", textBody("x".repeat(size)));
      const sizes = async (start: "oldest" | "newest", bytes: number): Promise<number[]> =>
        (await trial.engine.read("sizes", start, { publications: 10, bytes })).publications.map(
          ({ data }) => data.byteLength,
        );
      expect(await sizes("oldest", 299)).toEqual([100]);
      expect(await sizes("oldest", 300)).toEqual([100, 200]);
      expect(await sizes("oldest", 1_000)).toEqual([100, 200, 300, 400]);
      expect(await sizes("newest", 699)).toEqual([400]);
      expect(await sizes("newest", 700)).toEqual([300, 400]);
    });

    it("always give one publication, and say whether there is more", async () => {
      const trial = await Trial.begin(harness);
      for (const text of ["small", "x".repeat(5_000), "last"]) await trial.say("sizes", text);
      const limit = { publications: 10, bytes: 10 };
      const first = await trial.engine.read("sizes", "oldest", limit);
      expect(summaryOf(first)).toEqual({ texts: ["small"], more: true });
      const after = { epoch: first.top.epoch, offset: first.publications[0]?.offset ?? 0 };
      const second = await trial.engine.read("sizes", { after }, limit);
      expect(second.publications.map(({ data }) => data.byteLength)).toEqual([5_000]);
      expect(second.more).toBe(true);
    });
  });
}

function pagesElsewhere(harness: EngineHarness): void {
  describe("pages from elsewhere", () => {
    it("are empty for another epoch, and tell the current top", async () => {
      const { trial, at } = await nine(harness);
      for (const start of [
        { after: { epoch: "another", offset: 2 } },
        { before: { epoch: "another", offset: 5 } },
      ] as const) {
        const page = await trial.engine.read("news", start, everything);
        expect(page).toEqual({ publications: [], top: at(9), floor: 0, more: false });
      }
    });

    it("are empty beyond the top, which they tell", async () => {
      const { trial, at } = await nine(harness);
      const beyond = { epoch: at(9).epoch, offset: at(9).offset + 100 };
      const page = await trial.engine.read("news", { after: beyond }, everything);
      expect(page).toEqual({ publications: [], top: at(9), floor: 0, more: false });
      const below = await trial.engine.read("news", { before: beyond }, atMost(1));
      expect(summaryOf(below)).toEqual({ texts: ["9"], more: true });
    });

    it("are empty where nobody wrote", async () => {
      const trial = await Trial.begin(harness);
      const top = await trial.top("nobody");
      for (const start of ["oldest", "newest", { after: top }, { before: top }] as const) {
        const page = await trial.engine.read("nobody", start, everything);
        expect(page).toEqual({ publications: [], top: { epoch: top.epoch, offset: 0 }, floor: 0, more: false });
      }
    });

    it("show what was acked, to whom it was acked", async () => {
      const trial = await Trial.begin(harness);
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const ack = await trial.say("busy", `${index}`);
          const { publications } = await trial.history("busy");
          expect(publications).toContainEqual(publicationOf(ack));
        }),
      );
    });
  });
}

function summaryOf({ publications, more }: Page): { texts: string[]; more: boolean } {
  return { texts: textsOf(publications), more };
}
