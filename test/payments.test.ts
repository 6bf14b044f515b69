// The payments example under kill -9 of each of its processes: the books add up, everybody is told once, every transfer counts once.
import { hash } from "node:crypto";
import type { Client } from "@tidewire/client";
import { TidewireError } from "@tidewire/protocol";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { mint } from "../examples/payments/bank.ts";
import { type Notice, notices, noticesKept, openAccount, transfer } from "../examples/payments/channels.ts";
import { notify } from "../examples/payments/jobs.ts";
import { type Part, parts, type PaymentsSite, paymentsSite } from "./payments-site.ts";

const patienceMs = 60_000;
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: patienceMs, interval: 50 });

interface Customer {
  readonly account: string;
  readonly client: Client;
  /** Transfers that this customer was told of while looking on, in order. */
  readonly heard: string[];
}

/** Asks until it is answered: the same order each time, as soon as there is a connection. */
async function insist(client: Client, ask: () => Promise<unknown>): Promise<"done" | "refused"> {
  for (;;) {
    try {
      await ask();
      return "done";
    } catch (thrown) {
      if (!(thrown instanceof TidewireError)) throw thrown;
      if (thrown.reason === "conflict") return "refused";
      if (!thrown.temporary) throw thrown;
      await connected(client);
    }
  }
}

/** Sooner than after the waits of a client whose server was killed several times. */
async function connected(client: Client): Promise<void> {
  const isConnected = (): boolean => {
    if (client.state.kind !== "connected") client.retry();
    return client.state.kind === "connected";
  };
  await eventually(isConnected).toBe(true);
}

async function customerOf(site: PaymentsSite, name: string): Promise<Customer> {
  const client = site.client(name);
  const account = hash("sha256", name.padEnd(32, "-")).slice(0, 12);
  const channel = client.channel(notices, { account });
  const heard: string[] = [];
  channel.onPublication(({ data }) => void heard.push(data.id));
  onTestFinished(channel.open());
  await insist(client, () => client.call(openAccount, { name }));
  return { account, client, heard };
}

const rowsOf = (site: PaymentsSite, file: "bank" | "jobs" | "sums", sql: string): readonly object[] => {
  const database = site.file(file);
  const rows = database.prepare(sql).all();
  database.close();
  return rows.map((row) => ({ ...row }));
};

/** Everything that was ordered is done. */
async function settled(site: PaymentsSite): Promise<void> {
  await eventually(() => rowsOf(site, "bank", "SELECT count(*) AS n FROM tidewire_outbox")).toEqual([{ n: 0 }]);
  const open = "SELECT name, state, reason, message FROM jobs WHERE state <> 'done'";
  await eventually(() => rowsOf(site, "jobs", open)).toEqual([]);
}

async function toldOf(site: PaymentsSite, account: string): Promise<readonly Notice[]> {
  const { publications } = await site.api("history", { channel: notices.name({ account }), limit: noticesKept });
  return (publications as readonly { readonly data: Notice }[]).map(({ data }) => data);
}

/** What is true after everything was settled, whatever happened before. */
async function expectTrueBooks(site: PaymentsSite, customers: readonly Customer[]): Promise<void> {
  expect(rowsOf(site, "bank", "SELECT sum(cents) AS n FROM accounts")).toEqual([{ n: 0 }]);
  const unbalanced = `SELECT * FROM accounts WHERE cents <>
    (SELECT coalesce(sum(cents), 0) FROM transfers WHERE payee = accounts.id) -
    (SELECT coalesce(sum(cents), 0) FROM transfers WHERE payer = accounts.id)`;
  expect(rowsOf(site, "bank", unbalanced)).toEqual([]);
  const byMinute = `SELECT at_ms - at_ms % 60000 AS at_ms, count(*) AS transfers, sum(cents) AS cents
    FROM transfers GROUP BY 1 ORDER BY 1`;
  expect(rowsOf(site, "sums", "SELECT * FROM minutes ORDER BY at_ms")).toEqual(rowsOf(site, "bank", byMinute));
  for (const { account, heard } of customers) {
    const told = (await toldOf(site, account)).map(({ id }) => id);
    const own = rowsOf(site, "bank", `SELECT id FROM transfers WHERE '${account}' IN (payer, payee)`);
    expect(told.toSorted()).toEqual(own.map((row) => (row as { readonly id: string }).id).toSorted());
    // And whoever looked on through all of it has seen just that, in the order of the log.
    await eventually(() => heard).toEqual(told);
  }
}

test(
  "each of four processes killed at random under load: nothing is lost or doubled",
  { timeout: 240_000 },
  async () => {
    const [draw] = fc.sample(fc.infiniteStream(fc.nat(999)), 1);
    const chance = (below: number): number => Number(draw?.next().value) % below;
    const site = await paymentsSite();
    for (const part of parts) site.start(part);
    const customers = await Promise.all(["ann", "ben", "cleo", "dan", "eve"].map((name) => customerOf(site, name)));
    const killed: Record<Part, number> = { server: 0, relay: 0, notifier: 0, counter: 0 };
    let answers = 0;
    const paid: string[] = [];
    let killing = Promise.resolve();
    /** One after the other; meanwhile the rest goes on. */
    const killOne = (part: Part): void => {
      killed[part] += 1;
      killing = killing.then(async () => {
        await site.kill(part);
        site.start(part);
      });
    };
    const work = customers.map(async ({ client, account }) => {
      for (let count = 0; count < 36; count += 1) {
        const payee = customers[chance(customers.length)]?.account ?? "";
        if (payee === account) continue;
        const order = { id: crypto.randomUUID(), to: payee, cents: 1 + chance(5_000) };
        if ((await insist(client, () => client.call(transfer, order))) === "done") paid.push(order.id);
        answers += 1;
        if (answers % 6 === 0) killOne(parts[(answers / 6) % 4] ?? "server");
      }
    });
    await Promise.all(work);
    await killing;
    expect(Math.min(...Object.values(killed))).toBeGreaterThanOrEqual(5);
    await settled(site);
    const ids = rowsOf(site, "bank", `SELECT id FROM transfers WHERE payer <> '${mint.account}'`);
    expect(ids.map((row) => (row as { readonly id: string }).id).toSorted()).toEqual(paid.toSorted());
    await expectTrueBooks(site, customers);
  },
);

/** Two customers, and everything done so far. */
async function quietSite(): Promise<{ site: PaymentsSite; ann: Customer; ben: Customer }> {
  const site = await paymentsSite();
  for (const part of parts) site.start(part);
  const [ann, ben] = await Promise.all([customerOf(site, "ann"), customerOf(site, "ben")]);
  await settled(site);
  return { site, ann, ben };
}

const isRunning = (site: PaymentsSite, name: string): boolean =>
  rowsOf(site, "jobs", `SELECT 1 FROM jobs WHERE name = '${name}' AND state = 'running'`).length > 0;

const order = (to: Customer, cents: number) => ({ id: crypto.randomUUID(), to: to.account, cents });

test("the counter, killed when it has counted and before that is recorded", { timeout: 120_000 }, async () => {
  const { site, ann, ben } = await quietSite();
  const [sums, jobs] = [site.file("sums"), site.file("jobs")];
  sums.exec("BEGIN IMMEDIATE");
  await ann.client.call(transfer, order(ben, 1_234));
  await eventually(() => isRunning(site, "count")).toBe(true);
  // From here on nothing can be said to the store.
  jobs.exec("BEGIN IMMEDIATE");
  sums.exec("ROLLBACK");
  const counted = () => sums.prepare("SELECT count(*) AS n FROM counted").get()?.["n"];
  await eventually(counted).toBe(3);
  await site.kill("counter");
  expect(isRunning(site, "count")).toBe(true);
  jobs.exec("ROLLBACK");
  site.start("counter");
  await settled(site);
  await expectTrueBooks(site, [ann, ben]);
});

test("the notifier, killed when it has told and before that is recorded", { timeout: 120_000 }, async () => {
  const { site, ann, ben } = await quietSite();
  const jobs = site.file("jobs");
  await site.kill("notifier");
  const asked = order(ben, 55);
  await ann.client.call(transfer, asked);
  await eventually(() => rowsOf(site, "bank", "SELECT * FROM tidewire_outbox")).toEqual([]);
  site.freeze("server");
  site.start("notifier");
  await eventually(() => isRunning(site, "notify")).toBe(true);
  jobs.exec("BEGIN IMMEDIATE");
  site.thaw("server");
  await eventually(() => [ann, ben].map(({ heard }) => heard.includes(asked.id))).toEqual([true, true]);
  await site.kill("notifier");
  expect(isRunning(site, "notify")).toBe(true);
  jobs.exec("ROLLBACK");
  site.start("notifier");
  await settled(site);
  await expectTrueBooks(site, [ann, ben]);
});

test("the relay, killed when the store has the jobs and the outbox has them still", { timeout: 120_000 }, async () => {
  const { site, ann, ben } = await quietSite();
  const bank = site.file("bank");
  site.freeze("relay");
  await ann.client.call(transfer, order(ben, 7));
  bank.exec("BEGIN IMMEDIATE");
  site.thaw("relay");
  const inStore = () => rowsOf(site, "jobs", "SELECT count(*) AS n FROM jobs");
  // Of the openings two introductions and two transfers, and this one's three.
  await eventually(inStore).toEqual([{ n: 11 }]);
  await site.kill("relay");
  bank.exec("ROLLBACK");
  expect(rowsOf(site, "bank", "SELECT count(*) AS n FROM tidewire_outbox")).toEqual([{ n: 3 }]);
  site.start("relay");
  await settled(site);
  expect(inStore()).toEqual([{ n: 11 }]);
  await expectTrueBooks(site, [ann, ben]);
});

test(
  "the server, killed before its answer: asked again, the transfer is the same one",
  { timeout: 120_000 },
  async () => {
    const { site, ann, ben } = await quietSite();
    const bank = site.file("bank");
    const asked = order(ben, 99);
    bank.exec("BEGIN IMMEDIATE");
    const answer = insist(ann.client, () => ann.client.call(transfer, asked));
    await site.kill("server");
    bank.exec("ROLLBACK");
    site.start("server");
    expect(await answer).toBe("done");
    expect(await insist(ann.client, () => ann.client.call(transfer, asked))).toBe("done");
    expect(await insist(ann.client, () => ann.client.call(transfer, { ...asked, cents: 100 }))).toBe("refused");
    expect(await insist(ann.client, () => ann.client.call(transfer, order(ben, 99_999)))).toBe("refused");
    await settled(site);
    expect(rowsOf(site, "bank", "SELECT count(*) AS n FROM transfers")).toEqual([{ n: 3 }]);
    await expectTrueBooks(site, [ann, ben]);
  },
);

test("a notice so old that its key may be forgotten is told once as well", { timeout: 120_000 }, async () => {
  const { site, ben } = await quietSite();
  const jobs = await site.jobs();
  const [first] = await toldOf(site, ben.account);
  if (first === undefined) return expect.unreachable();
  // As an order that waited for ten minutes; with another time in it, no key makes it the notice that is there.
  const old = { ...first, atMs: first.atMs - 600_000 };
  await jobs.enqueue(notify, { account: ben.account, notice: old }, { attempts: 1 });
  await settled(site);
  expect(await toldOf(site, ben.account)).toEqual([first]);
  const untold = { ...old, id: "untold" };
  for (let time = 1; time <= 2; time += 1) {
    await jobs.enqueue(notify, { account: ben.account, notice: untold }, { attempts: 1 });
    await settled(site);
  }
  expect(await toldOf(site, ben.account)).toEqual([first, untold]);
});
