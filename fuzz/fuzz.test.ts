// Every target with its corpus and some seconds of new inputs: nothing found; and a bug that is planted is found.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { spoil, urlOf } from "../simulation/planted/plant.ts";
import { runChild } from "./children.ts";
import { corpusOf, targetNames } from "./files.ts";
import { plantedDecoderBugs } from "./planted.ts";

/** On a developer's machine a second of each must do. */
const seconds = (process.env["CI"] ?? "") === "" ? 1 : 5;
const seed = 1;

/** Of the blocks that V8 knows of, how many a target has to reach: one that reads nothing finds nothing. */
const leastShare = 0.7;

describe("fuzzing", () => {
  test.each(targetNames)("%s: nothing is found", { timeout: 120_000 }, async (target) => {
    const summary = await runChild({ target, seconds, runs: null, seed, plant: null, keeps: false });
    expect(summary.findings).toEqual([]);
    expect(summary.replayed).toBeGreaterThanOrEqual(corpusOf(target).length);
    expect(summary.runs).toBeGreaterThan(summary.replayed);
    expect(summary.blocks.ran / summary.blocks.known).toBeGreaterThan(leastShare);
  });

  test("has a corpus for every target", () => {
    expect(targetNames.filter((target) => corpusOf(target).length === 0)).toEqual([]);
  });

  test("is the same run for the same seed", { timeout: 60_000 }, async () => {
    const options = { target: "centrifuge-json", seconds: 0, runs: 3_000, seed: 5, plant: null, keeps: false };
    const [one, other] = [await runChild(options), await runChild(options)];
    expect([one.runs, one.corpus, one.blocks]).toEqual([other.runs, other.corpus, other.blocks]);
  });
});

describe("planted bugs", () => {
  test("each has a place of its own in the source", () => {
    expect(plantedDecoderBugs.length).toBeGreaterThanOrEqual(5);
    for (const bug of plantedDecoderBugs) {
      expect(targetNames).toContain(bug.target);
      const source = readFileSync(fileURLToPath(urlOf(bug)), "utf8");
      expect(spoil(source, bug)).not.toBe(source);
    }
  });

  test("one of them is found, and its input is kept short", { timeout: 120_000 }, async () => {
    const plant = "a carriage return ends no line";
    const { findings } = await runChild({
      target: "event-framing",
      seconds: 0,
      runs: 100_000,
      seed,
      plant,
      keeps: false,
    });
    const [finding] = findings;
    expect(finding?.key).toContain("Violation");
    expect(readFileSync(finding?.file ?? "").length).toBeLessThan(12);
  });
});
