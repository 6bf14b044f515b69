// What a server may answer to subscribe: refusals, delays, nothing, nonsense.
import { TidewireError } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import { is } from "../test/channel-log.ts";
import { connected, quiet, reaches, setStage } from "../test/stage.ts";

describe("an answer to subscribe", () => {
  test("that refuses is shown, and not asked for again by itself", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    server.script = (method) =>
      method === "subscribe" ? { error: { code: 103, message: "permission denied" } } : undefined;
    const channel = client.channel("secret");
    channel.open();
    await connected(stage);
    const status = await is(channel, "refused");
    expect(status.kind === "refused" && status.error).toBeInstanceOf(TidewireError);
    expect(status).toMatchObject({ error: { reason: "denied", code: 103, temporary: false } });
    server.link.cut();
    await reaches(client, "waiting");
    stage.clock.advance(750);
    await reaches(client, "connected");
    await quiet(stage);
    expect(server.all("subscribe")).toHaveLength(1);
    server.script = () => undefined;
    channel.open();
    await is(channel, "live");
  });

  test.each([
    { code: 100, message: "internal", temporary: true },
    { code: 42, message: "local" },
  ])("that is temporary is asked for again, further and further apart: %o", async (error) => {
    const stage = await setStage();
    const { clock, server } = stage;
    server.script = (method) => (method === "subscribe" ? { error } : undefined);
    const channel = stage.client.channel("news");
    channel.open();
    await connected(stage);
    for (const delayMs of [750, 1_250, 2_250]) {
      await is(channel, "waiting");
      await quiet(stage);
      const asked = server.all("subscribe").length;
      clock.advance(delayMs - 1);
      await quiet(stage);
      expect(server.all("subscribe")).toHaveLength(asked);
      clock.advance(1);
      await server.hears("subscribe", asked + 1);
    }
    server.script = () => undefined;
    clock.advance(0);
    await is(channel, "waiting");
    clock.advance(4_250);
    await is(channel, "live");
  });

  test("that is temporary is asked for again at once when the application says so", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    server.script = (method) => (method === "subscribe" ? { error: { code: 42, message: "local" } } : undefined);
    const channels = ["news", "chat"].map((name) => client.channel(name));
    for (const channel of channels) channel.open();
    await connected(stage);
    await server.hears("subscribe", 2);
    await quiet(stage);
    for (const channel of channels) await is(channel, "waiting");
    server.script = () => undefined;
    client.retry();
    for (const channel of channels) await is(channel, "live");
    client.retry();
    await quiet(stage);
    expect(server.all("subscribe")).toHaveLength(4);
  });

  test("that stays away for five seconds ends the connection", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    server.script = (method) => (method === "subscribe" ? "hang" : undefined);
    client.channel("news").open();
    await connected(stage);
    clock.advance(4_999);
    expect(client.state.kind).toBe("connected");
    clock.advance(1);
    expect(client.state).toMatchObject({ kind: "waiting", reason: { code: 3 } });
  });

  test("is waited for from the connect reply on, however long that takes", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    server.script = () => "hang";
    const channel = client.channel("news");
    channel.open();
    client.connect();
    await server.hears("subscribe");
    clock.advance(9_000);
    server.link.send({ id: 1, connect: { client: "s" } });
    await reaches(client, "connected");
    clock.advance(4_999);
    server.link.send({ id: 2, subscribe: {} });
    await is(channel, "live");
  });

  test.each([
    ["an error that is a text", { error: "x" }],
    ["an epoch that is a number", { subscribe: { epoch: 1 } }],
    ["publications that are no list", { subscribe: { publications: {} } }],
  ])("with %s ends the connection", async (_name, reply) => {
    const stage = await setStage();
    stage.server.script = (method) => (method === "subscribe" ? reply : undefined);
    stage.client.channel("news").open();
    stage.client.connect();
    expect((await reaches(stage.client, "waiting")).reason.code).toBe(4);
  });
});
