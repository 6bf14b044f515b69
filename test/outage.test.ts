// The engine is down, seen from outside: publishes end in time and in words, readers stay, balancers are told, and
// nobody restarts anything.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { sqliteEngineOf } from "../packages/server/src/engines/sqlite/sqlite-engine.ts";
import { spawnWorker } from "../packages/server/src/engines/sqlite/worker-link.ts";
import { FakeClock } from "../packages/server/src/testing/fake-clock.ts";
import { connected, Listener, listening } from "./centrifuge-client.ts";
import { temporaryFile } from "./killable-node.ts";
import { serve, type Served } from "./serving.ts";

const secondMs = 1_000;

async function health({ httpUrl }: Served): Promise<string> {
  const statuses = ["live", "ready"].map(async (path) => (await fetch(`${httpUrl}/health/${path}`)).status);
  return (await Promise.all(statuses)).join(" ");
}

/** One turn of the event loop, and what it set off. */
async function turns(): Promise<void> {
  for (let n = 0; n < 5; n += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
}

test("a disk that hangs: publishes end within two seconds, readers stay, and it goes on by itself", async () => {
  const clock = new FakeClock({ defer: (act) => void setImmediate(act) });
  let worker: Worker | null = null;
  const engine = sqliteEngineOf({ path: temporaryFile(), clock }, (given) => (worker = spawnWorker(given)));
  const served = await serve({ engine });
  const reader = await connected(served.socketUrl);
  const listener = await listening(reader, "public:a");
  const losses: number[] = [];
  reader.on("connecting", ({ code }) => losses.push(code));
  await reader.publish("public:a", 1);
  const hanging = hang(worker ?? expect.fail("a worker was expected"));
  const outcomes = Promise.allSettled([reader.publish("public:a", 2), reader.publish("public:b", 3)]);
  // Told when the commands have reached the engine.
  await hanging.reached;
  expect(await health(served)).toBe("200 200");
  for (let half = 0; half < 4; half += 1) {
    clock.advance(secondMs / 2);
    await turns();
  }
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: { code: 504 } });
  expect(await health(served)).toBe("200 503");
  await expect(reader.publish("public:a", 4)).rejects.toMatchObject({ code: 503, temporary: true });
  await expect(reader.history("public:a", { limit: 1 })).rejects.toMatchObject({ code: 503 });
  hanging.release();
  // What nobody could know was published after all, and its readers get it.
  await listener.until(({ publications }) => publications.length === 2);
  await expect.poll(() => health(served)).toBe("200 200");
  await reader.publish("public:a", 5);
  await listener.until(({ publications }) => publications.length === 3);
  expect(listener.values).toEqual([1, 2, 5]);
  expect(listener.offsets).toEqual([1, 2, 3]);
  expect(losses).toEqual([]);
});

test("a worker that dies: the same, and another one takes over", async () => {
  let worker: Worker | null = null;
  const engine = sqliteEngineOf({ path: temporaryFile() }, (given) => (worker = spawnWorker(given)));
  const served = await serve({ engine });
  const reader = await connected(served.socketUrl);
  const listener = await listening(reader, "public:a");
  await reader.publish("public:a", 1);
  await (worker ?? (expect.fail("a worker was expected") as Worker)).terminate();
  await expect.poll(() => health(served), { timeout: 10_000 }).toBe("200 200");
  await reader.publish("public:a", 2);
  await listener.until(({ publications }) => publications.length === 2);
  expect(listener.offsets).toEqual([1, 2]);
  expect(listener.establishments).toHaveLength(1);
});

test("a disk that is full: publishes are refused for now, history can be read, and space heals it", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    context.skip("needs the right to mount a small file system");
  }
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  const ballast = join(folder, "ballast");
  writeFileSync(ballast, new Uint8Array(1_000_000));
  const served = await serve({ engine: sqliteEngine({ path: join(folder, "log.db") }) });
  const writer = await connected(served.socketUrl);
  const listener = await listening(await connected(served.socketUrl), "public:a");
  const acked: number[] = [];
  const text = "x".repeat(20_000);
  let refusal: unknown = null;
  for (let n = 1; refusal === null; n += 1) {
    await writer.publish("public:a", { n, text }).then(
      () => acked.push(n),
      (thrown: unknown) => (refusal = thrown),
    );
  }
  expect(refusal).toMatchObject({ code: 503, temporary: true });
  expect(await health(served)).toBe("200 503");
  const { publications } = await writer.history("public:a", { limit: 40 });
  expect(publications.map(({ data }) => (data as { n: number }).n)).toEqual(acked);
  // Readers may still come and recover.
  const late = new Listener(await connected(served.socketUrl), "public:a", {
    since: { offset: 0, epoch: (await writer.history("public:a")).epoch },
  });
  await late.until(({ publications: heard }) => heard.length === acked.length);
  rmSync(ballast);
  await expect.poll(() => health(served), { timeout: 10_000 }).toBe("200 200");
  await writer.publish("public:a", { n: 0 });
  for (const each of [listener, late]) {
    await each.until(({ publications: heard }) => heard.length === acked.length + 1);
    expect(each.values.map((value) => (value as { n: number }).n)).toEqual([...acked, 0]);
    expect(each.offsets).toEqual(each.values.map((_, index) => index + 1));
  }
}, 30_000);

/** Keeps what is posted to the worker, as a disk does that does not answer. */
function hang(worker: Worker): { readonly reached: Promise<void>; readonly release: () => void } {
  const post = worker.postMessage.bind(worker);
  const held: Parameters<typeof post>[] = [];
  const reached = new Promise<void>((resolve) => {
    worker.postMessage = (...message: Parameters<typeof post>) => {
      held.push(message);
      resolve();
    };
  });
  return {
    reached,
    release: () => {
      worker.postMessage = post;
      for (const message of held) post(...message);
    },
  };
}
