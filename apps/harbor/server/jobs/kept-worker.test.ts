// The worker beside a server, as real processes under a time that the test decides.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { type KeptWorker, keepWorker } from "./kept-worker.ts";

const program = path.join(import.meta.dirname, "../testing/kept-program.ts");
const serverUrl = "http://127.0.0.1:8080";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-kept-"));
  // Its pauses, and for how long a process has run.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** Vitest's own waiting would move the time on. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => void setImmediate(resolve));
}

interface Stage {
  readonly worker: KeptWorker;
  /** After how long it was started again, each time. */
  readonly pausesMs: readonly unknown[];
  /** What the processes wrote down. */
  readonly told: () => readonly string[];
}

function keeping(env: NodeJS.ProcessEnv = {}): Stage {
  const file = path.join(folder, "told");
  const pausesMs: unknown[] = [];
  const ignore = (): void => undefined;
  const error = (_: string, { inMs }: { inMs?: unknown } = {}): void => void pausesMs.push(inMs);
  const log = { debug: ignore, info: ignore, warn: ignore, error };
  const worker = keepWorker({ serverUrl, program, env: { ...process.env, TOLD_FILE: file, ...env }, log });
  onTestFinished(async () => {
    if (worker.processId !== undefined) process.kill(worker.processId, "SIGKILL");
    await worker.stop();
  });
  const told = (): readonly string[] => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
  return { worker, pausesMs, told };
}

/** Kills the process that runs, and waits until that was noticed. */
async function kill({ worker, pausesMs }: Stage): Promise<void> {
  const before = pausesMs.length;
  process.kill(worker.processId ?? expect.unreachable(), "SIGKILL");
  await until(() => pausesMs.length > before);
  expect(worker.processId).toBeUndefined();
}

const isRunning = (processId: number): boolean => {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
};

it("is told where the server is, and is started again after a pause, which grows up to ten seconds", async () => {
  const stage = keeping();
  const { worker, pausesMs, told } = stage;
  await until(() => told().length === 1);
  expect(told()).toEqual([`${worker.processId} finds the server at ${serverUrl}`]);
  const grown = [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000];
  for (const pauseMs of grown) {
    await kill(stage);
    vi.advanceTimersByTime(pauseMs - 1);
    expect(worker.processId).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(worker.processId).toBeDefined();
  }
  expect(pausesMs).toEqual(grown);
});

it("that has run for more than ten seconds is started again soon", async () => {
  const stage = keeping();
  for (const [ranMs, pauseMs] of [
    [0, 200],
    [10_000, 400],
    [10_001, 200],
    [0, 400],
  ] as const) {
    vi.advanceTimersByTime(ranMs);
    await kill(stage);
    expect(stage.pausesMs.at(-1)).toBe(pauseMs);
    vi.advanceTimersByTime(pauseMs);
  }
});

it("is let end what it does, and is then gone for good", async () => {
  const { worker, pausesMs, told } = keeping();
  await until(() => told().length === 1);
  const processId = worker.processId ?? expect.unreachable();
  await worker.stop();
  expect(isRunning(processId)).toBe(false);
  expect(worker.processId).toBeUndefined();
  vi.advanceTimersByTime(60_000);
  expect(worker.processId).toBeUndefined();
  // Asked, not killed, and nobody's fault.
  expect(pausesMs).toEqual([]);
  await worker.stop();
});

it("that was to be started again is not, once it is stopped", async () => {
  const stage = keeping();
  await kill(stage);
  await stage.worker.stop();
  vi.advanceTimersByTime(60_000);
  expect(stage.worker.processId).toBeUndefined();
});

it("that does not end when it is told to is killed after twenty seconds, and not before", async () => {
  const { worker, told } = keeping({ STUBBORN: "1" });
  await until(() => told().length === 1);
  const processId = worker.processId ?? expect.unreachable();
  const stopped = worker.stop();
  await until(() => told().includes("will not end"));
  vi.advanceTimersByTime(19_999);
  // What comes after a kill would have come with this.
  process.kill(processId, "SIGTERM");
  await until(() => told().filter((line) => line === "will not end").length === 2);
  vi.advanceTimersByTime(1);
  await stopped;
  expect(isRunning(processId)).toBe(false);
});
