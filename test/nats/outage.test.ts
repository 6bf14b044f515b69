// NATS that dies, is stopped in its place, loses its streams: what was acked stays, and what cannot be known is said.
import { expect, it } from "vitest";
import { everything, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { NatsServer } from "../services/nats.ts";
import { startEngine, say } from "./engines.ts";

it("is down when the server is killed, up by itself, and what was acked is there, under another epoch (P2, S8)", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine, sink } = await startEngine(server.url);
  await engine.follow("news");
  const acked: string[] = [];
  let ended: unknown = null;
  const publishing = (async () => {
    for (let number = 1; ended === null; number += 1) {
      await say(engine, "news", `${number}`).then(
        () => acked.push(`${number}`),
        (thrown: unknown) => {
          ended = thrown;
        },
      );
    }
  })();
  await sink.until(() => sink.announcements.length > 200);
  const { epoch } = sink.announcements[0] ?? expect.fail("an announcement was expected");
  await server.kill();
  await publishing;
  expect(ended).toMatchObject({ reason: expect.stringMatching(/^(indeterminate|engine_unavailable)$/) as string });
  await sink.until(() => sink.healths.includes("down"));
  await expect(say(engine, "news", "x")).rejects.toMatchObject({ reason: "engine_unavailable" });
  await expect(engine.read("news", "oldest", everything)).rejects.toMatchObject({ reason: "engine_unavailable" });
  await server.start();
  await sink.until(() => sink.healths.at(-1) === "up");
  expect(sink.suspects.at(-1)).toBe("all");
  const { publications, top } = await engine.read("news", "oldest", everything);
  // At most the one that nobody could tell of is there besides.
  expect(textsOf(publications).slice(0, acked.length)).toEqual(acked);
  expect(publications.length - acked.length).toBeLessThanOrEqual(1);
  expect(top.epoch).not.toBe(epoch);
  const heard = sink.announcements.length;
  const next = await say(engine, "news", "next");
  expect(next.position).toEqual({ epoch: top.epoch, offset: top.offset + 1 });
  await sink.until(() => sink.announcements.length > heard);
  expect(sink.announcements.at(-1)).toEqual({ channel: "news", epoch: top.epoch, publication: next.publication });
});

it("begins other epochs when somebody deleted its streams, and makes them anew", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine, sink } = await startEngine(server.url);
  await engine.follow("news");
  const { position } = await say(engine, "news", "gone");
  await server.asOperator(async (manager) => {
    await manager.streams.delete("tidewire-logs");
    await manager.streams.delete("tidewire-keys");
  });
  await expect(say(engine, "news", "lost")).rejects.toMatchObject({ reason: "engine_unavailable" });
  expect(sink.healths.at(-1)).toBe("down");
  await sink.until(() => sink.healths.at(-1) === "up");
  expect(sink.suspects.at(-1)).toBe("all");
  const [top] = await engine.tops(["news"]);
  expect(top?.offset).toBe(0);
  expect(top?.epoch).not.toBe(position.epoch);
  expect((await say(engine, "news", "first")).position).toEqual({ epoch: top?.epoch, offset: 1 });
});

it("tells that a channel is suspect when somebody purged it, which is another epoch", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine, sink } = await startEngine(server.url);
  const first = await say(engine, "news", "gone");
  await engine.follow("news");
  await server.asOperator((manager) => manager.streams.purge("tidewire-logs"));
  // Something has to be written for the stream to be another one.
  await say(engine, "other", "x");
  await sink.until(() => sink.suspects.length > 0);
  expect(sink.suspects).toEqual([["news"]]);
  const page = await engine.read("news", "oldest", everything);
  expect([page.publications, page.top.offset]).toEqual([[], 0]);
  expect(page.top.epoch).not.toBe(first.position.epoch);
});

it("finds another node's clear and purge by its next publish", async (context) => {
  const server = await NatsServer.forTest(context);
  const [one, two] = [await startEngine(server.url), await startEngine(server.url)];
  await say(one.engine, "news", "1");
  await say(two.engine, "news", "2");
  const cleared = await two.engine.publish("news", { kind: "clear" });
  const after = await say(one.engine, "news", "3");
  expect(after.position).toEqual({ epoch: cleared.position.epoch, offset: 1 });
  await server.asOperator((manager) => manager.streams.purge("tidewire-logs"));
  const anew = await say(one.engine, "news", "4");
  expect(anew.position.offset).toBe(1);
  expect(anew.position.epoch).not.toBe(after.position.epoch);
});

it("ends publishes within seconds when the server hangs, its connections open, and goes on when it does", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine, sink } = await startEngine(server.url);
  await engine.follow("news");
  const first = await say(engine, "news", "1");
  server.signal("SIGSTOP");
  // It may take a moment until it is stopped.
  let acked = 1;
  const untilRefused = async (): Promise<number> => {
    await say(engine, "news", "2");
    acked += 1;
    return await untilRefused();
  };
  await expect(untilRefused()).rejects.toMatchObject({ reason: "indeterminate" });
  expect(sink.healths.at(-1)).toBe("down");
  await expect(say(engine, "news", "3")).rejects.toMatchObject({ reason: "engine_unavailable" });
  server.signal("SIGCONT");
  await sink.until(() => sink.healths.at(-1) === "up");
  const next = await say(engine, "news", "4");
  // What was on its way may have been done, once.
  expect([acked + 1, acked + 2]).toContain(next.position.offset);
  expect(next.position.epoch).toBe(first.position.epoch);
});

it("begins other epochs when a server that keeps all in memory is killed", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine, sink } = await startEngine(server.url, { storage: "memory" });
  const { position } = await say(engine, "news", "gone");
  await server.kill();
  await sink.until(() => sink.healths.at(-1) === "down");
  await server.start();
  await sink.until(() => sink.healths.at(-1) === "up");
  const page = await engine.read("news", "oldest", everything);
  expect([page.publications, page.top.offset]).toEqual([[], 0]);
  expect(page.top.epoch).not.toBe(position.epoch);
});
