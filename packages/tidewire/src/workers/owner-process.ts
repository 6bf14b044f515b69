// The program that owns the log: `owner-process PLAN`, started by the supervisor.
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { localOwner } from "@tidewire/server/local";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { failWith } from "../host/fail.ts";
import { logOf } from "../server-log.ts";
import { endOnOrder, planGiven, sayReady } from "./child-process.ts";
import type { OwnerPlan } from "./words.ts";

try {
  const plan = planGiven<OwnerPlan>();
  const log = logOf(plan);
  const { database } = plan;
  if (database !== null) mkdirSync(path.dirname(database), { recursive: true, mode: 0o700 });
  const engine = database === null ? memoryEngine() : sqliteEngine({ path: database, log });
  const owner = localOwner({ engine, path: plan.path, log });
  const starting = owner.start();
  endOnOrder(async () => {
    await starting;
    await owner.stop();
    // The supervisor made it for this run, and may be gone.
    if (process.platform !== "win32") rmSync(path.dirname(plan.path), { recursive: true, force: true });
  });
  await starting;
  sayReady({ port: 0, apiKey: "" });
} catch (thrown) {
  failWith(thrown);
}
