// The PostgreSQL outbox on a real server: what commits is published, in order, and nothing else.
import { TidewireError } from "@tidewire/protocol";
import type { Publisher } from "@tidewire/bridges";
import { outboxTable, relayPostgresOutbox } from "@tidewire/bridges/postgres";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PostgresServer } from "../services/postgres.ts";
import { connectedTo, put, stage } from "./stage.ts";

const never = 3_600_000;
const waited = { timeout: 30_000, interval: 20 };

vi.setConfig({ testTimeout: 60_000 });

let server: PostgresServer | undefined;
beforeAll(async () => {
  if (process.env["TIDEWIRE_POSTGRES"] !== undefined) server = await PostgresServer.start();
});
afterAll(() => server?.remove());

describe("what is written in a transaction", () => {
  test("is published when that commits, and never when it is rolled back", async (context) => {
    const { application, relay, published, emptied } = await stage(context, server);
    await application.query("CREATE TABLE orders (id text PRIMARY KEY)");
    for (const end of ["COMMIT", "ROLLBACK", "COMMIT"]) {
      await application.query("BEGIN");
      await application.query("INSERT INTO orders VALUES (gen_random_uuid()::text)");
      await put(application, "7", { end });
      await application.query(end);
    }
    relay();
    await emptied();
    expect(await published("7")).toEqual([{ end: "COMMIT" }, { end: "COMMIT" }]);
    expect((await application.query("SELECT id FROM tidewire_outbox")).rows).toEqual([]);
  });

  test("is not passed over where a later id commits first", async (context) => {
    const { application, relay, published, emptied, url } = await stage(context, server);
    const other = await connectedTo(url);
    relay({ pollMs: never });
    await application.query("BEGIN");
    await put(application, "7", "began first");
    await other.query("BEGIN");
    await put(other, "7", "began second");
    await other.query("COMMIT");
    // The higher id is published and gone before the lower one commits.
    await vi.waitFor(async () => expect(await published("7")).toEqual(["began second"]), waited);
    await application.query("COMMIT");
    await emptied();
    expect(await published("7")).toEqual(["began second", "began first"]);
  });

  test("comes in the order of the commits where its row is changed before it is written", async (context) => {
    const { application, relay, published, emptied, url } = await stage(context, server);
    await application.query("CREATE TABLE orders (id int PRIMARY KEY, state text)");
    await application.query("INSERT INTO orders VALUES (7, 'new')");
    const other = await connectedTo(url);
    const change = async (client: Client, state: string): Promise<void> => {
      await client.query("UPDATE orders SET state = $1 WHERE id = 7", [state]);
      await put(client, "7", state);
    };
    await other.query("BEGIN");
    await application.query("BEGIN");
    await change(application, "paid");
    // It waits for the row, and with that for the commit.
    const shipping = change(other, "shipped");
    await application.query("COMMIT");
    await shipping;
    await other.query("COMMIT");
    relay();
    await emptied();
    expect(await published("7")).toEqual(["paid", "shipped"]);
  });

  test("keeps its order over many batches", async (context) => {
    const { application, relay, published, emptied } = await stage(context, server);
    await application.query(
      `INSERT INTO tidewire_outbox (channel, data)
       SELECT 'orders:' || n % 3, to_jsonb(n) FROM generate_series(1, 1000) AS n`,
    );
    const running = relay();
    await emptied();
    const all = Array.from({ length: 1_000 }, (_, index) => index + 1);
    for (const rest of [0, 1, 2]) {
      expect(await published(`${rest}`)).toEqual(all.filter((n) => n % 3 === rest));
    }
    await vi.waitFor(
      () => expect(running.stats()).toMatchObject({ published: 1_000, refused: 0, isConnected: true }),
      waited,
    );
  });
});

test("tags, keys and data reach the channel as they were written", async (context) => {
  const { application, relay, emptied } = await stage(context, server);
  const data = { text: "größe \u2028", list: [1.5, null, { deep: true }] };
  await application.query("INSERT INTO tidewire_outbox (channel, data, tags, key) VALUES ($1, $2, $3, $4)", [
    "orders:7",
    JSON.stringify(data),
    JSON.stringify({ of: "shop" }),
    "order:7:paid",
  ]);
  const given: unknown[] = [];
  relay({ publisher: { publish: (...all) => Promise.resolve(void given.push(all)) } });
  await emptied();
  expect(given).toEqual([["orders:7", data, { idempotencyKey: "order:7:paid", tags: { of: "shop" } }]]);
});

describe("a relay", () => {
  test("is woken by the commit", async (context) => {
    const { application, relay, published } = await stage(context, server);
    const running = relay({ pollMs: never });
    await vi.waitFor(() => expect(running.stats().isConnected).toBe(true), waited);
    for (const text of ["one", "two"]) {
      await put(application, "7", text);
      await vi.waitFor(async () => expect(await published("7")).toContain(text), waited);
    }
  });

  test("looks by itself where nothing wakes it", async (context) => {
    const { application, relay, published } = await stage(context, server);
    await application.query("DROP TRIGGER tidewire_outbox_written ON tidewire_outbox");
    const running = relay({ pollMs: 20 });
    await vi.waitFor(() => expect(running.stats().isConnected).toBe(true), waited);
    await put(application, "7", "quiet");
    await vi.waitFor(async () => expect(await published("7")).toEqual(["quiet"]), waited);
  });

  test("waits for its table, and begins when it is there", async (context) => {
    const { application, log, publisher, url, published } = await stage(context, server);
    await application.query("CREATE SCHEMA shop");
    const client = (): Client => new Client({ connectionString: url });
    const relay = relayPostgresOutbox({ client, publisher, log, table: "shop.news" });
    context.onTestFinished(() => relay.stop());
    await vi.waitFor(() => expect(log.troubles.length).toBe(1), waited);
    expect(log.troubles[0]?.fields).toEqual({ reason: 'relation "shop.news" does not exist' });
    await application.query(`${outboxTable("shop.news")} ${outboxTable("shop.news")}`);
    await application.query(`INSERT INTO shop.news (channel, data) VALUES ('orders:7', '"here"')`);
    await vi.waitFor(async () => expect(await published("7")).toEqual(["here"]), waited);
    // It is said when the batch has ended, after the publication.
    await vi.waitFor(() => expect(log.lines.at(-1)?.message).toBe("the outbox is read again"), waited);
    expect(log.troubles.length).toBe(1);
  });

  test("comes back when PostgreSQL ends its connection", async (context) => {
    const { application, relay, published } = await stage(context, server);
    const running = relay({ pollMs: never });
    await vi.waitFor(() => expect(running.stats().isConnected).toBe(true), waited);
    await application.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await put(application, "7", "after");
    await vi.waitFor(async () => expect(await published("7")).toEqual(["after"]), waited);
  });

  test("that dies before it removes what was accepted publishes nothing twice", async (context) => {
    const { application, relay, published, emptied, publisher } = await stage(context, server);
    for (const n of [1, 2, 3]) await put(application, "7", n);
    let deaths = 2;
    const dying: Publisher = {
      async publish(...given) {
        await publisher.publish(...given);
        if (given[1] !== 3 || deaths === 0) return;
        deaths -= 1;
        await application.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
      },
    };
    relay({ publisher: dying });
    await emptied();
    expect(deaths).toBe(0);
    expect(await published("7")).toEqual([1, 2, 3]);
  });

  test("is not the only one: two share the work, and each row is given over once", async (context) => {
    const { application, relay, emptied, publisher } = await stage(context, server);
    const given: string[] = [];
    const asking = new Set<object>();
    const recorded = (name: object): Publisher => ({
      async publish(channel, data, options) {
        asking.add(name);
        expect(asking.size).toBe(1);
        given.push(options.idempotencyKey);
        await publisher.publish(channel, data, options);
        asking.delete(name);
      },
    });
    relay({ publisher: recorded({}), pollMs: 5 });
    relay({ publisher: recorded({}), pollMs: 5 });
    for (let n = 0; n < 300; n += 1) await put(application, "7", n);
    await emptied();
    expect(given.length).toBe(300);
    expect(new Set(given).size).toBe(300);
  });
});

describe("a row that is refused", () => {
  test("for good is put aside with the reason, and holds up nobody", async (context) => {
    const { application, relay, published, emptied, log } = await stage(context, server);
    await put(application, "7", 1);
    await application.query(
      `INSERT INTO tidewire_outbox (channel, data, tags, key) VALUES
         ('nobody:knows', '1', NULL, 'a'), ('orders:7', to_jsonb(repeat('x', 1100000)), NULL, 'b'),
         ('orders:7', '1', '{"of": 5}', 'c'), ('orders:7', '2', NULL, 'd'), ('orders:7', '3', NULL, 'd')`,
    );
    await put(application, "7", 4);
    const running = relay();
    await emptied();
    expect(await published("7")).toEqual([1, 2, 4]);
    const { rows } = await application.query("SELECT key, problem FROM tidewire_outbox ORDER BY id");
    expect(rows).toEqual([
      { key: "a", problem: 'unknown_channel: the bridge has no channel "nobody:knows"' },
      { key: "b", problem: "too_large: expected at most 1048576 bytes, got 1100002" },
      { key: "c", problem: expect.stringMatching(/^bad_request: /) as string },
      { key: "d", problem: expect.stringMatching(/^conflict: /) as string },
    ]);
    await vi.waitFor(() => expect(running.stats()).toMatchObject({ published: 3, refused: 4 }), waited);
    expect(log.troubles.map(({ message }) => message)).toEqual(Array(4).fill("a row of the outbox was refused"));
  });

  test("for now holds up its channel alone, and keeps the channel's order", async (context) => {
    const { application, relay, published, emptied, publisher } = await stage(context, server);
    let isAway = true;
    const partly: Publisher = {
      publish: async (channel, data, options) => {
        if (channel === "orders:away" && isAway) throw new TidewireError("engine_unavailable");
        await publisher.publish(channel, data, options);
      },
    };
    // More than a batch, so that the others stand behind it.
    for (let n = 0; n < 150; n += 1) await put(application, "away", n);
    await put(application, "here", "at once");
    const running = relay({ publisher: partly });
    await vi.waitFor(async () => expect(await published("here")).toEqual(["at once"]), waited);
    expect(await published("away")).toEqual([]);
    isAway = false;
    await emptied();
    expect(await published("away")).toEqual(Array.from({ length: 150 }, (_, n) => n));
    // It counts what it has taken when PostgreSQL has answered it, which others may hear of first.
    await vi.waitFor(() => expect(running.stats()).toMatchObject({ published: 151, refused: 0 }), waited);
    expect(running.stats().failures).toBeGreaterThan(0);
  });
});

test("names that are no table's, and numbers that are none, are mistakes at once", async () => {
  for (const table of ["", "a b", "a;", "A", "a.b.c", "1a", "a'", "x".repeat(56)]) {
    expect(() => outboxTable(table)).toThrow(TypeError);
  }
  const client = (): never => expect.fail("no client was expected");
  const publisher: Publisher = { publish: () => expect.fail("nothing was expected") };
  expect(() => relayPostgresOutbox({ client, publisher, table: "a b" })).toThrow(TypeError);
  for (const wrong of [{ pollMs: 0 }, { holdMs: Number.NaN }, { maxDataBytes: 1.5 }]) {
    expect(() => relayPostgresOutbox({ client, publisher, ...wrong })).toThrow(RangeError);
  }
});
