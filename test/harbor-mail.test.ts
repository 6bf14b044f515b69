// A mention of somebody who is away becomes an e-mail: real processes, a real mail server, and kill -9 where it hurts.
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Client } from "@tidewire/client";
import { describe, test, type TestContext } from "vitest";
import { chat, sendMessage } from "../apps/harbor/contract/chat.ts";
import { mention } from "../apps/harbor/contract/mention.ts";
import { guestAt, type TestGuest } from "../apps/harbor/server/testing/guest.ts";
import { type MailServer, startMailServer } from "../apps/harbor/worker/testing/mail-server.ts";
import type { ServerProcess } from "./browser/server-process.ts";
import { harborFor, workersOf } from "./harbor-process.ts";

const room = "workshop";
/** Longer than somebody may be away, the worker's start, and the lease of a job whose worker was killed. */
const waited = { timeout: 100_000, interval: 50 };

interface Stage {
  readonly harbor: ServerProcess;
  readonly mail: MailServer;
  /** Says it as Ada, who is there; resolves with the message's id. */
  readonly say: (text: string) => Promise<string>;
  /** Somebody who came in and whose page is open. */
  readonly comeIn: (name: string) => Promise<{ readonly guest: TestGuest; readonly client: Client }>;
  /** Somebody who came in and closed the page. */
  readonly away: (name: string) => Promise<TestGuest>;
}

async function stage({ expect, onTestFinished }: TestContext): Promise<Stage> {
  const mail = await startMailServer();
  onTestFinished(() => mail.stop());
  const harbor = await harborFor(
    { onTestFinished },
    { TIDEWIRE_SMTP_URL: mail.url, TIDEWIRE_MAIL_DOMAIN: "mail.test" },
  );
  const comeIn: Stage["comeIn"] = async (name) => {
    const guest = await guestAt(harbor.port, name);
    const client = guest.connect();
    onTestFinished(() => client.close());
    client.channel(chat, { room }).open();
    await expect.poll(() => client.channel(chat, { room }).status.kind, waited).toBe("live");
    return { guest, client };
  };
  const away: Stage["away"] = async (name) => {
    const { guest, client } = await comeIn(name);
    client.close();
    return guest;
  };
  const ada = await comeIn("Ada");
  let said = 0;
  const say: Stage["say"] = async (text) =>
    (await ada.client.call(sendMessage, { room, text, nonce: `nonce-${(said += 1)}-ada` })).id;
  return { harbor, mail, say, comeIn, away };
}

/** What became of the mentions, in the order of their end. */
function endings({ dataFolder }: ServerProcess): readonly string[] {
  const database = new DatabaseSync(path.join(dataFolder, "jobs.db"), { readOnly: true });
  try {
    const rows = database
      .prepare("SELECT state, output FROM jobs WHERE name = ? AND ended_ms IS NOT NULL ORDER BY ended_ms")
      .all(mention.name);
    return rows.map(({ state, output }) => {
      const { outcome } = JSON.parse(String(output ?? "{}")) as { readonly outcome?: string };
      return `${String(state)} ${outcome ?? ""}`.trim();
    });
  } finally {
    database.close();
  }
}

// Most of their time they wait for the leases of dead workers.
describe.concurrent("a mention", () => {
  test(
    "somebody who is away gets a mail; who is here, or has left for good, gets none",
    { timeout: 180_000 },
    async (context) => {
      const { expect } = context;
      const { harbor, mail, say, comeIn } = await stage(context);
      const lou = await comeIn("Lou Salomé");
      await comeIn("Kai");
      const gone = await guestAt(harbor.port, "Gone");
      await fetch(`${harbor.url.replace("localhost", "127.0.0.1")}/session`, {
        method: "DELETE",
        headers: gone.headers,
      });
      lou.client.close();
      const id = await say("@lou salomé and @Kai and @Gone: slack water is at 10:40");
      await expect.poll(() => endings(harbor).toSorted(), waited).toEqual(["done here", "done sent"]);
      expect(mail.received).toHaveLength(1);
      const [received] = mail.received;
      expect(received?.headers.get("Message-ID")).toBe(`<${id}.${lou.guest.id}@mail.test>`);
      expect(received?.headers.get("Subject")).toBe("Ada mentioned you in Workshop");
      expect(received?.to[0]).toMatch(/^lou-salome\.[0-9a-f]{12}@mail\.test$/);
      expect(received?.text).toContain("slack water is at 10:40");
    },
  );

  test(
    "a worker that is killed between sending and writing that down sends it once more at most",
    { timeout: 180_000 },
    async (context) => {
      const { expect } = context;
      const { harbor, mail, say, away } = await stage(context);
      const lou = await away("Lou");
      const killed: number[] = [];
      mail.answer = () => {
        // It has the mail, and its answer goes to nobody: the first two workers die before they can write down that it was sent.
        const [worker] = workersOf(harbor);
        if (worker !== undefined && killed.length < 2) {
          killed.push(worker);
          process.kill(worker, "SIGKILL");
        }
        return "take";
      };
      const id = await say("@Lou, are you there?");
      await expect.poll(() => endings(harbor), waited).toEqual(["dead"]);
      expect(new Set(killed).size).toBe(2);
      const messageIds = mail.received.map(({ headers }) => headers.get("Message-ID"));
      expect(messageIds).toEqual(Array(2).fill(`<${id}.${lou.id}@mail.test>`));
    },
  );

  test(
    "a worker that is killed once has sent it twice at most, and the job is done",
    { timeout: 180_000 },
    async (context) => {
      const { expect } = context;
      const { harbor, mail, say, away } = await stage(context);
      await away("Lou");
      mail.answer = () => {
        mail.answer = () => "take";
        for (const worker of workersOf(harbor)) process.kill(worker, "SIGKILL");
        return "take";
      };
      await say("@Lou, are you there?");
      await expect.poll(() => endings(harbor), waited).toEqual(["done sent"]);
      expect(mail.received).toHaveLength(2);
      expect(new Set(mail.received.map(({ headers }) => headers.get("Message-ID"))).size).toBe(1);
    },
  );

  test(
    "a mail server that is away costs no mail, and a Harbor that is killed none either",
    { timeout: 180_000 },
    async (context) => {
      const { expect } = context;
      const { harbor, mail, say, away } = await stage(context);
      await away("Lou");
      let refused = 0;
      mail.answer = () => {
        refused += 1;
        return 451;
      };
      await say("@Lou, are you there?");
      // The message is acked, and what it gives rise to may still be in the outbox of its transaction.
      await harbor.crash();
      await expect.poll(() => refused, waited).toBeGreaterThan(0);
      mail.answer = () => "take";
      await expect.poll(() => endings(harbor), waited).toEqual(["done sent"]);
      expect(mail.received).toHaveLength(refused + 1);
    },
  );
});
