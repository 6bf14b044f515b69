// What the contract says about one order: links, offsets, acks.
import { describe, expect, it } from "vitest";
import type { Publication } from "../engine.ts";
import { type EngineHarness, publicationOf, textsOf, Trial } from "./trial.ts";

/** Each names the one before it, and offsets ascend (S1). `null` is the link of the first in an epoch. */
export function expectLinked(publications: readonly Publication[], before: Publication | null): void {
  let last = before;
  for (const publication of publications) {
    expect(publication.offset).toBeGreaterThan(last?.offset ?? 0);
    if (last === null) expect(publication.previous).toBeNull();
    else {
      expect(publication.previous?.offset).toBe(last.offset);
      expect([last.id, null]).toContain(publication.previous?.id);
    }
    last = publication;
  }
}

export function publishing(harness: EngineHarness): void {
  describe("publishing", () => {
    it("acks with the position, the publication and the durability of its traits", async () => {
      const trial = await Trial.begin(harness);
      const ack = await trial.say("news", "first");
      expect(ack).toMatchObject({ duplicate: false, durability: trial.engine.traits.durability });
      expect(ack.position.epoch).not.toBe("");
      expect(ack.position.offset).toBe(publicationOf(ack).offset);
      expect(publicationOf(ack)).toMatchObject({ previous: null, form: "text" });
      expect(publicationOf(ack).id).toMatch(/^[\w-]{16,}$/);
      expect(Number.isSafeInteger(publicationOf(ack).atMs)).toBe(true);
    });

    it("links each publication to the one before it", async () => {
      const trial = await Trial.begin(harness);
      const publications: Publication[] = [];
      for (const text of ["a", "b", "c", "d"]) publications.push(publicationOf(await trial.say("news", text)));
      expectLinked(publications, null);
      expect((await trial.history("news")).publications).toEqual(publications);
    });

    it("keeps the order of publishes that did not wait for each other", async () => {
      const trial = await Trial.begin(harness);
      const acks = await trial.sayMany("news", 100);
      const offsets = acks.map(({ position }) => position.offset);
      expect(offsets).toEqual([...offsets].sort((one, other) => one - other));
      expect(textsOf((await trial.history("news")).publications)).toEqual(acks.map((_, index) => `${index + 1}`));
    });

    it("gives 1,000 parallel publishes one order, without a hole, in each channel", async () => {
      const trial = await Trial.begin(harness);
      const channels = ["one", "two", "three", "four"];
      const acks = await Promise.all(channels.map((channel) => trial.sayMany(channel, 250)));
      for (const [index, channel] of channels.entries()) {
        const { publications, top, floor, more } = await trial.history(channel);
        expect(publications).toHaveLength(250);
        expectLinked(publications, null);
        expect(new Set(publications.map(({ id }) => id)).size).toBe(250);
        expect({ floor, more, top }).toEqual({ floor: 0, more: false, top: acks[index]?.at(-1)?.position });
        expect(acks[index]?.map(publicationOf)).toEqual(publications);
      }
    });
  });
  tops(harness);
}

function tops(harness: EngineHarness): void {
  describe("tops", () => {
    it("keeps channels apart: what is written to one moves no other", async () => {
      const trial = await Trial.begin(harness);
      await trial.sayMany("one", 3);
      const before = await trial.engine.tops(["nobody", "one", "two"]);
      const acks = await trial.sayMany("two", 3);
      const after = await trial.engine.tops(["nobody", "one", "two"]);
      expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
      expect(after[0]?.offset).toBe(0);
      expect(after[2]).toEqual(acks[2]?.position);
    });

    it("answers tops in the order asked, as often as asked", async () => {
      const trial = await Trial.begin(harness);
      const { position } = await trial.say("one", "x");
      const nobody = await trial.top("nobody");
      expect(await trial.engine.tops(["nobody", "one", "nobody", "one"])).toEqual([nobody, position, nobody, position]);
      expect(await trial.engine.tops([])).toEqual([]);
    });

    it("fixes a channel's epoch by its first publication at the one it was said to have", async () => {
      const trial = await Trial.begin(harness);
      const { epoch, offset } = await trial.top("news");
      expect(offset).toBe(0);
      expect((await trial.say("news", "first")).position.epoch).toBe(epoch);
    });

    it("is not available before it is started and after it was stopped", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.stop();
      const attempts = [trial.say("news", "x"), trial.history("news"), trial.engine.tops(["news"])];
      for (const outcome of await Promise.allSettled(attempts)) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { reason: "engine_unavailable" } });
      }
    });
  });
}
