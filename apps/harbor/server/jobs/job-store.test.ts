// Where Harbor's jobs are kept: what the setting may say, and the file where it says nothing else.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defineJob } from "@tidewire/protocol";
import { expect, it, onTestFinished } from "vitest";
import { isJobStore, openJobs } from "./job-store.ts";

const silence = (): void => undefined;
const log = { debug: silence, info: silence, warn: silence, error: silence };

function dataFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "harbor-jobs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it.each([
  ["embedded", true],
  ["redis://here:6379", true],
  ["rediss://user:secret@here:6380/1", true],
  ["amqp://here", true],
  ["amqps://here:5671/jobs", true],
  ["", false],
  ["Embedded", false],
  ["redis", false],
  ["redis:", false],
  ["redis:///0", false],
  ["amqp:///jobs", false],
  ["http://here:6379", false],
])("%j is a place for jobs: %s", (kept, isOne) => {
  expect(isJobStore(kept)).toBe(isOne);
});

it("refuses what is none, and says what was expected and what came", async () => {
  const opened = openJobs({ kept: "kafka://here", dataFolder: dataFolder(), log });
  await expect(opened).rejects.toThrow(
    "expected embedded, or redis://host:6379, or rediss:// with TLS, or amqp://host:5672, or amqps:// with TLS; got kafka://here",
  );
});

it("keeps them in a file of the data folder, open when it says so", async () => {
  const folder = dataFolder();
  const jobs = await openJobs({ kept: "embedded", dataFolder: folder, log });
  onTestFinished(() => jobs.store.close());
  expect(existsSync(path.join(folder, "jobs.db"))).toBe(true);
  const { id } = await jobs.enqueue(defineJob("probe"), null);
  const again = await openJobs({ kept: "embedded", dataFolder: folder, of: "worker", log });
  onTestFinished(() => again.store.close());
  expect((await again.find(id))?.name).toBe("probe");
});

it("says why the file could not be opened", async () => {
  const folder = dataFolder();
  writeFileSync(path.join(folder, "jobs.db"), "no database at all, but long enough to be looked at as one".repeat(20));
  const opened = openJobs({ kept: "embedded", dataFolder: folder, log });
  await expect(opened).rejects.toMatchObject({ reason: "engine_unavailable" });
});
