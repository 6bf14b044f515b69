// The standalone server as several processes: an owner of the log, workers, and the supervisor that starts them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Program, remoteProgram } from "tidewire/bench";

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

/** A server of so many workers, in a folder that lives as long as `act` runs. */
export async function withWorkers<Result>(
  workers: number,
  act: (program: Program) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-bench-"));
  try {
    return await act(serverOf(workers, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
