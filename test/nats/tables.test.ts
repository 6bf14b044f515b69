// Channels of mode `latest` on NATS: what several nodes write, what a dead one leaves behind, and what others have destroyed.
import type { NatsClient } from "@tidewire/server/nats";
import { connect } from "@nats-io/transport-node";
import { beforeEach, expect, it } from "vitest";
import { everything, publicationOf, textBody, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import type { Ack, Engine, Page, Publication, TableRetention } from "../../packages/server/src/engine/engine.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { connecting, NatsServer, withoutNatsTables } from "../services/nats.ts";
import { RecordedLog } from "../serving.ts";
import { say, startEngine } from "./engines.ts";

const many: TableRetention = { kind: "table", keys: 10_000, bytes: 16_777_216, ttlMs: 60_000 };
const encoded = Buffer.from("market").toString("base64url");
const subject = `tidewire.log.${encoded}`;

beforeEach((context) => {
  const reason = withoutNatsTables();
  if (reason !== null) context.skip(reason);
});

/** @param said `key=text`. */
function set(engine: Engine, said: string, retention = many): Promise<Ack> {
  const at = said.indexOf("=");
  const [key, text] = [said.slice(0, at), said.slice(at + 1)];
  return engine.publish("market", { kind: "value", body: { ...textBody(text), key }, retention });
}

function remove(engine: Engine, key: string, retention = many): Promise<Ack> {
  return engine.publish("market", { kind: "remove", key, retention });
}

async function tableOf(engine: Engine): Promise<Page> {
  return await engine.read("market", "oldest", everything);
}

/** `key=text`, `-key` for a removal. */
function saidOf(publications: readonly Publication[]): string[] {
  const texts = textsOf(publications);
  return publications.map(({ key, removed }, at) => (removed === true ? `-${key}` : `${key}=${texts[at]}`));
}

/** How many records of the table there are in the stream. */
async function stored(server: NatsServer): Promise<number> {
  const { state } = await server.asOperator((manager) =>
    manager.streams.info("tidewire-logs", { subjects_filter: subject }),
  );
  return (state.subjects as Record<string, number> | undefined)?.[subject] ?? 0;
}

/** A way to NATS on which something is done in another way. */
function altered(url: string, alter: (client: NatsClient) => NatsClient["manager"]): () => Promise<NatsClient> {
  return async () => {
    const client = await connecting(url)();
    return { ...client, manager: alter(client) };
  };
}

type Streams = NatsClient["manager"]["streams"];

function streamsOf({ manager: { streams } }: NatsClient): Streams {
  return {
    info: (...given) => streams.info(...given),
    add: (...given) => streams.add(...given),
    update: (...given) => streams.update(...given),
    getMessage: (...given) => streams.getMessage(...given),
    deleteMessage: (...given) => streams.deleteMessage(...given),
    purge: (...given) => streams.purge(...given),
  };
}

it("give the changes of three nodes one order, and each node the same table; what is superseded is gone (S1, F4)", async (context) => {
  const server = await NatsServer.forTest(context);
  const nodes = [await startEngine(server.url), await startEngine(server.url), await startEngine(server.url)];
  for (const { engine } of nodes) await engine.follow("market");
  const changes = nodes.flatMap(({ engine }, node) =>
    Array.from({ length: 30 }, (_, n) => {
      const key = `k${(n * 7 + node) % 10}`;
      return n % 4 === 3 ? remove(engine, key) : set(engine, `${key}=${node}:${n}`);
    }),
  );
  const acks = await Promise.all(changes);
  const said = acks
    .map(({ publication }) => publication)
    .filter((publication) => publication !== null)
    .toSorted((one, other) => one.offset - other.offset);
  expect(said.map(({ offset }) => offset)).toEqual(said.map((_, at) => at + 1));
  said.forEach(({ previous }, at) => expect(previous?.id).toBe(said[at - 1]?.id));
  const newest = new Map(said.map((publication) => [publication.key, publication]));
  const expected = said.filter((publication) => newest.get(publication.key) === publication);
  for (const { engine, sink } of nodes) {
    const page = await tableOf(engine);
    expect([page.publications, page.top.offset, page.floor, page.more]).toEqual([expected, said.length, 0, false]);
    const after = { epoch: page.top.epoch, offset: said.length - 10 };
    const changed = await engine.read("market", { after }, everything);
    expect(changed.publications).toEqual(expected.filter(({ offset }) => offset > after.offset));
    await sink.until(() => new Set(sink.of("market").map(({ offset }) => offset)).size === said.length);
  }
  await expect.poll(() => stored(server)).toBe(expected.length);
});

it("hold their limits over all nodes, and take one more when another node has removed one", async (context) => {
  const server = await NatsServer.forTest(context);
  const [{ engine: one }, { engine: two }] = [await startEngine(server.url), await startEngine(server.url)];
  const small = { ...many, keys: 5, bytes: 50 };
  const outcomes = await Promise.allSettled(
    [one, two].flatMap((engine, node) => Array.from({ length: 4 }, (_, n) => set(engine, `${node}${n}=x`, small))),
  );
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused.map(({ reason }) => (reason as { reason: string }).reason)).toEqual(Array(3).fill("limit_exceeded"));
  const { publications } = await tableOf(one);
  expect(publications).toHaveLength(5);
  const [first] = publications;
  await expect(set(two, `${first?.key}=${"x".repeat(47)}`, small)).rejects.toMatchObject({ reason: "limit_exceeded" });
  // Whoever has just written knows how it stood then.
  await set(two, `${publications[1]?.key}=y`, small);
  await remove(one, first?.key ?? "", small);
  await set(two, `new=${"x".repeat(46)}`, small);
  await expect(set(one, "another=", small)).rejects.toMatchObject({ reason: "limit_exceeded" });
  await set(one, `${publications[2]?.key}=`, small);
  await remove(two, publications[2]?.key ?? "", small);
  await set(two, "later=", small);
  expect((await remove(one, "later", small)).publication).not.toBeNull();
});

it("make one entry of a change that two nodes say with one idempotency key at once, and know it when it was superseded (P4)", async (context) => {
  const server = await NatsServer.forTest(context);
  const [{ engine: one }, { engine: two }] = [await startEngine(server.url), await startEngine(server.url)];
  const body = { ...textBody("once"), key: "a" };
  const draft = { kind: "value", body, retention: many, idempotencyKey: "i" } as const;
  const acks = await Promise.all([one, two, one, two].map((engine) => engine.publish("market", draft)));
  expect(acks.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  await set(two, "a=newer");
  const again = await one.publish("market", draft);
  expect([again.duplicate, again.position, publicationOf(again).id]).toEqual([
    true,
    acks[0]?.position,
    acks[0]?.publication?.id,
  ]);
  expect(saidOf((await tableOf(two)).publications)).toEqual(["a=newer"]);
});

it("are what they were when a node died before it deleted what it superseded, and the next one that reads it does", async (context) => {
  const server = await NatsServer.forTest(context);
  const dying = altered(server.url, (client) => ({
    streams: { ...streamsOf(client), deleteMessage: () => new Promise(() => undefined) },
  }));
  const { engine: dead } = await startEngine(server.url, { connect: dying });
  for (const text of ["1", "2", "3"]) await set(dead, `a=${text}`);
  await set(dead, "b=1");
  await remove(dead, "a");
  await set(dead, "b=2");
  // And one with which the epoch began.
  expect(await stored(server)).toBe(7);
  const { engine } = await startEngine(server.url);
  expect(saidOf((await tableOf(engine)).publications)).toEqual(["-a", "b=2"]);
  await expect.poll(() => stored(server)).toBe(2);
  await set(engine, "c=1");
  expect(saidOf((await tableOf(dead)).publications)).toEqual(["-a", "b=2", "c=1"]);
});

it("wait for what they supersede to be deleted, so that it is never much", async (context) => {
  const server = await NatsServer.forTest(context);
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  const slow = altered(server.url, (client) => ({
    streams: {
      ...streamsOf(client),
      deleteMessage: async (...given) => {
        await held;
        return await client.manager.streams.deleteMessage(...given);
      },
    },
  }));
  const { engine } = await startEngine(server.url, { connect: slow });
  const outcomes = await Promise.allSettled(Array.from({ length: 300 }, (_, n) => set(engine, `a=${n}`)));
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused.map(({ reason }) => (reason as { reason: string }).reason)).toContain("overloaded");
  expect(await stored(server)).toBeLessThanOrEqual(258);
  go();
  await expect.poll(() => stored(server), { timeout: 20_000 }).toBe(1);
  await set(engine, "a=last");
  expect(saidOf((await tableOf(engine)).publications)).toEqual(["a=last"]);
}, 60_000);

it("last longer than the stream keeps logs; those that have no value any more do not", async (context) => {
  const server = await NatsServer.forTest(context);
  let movedMs = 0;
  const clock = { ...systemClock, wall: () => systemClock.wall() + movedMs };
  const { engine } = await startEngine(server.url, { clock });
  const { engine: other } = await startEngine(server.url);
  await set(engine, "a=1");
  const value = { kind: "value", body: { ...textBody("1"), key: "x" }, retention: many } as const;
  await engine.publish("empty", value);
  const { position } = await engine.publish("empty", { kind: "remove", key: "x", retention: many });
  const line = await say(engine, "line", "1");
  // NATS goes by its own clock.
  const soon = { max_age: 1_000_000_000, duplicate_window: 500_000_000 };
  await server.asOperator((manager) => manager.streams.update("tidewire-logs", soon));
  await expect.poll(() => engine.tops(["line"]), { timeout: 15_000 }).not.toEqual([line.position]);
  expect(await engine.tops(["empty"])).toEqual([position]);
  await set(engine, "b=1");
  expect(saidOf((await tableOf(engine)).publications)).toEqual(["a=1", "b=1"]);
  movedMs = 31 * 86_400_000;
  await expect.poll(() => engine.tops(["empty"]), { timeout: 15_000 }).not.toEqual([position]);
  expect(saidOf((await tableOf(other)).publications)).toEqual(["a=1", "b=1"]);
}, 60_000);

/** Which records of the table last, and which do not. */
async function lasting(server: NatsServer): Promise<readonly boolean[]> {
  return await server.asOperator(async ({ streams }) => {
    const { state } = await streams.info("tidewire-logs");
    const found = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await streams.getMessage("tidewire-logs", { seq });
      if (message?.subject === subject) found.push(message.header.get("Nats-TTL") === "never");
    }
    return found;
  });
}

it("leave nothing behind that lasts when the channel becomes a log, and are nothing but empty until that is so", async (context) => {
  const server = await NatsServer.forTest(context);
  const stuck = altered(server.url, (client) => ({
    streams: { ...streamsOf(client), purge: () => Promise.reject(new Error("not now")) },
  }));
  const { engine: first } = await startEngine(server.url, { connect: stuck });
  for (const key of ["a", "b", "c"]) await set(first, `${key}=1`);
  await expect(say(first, "market", "a line")).rejects.toMatchObject({ reason: "indeterminate" });
  await expect.poll(() => lasting(server)).not.toContain(false);
  expect((await tableOf(first)).publications).toEqual([]);
  const { engine } = await startEngine(server.url);
  const line = await say(engine, "market", "a line");
  expect(line.position.offset).toBe(1);
  // What the table ended with lasts until it is alone.
  await expect.poll(() => lasting(server)).not.toContain(true);
});

it("that somebody took a value out of go on without it, and whoever was behind gets the whole of the rest (S7)", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine } = await startEngine(server.url);
  for (const key of ["a", "b", "c"]) await set(engine, `${key}=1`);
  const { top } = await tableOf(engine);
  await server.asOperator((manager) => manager.streams.deleteMessage("tidewire-logs", 3));
  const log = new RecordedLog();
  const { engine: other } = await startEngine(server.url, { log });
  await expect
    .poll(
      () =>
        tableOf(other).then(
          ({ publications, floor }) => [saidOf(publications), floor],
          (thrown: unknown) => (thrown as { reason: string }).reason,
        ),
      { timeout: 20_000 },
    )
    .toEqual([["a=1", "c=1"], top.offset]);
  expect(log.lines.some(({ message }) => message.startsWith("NATS holds a table that lacks something"))).toBe(true);
  expect((await set(engine, "d=1")).position).toEqual({ epoch: top.epoch, offset: 4 });
  for (const each of [engine, other]) {
    expect(saidOf((await tableOf(each)).publications)).toEqual(["a=1", "c=1", "d=1"]);
  }
}, 60_000);

it("end where somebody wrote what no node can have written, and begin anew under another epoch", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine } = await startEngine(server.url);
  const hand = await connect({ servers: server.url });
  context.onTestFinished(() => hand.close());
  const epochs = new Set<string>();
  for (const poison of [
    "",
    "t token 0 0 1 0 x\n",
    "t token 0 0 1 0 1 1 AAAAAAAAAAAAAAAA 0 AAAAAAAAAAAAAAAA\n1 - 5 id 5 t 0 0\nx",
  ]) {
    const { position } = await set(engine, "a=1");
    expect([position.offset, epochs.has(position.epoch)]).toEqual([1, false]);
    epochs.add(position.epoch);
    await hand.request(subject, poison);
    const page = await tableOf(engine);
    expect([page.publications, page.top.offset, epochs.has(page.top.epoch)]).toEqual([[], 0, false]);
  }
  // A copy of what a node once wrote.
  await set(engine, "a=1");
  const copied = await server.asOperator((manager) =>
    manager.streams.getMessage("tidewire-logs", { last_by_subj: subject }),
  );
  const newest = await set(engine, "a=2");
  await hand.request(subject, Buffer.from(copied?.data ?? []));
  const { engine: other } = await startEngine(server.url);
  for (const each of [engine, other]) {
    await expect
      .poll(
        () =>
          tableOf(each).then(
            ({ publications }) => publications.length,
            () => -1,
          ),
        { timeout: 20_000 },
      )
      .toBe(0);
    expect((await tableOf(each)).top.epoch).not.toBe(newest.position.epoch);
  }
}, 60_000);

it("are read as a whole or not at all when who answers lacks what is new", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine: writer } = await startEngine(server.url);
  for (let n = 0; n < 40; n += 1) await set(writer, `k${n}=${n}`);
  let lost = 0;
  // As a leader answers that was stopped: where others have more, it has nothing.
  const behind = altered(server.url, (client) => ({
    streams: {
      ...streamsOf(client),
      getMessage: async (stream, query) => {
        const message = await client.manager.streams.getMessage(stream, query);
        const isLost = "next_by_subj" in query && message?.subject === subject && message.seq > 30 && lost < 12;
        if (!isLost) return message;
        lost += 1;
        return null;
      },
    },
  }));
  const { engine } = await startEngine(server.url, { connect: behind });
  expect((await tableOf(engine)).publications).toEqual((await tableOf(writer)).publications);
  expect(lost).toBe(12);
  const { publications, more } = await engine.read("market", "newest", { publications: 30, bytes: 1_000 });
  expect([publications.length, publications.at(-1)?.key, more]).toEqual([30, "k39", true]);
}, 60_000);

it("are read while they change, and no page lacks what did not", async (context) => {
  const server = await NatsServer.forTest(context);
  const [{ engine: writer }, { engine: reader }] = [await startEngine(server.url), await startEngine(server.url)];
  for (let n = 0; n < 50; n += 1) await set(writer, `still${n}=1`);
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n += 1) await set(writer, `moving${n % 20}=${n}`);
  })();
  for (let read = 0; read < 20; read += 1) {
    const { publications, top, more } = await tableOf(reader);
    const keys = publications.map(({ key }) => key ?? "");
    if (!more)
      expect([keys.filter((key) => key.startsWith("still")).length, publications.at(-1)?.offset]).toEqual([
        50,
        top.offset,
      ]);
    expect(new Set(keys).size).toBe(keys.length);
  }
  isOver = true;
  await writing;
  expect((await tableOf(reader)).publications).toEqual((await tableOf(writer)).publications);
});

it("are kept in a stream of a version before there were any, which is changed", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine: before } = await startEngine(server.url);
  const { config } = await server.asOperator((manager) => manager.streams.info("tidewire-logs"));
  await before.stop();
  await server.asOperator(async ({ streams }) => {
    await streams.delete("tidewire-logs");
    await streams.add({ ...config, name: "tidewire-logs", allow_msg_ttl: false });
  });
  const { engine } = await startEngine(server.url);
  await set(engine, "a=1");
  expect(saidOf((await tableOf(engine)).publications)).toEqual(["a=1"]);
});

it("are refused by a server that cannot keep them, and logs are not", async (context) => {
  const server = await NatsServer.forTest(context);
  const older = async (): Promise<NatsClient> => {
    const client = await connecting(server.url)();
    const { connection } = client;
    return {
      ...client,
      connection: {
        info: { server_id: "x", version: "2.10.29", max_payload: 1_048_576 },
        publish: (...given) => connection.publish(...given),
        subscribe: (...given) => connection.subscribe(...given),
        flush: () => connection.flush(),
        status: () => connection.status(),
        isClosed: () => connection.isClosed(),
        close: () => connection.close(),
      },
    };
  };
  const { engine } = await startEngine(server.url, { connect: older });
  await say(engine, "market", "a line");
  const before = await tableOf(engine);
  for (const refused of [() => set(engine, "a=1"), () => remove(engine, "a")]) {
    await expect(refused()).rejects.toMatchObject({ reason: "not_available" });
    await expect(refused()).rejects.toThrow(/NATS 2\.11 or newer .* got 2\.10\.29/);
  }
  expect(await tableOf(engine)).toEqual(before);
});
