// Harbor's worker as a process that is told to end while it has a job: what whoever watches it is told until it is gone.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createJobs, type Jobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { expect, onTestFinished, test } from "vitest";
import { mention } from "../apps/harbor/contract/mention.ts";
import { addGuest } from "../apps/harbor/server/data/guests.ts";
import { keepMessage } from "../apps/harbor/server/data/messages.ts";
import { openDatabase } from "../apps/harbor/server/data/open-database.ts";
import { type Answer, type MailServer, startMailServer } from "../apps/harbor/worker/testing/mail-server.ts";
import { freePort, fromSource, root, startServer, withParent } from "./browser/server-process.ts";
import { ask } from "./requesting.ts";

const waited = { timeout: 60_000, interval: 20 };
const key = "0123456789abcdef";
const withKey = { headers: { "X-API-Key": key } };

/** Stands for Harbor's server, where nobody is connected. */
async function emptyServer(): Promise<string> {
  const server = createServer((_request, response) => response.end(JSON.stringify({ result: { num_clients: 0 } })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A mail server that has a mail and does not answer for it until it is let. */
async function heldMail(): Promise<{ mail: MailServer; begun: Promise<void>; letGo: () => void }> {
  const mail = await startMailServer();
  onTestFinished(() => mail.stop());
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Answer>();
  mail.answer = () => {
    begun.resolve();
    return answer.promise;
  };
  const letGo = (): void => answer.resolve("take");
  onTestFinished(letGo);
  return { mail, begun: begun.promise, letGo };
}

/** Orders a mail for somebody who is away, as the server would. */
async function orderMention(dataFolder: string, jobs: Jobs): Promise<string> {
  const db = await openDatabase(path.join(dataFolder, "harbor.db"));
  onTestFinished(() => db.destroy());
  const { id: person } = await addGuest(db, "Lou");
  const said = { room: "workshop", author: { id: "guest_ada", name: "Ada" }, text: "@Lou", nonce: "nonce-of-ada" };
  const { message } = await keepMessage(db, said);
  return (await jobs.enqueue(mention, { message: message.id, person })).id;
}

test("it is not ready, and lives, until what it does is done", { timeout: 120_000 }, async () => {
  const { mail, begun, letGo } = await heldMail();
  const [serverUrl, door] = [await emptyServer(), await freePort()];
  const worker = await startServer({
    args: [fromSource, withParent, path.join(root, "apps/harbor/worker/main.ts")],
    ready: /^ {2}Harbor's worker, ready/,
    env: (_, data) => ({
      NODE_ENV: "",
      TIDEWIRE_API_KEY: key,
      TIDEWIRE_DATA: data,
      TIDEWIRE_SMTP_URL: mail.url,
      TIDEWIRE_URL: serverUrl,
      TIDEWIRE_WORKER_PORT: String(door),
    }),
  });
  onTestFinished(() => worker.stop());
  const store = embeddedStore({ path: path.join(worker.dataFolder, "jobs.db") });
  await store.open();
  onTestFinished(() => store.close());
  const jobs = createJobs({ store });
  const asked = (of: string): ReturnType<typeof ask> => ask(`http://127.0.0.1:${door}${of}`, withKey);
  const isReady = async (): Promise<unknown> => (await asked("/health/ready").catch(() => ({ status: "gone" }))).status;

  expect(await isReady()).toBe(200);
  const id = await orderMention(worker.dataFolder, jobs);
  await begun;
  const restarted = worker.restart();
  await expect.poll(isReady, waited).toBe(503);
  // Nothing but its end is the reason: the job goes on, and the store is there.
  expect((await asked("/health/live")).status).toBe(200);
  const figures = String((await asked("/metrics")).body).split("\n");
  expect(figures).toContain("tidewire_jobs_store_up 1");
  expect(figures).toContain('tidewire_jobs_running{name="mention"} 1');
  letGo();
  await restarted;
  expect(await isReady()).toBe(200);
  // The first worker has ended it: one that was given back would be written again by the second.
  await expect.poll(async () => (await jobs.find(id))?.state, waited).toBe("done");
  expect(mail.received).toHaveLength(1);
});
