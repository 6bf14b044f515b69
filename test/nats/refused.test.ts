// Servers and streams that the engine cannot work with: it says so at its start, in words, and to nobody's harm.
import type { StreamConfig } from "@nats-io/jetstream";
import { type NatsClient, natsEngine, type NatsEngineOptions } from "@tidewire/server/nats";
import { expect, it, type TestContext } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { textBody } from "../../packages/server/src/engine/contract/trial.ts";
import { freePort } from "../killable-node.ts";
import { connecting, NatsServer } from "../services/nats.ts";
import { plenty, say, startEngine } from "./engines.ts";

async function refusalOf(
  connect: () => Promise<NatsClient>,
  options: Partial<NatsEngineOptions> = {},
): Promise<string> {
  const engine = natsEngine({ connect, ...options });
  const thrown: unknown = await engine.start(new RecordingSink()).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toMatchObject({ reason: "engine_unavailable" });
  // Nothing was left open, and a start may be tried again.
  await engine.stop();
  return (thrown as Error).message;
}

it("nobody listens", async () => {
  expect(await refusalOf(connecting(`127.0.0.1:${await freePort()}`))).toMatch(/NATS cannot be used: .*refused/i);
});

it("a wrong password, and none", async (context) => {
  const server = await NatsServer.forTest(context, { settings: "authorization { user: app, password: right }" });
  expect(await refusalOf(connecting(server.url, { user: "app", pass: "wrong" }))).toMatch(/authorization violation/i);
  expect(await refusalOf(connecting(server.url))).toMatch(/authorization violation/i);
  const { engine } = await startEngine(server.url, { connect: connecting(server.url, { user: "app", pass: "right" }) });
  expect((await say(engine, "news", "1")).position.offset).toBe(1);
});

it("a user who may not make streams", async (context) => {
  const permissions = `permissions { publish: ["_INBOX.>"], subscribe: ["_INBOX.>"] }`;
  const server = await NatsServer.forTest(context, {
    settings: `authorization { users: [{ user: app, password: word, ${permissions} }] }`,
  });
  expect(await refusalOf(connecting(server.url, { user: "app", pass: "word" }))).toMatch(/permissions violation/i);
});

it("a server without JetStream", async (context) => {
  const server = await NatsServer.forTest(context, { isWithoutJetStream: true });
  expect(await refusalOf(connecting(server.url))).toMatch(/jetstream/i);
});

it.for([
  ["2.8.4", undefined, /NATS 2\.9 or newer was expected, got 2\.8\.4/],
  ["2.11.17", "tests", /NATS 2\.12 or newer was expected in a cluster, got 2\.11\.17/],
] as const)("an older version: %s, cluster %s", async ([version, cluster, expected], context) => {
  const server = await NatsServer.forTest(context);
  const older = async (): Promise<NatsClient> => {
    const client = await connecting(server.url)();
    const { connection } = client;
    const info = { server_id: "x", version, max_payload: 1_048_576, ...(cluster !== undefined && { cluster }) };
    return {
      ...client,
      connection: {
        info,
        publish: (subject, payload) => connection.publish(subject, payload),
        subscribe: (subject, options) => connection.subscribe(subject, options),
        flush: () => connection.flush(),
        status: () => connection.status(),
        isClosed: () => connection.isClosed(),
        close: () => connection.close(),
      },
    };
  };
  expect(await refusalOf(older)).toMatch(expected);
});

it("streams of its name that are kept in another way", async (context) => {
  const server = await NatsServer.forTest(context);
  const cases: readonly (readonly [Partial<StreamConfig>, RegExp])[] = [
    [{ subjects: ["other.>"] }, /expected subjects tidewire\.log\.>, got other\.>/],
    [{ max_msgs_per_subject: 1 }, /expected max_msgs_per_subject -1, got 1/],
    [{ discard: "old" }, /expected discard new, got old/],
    [{ max_age: 60_000_000_000, duplicate_window: 60_000_000_000 }, /expected a duplicate_window of at least/],
    [{ max_age: 600_000_000_000 }, /expected a max_age of at least/],
    [{}, /expected republish to tidewire\.news\.>, got undefined/],
  ];
  for (const [config, expected] of cases) {
    const usual = { name: "tidewire-logs", subjects: ["tidewire.log.>"], duplicate_window: 300_000_000_000 };
    await server.asOperator((manager) => manager.streams.add({ ...usual, discard: "new", ...config }));
    expect(await refusalOf(connecting(server.url))).toMatch(expected);
    await server.asOperator((manager) => manager.streams.delete("tidewire-logs"));
  }
});

it("what acks promise is what the stream is: in memory they are volatile, and three replicas are not to be had of one", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine } = await startEngine(server.url, { prefix: "memory", storage: "memory" });
  expect((await say(engine, "news", "1")).durability).toBe("volatile");
  const { engine: file } = await startEngine(server.url);
  expect((await say(file, "news", "1")).durability).toBe("process");
  expect(await refusalOf(connecting(server.url), { prefix: "three", replicas: 3 })).toMatch(
    /replicas > 1 not supported/,
  );
});

it("prefixes and numbers that cannot be", () => {
  const connect = connecting("127.0.0.1:1");
  for (const prefix of ["", "a b", "a.b", "*", ">", "x".repeat(33)]) {
    expect(() => natsEngine({ connect, prefix })).toThrow(TypeError);
  }
  expect(() => natsEngine({ connect, replicas: 2 })).toThrow(RangeError);
  expect(() => natsEngine({ connect, forgetAfterMs: 0 })).toThrow(RangeError);
});

it("what is too large for the server, or kept longer than channels, is refused with what was expected", async (context: TestContext) => {
  const server = await NatsServer.forTest(context, { settings: "max_payload: 100KB" });
  const { engine } = await startEngine(server.url, { forgetAfterMs: 86_400_000 });
  const publish = (bytes: number, ttlMs = 1_000): Promise<unknown> => {
    const body = { data: new Uint8Array(bytes), form: "bytes" } as const;
    return engine.publish("news", { kind: "value", body, retention: { size: 10, ttlMs } });
  };
  await expect(publish(102_400)).rejects.toMatchObject({ reason: "too_large" });
  await expect(publish(1, 86_400_001)).rejects.toThrow(/at most forgetAfterMs, 86400000, was expected, got 86400001/);
  await publish(98_000, 86_400_000);
});

it("a store that is full refuses, and forgets nothing", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine } = await startEngine(server.url);
  const first = await say(engine, "news", "kept");
  await server.asOperator((manager) => manager.streams.update("tidewire-logs", { max_bytes: 2_000 }));
  const body = textBody("x".repeat(3_000));
  await expect(engine.publish("news", { kind: "value", body, retention: plenty })).rejects.toMatchObject({
    reason: "engine_unavailable",
  });
  expect(await engine.tops(["news"])).toEqual([first.position]);
});
