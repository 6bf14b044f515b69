// What becomes of deliveries, with real endpoints and a clock that the test holds.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { FakeClock } from "@tidewire/server/testing";
import { DeliveryRows } from "../../packages/webhooks/src/delivery-rows.ts";
import { InUse, openDatabase } from "../../packages/webhooks/src/database.ts";
import type { Endpoint } from "../../packages/webhooks/src/endpoint.ts";
import type { Notice } from "../../packages/webhooks/src/notice.ts";
import { silentLog, systemRandom } from "@tidewire/protocol/ports";
import { Sender } from "../../packages/webhooks/src/sender.ts";
import { temporaryFile } from "../killable-node.ts";
import { Receiver } from "./receiver.ts";
import { secret } from "./secret.ts";

const minuteMs = 60_000;

/** On a busy machine. */
const soon = { timeout: 10_000 };
const often = { ...soon, interval: 2 };

function endpoint(name: string, url: string): Endpoint {
  return { name, url, secrets: [secret], types: null, allowsPrivate: true };
}

function notice(id: string, data: object = {}): Notice {
  return { id, type: "order.paid", atMs: 1_767_225_600_000, data: JSON.stringify(data), standing: null };
}

let clock = new FakeClock();
beforeEach(() => void (clock = new FakeClock()));

const receiver = (): Promise<Receiver> => Receiver.listening(() => clock.wall());

interface Sending {
  readonly sender: Sender;
  readonly clock: FakeClock;
  readonly database: ReturnType<typeof openDatabase>;
  /** The only delivery there is, or the first. */
  readonly row: () => { readonly state: string; readonly attempts: number; readonly due_ms: number };
  readonly stop: () => Promise<void>;
}

interface SendingOptions {
  readonly path?: string;
  readonly maxFileBytes?: number;
}

function sending(
  endpoints: readonly Endpoint[],
  { path = temporaryFile(), maxFileBytes = 1e9 }: SendingOptions = {},
): Sending {
  const database = openDatabase(path, () => systemRandom.token(132));
  // The whole step each time.
  const random = { ...systemRandom, fraction: () => 0 };
  const resolve = (): Promise<readonly string[]> => Promise.reject(new Error("no names in this test"));
  const sender = new Sender({ database, endpoints, maxFileBytes, ports: { clock, random, resolve, log: silentLog } });
  sender.start();
  const row = database.prepare("SELECT state, attempts, due_ms FROM deliveries ORDER BY place LIMIT 1");
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    stopping ??= sender.stop(0);
    clock.advance(0);
    await stopping;
  };
  onTestFinished(stop);
  return { sender, clock, database, row: () => row.get() as unknown as ReturnType<Sending["row"]>, stop };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const state = ({ sender }: Sending, name = "one"): { waiting: number; dead: number; problem: string | null } => {
  const found = sender.states().find((each) => each.name === name);
  if (found === undefined) throw new Error(`no endpoint ${name}`);
  const { waiting, dead, problem } = found;
  return { waiting, dead, problem };
};

/** Until an attempt has failed as it should. */
const failed = (it: Sending, problem: string): Promise<void> =>
  expect.poll(() => state(it).problem, often).toContain(problem);

describe("a delivery", () => {
  it("is made once, verified by the library of Standard Webhooks, with numbers that count by endpoint", async () => {
    const [one, two] = [await receiver(), await receiver()];
    const it = sending([
      { ...endpoint("one", one.url), types: ["order.*"] },
      { ...endpoint("two", two.url), types: ["cart.left"] },
    ]);
    it.sender.take([notice("a", { sum: 1 }), { ...notice("b"), type: "cart.left" }, notice("c")]);
    it.sender.take([notice("a", { sum: 1 })]);
    await expect.poll(() => [one.received.length, two.received.length], soon).toEqual([2, 1]);
    expect(one.told.map(({ sequence, data }) => [sequence, data])).toEqual([
      [1, { sum: 1 }],
      [2, {}],
    ]);
    expect(two.told[0]).toMatchObject({ type: "cart.left", sequence: 1, timestamp: "2026-01-01T00:00:00.000Z" });
    expect(one.told[0]?.epoch).toBe(two.told[0]?.epoch);
    await expect.poll(() => state(it), soon).toEqual({ waiting: 0, dead: 0, problem: null });
    expect(one.requests).toBe(2);
  });

  it("that fails is tried a minute later, then twice as long each time up to an hour, and given up after a day", async () => {
    const one = await receiver();
    one.answer = (response) => void response.writeHead(500).end("no");
    const it = sending([endpoint("one", one.url)]);
    it.sender.take([notice("a")]);
    const waits: number[] = [];
    for (let attempts = 1; ; attempts += 1) {
      await expect.poll(() => it.row().attempts, often).toBe(attempts);
      if (it.row().state === "dead") break;
      const waitMs = it.row().due_ms - it.clock.wall();
      waits.push(waitMs / minuteMs);
      it.clock.advance(waitMs);
    }
    expect(waits.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    const triedMinutes = waits.reduce((sum, wait) => sum + wait, 0);
    expect([triedMinutes > 23 * 60, triedMinutes <= 24 * 60, one.requests]).toEqual([true, true, waits.length + 1]);
    expect(it.sender.dead({ endpoint: null, after: 0, limit: 10 })).toMatchObject([
      { endpoint: "one", id: "a", type: "order.paid", attempts: one.requests, reason: "status" },
    ]);
    expect(it.sender.figures()).toMatchObject([
      { givenUp: 1, failed: one.requests, delivered: 0, dead: 1, waiting: 0 },
    ]);
    // The same delivery each time (W1): the id and what is signed stay, but for the time.
    expect(new Set(one.received.map(({ id, told }) => JSON.stringify([id, told]))).size).toBe(1);
  });

  it("that was given up is tried anew when it is replayed, for another day", async () => {
    const one = await receiver();
    one.answer = (response) => void response.writeHead(410).end();
    const it = sending([endpoint("one", one.url)]);
    it.sender.take([notice("a"), notice("b")]);
    await expect.poll(() => state(it).dead, soon).toBe(2);
    expect(one.requests).toBe(2);
    it.clock.advance(48 * 60 * minuteMs);
    one.answer = (response) => void response.writeHead(503).end();
    expect(it.sender.replay({ endpoint: "one", id: "b" })).toBe(1);
    await failed(it, "503");
    one.answer = (response) => void response.writeHead(200).end();
    it.clock.advance(minuteMs);
    await expect.poll(() => state(it), soon).toEqual({ waiting: 0, dead: 1, problem: null });
    expect(it.sender.replay({ endpoint: "two", id: null })).toBe(0);
    expect(it.sender.replay({ endpoint: null, id: null })).toBe(1);
    await expect.poll(() => state(it).dead, soon).toBe(0);
    expect(one.told.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it("is not made again and again where it cannot be kept that it was made", async () => {
    const one = await receiver();
    const it = sending([endpoint("one", one.url)]);
    it.sender.take([notice("a")]);
    it.database.exec("PRAGMA query_only = ON");
    await expect.poll(() => one.requests, soon).toBe(1);
    for (let seconds = 0; seconds < 5; seconds += 1) {
      await expect.poll(() => it.clock.pending, often).toBeGreaterThan(2);
      it.clock.advance(1_000);
    }
    expect(one.requests).toBe(1);
    it.database.exec("PRAGMA query_only = OFF");
    it.clock.advance(1_000);
    await expect.poll(() => state(it), soon).toEqual({ waiting: 0, dead: 0, problem: null });
    expect(one.requests).toBe(1);
  });

  it("waits on the disk: whoever opens the file next goes on with it, and nobody does while it is open", async () => {
    const path = temporaryFile();
    const one = await receiver();
    one.answer = () => undefined;
    const first = sending([endpoint("one", one.url)], { path });
    first.sender.take([{ ...notice("a"), standing: { key: "k", fact: '{"kind":"x"}' } }]);
    await expect.poll(() => one.requests, soon).toBe(1);
    expect(() => openDatabase(path, () => "")).toThrow(InUse);
    // Broken off in the middle of the attempt.
    await first.stop();
    one.answer = (response) => void response.writeHead(200).end();
    const second = sending([endpoint("one", one.url)], { path });
    await expect.poll(() => state(second).waiting, soon).toBe(0);
    expect([one.requests, second.sender.recall(), second.row().attempts]).toEqual([2, ['{"kind":"x"}'], 1]);
    second.sender.take([{ ...notice("b"), standing: { key: "k", fact: null } }]);
    await expect.poll(() => one.told.map(({ sequence }) => sequence), soon).toEqual([1, 2]);
    expect(second.sender.recall()).toEqual([]);
    second.sender.adopt([{ key: "l", fact: '{"kind":"y"}' }]);
    second.sender.adopt([{ key: "m", fact: '{"kind":"z"}' }]);
    expect(second.sender.recall()).toEqual(['{"kind":"z"}']);
  });

  it("that waits is made within half a minute when the time of day jumps ahead", async () => {
    const one = await receiver();
    one.answer = (response) => void response.writeHead(503).end();
    const it = sending([endpoint("one", one.url)]);
    it.sender.take([notice("a")]);
    await failed(it, "503");
    it.clock.stepWall(minuteMs);
    expect(one.requests).toBe(1);
    it.clock.advance(30_000);
    await expect.poll(() => one.requests, soon).toBe(2);
  });

  it("that is due for longer is made first, whatever was taken first", () => {
    const database = openDatabase(temporaryFile(), () => "epoch");
    onTestFinished(() => database.close());
    const rows = new DeliveryRows(database, 1e9);
    const one = endpoint("one", "http://127.0.0.1:1/");
    rows.begin([one], 0);
    rows.take([notice("a"), notice("b")], [one], 0);
    const [first] = rows.due("one", 0, 1);
    const again = { kind: "again", dueMs: 60_000, reason: "status", message: "no" } as const;
    rows.settle("one", first?.place ?? 0, { ending: again, nowMs: 1 });
    rows.take([notice("c")], [one], 10_000);
    expect(rows.due("one", 59_999, 9).map(({ id }) => id)).toEqual(["b", "c"]);
    expect(rows.due("one", 60_000, 9).map(({ id, attempts }) => [id, attempts])).toEqual([
      ["b", 0],
      ["c", 0],
      ["a", 1],
    ]);
    expect(rows.nextDueMs("one", 59_999)).toBe(60_000);
  });

  it("is in no database of another program", () => {
    const path = temporaryFile();
    const theirs = new DatabaseSync(path);
    theirs.exec("CREATE TABLE customers (name TEXT)");
    theirs.close();
    expect(() => openDatabase(path, () => "epoch")).toThrow("another program");
  });

  it("is counted with its attempts and their time, and the oldest that waits has an age", async () => {
    const one = await receiver();
    one.answer = () => undefined;
    const it = sending([endpoint("one", one.url)]);
    it.sender.take([notice("a")]);
    await expect.poll(() => one.requests, soon).toBe(1);
    it.clock.advance(2_000);
    it.sender.take([notice("b")]);
    await expect.poll(() => one.requests, soon).toBe(2);
    expect(it.sender.figures()).toMatchObject([{ name: "one", waiting: 2, oldestWaitingMs: 2_000, failed: 0 }]);
    it.clock.advance(3_000);
    await expect.poll(() => it.sender.figures()[0]?.failed, often).toBe(1);
    const [figures] = it.sender.figures();
    expect(figures).toMatchObject({ delivered: 0, givenUp: 0, waiting: 2, oldestWaitingMs: 5_000 });
    // Of five seconds: in the last step, and in none before it.
    expect(figures?.times.cumulative.slice(-3)).toEqual([0, 1, 1]);
    expect(figures?.times.sumMs).toBe(5_000);
    it.clock.stepWall(-3_600_000);
    expect(it.sender.figures()).toMatchObject([{ oldestWaitingMs: 0 }]);
  });

  it.each([60 * minuteMs, -60 * minuteMs])(
    "is timed as long as it took, though the time of day jumps by %d ms",
    async (jumpMs) => {
      const one = await receiver();
      one.answer = (response) => {
        clock.advance(30);
        clock.stepWall(jumpMs);
        response.writeHead(204).end();
      };
      const it = sending([endpoint("one", one.url)]);
      it.sender.take([notice("a")]);
      await expect.poll(() => it.sender.figures()[0]?.delivered, soon).toBe(1);
      expect(it.sender.figures()[0]?.times.sumMs).toBe(30);
    },
  );

  it("is there still when the file was made by the version before", async () => {
    const path = temporaryFile();
    const one = await receiver();
    one.answer = (response) => void response.writeHead(503).end();
    const first = sending([endpoint("one", one.url)], { path });
    first.sender.take([notice("a")]);
    await failed(first, "503");
    first.database.exec("DROP INDEX deliveries_since; PRAGMA user_version = 1");
    await first.stop();
    const second = sending([endpoint("one", one.url)], { path });
    expect(second.sender.figures()).toMatchObject([{ waiting: 1 }]);
    const plan = "EXPLAIN QUERY PLAN SELECT min(since_ms) FROM deliveries WHERE state = 'waiting' AND endpoint = 'one'";
    expect(JSON.stringify(second.database.prepare(plan).all())).toContain("deliveries_since");
    second.database.exec("PRAGMA user_version = 3");
    await second.stop();
    expect(() => openDatabase(path, () => "")).toThrow("made by a newer Tidewire");
  });

  it("to an endpoint that is configured no more is a dead letter, and is made when it is there again", async () => {
    const path = temporaryFile();
    const one = await receiver();
    one.answer = (response) => void response.writeHead(500).end();
    const first = sending([endpoint("one", one.url)], { path });
    first.sender.take([notice("a")]);
    await failed(first, "500");
    await first.stop();
    const without = sending([], { path });
    expect(without.sender.dead({ endpoint: "one", after: 0, limit: 1 })).toMatchObject([
      { id: "a", reason: "removed" },
    ]);
    await without.stop();
    one.answer = (response) => void response.writeHead(200).end();
    const again = sending([endpoint("one", one.url)], { path });
    expect(again.sender.replay({ endpoint: "one", id: "a" })).toBe(1);
    await expect.poll(() => state(again), soon).toEqual({ waiting: 0, dead: 0, problem: null });
  });

  it("is not taken where the file may not grow, and what waits is made all the same", async () => {
    const one = await receiver();
    const it = sending([endpoint("one", one.url)], { maxFileBytes: 200_000 });
    one.answer = () => undefined;
    const take = (): void => {
      for (let n = 0; n < 1_000; n += 1) it.sender.take([notice(`n${n}`, { text: "x".repeat(1_000) })]);
    };
    expect(take).toThrow("at most 200000 bytes were expected");
    const { waiting } = state(it);
    expect(waiting).toBeGreaterThan(50);
    one.answer = (response) => void response.writeHead(200).end();
    // Those that hang; the others are made.
    it.clock.advance(5_000);
    await expect.poll(() => state(it).waiting, soon).toBe(8);
    it.clock.advance(minuteMs);
    await expect.poll(() => state(it).waiting, soon).toBe(0);
    expect(one.told.length).toBe(waiting);
  });
});

describe("an endpoint", () => {
  it("that never answers delays no other one, and is a dead letter with the reason after a day (W3)", async () => {
    const [hung, well] = [await receiver(), await receiver()];
    hung.answer = () => undefined;
    const it = sending([endpoint("one", hung.url), endpoint("two", well.url)]);
    for (let n = 0; n < 50; n += 1) it.sender.take([notice(`n${n}`)]);
    // The clock stands still: nobody waits for a time to be over.
    await expect.poll(() => well.received.length, soon).toBe(50);
    expect(hung.requests).toBe(8);
    it.clock.advance(5_000);
    await failed(it, "no whole answer within 5000 ms");
    await expect.poll(() => hung.requests, soon).toBe(16);
    it.clock.stepWall(25 * 60 * minuteMs);
    // Eight at a time: the other 42, and once more the first eight.
    for (let requests = 16; requests < 58; requests = Math.min(58, requests + 8)) {
      await expect.poll(() => hung.requests, soon).toBe(requests);
      it.clock.advance(5_000);
    }
    await expect.poll(() => hung.requests, soon).toBe(58);
    it.clock.advance(5_000);
    await expect.poll(() => state(it).dead, soon).toBe(50);
    const dead = it.sender.dead({ endpoint: "one", after: 0, limit: 50 });
    expect(dead.map(({ reason }) => reason)).toEqual(Array.from({ length: 50 }, () => "timed_out"));
    expect(state(it, "two")).toEqual({ waiting: 0, dead: 0, problem: null });
  });

  const answers: readonly (readonly [string, string, (socket: Socket) => void])[] = [
    ["garbage", "in HTTP", (socket) => void socket.end("what is this? \r\n\r\n")],
    ["nothing", "ended before the answer", (socket) => void socket.end()],
    [
      "half an answer",
      "in the middle",
      (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhal"),
    ],
    ["a reset", "ended before the answer", (socket) => void socket.resetAndDestroy()],
    [
      "a redirect to this machine",
      "redirects are not followed",
      (socket) => void socket.end("HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
    ],
    [
      "more than anybody needs",
      "more than 65536 bytes",
      (socket) => void socket.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(70_000)}`),
    ],
    ["headers without an end", "in HTTP", (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}`)],
  ];

  it.each(answers)("that answers %s has not got it: %s", async (_, problem, answer) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => answer(socket));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(portOf(server)));
    });
    onTestFinished(() => void server.close());
    const it = sending([endpoint("one", `http://127.0.0.1:${port}/`)]);
    it.sender.take([notice("a")]);
    await failed(it, problem);
    expect(state(it)).toMatchObject({ waiting: 1, dead: 0 });
  });

  it("that is not there has not got it", async () => {
    const it = sending([endpoint("one", "http://127.0.0.1:1/")]);
    it.sender.take([notice("a")]);
    await failed(it, "ECONNREFUSED");
  });
});
