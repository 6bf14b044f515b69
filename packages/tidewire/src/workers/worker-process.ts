// The program that serves clients beside others on the same port: `worker-process PLAN`, started by the supervisor.
import { localEngine } from "@tidewire/server/local";
import { failWith } from "../host/fail.ts";
import { logOf } from "../server-log.ts";
import { readSettings } from "../settings.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { endOnOrder, planGiven, sayReady, startOrder } from "./child-process.ts";
import type { WorkerPlan } from "./words.ts";

try {
  const { path, flags } = planGiven<WorkerPlan>();
  let starting: Promise<Standalone> | null = null;
  const ordered = startOrder();
  endOnOrder(async () => (await starting)?.stop());
  const { port, isExact, name } = await ordered;
  const settings = readSettings(flags, process.env);
  const log = logOf(settings);
  const engine = path === null ? null : localEngine({ path, log });
  starting = startStandalone({ ...settings, port }, log, { engine, isExact, name });
  const standalone = await starting;
  sayReady({ port: standalone.port, apiKey: standalone.apiKey });
} catch (thrown) {
  failWith(thrown);
}
