// Simulated runs: enough of them, nothing wrong in any, each the same when it is run again; and every planted bug found.
import { availableParallelism } from "node:os";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { allBugs, spoil, urlOf } from "./planted/plant.ts";
import { simulate } from "./run.ts";
import { inTurn, runSeeds, runShard } from "./shards.ts";
import { required, table, unreached } from "./summary.ts";
import { faultNames } from "./world/fault-names.ts";

const workers = Math.min(2, availableParallelism());

test("500 seeds: nothing wrong, and every kind of fault reached", { timeout: 600_000 }, async () => {
  const summary = await runSeeds(1, required.seeds, workers);
  expect(summary.found, table(summary, faultNames)).toEqual([]);
  expect(unreached(summary, faultNames)).toEqual([]);
  expect(summary.seeds).toBe(required.seeds);
});

test("a seed is the same run every time", async () => {
  for (const seed of [3, 17, 2_026, 4_294_967_299]) {
    const lines: string[][] = [[], []];
    const [one, other] = [
      await simulate(seed, { trace: (line) => void lines[0]?.push(line) }),
      await simulate(seed, { trace: (line) => void lines[1]?.push(line) }),
    ];
    expect(lines[0]).toEqual(lines[1]);
    expect(one).toEqual(other);
    expect(one.records).toBeGreaterThan(20);
  }
  expect((await simulate(3)).digest).not.toBe((await simulate(4)).digest);
});

test("a run that reaches too little fails", async () => {
  const summary = await runSeeds(1, 2, 1);
  expect(unreached(summary, faultNames)).toEqual([]);
  const missing = unreached({ ...summary, seeds: required.seeds }, faultNames);
  expect(missing.some((problem) => problem.startsWith("recovered: expected 1000, got "))).toBe(true);
  expect(missing.length).toBeGreaterThan(faultNames.length / 2);
});

describe("planted bugs", () => {
  it("are 25 or more, each with a place of its own in the source", () => {
    expect(allBugs.length).toBeGreaterThanOrEqual(25);
    expect(new Set(allBugs.map(({ name }) => name)).size).toBe(allBugs.length);
    for (const bug of allBugs) {
      const source = readFileSync(fileURLToPath(urlOf(bug)), "utf8");
      expect(spoil(source, bug)).not.toBe(source);
    }
  });

  it("are each found within 2,000 seeds", { timeout: 900_000 }, async () => {
    const unfound = await inTurn(allBugs, workers, async ({ name, seed }) => {
      const isFoundBy = async (from: number, seeds: number): Promise<boolean> =>
        (await runShard({ from, seeds, plant: name })).found.length > 0;
      const isFound = (seed !== undefined && (await isFoundBy(seed, 1))) || (await isFoundBy(1, 2_000));
      return isFound ? [] : [name];
    });
    expect(unfound.flat()).toEqual([]);
  });
});
