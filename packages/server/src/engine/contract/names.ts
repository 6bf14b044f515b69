// What the contract says about channel names: any text the grammar allows, each a channel of its own.
import { describe, expect, it } from "vitest";
import { type EngineHarness, textsOf, Trial } from "./trial.ts";

const odd: readonly string[] = [
  "%",
  "%25",
  "_",
  "'",
  "''",
  '"; DROP TABLE log; --',
  "\\",
  "/",
  "../../x",
  "*",
  ">",
  "a.b",
  "a.*",
  "{a}",
  "{a}b",
  "#",
  "?",
  "$",
  ":",
  " ",
  " a",
  "a ",
  "A",
  "a",
  "é",
  "e\u0301",
  "ß",
  "ss",
  "😀",
  "𝕏",
  "\u00a0",
  "\u200b",
  "\ufeff",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "0",
  "00",
  "1e3",
  "x".repeat(255),
  `${"x".repeat(254)}y`,
  "é".repeat(127),
  "😀".repeat(63),
];

export function names(harness: EngineHarness): void {
  describe("channel names", () => {
    it("are told apart, whatever characters they have", async () => {
      const trial = await Trial.begin(harness);
      const unwritten = await trial.engine.tops(odd);
      expect(unwritten.filter(({ offset }) => offset > 0)).toEqual([]);
      expect(await trial.engine.tops(odd)).toEqual(unwritten);
      await Promise.all(odd.map((name) => trial.engine.follow(name)));
      await Promise.all(odd.map((name) => trial.say(name, `in ${name}`)));
      await trial.sink.until(() => trial.sink.announcements.length >= odd.length);
      for (const name of odd) {
        expect(textsOf(trial.sink.of(name))).toEqual([`in ${name}`]);
        expect(textsOf((await trial.history(name)).publications)).toEqual([`in ${name}`]);
      }
    });

    it("keep their own keys", async () => {
      const trial = await Trial.begin(harness);
      const say = (name: string): Promise<{ duplicate: boolean }> => trial.say(name, name, { idempotencyKey: "k" });
      expect((await Promise.all(odd.map(say))).some(({ duplicate }) => duplicate)).toBe(false);
      expect((await Promise.all(odd.map(say))).every(({ duplicate }) => duplicate)).toBe(true);
    });
  });
}
