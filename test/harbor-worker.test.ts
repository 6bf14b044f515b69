// Harbor's worker as a process: beside the server it comes back when it is killed and never outlives it; and it runs alone.
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { orderRecount } from "../apps/harbor/contract/analytics.ts";
import { sessionOf } from "../apps/harbor/judge/testing/processes.ts";
import { freePort, fromSource, root, type ServerProcess, startServer, withParent } from "./browser/server-process.ts";
import { guestAt } from "../apps/harbor/server/testing/guest.ts";
import { childrenRunning } from "./child-processes.ts";
import { workersOf } from "./harbor-process.ts";
import { ask, type Asked, post } from "./requesting.ts";

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

const key = "0123456789abcdef";
const withKey = { headers: { "X-API-Key": key } };

test("told to, it says of its jobs what a server does, and whether it is well", { timeout: 120_000 }, async () => {
  const door = await freePort();
  const url = `http://127.0.0.1:${door}`;
  const env = { HOST: "127.0.0.1", TIDEWIRE_API_KEY: key, TIDEWIRE_WORKER_PORT: String(door) };
  const parent = await harbor([fromSource, withParent, server], env);
  const status = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await ask(`${url}${path}`, init).catch(() => ({ status: 0 }))).status;
  await expect.poll(() => status("/health/ready"), waited).toBe(200);
  const guest = (await guestAt(parent.port, "Ada")).connect();
  onTestFinished(() => guest.close());
  await guest.call(orderRecount, null);
  const figures = async (): Promise<readonly string[]> =>
    String((await ask(`${url}/metrics`, withKey)).body)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  await expect.poll(figures, waited).toContain('tidewire_job_runs_total{name="analytics.recount",outcome="done"} 1');
  const told = await figures();
  expect(told).toContain('tidewire_job_run_seconds_count{name="analytics.recount"} 1');
  expect(told).toContain("tidewire_jobs_store_up 1");
  expect(told.filter((line) => line.startsWith("process_cpu_seconds_total "))).toHaveLength(1);
  // What it is not: a server.
  expect(told.filter((line) => /^tidewire_(?!job)/.test(line))).toEqual([]);
  const page = await ask(`http://127.0.0.1:${parent.port}/metrics`, withKey);
  const kinds = ({ body }: Asked): readonly string[] =>
    [...String(body).matchAll(/^# TYPE tidewire_job\S* \S+$/gm)].map(([line]) => line);
  expect(kinds(await ask(`${url}/metrics`, withKey))).toEqual(kinds(page));
});

test("what it says of its jobs is for whoever has the key", { timeout: 120_000 }, async () => {
  const door = await freePort();
  const url = `http://127.0.0.1:${door}`;
  const env = { TIDEWIRE_API_KEY: key, TIDEWIRE_WORKER_PORT: String(door) };
  const alone = await harbor([fromSource, withParent, path.join(root, "apps/harbor", "worker/main.ts")], env);
  const bearer = (given: string): RequestInit => ({ headers: { Authorization: `Bearer ${given}` } });
  const statuses = [{}, { headers: { "X-API-Key": "another" } }, bearer("another"), bearer(key), withKey].map(
    async (init) => (await ask(`${url}/metrics`, init)).status,
  );
  expect(await Promise.all(statuses)).toEqual([401, 401, 401, 200, 200]);
  const others = [
    ask(`${url}/health/live`),
    ask(`${url}/api/info`, withKey),
    post(`${url}/metrics`, "", withKey.headers),
  ];
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 404, 405]);
  // Whoever watches it was told that port: one at another would be watched by nobody.
  const second = harbor([fromSource, withParent, path.join(root, "apps/harbor", "worker/main.ts")], {
    ...env,
    TIDEWIRE_DATA: alone.dataFolder,
  });
  await expect(second).rejects.toThrow(`port ${door} is taken`);
});
