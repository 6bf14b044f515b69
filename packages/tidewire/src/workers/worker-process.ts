// The program that serves clients beside others on the same port: `worker-process PLAN`, started by the supervisor.
import { localEngine } from "@tidewire/server/local";
import { failWith } from "../host/fail.ts";
import { logOf } from "../server-log.ts";
import { readSettings } from "../settings.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { endOnOrder, ordered, planGiven, sayReady, sayStarted } from "./child-process.ts";
import type { Door, WorkerPlan } from "./words.ts";

try {
  const { path, flags } = planGiven<WorkerPlan>();
  let starting: Promise<Standalone> | null = null;
  let isServing = false;
  // Before it serves anybody there is nothing to bring to an end.
  endOnOrder(async () => {
    if (isServing) await (await starting)?.stop();
  });
  const [start, listen] = [ordered("start"), ordered("listen")];
  const { name } = await start;
  const settings = readSettings(flags, process.env);
  const log = logOf(settings);
  const engine = path === null ? null : localEngine({ path, log });
  const door = async (): Promise<Door> => {
    sayStarted();
    const place = await listen;
    isServing = true;
    return place;
  };
  starting = startStandalone(settings, log, { engine, name, door });
  const standalone = await starting;
  sayReady({ port: standalone.port, apiKey: standalone.apiKey });
} catch (thrown) {
  failWith(thrown);
}
