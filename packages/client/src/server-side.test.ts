// What the server subscribes by its own word, as a scripted server says it: when the client asks for it, and from where.
import { expect, test } from "vitest";
import { atTen, comeBack, is, live, record } from "../test/channel-log.ts";
import type { Script } from "../test/scripted-server.ts";
import { connected, quiet, reaches, setStage } from "../test/stage.ts";

const denied = { error: { code: 103, message: "denied" } };
const refusing: Script = (method) => (method === "subscribe" ? denied : undefined);
const admitting: Script = (method) =>
  method === "subscribe" ? { subscribe: { ...atTen, recovered: true } } : undefined;

test("whoever was refused asks again when it is in the connect reply of another connection", async () => {
  const stage = await setStage();
  const { client, clock, server } = stage;
  server.script = refusing;
  const channel = client.channel("news");
  channel.open();
  await connected(stage);
  await is(channel, "refused");
  server.script = admitting;
  server.greeting = { ...server.greeting, subs: { news: atTen, other: atTen } };
  server.link.cut();
  await reaches(client, "waiting");
  expect(channel.status.kind).toBe("refused");
  clock.advance(clock.nextMs ?? 0);
  await is(channel, "live");
  expect(server.all("subscribe").at(-1)).toMatchObject({ channel: "news", recover: true, epoch: "e1", offset: 10 });
  expect(server.all("subscribe").length).toBe(2);
});

test("and when it is told so later, from the place that is named; what comes before its reply is not handed over twice", async () => {
  const stage = await setStage();
  const { client, server } = stage;
  server.script = refusing;
  const channel = client.channel("news");
  channel.open();
  await connected(stage);
  await is(channel, "refused");
  const log = record(channel);
  server.script = admitting;
  server.link.push("news", { subscribe: atTen });
  server.link.publish("news", 11);
  await is(channel, "live");
  server.link.publish("news", 11);
  server.link.publish("news", 12);
  await quiet(stage);
  expect(log.entries).toEqual(["subscribing", "live recovered", 11, 12]);
});

test("a table asks without a place, to be told whole", async () => {
  const stage = await setStage();
  const { client, server } = stage;
  server.script = refusing;
  const channel = client.channel("prices", { mode: "latest" });
  channel.open();
  await connected(stage);
  await is(channel, "refused");
  server.script = admitting;
  server.link.push("prices", { subscribe: atTen });
  await is(channel, "live");
  expect(server.all("subscribe").at(-1)).not.toHaveProperty("recover");
});

test("nobody asks who has it already, or has not opened it, or has closed it", async () => {
  const stage = await setStage();
  const { client, server } = stage;
  server.script = admitting;
  const channel = await live(stage);
  server.script = refusing;
  const closed = client.channel("closed");
  const stop = closed.open();
  await is(closed, "refused");
  stop();
  const log = record(channel);
  for (const name of ["news", "closed", "never"]) server.link.push(name, { subscribe: atTen });
  await quiet(stage);
  expect([log.entries, closed.status.kind]).toEqual([[], "closed"]);
  expect(server.all("subscribe").length).toBe(2);
});

test("taken away and given again it lives once more, and what came between the two is no gap", async () => {
  const stage = await setStage();
  const { server } = stage;
  server.script = admitting;
  const channel = await live(stage);
  const log = record(channel);
  server.link.push("news", { unsubscribe: { code: 2000, reason: "server unsubscribe" } });
  await is(channel, "closed");
  server.link.push("news", { subscribe: { ...atTen, offset: 20 } });
  await server.hears("subscribe", 2);
  await is(channel, "live");
  expect(server.all("subscribe")[1]).toMatchObject({ recover: true, epoch: "e1", offset: 20 });
  expect(log.entries.slice(0, 2)).toEqual(["closed", "subscribing"]);
  await comeBack(stage, channel);
});
