// What docs/operating.md says of backups, by another process while each file is in use: which copies come, and what is in them.
import { copyFileSync, existsSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { createJobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { defineJob } from "@tidewire/protocol";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { createWebhooks } from "@tidewire/webhooks";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFile } from "../killable-node.ts";
import { ask, post } from "../requesting.ts";
import { serve, type Served } from "../serving.ts";

/** Copies a database as an operator does, with a program of its own. @returns What went wrong; "" where nothing did. */
function vacuumInto(from: string, to: string): string {
  const script = `new (require("node:sqlite").DatabaseSync)(process.argv[1]).prepare("VACUUM INTO ?").run(process.argv[2])`;
  const { status, stderr } = spawnSync(process.execPath, ["--no-warnings", "-e", script, from, to], {
    encoding: "utf8",
  });
  return status === 0 ? "" : stderr;
}

test("the log is its server's alone while it runs; copied when it has stopped, all is there and goes on", async () => {
  const [file, copy] = [temporaryFile(), temporaryFile()];
  const serving = async (path: string): Promise<Served> => await serve({ engine: sqliteEngine({ path }) });
  const said = async ({ httpUrl }: Served): Promise<unknown> => (await ask(`${httpUrl}/raw/public:a/history`)).body;
  const before = await serving(file);
  for (const text of ["1", "2"]) expect((await post(`${before.httpUrl}/raw/public:a`, text)).status).toBe(200);
  const told = await said(before);
  expect(vacuumInto(file, temporaryFile())).toContain("database is locked");
  await before.stop();
  expect(existsSync(`${file}-wal`)).toBe(false);
  for (const suffix of ["", "-mark"]) copyFileSync(file + suffix, copy + suffix);
  // With the same epoch: whoever comes back is recovered.
  expect(await said(await serving(copy))).toEqual(told);
});

test("jobs are copied while their store is in use, and wait in the copy too", async () => {
  const [file, copy] = [temporaryFile(), temporaryFile()];
  const report = defineJob("report");
  const opened = async (path: string): Promise<ReturnType<typeof createJobs>> => {
    const store = embeddedStore({ path });
    await store.open();
    onTestFinished(() => store.close());
    return createJobs({ store });
  };
  const { id } = await (await opened(file)).enqueue(report, { pages: 3 });
  expect(vacuumInto(file, copy)).toBe("");
  expect(await (await opened(copy)).find(id)).toMatchObject({ state: "waiting", name: "report" });
});

test("webhooks are their sender's alone while it runs; copied when it has stopped, what waits is told from the copy", async () => {
  const [file, copy] = [temporaryFile(), temporaryFile()];
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  // Nobody listens there: what is told waits.
  const endpoint = { name: "backend", url: "http://127.0.0.1:9/", secret, allowsHttp: true, allowsPrivate: true };
  const opened = async (path: string): Promise<ReturnType<typeof createWebhooks>> => {
    const webhooks = createWebhooks({ path, endpoints: [endpoint] });
    await webhooks.open();
    onTestFinished(() => webhooks.close());
    return webhooks;
  };
  const sending = await opened(file);
  await sending.tell({ type: "order.paid", id: "order_1", data: {} });
  expect(vacuumInto(file, temporaryFile())).toContain("database is locked");
  await sending.close();
  expect(vacuumInto(file, copy)).toBe("");
  expect(await (await opened(copy)).figures()).toMatchObject([{ name: "backend", waiting: 1 }]);
});
