// What the contract says about idempotency keys (P4).
import { describe, expect, it } from "vitest";
import { type EngineHarness, publicationOf, textBody, textsOf, Trial } from "./trial.ts";

export function keys(harness: EngineHarness): void {
  describe("idempotency keys", () => {
    it("answer a repetition with the first position, and append nothing", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("news");
      await trial.say("news", "before");
      const first = await trial.say("news", "once", { idempotencyKey: "k" });
      await trial.say("news", "between");
      const again = await trial.say("news", "once", { idempotencyKey: "k" });
      expect(first.duplicate).toBe(false);
      expect(again).toEqual({ ...first, duplicate: true });
      expect(textsOf((await trial.history("news")).publications)).toEqual(["before", "once", "between"]);
      await trial.say("news", "last");
      await trial.sink.until(() => textsOf(trial.sink.of("news")).includes("last"));
      expect(textsOf(trial.sink.of("news"))).toEqual(["before", "once", "between", "last"]);
    });

    it("make one entry of many publishes at once", async () => {
      const trial = await Trial.begin(harness);
      const acks = await Promise.all(
        Array.from({ length: 100 }, () => trial.say("news", "once", { idempotencyKey: "k" })),
      );
      expect(acks.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
      expect(new Set(acks.map(({ position }) => position.offset)).size).toBe(1);
      expect((await trial.history("news")).publications).toHaveLength(1);
    });

    it("refuse another payload, which disturbs nothing beside it", async () => {
      const trial = await Trial.begin(harness);
      await trial.say("news", "one", { idempotencyKey: "k" });
      const outcomes = await Promise.allSettled([
        trial.say("news", "two"),
        trial.say("news", "another", { idempotencyKey: "k" }),
        trial.publish("news", { ...textBody("one"), form: "bytes" }, { idempotencyKey: "k" }),
        trial.say("news", "three"),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
      expect(outcomes[1]).toMatchObject({ reason: { reason: "conflict" } });
      expect(textsOf((await trial.history("news")).publications)).toEqual(["one", "two", "three"]);
    });
  });
  keysElsewhere(harness);
}

function keysElsewhere(harness: EngineHarness): void {
  describe("idempotency keys elsewhere", () => {
    it("know a repetition from another session for the same", async () => {
      const trial = await Trial.begin(harness);
      const by = (session: string): object => ({ ...textBody("once"), author: { session, user: "u" } });
      const first = await trial.publish("news", { ...textBody("once"), ...by("s1") }, { idempotencyKey: "k" });
      const again = await trial.publish("news", { ...textBody("once"), ...by("s2") }, { idempotencyKey: "k" });
      expect(again).toMatchObject({ duplicate: true, position: first.position });
    });

    it("belong to one channel", async () => {
      const trial = await Trial.begin(harness);
      await trial.say("one", "x", { idempotencyKey: "k" });
      expect(await trial.say("two", "y", { idempotencyKey: "k" })).toMatchObject({ duplicate: false });
    });

    it("are remembered when their publication is no longer kept, and after a clear", async () => {
      const trial = await Trial.begin(harness);
      const small = { size: 1, ttlMs: 3_600_000 };
      const first = await trial.say("news", "once", { idempotencyKey: "k", retention: small });
      await trial.sayMany("news", 5, { retention: small });
      const again = await trial.say("news", "once", { idempotencyKey: "k", retention: small });
      expect(again).toEqual({ ...first, duplicate: true });
      await trial.engine.publish("news", { kind: "clear" });
      const later = await trial.say("news", "once", { idempotencyKey: "k", retention: small });
      expect(later).toEqual({ ...first, duplicate: true });
      expect((await trial.history("news")).publications).toEqual([]);
    });
  });
  keysOfAllKinds(harness);
}

function keysOfAllKinds(harness: EngineHarness): void {
  describe("idempotency keys of all kinds of publications", () => {
    it("are remembered for five minutes and not for six", async (context) => {
      if (harness.withoutKeyTime !== undefined) context.skip(harness.withoutKeyTime);
      const trial = await Trial.begin(harness);
      const first = await trial.say("news", "once", { idempotencyKey: "k" });
      await trial.advance(context, 299_000);
      expect(await trial.say("news", "once", { idempotencyKey: "k" })).toEqual({ ...first, duplicate: true });
      await trial.advance(context, 61_000);
      const anew = await trial.say("news", "once", { idempotencyKey: "k" });
      expect(anew.duplicate).toBe(false);
      expect(publicationOf(anew).offset).toBeGreaterThan(publicationOf(first).offset);
    });

    it("hold for ephemeral publications too", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("typing");
      const saying = { idempotencyKey: "k", retention: null };
      const acks = await Promise.all([
        trial.say("typing", "x", saying),
        trial.say("typing", "x", saying),
        trial.say("typing", "x", saying),
      ]);
      expect(acks.map(({ duplicate }) => duplicate)).toEqual([false, true, true]);
      await expect(trial.say("typing", "y", saying)).rejects.toMatchObject({ reason: "conflict" });
      await trial.say("typing", "last", { retention: null });
      await trial.sink.until(() => textsOf(trial.sink.of("typing")).includes("last"));
      expect(textsOf(trial.sink.of("typing"))).toEqual(["x", "last"]);
    });

    it("are one set for what is kept and what is not", async () => {
      const trial = await Trial.begin(harness);
      await trial.say("mixed", "a", { idempotencyKey: "kept" });
      await trial.say("mixed", "b", { idempotencyKey: "passed", retention: null });
      const asPassed = await trial.say("mixed", "a", { idempotencyKey: "kept", retention: null });
      const asKept = await trial.say("mixed", "b", { idempotencyKey: "passed" });
      expect([asPassed.duplicate, asKept.duplicate]).toEqual([true, true]);
      expect(textsOf((await trial.history("mixed")).publications)).toEqual(["a"]);
    });
  });
}
