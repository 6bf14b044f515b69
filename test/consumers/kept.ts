// A server with its log in a file, and a job from another: what was said is there when the server starts anew, and the job is done.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createJobs, createWorker } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { defineChannel, defineJob } from "@tidewire/protocol";
import { createTidewire, type Tidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";

const folder = mkdtempSync(path.join(tmpdir(), "tidewire-kept-"));
const notes = defineChannel("notes", { history: { size: 10, ttlMs: 60_000 } });
const bytes = defineChannel("bytes", { data: "bytes", history: { size: 10, ttlMs: 60_000 } });
const begin = async (): Promise<Tidewire> => {
  const tide = createTidewire({
    channels: [notes, bytes],
    engine: sqliteEngine({ path: path.join(folder, "log.db") }),
  });
  await tide.start();
  return tide;
};

const first = await begin();
for (const data of ["one", "two"]) await first.channel(notes).publish(data);
await first.channel(bytes).publish(new Uint8Array(0));
await first.stop({ drainMs: 0 });
const second = await begin();
const kept = await second.channel(notes).history(10);
console.log(kept.map(({ data }) => data).join());
const [none] = await second.channel(bytes).history(10);
console.log(none?.data.length);
await second.stop({ drainMs: 0 });

const store = embeddedStore({ path: path.join(folder, "jobs.db") });
await store.open();
const jobs = createJobs({ store });
const double = defineJob("double");
const worker = createWorker({ jobs });
const done = new Promise<unknown>((resolve) => worker.handle(double, (input) => resolve(input)));
worker.start();
await jobs.enqueue(double, 21, { owner: "anna" });
console.log(await done);
await worker.stop();
await store.close();
rmSync(folder, { recursive: true });
