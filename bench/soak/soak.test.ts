// The soak at a small size: visitors come and go, whoever is there at the end has everything, and it can be ended early.
import { expect, it } from "vitest";
import { faultsOf } from "./account.ts";
import { soak } from "./soak.ts";

it("samples the server while visitors come and go, and ends when it is told to", async () => {
  const early = new AbortController();
  const options = { minutes: 60, connections: 100, loads: 2, deaf: 2, churn: 40, publishesPerSecond: 200 };
  const { samples, end } = await soak(
    { ...options, sampleMs: 1_000 },
    { sampled: ({ samples: { length } }) => void (length === 2 && early.abort()), signal: early.signal },
  );
  expect(samples).toHaveLength(2);
  for (const { sessions, heapUsedBytes } of samples) expect(Math.min(sessions, heapUsedBytes)).toBeGreaterThan(0);
  expect(samples.at(-1)?.left).toBeGreaterThan(0);
  const { counts, lacking, misplacedByServer, refusals, endings } = end ?? { counts: null };
  expect({ lacking, misplacedByServer, refusals, endings }).toEqual({
    lacking: 0,
    misplacedByServer: 0,
    refusals: {},
    endings: {},
  });
  expect([counts?.gaps, counts && faultsOf(counts)]).toEqual([0, 0]);
  expect(counts?.received).toBeGreaterThan(0);
}, 60_000);
