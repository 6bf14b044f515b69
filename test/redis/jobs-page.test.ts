// The store of docs/jobs.md on Redis, as it stands there, in a program that orders a job and does it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { blocksOf, root } from "../documents/blocks.ts";
import { keeping, RedisServer } from "../services/redis.ts";

const program = `
import { createJobs, createWorker } from "@tidewire/jobs";
import { defineJob } from "@tidewire/protocol";
import { store } from "./redis-store.ts";

await store.open();
const jobs = createJobs({ store });
const report = defineJob("report");
const { id } = await jobs.enqueue(report, null);
const worker = createWorker({ jobs });
const done = new Promise((resolve) => worker.handle(report, () => resolve(undefined)));
worker.start();
await done;
await worker.stop();
console.log((await jobs.find(id))?.state);
await store.close();
`;

test(
  "the store of the page keeps a job until it is done, and lets its process end",
  { timeout: 40_000 },
  async (context) => {
    const server = await RedisServer.forTest(context, { settings: keeping.always });
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-jobs-page-")));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    const block = blocksOf("docs/jobs.md").find(({ words }) => words[0] === "redis-store.ts");
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(path.join(folder, "redis-store.ts"), block?.text ?? expect.unreachable());
    writeFileSync(path.join(folder, "program.ts"), program);
    const child = spawn(process.execPath, ["--conditions=@tidewire/source", "program.ts"], {
      cwd: folder,
      env: { ...process.env, REDIS_URL: server.url },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
    expect({ said, code: child.exitCode }).toEqual({ said: "done\n", code: 0 });
    expect(await server.ask("KEYS", "shop-jobs:nreport:completed")).toHaveLength(1);
  },
);
