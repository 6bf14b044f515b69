// Harbor's worker as a process: beside the server it comes back when it is killed and never outlives it; and it runs alone.
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sessionOf } from "../apps/harbor/judge/testing/processes.ts";
import { fromSource, root, type ServerProcess, startServer, withParent } from "./browser/server-process.ts";
import { childrenRunning } from "./child-processes.ts";
import { workersOf } from "./harbor-process.ts";

const server = path.join(root, "apps/harbor/server/main.ts");
const worker = path.join("harbor", "worker", "main.ts");
const waited = { timeout: 60_000, interval: 50 };

async function harbor(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
  const started = await startServer({
    args,
    ready: /^ {2}App {2,}http:|^ {2}Harbor's worker, ready/,
    env: (port, data) => ({ PORT: String(port), TIDEWIRE_DATA: data, NODE_ENV: "", ...env }),
  });
  onTestFinished(() => started.stop());
  return started;
}

/** The one worker below a server, once it is there and is none of these. */
async function workerOf(parent: ServerProcess, before: readonly number[] = []): Promise<number> {
  const fresh = (): readonly number[] => workersOf(parent).filter((id) => !before.includes(id));
  await expect.poll(() => fresh().length, waited).toBe(1);
  return fresh()[0] ?? expect.unreachable();
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

test("beside the server: killed it is started again, and it ends with the server", { timeout: 120_000 }, async () => {
  const parent = await harbor([fromSource, server]);
  const first = await workerOf(parent);
  // Otherwise no priority of what it does would count beside the server.
  expect(sessionOf(first)).toBe(sessionOf(parent.processId));
  process.kill(first, "SIGKILL");
  const second = await workerOf(parent, [first]);
  process.kill(second, "SIGTERM");
  const third = await workerOf(parent, [first, second]);
  await parent.restart();
  expect(isRunning(third)).toBe(false);
  expect(await workerOf(parent)).not.toBe(third);
});

test("beside the server: it ends when the server is killed", { timeout: 120_000 }, async () => {
  const parent = await harbor([fromSource, server]);
  const orphan = await workerOf(parent);
  // On the way to its end it must not need the server.
  await parent.crash(async () => await expect.poll(() => isRunning(orphan), waited).toBe(false));
  await workerOf(parent);
});

test("of `npm start` too, when everything above the server is killed", { timeout: 120_000 }, async () => {
  const parent = await harbor([path.join(root, "tools/run.mjs"), "start"]);
  const [serving] = childrenRunning(parent.processId, "main.ts");
  await expect.poll(() => childrenRunning(serving ?? 0, worker).length, waited).toBe(1);
  const [orphan] = childrenRunning(serving ?? 0, worker);
  await parent.crash(async () => await expect.poll(() => isRunning(orphan ?? 0), waited).toBe(false));
});

test("not where the settings say none, and then it runs alone", { timeout: 120_000 }, async () => {
  const parent = await harbor([fromSource, withParent, server], { TIDEWIRE_WORKER: "none" });
  const alone = await harbor([path.join(root, "tools/run.mjs"), "worker"], { TIDEWIRE_DATA: parent.dataFolder });
  expect(workersOf(alone)).toHaveLength(1);
  expect(workersOf(parent)).toEqual([]);
});
