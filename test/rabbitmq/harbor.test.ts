// Harbor with its jobs behind RabbitMQ: the server keeps them in its data folder, and workers anywhere ask it.
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createJobs } from "@tidewire/jobs";
import { rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { defineJob } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { fromSource, root, type ServerProcess, startServer } from "../browser/server-process.ts";
import { RabbitServer } from "../services/rabbitmq.ts";
import { connecting } from "./connecting.ts";

async function harbor(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const started = await startServer({
    args: [fromSource, ...args],
    ready: /^ {2}App {2,}http:|^ {2}Harbor's worker, ready/,
    env: (port, data) => ({ PORT: String(port), TIDEWIRE_DATA: data, NODE_ENV: "", ...env }),
  });
  onTestFinished(() => started.stop());
  return started;
}

test(
  "what is ordered through RabbitMQ is in the server's data folder, also after the server was killed",
  { timeout: 120_000 },
  async (context) => {
    const server = await RabbitServer.forTest(context);
    const env = { TIDEWIRE_JOBS: server.url, TIDEWIRE_WORKER: "none" };
    const kept = await harbor([path.join(root, "apps/harbor/server/main.ts")], env);
    await harbor([path.join(root, "apps/harbor/worker/main.ts")], { ...env, TIDEWIRE_DATA: kept.dataFolder });
    const store = rabbitmqStore({ connect: connecting(server.url), prefix: "harbor-jobs" });
    await store.open();
    onTestFinished(() => store.close());
    const jobs = createJobs({ store });
    const { id } = await jobs.enqueue(defineJob("probe"), null, { key: "one" });
    await kept.crash();
    expect(await jobs.find(id)).toMatchObject({ name: "probe", state: "waiting" });
    const database = new DatabaseSync(path.join(kept.dataFolder, "jobs.db"), { readOnly: true });
    onTestFinished(() => database.close());
    expect(
      database
        .prepare("SELECT id FROM jobs WHERE name = 'probe'")
        .all()
        .map((row) => row["id"]),
    ).toEqual([id]);
  },
);
