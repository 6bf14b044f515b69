// Who may watch Harbor's jobs: their owners, whatever the other rules say.
import { createJobs, type Jobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { defineJob, jobChannel, TidewireError } from "@tidewire/protocol";
import type { AccessRules, ChannelRuleContext } from "@tidewire/server";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { withJobRules } from "./job-rules.ts";

let folder: string;
let jobs: Jobs;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-rules-"));
  jobs = createJobs({ store: embeddedStore({ path: path.join(folder, "jobs.db") }) });
  await jobs.store.open();
});
afterEach(async () => {
  await jobs.store.close();
  rmSync(folder, { recursive: true });
});

/** What the rules say to somebody who subscribes. */
async function verdict(rules: AccessRules, channel: string, user: string): Promise<unknown> {
  const context = { channel, user } as ChannelRuleContext;
  return await Promise.resolve()
    .then(() => rules.subscribe?.(context as never))
    .catch((thrown: unknown) => (thrown instanceof TidewireError ? thrown.reason : thrown));
}

it("lets the owner watch a job, and nobody else, also where the other rules would", async () => {
  const { id } = await jobs.enqueue(defineJob("report"), null, { owner: "ada" });
  const ownerless = await jobs.enqueue(defineJob("report"), null);
  for (const others of [true, false]) {
    const rules = withJobRules({ subscribe: () => others }, jobs);
    const channel = jobChannel.name({ id });
    expect(await verdict(rules, channel, "ada")).toBe(true);
    expect(await verdict(rules, channel, "bo")).toBe("denied");
    expect(await verdict(rules, channel, "")).toBe(false);
    expect(await verdict(rules, jobChannel.name({ id: ownerless.id }), "")).toBe(false);
    // Ids of others are not confirmed.
    expect(await verdict(rules, jobChannel.name({ id: "nobodys" }), "ada")).toBe("denied");
  }
});

it("leaves other channels to the other rules, and to everybody where there are none", async () => {
  const asked: unknown[] = [];
  const subscribe = async ({ channel, user }: { channel: string; user: string }): Promise<boolean> => {
    asked.push([channel, user]);
    return false;
  };
  expect(await verdict(withJobRules({ subscribe }, jobs), "chat:a", "ada")).toBe(false);
  expect(asked).toEqual([["chat:a", "ada"]]);
  expect(await verdict(withJobRules({}, jobs), "chat:a", "ada")).toBe(true);
});

it("keeps what else the rules say", () => {
  const publish = (): boolean => false;
  expect(withJobRules({ publish }, jobs).publish).toBe(publish);
});
