// A NATS leader that was stopped and goes on: until it hears of its successor it answers from what it had, and is not believed.
import type { NatsClient } from "@tidewire/server/nats";
import { expect, it } from "vitest";
import { everything } from "../../packages/server/src/engine/contract/trial.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { connecting, NatsServer } from "../services/nats.ts";
import { say, startEngine } from "./engines.ts";

type GetMessage = NatsClient["manager"]["streams"]["getMessage"];

/** A way to NATS on which somebody else may answer what is asked of streams. */
function answering(
  url: string,
  answer: (ask: GetMessage, ...question: Parameters<GetMessage>) => ReturnType<GetMessage>,
) {
  return async (): Promise<NatsClient> => {
    const client = await connecting(url)();
    const { streams } = client.manager;
    const ask: GetMessage = (stream, query) => streams.getMessage(stream, query);
    const asked = {
      info: (stream: string) => streams.info(stream),
      add: (config: Parameters<typeof streams.add>[0]) => streams.add(config),
      update: (...given: Parameters<typeof streams.update>) => streams.update(...given),
      deleteMessage: (...given: Parameters<typeof streams.deleteMessage>) => streams.deleteMessage(...given),
      purge: (stream: string, options: Parameters<typeof streams.purge>[1]) => streams.purge(stream, options),
      getMessage: (...question: Parameters<GetMessage>) => answer(ask, ...question),
    };
    return { ...client, manager: { streams: asked } };
  };
}

it("an answer older than what was heard is asked for again, also when the connection was lost meanwhile (S5)", async (context) => {
  const server = await NatsServer.forTest(context);
  let then: Awaited<ReturnType<GetMessage>> = null;
  let [isSilent, stale] = [false, 0];
  const connect = answering(server.url, async (ask, stream, query) => {
    if (isSilent) {
      isSilent = false;
      throw Object.assign(new Error("no answer"), { name: "TimeoutError" });
    }
    if (stale === 0 || !("last_by_subj" in query)) return await ask(stream, query);
    stale -= 1;
    return then;
  });
  const { engine, sink } = await startEngine(server.url, { connect });
  await engine.follow("news");
  await say(engine, "news", "one");
  const known = await say(engine, "news", "two");
  await server.asOperator(async (manager) => {
    then = await manager.streams.getMessage("tidewire-logs", { seq: 2 });
  });
  await say(engine, "news", "three");
  await sink.until(() => sink.of("news").length === 3);

  isSilent = true;
  await expect(engine.tops(["news"])).rejects.toMatchObject({ reason: "engine_unavailable" });
  await sink.until(() => sink.healths.at(-1) === "up");
  stale = 3;
  const top = { epoch: known.position.epoch, offset: 3 };
  expect(await engine.tops(["news"])).toEqual([top]);
  stale = 3;
  expect((await engine.read("news", { after: { ...top, offset: 1 } }, everything)).publications).toHaveLength(2);
});

it("an older answer that stays is believed in the end", async (context) => {
  const server = await NatsServer.forTest(context);
  let then: Awaited<ReturnType<GetMessage>> = null;
  const connect = answering(server.url, async (ask, stream, query) =>
    then !== null && "last_by_subj" in query ? then : await ask(stream, query),
  );
  // A second passes whenever somebody looks.
  let nowMs = 0;
  const clock = { ...systemClock, now: () => (nowMs += 1_000) };
  const { engine, sink } = await startEngine(server.url, { connect, clock });
  await engine.follow("news");
  const { position } = await say(engine, "news", "one");
  await server.asOperator(async (manager) => {
    then = await manager.streams.getMessage("tidewire-logs", { seq: 2 });
    await say(engine, "news", "two");
  });
  await sink.until(() => sink.of("news").length === 2);
  for (let times = 0; times < 2; times += 1) expect(await engine.tops(["news"])).toEqual([position]);
});

it("an older answer is not believed while the log goes on (S5)", async (context) => {
  const server = await NatsServer.forTest(context);
  let then: Awaited<ReturnType<GetMessage>> = null;
  let goesOn = async (): Promise<void> => undefined;
  const connect = answering(server.url, async (ask, stream, query) => {
    if (then === null || !("last_by_subj" in query)) return await ask(stream, query);
    await goesOn();
    return then;
  });
  let nowMs = 0;
  const clock = { ...systemClock, now: () => (nowMs += 1_000) };
  const { engine, sink } = await startEngine(server.url, { connect, clock });
  const { engine: other } = await startEngine(server.url);
  await engine.follow("news");
  for (const text of ["one", "two"]) await say(other, "news", text);
  await sink.until(() => sink.of("news").length === 2);
  await server.asOperator(async (manager) => {
    then = await manager.streams.getMessage("tidewire-logs", { seq: 2 });
  });
  goesOn = async () => {
    const heard = sink.of("news").length;
    await say(other, "news", "more");
    await sink.until(() => sink.of("news").length > heard);
  };
  await expect(engine.tops(["news"])).rejects.toMatchObject({ reason: "engine_unavailable" });
});
