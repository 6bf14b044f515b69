// The programs of docs/jobs.md, run as they stand there: a server, a worker, somebody who orders; and the outbox.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "@tidewire/client";
import { jobOf } from "@tidewire/client/job";
import { defineCall, defineJob } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { freePort } from "../killable-node.ts";
import { blocksOf, root } from "./blocks.ts";

const report = defineJob("report", {
  output: z.object({ words: z.number() }),
  progress: z.object({ page: z.number() }),
});
const orderReport = defineCall("report.order", { output: z.object({ id: z.string() }) });

/** The files of the page, beside the packages that they import. */
function written(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-jobs-page-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  mkdirSync(path.join(folder, "data"));
  for (const { words, text } of blocksOf("docs/jobs.md")) {
    if (words[0] !== undefined) writeFileSync(path.join(folder, words[0]), text);
  }
  return folder;
}

function start(folder: string, file: string, port: number): ChildProcess {
  const options = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...options, file], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** What it prints first. */
async function says(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("a child with an output was expected");
  const [data] = (await once(child.stdout, "data")) as [Buffer];
  return data.toString().trim();
}

test(
  "the server and the worker of the page do what it says, and stop when they are asked",
  { timeout: 60_000 },
  async () => {
    const folder = written();
    const port = await freePort();
    expect(await says(start(folder, "server.ts", port))).toBe("the server listens");
    const worker = start(folder, "worker.ts", port);
    expect(await says(worker)).toBe("the worker has begun");
    const client = createClient({ url: `ws://127.0.0.1:${port}/connection/websocket`, data: { user: "anna" } });
    onTestFinished(() => client.close());
    client.connect();
    const { id } = await client.call(orderReport, { pages: 4 });
    const job = jobOf(client, report, id);
    await new Promise<void>((resolve) => {
      const stop = job.subscribe(() => {
        if (job.getSnapshot().state !== "done") return;
        queueMicrotask(() => stop());
        resolve();
      });
    });
    const { progress, output } = job.getSnapshot();
    expect({ pages: progress.map(({ page }) => page), output }).toEqual({
      pages: [1, 2, 3, 4],
      output: { words: 1_000 },
    });
    worker.kill("SIGTERM");
    expect(await once(worker, "exit")).toEqual([0, null]);
  },
);

test("the outbox of the page hands its job on", { timeout: 60_000 }, async () => {
  const folder = written();
  expect(await says(start(folder, "outbox.ts", 0))).toBe("waiting");
});
