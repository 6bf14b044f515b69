// A NATS that takes its time: pages end before whoever asked for them gives up, and what is under way is not called refused.
import type { NatsClient } from "@tidewire/server/nats";
import { expect, it } from "vitest";
import { everything, textBody, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import type { PageStart } from "../../packages/server/src/engine/engine.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { connecting, NatsServer } from "../services/nats.ts";
import { plenty, say, startEngine } from "./engines.ts";

it("a page that takes long ends with what it has, and the next one goes on behind it", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine: writer } = await startEngine(server.url);
  const texts = Array.from({ length: 60 }, (_, n) => `${n + 1}`);
  for (const text of texts) await say(writer, "news", text);
  // A tenth of a second passes whenever somebody looks.
  let nowMs = 0;
  const clock = { ...systemClock, now: () => (nowMs += 100) };
  const { engine } = await startEngine(server.url, { clock });
  const read: string[] = [];
  let pages = 0;
  for (let start: PageStart = "oldest", more = true; more; pages += 1) {
    const page = await engine.read("news", start, everything);
    expect(page.publications.length).toBeGreaterThan(0);
    expect(page.floor).toBe(0);
    read.push(...textsOf(page.publications));
    start = { after: { epoch: page.top.epoch, offset: page.publications.at(-1)?.offset ?? 0 } };
    ({ more } = page);
  }
  expect(read).toEqual(texts);
  expect(pages).toBeGreaterThan(2);
  const newest = await engine.read("news", "newest", everything);
  expect(newest.more).toBe(true);
  expect(textsOf(newest.publications)).toEqual(texts.slice(-newest.publications.length));
});

it("what waited too long behind others is refused, and never written (P3)", async (context) => {
  const server = await NatsServer.forTest(context);
  const { promise: held, resolve: letGo } = Promise.withResolvers<null>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<null>();
  const holding = async (): Promise<NatsClient> => {
    const client = await connecting(server.url)();
    const publish: NatsClient["jetstream"]["publish"] = async (subject, payload, options) => {
      begin(null);
      await held;
      return await client.jetstream.publish(subject, payload, options);
    };
    return { ...client, jetstream: { publish } };
  };
  let movedMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + movedMs };
  const { engine } = await startEngine(server.url, { connect: holding, clock });
  const first = say(engine, "news", "first");
  const late = say(engine, "news", "late");
  late.catch(() => undefined);
  await begun;
  movedMs = 6_000;
  letGo(null);
  await first;
  await expect(late).rejects.toMatchObject({ reason: "overloaded" });
  await say(engine, "news", "next");
  expect(textsOf((await engine.read("news", "oldest", everything)).publications)).toEqual(["first", "next"]);
});

it("a key that is still being written is not said to be refused (P3)", async (context) => {
  const server = await NatsServer.forTest(context);
  const underWay = async (): Promise<NatsClient> => {
    const client = await connecting(server.url)();
    const publish: NatsClient["jetstream"]["publish"] = async (subject, payload, options) => {
      // What the leader of a cluster says while an earlier attempt is on its way to the others.
      if (options?.msgID === undefined) return await client.jetstream.publish(subject, payload, options);
      throw Object.assign(new Error("duplicate message id is in process"), { name: "JetStreamApiError" });
    };
    return { ...client, jetstream: { publish } };
  };
  const { engine } = await startEngine(server.url, { connect: underWay });
  const draft = { kind: "value", body: textBody("once"), retention: plenty, idempotencyKey: "k" } as const;
  await expect(engine.publish("news", draft)).rejects.toMatchObject({ reason: "indeterminate" });
});
