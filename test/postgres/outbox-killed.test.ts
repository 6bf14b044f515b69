// kill -9 of relays, of the server and of PostgreSQL: a reader is given each committed row once, in order.
import type { ChildProcess } from "node:child_process";
import { outboxTable } from "@tidewire/bridges/postgres";
import { Client } from "pg";
import { expect, onTestFinished, test, type TestContext, vi } from "vitest";
import { type BridgedSite, bridgedSite, killed, startProcess } from "../bridged-site.ts";
import { PostgresServer } from "../services/postgres.ts";
import { put } from "./stage.ts";

const waited = { timeout: 60_000, interval: 20 };

/** An application that orders one thing after the other, each with its row of the outbox, whatever happens to PostgreSQL. */
class Shop {
  /** Of the newest order. */
  number = 0;
  readonly #url: string;
  #client: Client | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  async open(): Promise<void> {
    const client = await this.#connected();
    await client.query(`CREATE TABLE orders (n int PRIMARY KEY); ${outboxTable()}`);
  }

  /** One transaction; each fifth is rolled back. Whether one that broke was committed is PostgreSQL's to say, in `ordered`. */
  async order(): Promise<void> {
    this.number += 1;
    const n = this.number;
    try {
      const client = await this.#connected();
      await client.query("BEGIN");
      await client.query("INSERT INTO orders VALUES ($1)", [n]);
      await put(client, "1", n);
      await client.query(n % 5 === 0 ? "ROLLBACK" : "COMMIT");
    } catch {
      await this.close();
    }
  }

  async ordered(): Promise<readonly number[]> {
    const client = await this.#connected();
    const { rows } = await client.query<{ n: number }>("SELECT n FROM orders ORDER BY n");
    return rows.map(({ n }) => n);
  }

  /** Rows that no relay has committed yet. */
  async waiting(): Promise<number> {
    const { rows } = await (await this.#connected()).query("SELECT FROM tidewire_outbox");
    return rows.length;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = new Client({ connectionString: this.#url });
    client.on("error", () => undefined);
    await client.connect();
    this.#client = client;
    return client;
  }
}

interface Site extends Pick<BridgedSite, "watch" | "node"> {
  readonly postgres: PostgresServer;
  readonly shop: Shop;
  /** Whatever a reader was given. */
  readonly heard: readonly number[];
  readonly relay: (said?: (line: string) => void) => Promise<ChildProcess>;
}

async function site(context: TestContext, holdMs: number): Promise<Site> {
  const postgres = await PostgresServer.forTest(context);
  const url = await postgres.database();
  const shop = new Shop(url);
  await shop.open();
  onTestFinished(() => shop.close());
  const { api, heard, watch, node } = await bridgedSite(["1"]);
  const args = [url, ...api, `${holdMs}`];
  const relay: Site["relay"] = (said) => startProcess("postgres/relay-process.ts", args, said);
  return { postgres, shop, heard: heard.get("1") ?? [], watch, node, relay };
}

test(
  "in turns, under an application that goes on: each committed row once, in order (B2)",
  { timeout: 360_000 },
  async (context) => {
    const { postgres, shop, heard, watch, ...start } = await site(context, 2_000);
    const processes = [await start.node(), await start.relay(), await start.relay()];
    let isOver = false;
    const ordering = (async () => {
      // So far ahead that no relay is ever idle, and no further.
      for (;;) {
        await watch.until(() => isOver || shop.number - (heard.at(-1) ?? 0) < 300);
        if (isOver) return;
        await shop.order();
      }
    })();
    const replace = async (index: number): Promise<void> => {
      const child = processes[index];
      if (child !== undefined) await killed(child);
      processes[index] = await (index === 0 ? start.node() : start.relay());
    };
    const restart = async (): Promise<void> => {
      await postgres.kill();
      await postgres.start();
    };
    for (let round = 0; round < 3; round += 1) {
      for (const kill of [() => replace(1), () => replace(0), restart, () => replace(2)]) {
        const soFar = heard.length;
        await vi.waitFor(() => expect(heard.length).toBeGreaterThan(soFar + 30), waited);
        await kill();
      }
    }
    isOver = true;
    watch.happened();
    await ordering;
    const ordered = await shop.ordered();
    await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(ordered.length), waited);
    expect(heard).toEqual(ordered);
  },
);

test("SIGSTOP of a relay in its batch: another goes on", { timeout: 180_000 }, async (context) => {
  const { shop, heard, node, relay } = await site(context, 1_000);
  await node();
  for (let n = 0; n < 60; n += 1) await shop.order();
  const said: string[] = [];
  const frozen: ChildProcess = await relay((key) => {
    said.push(key);
    // It has just said that it publishes.
    if (said.length === 10) frozen.kill("SIGSTOP");
  });
  await vi.waitFor(() => expect(said.length).toBeGreaterThanOrEqual(10), waited);
  const other = await relay();
  const ordered = await shop.ordered();
  await vi.waitFor(() => expect(heard).toEqual(ordered), waited);
  // What was heard and not committed would be read again.
  await vi.waitFor(async () => expect(await shop.waiting()).toBe(0), waited);
  await killed(other);
  const before = said.length;
  frozen.kill("SIGCONT");
  await shop.order();
  const all = await shop.ordered();
  await vi.waitFor(() => expect(heard).toEqual(all), waited);
  // Nothing that it had read: the new row alone.
  expect(said.length - before).toBe(1);
});
