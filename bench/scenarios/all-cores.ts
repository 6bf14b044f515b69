// The standalone server as one process, and as an owner of the log with one worker and with two: what each process spends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Program, remoteProgram, Trial } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type Case, type CaseRow, scenarioOf } from "./cases.ts";

const usual = { rate: 200, burst: 1 };
const apiKey = "all-cores-all-cores";
const channel = "bench:0";
const pattern = {
  pattern: "bench:{id}",
  history_size: 100,
  history_ttl: "60s",
  allow_subscribe_for_client: true,
  allow_subscribe_for_anonymous: true,
  allow_publish_for_client: true,
  allow_publish_for_anonymous: true,
};

export const allCores = scenarioOf((options) =>
  [1, 2].map((workers): Case => {
    const name = workers === 1 ? "one process" : `${workers} workers and the owner`;
    return { name, measure: () => inFolder((folder) => measure(serverOf(workers, folder), options)) };
  }),
);

async function measure(program: Program, options: BenchOptions): Promise<CaseRow> {
  const { seconds, bytes, subscribers, loads } = options;
  return await Trial.run(program, async (trial) => {
    const readers = trial.group({ wire: "centrifuge-json", loads });
    const { elapsedMs } = await trial.connect(readers, subscribers);
    const load = {
      rate: options.rate ?? usual.rate,
      burst: options.rate === null ? usual.burst : options.burst,
      bytes,
    };
    await trial.measure({ ...load, phase: 1, seconds: 1 });
    const measured = await trial.measure({ ...load, phase: 2, seconds });
    const { busiestShare, deliveriesPerSecond } = measured;
    return {
      ...measured,
      // Of several young processes it says how far each has warmed up.
      bytesPerConnection: Number.NaN,
      figures: {
        "connects/s": subscribers / (elapsedMs / 1_000),
        "busiest process %": Math.round(busiestShare * 100),
        // Where every process has a core, the busiest one is what ends it.
        "deliveries/s a busy core": Math.round(deliveriesPerSecond / busiestShare),
      },
    };
  });
}

/** On whichever cores there are: several processes are the point. */
function serverOf(workers: number, folder: string): Program {
  const isSource = import.meta.url.endsWith(".ts");
  const main = fileURLToPath(new URL("../../packages/tidewire/src/main.ts", import.meta.url));
  const flags = ["--port", "{port}", "--data", folder, "--engine", "memory", "--workers", String(workers)];
  const program = {
    file: process.execPath,
    args: [...(isSource ? ["--conditions=@tidewire/source"] : []), main, "start", ...flags],
    env: { TIDEWIRE_API_KEY: apiKey, TIDEWIRE_CHANNEL_PATTERNS: JSON.stringify([pattern]), NODE_ENV: "" },
  };
  const url = "ws://127.0.0.1/connection/websocket";
  // By a client, which does not wait for one ack before it publishes the next.
  return { ...remoteProgram({ url, channel, by: "centrifuge", apiKey: null, program }), isPinned: false };
}

async function inFolder<Result>(act: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-bench-"));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
