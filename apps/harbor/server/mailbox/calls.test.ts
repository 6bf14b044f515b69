// The mailbox of a running Harbor: who may look into it, and where there is one.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Client } from "@tidewire/client";
import { expect, it, onTestFinished } from "vitest";
import { listMail, mailbox } from "../../contract/mailbox.ts";
import { parseConfig } from "../config.ts";
import { keepMail } from "../data/mails.ts";
import { openDatabase } from "../data/open-database.ts";
import { startHarbor } from "../harbor.ts";
import { connectAs, everyoneGone, guestAt } from "../testing/guest.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const waited = { timeout: 14_000, interval: 20 };
const apiKey = "0123456789abcdef";

interface Stage {
  readonly ada: Client;
  /** Somebody who has not said their name. */
  readonly nobody: Client;
  /** Tells those who look that one has come, as a worker does. */
  readonly tell: (id: string) => Promise<unknown>;
}

/** A Harbor that has so many mails, and two who look at it. */
async function stage(mails: number, env: NodeJS.ProcessEnv = {}): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), "harbor-mailbox-"));
  const given = { PORT: "0", HOST: "127.0.0.1", TIDEWIRE_API_KEY: apiKey, TIDEWIRE_DATA: folder, ...env };
  const harbor = await startHarbor({ ...parseConfig(given, []), port: 0 }, quiet);
  const db = await openDatabase(path.join(folder, "harbor.db"));
  const ada = (await guestAt(harbor.port, "Ada")).connect();
  const nobody = connectAs({ port: harbor.port, cookie: "" });
  onTestFinished(async () => {
    for (const client of [ada, nobody]) client.close();
    await everyoneGone();
    await db.destroy();
    await harbor.stop();
    rmSync(folder, { recursive: true });
  });
  const to = { name: "Lou", address: "lou@harbor.test" };
  for (let n = 1; n <= mails; n += 1) {
    await keepMail(db, { id: `mail-${n}`, to, subject: "", text: "", path: "/", atMs: n });
  }
  const tell = async (id: string): Promise<unknown> =>
    await (
      await fetch(`http://127.0.0.1:${harbor.port}/api/publish`, {
        method: "POST",
        headers: { "x-api-key": apiKey, "content-type": "application/json" },
        body: JSON.stringify({ channel: mailbox.name({}), data: { id } }),
      })
    ).json();
  return { ada, nobody, tell };
}

/** How it stands with the channel of somebody who wants to hear of mails. */
function listening(client: Client): { readonly ids: readonly string[]; readonly standing: () => unknown } {
  const channel = client.channel(mailbox);
  const ids: string[] = [];
  channel.onPublication(({ data }) => void ids.push(data.id));
  channel.open();
  return { ids, standing: () => channel.status.kind };
}

it("shows everybody who has a name what would have been sent, page by page, and tells when one comes", async () => {
  const { ada, nobody, tell } = await stage(21);
  const first = await ada.call(listMail, {});
  expect([first.mails.length, first.mails[0]?.id, first.hasMore]).toEqual([20, "mail-21", true]);
  const second = await ada.call(listMail, { before: first.mails.at(-1)?.place ?? 0 });
  expect([second.mails.map(({ id }) => id), second.hasMore]).toEqual([["mail-1"], false]);
  await expect(nobody.call(listMail, {})).rejects.toMatchObject({ reason: "denied" });
  const [hears, hearsNot] = [listening(ada), listening(nobody)];
  await expect.poll(hears.standing, waited).toBe("live");
  await expect.poll(hearsNot.standing, waited).toBe("refused");
  expect(await tell("mail-22")).toMatchObject({ result: {} });
  await expect.poll(() => hears.ids, waited).toEqual(["mail-22"]);
});

it.each([
  ["in development, where mail is sent", { TIDEWIRE_SMTP_URL: "smtp://mail.example:25" }],
  ["in production", { NODE_ENV: "production" }],
])("is not there %s", async (_, env) => {
  const { ada } = await stage(1, env);
  await expect(ada.call(listMail, {})).rejects.toMatchObject({ reason: "not_available" });
});

it("tells nobody in production", async () => {
  const { ada } = await stage(0, { NODE_ENV: "production" });
  const { standing } = listening(ada);
  await expect.poll(standing, waited).toBe("refused");
});
