// The keeper and the store of docs/jobs.md behind RabbitMQ, as they stand there, in two programs: one keeps, one orders and works.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { blocksOf, root } from "../documents/blocks.ts";
import { RabbitServer } from "../services/rabbitmq.ts";

const program = `
import { createJobs, createWorker } from "@tidewire/jobs";
import { defineJob } from "@tidewire/protocol";
import { store } from "./rabbitmq-store.ts";

await store.open();
const jobs = createJobs({ store });
const report = defineJob("report");
const { id } = await jobs.enqueue(report, null, { key: "once" });
const worker = createWorker({ jobs });
const done = new Promise((resolve) => worker.handle(report, () => resolve(undefined)));
worker.start();
await done;
await worker.stop();
console.log((await jobs.find(id))?.state);
await store.close();
`;

test(
  "a job is done by another process than the keeper's, and both end when they are told",
  { timeout: 90_000 },
  async (context) => {
    const server = await RabbitServer.forTest(context);
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-jobs-page-")));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
    for (const file of ["rabbitmq-keeper.ts", "rabbitmq-store.ts"]) {
      const block = blocksOf("docs/jobs.md").find(({ words }) => words[0] === file);
      writeFileSync(path.join(folder, file), block?.text ?? expect.unreachable());
    }
    writeFileSync(path.join(folder, "program.ts"), program);
    const started = (file: string): ChildProcess & { readonly stdout: NonNullable<ChildProcess["stdout"]> } => {
      const child = spawn(process.execPath, ["--conditions=@tidewire/source", file], {
        cwd: folder,
        env: { ...process.env, AMQP_URL: server.url },
        stdio: ["ignore", "pipe", "inherit"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      return child;
    };
    const keeper = started("rabbitmq-keeper.ts");
    await once(keeper.stdout, "data");
    const worker = started("program.ts");
    const [said] = await Promise.all([text(worker.stdout), once(worker, "exit")]);
    expect({ said, code: worker.exitCode }).toEqual({ said: "done\n", code: 0 });
    const ended = once(keeper, "exit");
    keeper.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  },
);
