// A standalone server of several processes, for one test; all of them are gone when it has ended.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { childrenOf, childrenRunning } from "./child-processes.ts";
import { freePort } from "./killable-node.ts";

export interface Fleet {
  readonly port: number;
  readonly apiKey: string;
  readonly supervisor: ChildProcess;
  readonly owner: () => number | undefined;
  readonly workers: () => readonly number[];
  /** A method of the server API, answered by whichever worker takes the connection. */
  api(method: string, parameters: object): Promise<unknown>;
  /** Resolves when there are as many as at the start. */
  whole(): Promise<void>;
}

const permissions = {
  allow_subscribe_for_client: true,
  allow_subscribe_for_anonymous: true,
  allow_publish_for_client: true,
  allow_publish_for_anonymous: true,
};

/** Waits for what other processes do, which tell nobody. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** @param port Where clients wait for it already. @param patterns Channels of the configuration, with every permission. */
export async function startFleetAt(
  port: number,
  count: number,
  { engine, patterns }: { readonly engine: "sqlite" | "memory"; readonly patterns: readonly object[] },
): Promise<Fleet> {
  const data = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  const config = path.join(data, "tidewire.json");
  writeFileSync(
    config,
    JSON.stringify({ channel: { patterns: patterns.map((each) => ({ ...permissions, ...each })) } }),
  );
  const main = fileURLToPath(new URL("../packages/tidewire/src/main.ts", import.meta.url));
  const flags = [
    "--config",
    config,
    "--port",
    String(port),
    "--data",
    data,
    "--engine",
    engine,
    "--workers",
    String(count),
  ];
  const supervisor = spawn(process.execPath, ["--conditions=@tidewire/source", main, "start", ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, NODE_ENV: "", NODE_OPTIONS: "" },
  });
  onTestFinished(async () => {
    await ended(supervisor);
    rmSync(data, { recursive: true, force: true });
  });
  for await (const line of createInterface(supervisor.stdout)) if (line.includes("ready in")) break;
  supervisor.stdout.resume();
  const processId = supervisor.pid ?? 0;
  const apiKey = readFileSync(path.join(data, "api-key"), "utf8").trim();
  const workers = (): readonly number[] => childrenRunning(processId, "worker-process");
  const owner = (): number | undefined => childrenRunning(processId, "owner-process")[0];
  return {
    port,
    apiKey,
    supervisor,
    owner,
    workers,
    api: async (method, parameters) => {
      const headers = { "x-api-key": apiKey, connection: "close" };
      const url = `http://127.0.0.1:${port}/api/${method}`;
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(parameters) });
      return (await response.json()) as unknown;
    },
    whole: () => until(() => workers().length === count && owner() !== undefined),
  };
}

/** In good order, or not; with it goes whatever it started. */
async function ended(supervisor: ChildProcess): Promise<void> {
  if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
  for (const child of childrenOf(supervisor.pid ?? 0)) resume(child);
  const gone = once(supervisor, "exit");
  supervisor.kill("SIGTERM");
  await gone;
}

function resume(processId: number): void {
  try {
    process.kill(processId, "SIGCONT");
  } catch {
    // It is gone.
  }
}

export async function startFleet(
  count: number,
  engine: "sqlite" | "memory",
  patterns: readonly object[],
): Promise<Fleet> {
  return await startFleetAt(await freePort(), count, { engine, patterns });
}
