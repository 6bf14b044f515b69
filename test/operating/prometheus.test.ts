// A real Prometheus with the configuration of deploy/ asks real nodes and a worker, and answers what the dashboard and the alerts ask it.
import path from "node:path";
import { createJobs, jobDesk } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { localEngine, localOwner } from "@tidewire/server/local";
import { memoryEngine } from "@tidewire/server/memory";
import { expect, test, type TestContext } from "vitest";
import { openWorkerDoor } from "../../apps/harbor/worker/door.ts";
import { connected } from "../centrifuge-client.ts";
import { temporaryFile } from "../killable-node.ts";
import { startPrometheus } from "../services/prometheus.ts";
import { RecordedLog, serve } from "../serving.ts";
import { queries, variables } from "./dashboard.ts";
import { apiKey, fullNode } from "./known-figures.ts";

const patience = { timeout: 60_000, interval: 250 };

/** @returns Its port. */
async function workerDoor({ onTestFinished }: TestContext): Promise<number> {
  const store = embeddedStore({ path: temporaryFile() });
  await store.open();
  const desk = jobDesk({ jobs: createJobs({ store }), definitions: [] });
  const { signal } = new AbortController();
  const door = await openWorkerDoor({ hosts: ["127.0.0.1"], port: 0, desk, apiKey, signal, log: new RecordedLog() });
  onTestFinished(async () => {
    door.close();
    await store.close();
  });
  return door.port;
}

test(
  "nodes are up, each is counted once, and panels and rules have something to go by",
  { timeout: 180_000 },
  async (context) => {
    const socket = path.join(path.dirname(temporaryFile()), "owner", "log");
    const owner = localOwner({ engine: memoryEngine(), path: socket });
    await owner.start();
    context.onTestFinished(() => owner.stop());
    const together = { mode: "production", access: { connect: () => ({ user: "ann" }) } } as const;
    const one = await fullNode({ ...together, engine: localEngine({ path: socket }), nodeName: "one" });
    const two = await serve({ ...together, engine: localEngine({ path: socket }), nodeName: "two", apiKey });
    const alone = await serve({ apiKey, mode: "production" });
    const worker = await workerDoor(context);
    const ports = [one, two, alone].map(({ port }) => `127.0.0.1:${port}`);
    const prometheus = await startPrometheus(context, {
      apiKey,
      places: {
        "scrape_interval: 15s": "scrape_interval: 1s",
        "evaluation_interval: 15s": "evaluation_interval: 1s",
        "one:8080, two:8080, three:8080": ports.join(", "),
        "worker:9101": `127.0.0.1:${worker}`,
      },
    });
    await connected(one.socketUrl);
    const values = async (query: string): Promise<readonly number[]> =>
      (await prometheus.ask(query)).map(({ value }) => value);
    await expect.poll(() => values("up"), patience).toEqual([1, 1, 1, 1]);
    // A rate is made of two looks.
    await expect.poll(() => values("min(count_over_time(up[1m]))"), patience).not.toContain(1);
    await expect.poll(() => values("sum(max by (node) (tidewire_sessions))"), patience).toEqual([1]);
    expect(await values('count(tidewire_sessions{job="tidewire"})')).toEqual([5]);
    const named = await prometheus.ask('max by (node) ({__name__=~"tidewire_sessions|tidewire_jobs_store_up"})');
    expect(new Set(named.map(({ metric }) => metric["node"]))).toEqual(
      new Set(["one", "two", ports[2], `127.0.0.1:${worker}`]),
    );

    // What shows troubles alone shows nothing here.
    const silent = async (): Promise<readonly string[]> => {
      const asked = [...queries, ...variables].filter(({ query }) => !query.endsWith("> 0"));
      const found = await Promise.all(asked.map(async ({ query }) => (await prometheus.ask(query)).length));
      return asked.filter((_each, index) => found[index] === 0).map(({ where }) => where);
    };
    await expect.poll(silent, patience).toEqual([]);
    for (const { query } of queries) await prometheus.ask(query);

    const unwell = async (): Promise<readonly string[]> =>
      (await prometheus.rules())
        .filter(({ health }) => health !== "ok")
        .map(({ name, lastError = "" }) => name + lastError);
    await expect.poll(unwell, patience).toEqual([]);
    expect((await prometheus.rules()).length).toBeGreaterThan(20);
  },
);
