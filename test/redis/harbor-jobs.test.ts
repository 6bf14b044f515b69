// Harbor with its jobs on a Redis: the server orders there, and the worker takes them from there.
import path from "node:path";
import { sendMessage } from "../../apps/harbor/contract/chat.ts";
import { readMails } from "../../apps/harbor/server/data/mails.ts";
import { openDatabase } from "../../apps/harbor/server/data/open-database.ts";
import { guestAt } from "../../apps/harbor/server/testing/guest.ts";
import { expect, onTestFinished, test } from "vitest";
import { harborFor } from "../harbor-process.ts";
import { keeping, RedisServer } from "../services/redis.ts";

const waited = { timeout: 60_000, interval: 50 };

test("a mention is a job on the Redis that TIDEWIRE_JOBS names, and a mail", { timeout: 120_000 }, async (context) => {
  const redis = await RedisServer.forTest(context, { settings: keeping.always });
  const harbor = await harborFor(context, { TIDEWIRE_JOBS: redis.url });
  await guestAt(harbor.port, "Lou");
  const ada = (await guestAt(harbor.port, "Ada")).connect();
  onTestFinished(() => ada.close());
  await ada.call(sendMessage, { room: "workshop", text: "@Lou, look", nonce: "nonce-look" });
  const db = await openDatabase(path.join(harbor.dataFolder, "harbor.db"));
  onTestFinished(() => db.destroy());
  const told = async (): Promise<readonly string[]> => (await readMails(db, undefined)).mails.map(({ to }) => to.name);
  await expect.poll(told, waited).toEqual(["Lou"]);
  const done = async (): Promise<unknown> => await redis.ask("ZCARD", "harbor-jobs:nmention:completed");
  await expect.poll(done, waited).toBe(1);
});
