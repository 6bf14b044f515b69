// The server is killed, and all its connections come back at once, each from where it was: SQLite, limits as they come.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultLimits } from "@tidewire/server";
import { type Group, quantileMs, Trial } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type CaseRow, ownServer, scenarioOf } from "./cases.ts";

const before = { phase: 1, rate: 20, burst: 1, seconds: 2 };
/** Published when the server is back, before most of them are. */
const missed = { ...before, rate: 100, burst: 100, seconds: 1 };
const lookMs = 100;
const patienceMs = 60_000;

export const recoveryStorm = scenarioOf((options) => [
  {
    name: `${options.subscribers} connections after kill -9`,
    measure: () => inFolder((folder) => storm(folder, options)),
  },
]);

async function inFolder(act: (folder: string) => Promise<CaseRow>): Promise<CaseRow> {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-bench-"));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function storm(folder: string, options: BenchOptions): Promise<CaseRow> {
  const { subscribers, loads, bytes } = options;
  const { newPerSecond } = defaultLimits;
  const program = ownServer(options, { file: join(folder, "log.db"), historySize: 1_000, newPerSecond });
  return Trial.run(program, async (trial) => {
    const readers = trial.group({ wire: "centrifuge-json", returns: true, loads });
    const empty = await trial.residentBytes();
    await trial.connect(readers, subscribers);
    const held = (await trial.residentBytes()) - empty;
    const { published } = await trial.measure({ ...before, bytes });
    await trial.restart();
    const after = await trial.publish({ ...missed, after: published, bytes });
    await allBack(readers, subscribers);
    const spent = await trial.spent();
    const load = { ...before, after, bytes };
    const { whole } = await trial.measureParts([{ load, groups: [readers], goesOn: true }]);
    const { back, recovered, refused, awayTimes } = await readers.returned();
    return {
      ...whole,
      // Most of what is counted came while they returned; what a delivery costs is another scenario's.
      cpuUsPerDelivery: Number.NaN,
      deliveriesPerSecond: Number.NaN,
      problems: [
        ...whole.problems.filter(isWrong),
        ...(recovered === subscribers ? [] : [`${recovered} of ${back} recovered`]),
      ],
      bytesPerConnection: held / subscribers,
      figures: {
        "half back s": quantileMs(awayTimes, 0.5) / 1_000,
        "all back s": quantileMs(awayTimes, 1) / 1_000,
        "loop p99 ms": spent?.loopP99Ms ?? Number.NaN,
        "µs CPU/return": (spent?.cpuUs ?? Number.NaN) / subscribers,
        recovered,
        refused,
      },
    };
  });
}

async function allBack(readers: Group, count: number): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const { back, away } = await readers.returned();
    if (back >= count && away === 0) return;
    if (performance.now() > untilMs)
      throw new Error(`expected ${count} to be back after ${patienceMs} ms, got ${back}`);
    await sleep(lookMs);
  }
}

/** How late the last publications came, when all was over, is no matter of a storm. */
function isWrong(problem: string): boolean {
  return problem !== "behind" && problem !== "generator saturated";
}
