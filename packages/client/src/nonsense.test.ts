// A server that talks nonsense: nothing throws, the client leaves and comes back.
import { describe, expect, test } from "vitest";
import { connected, holds, quiet, reaches, setStage } from "../test/stage.ts";

describe("a server that talks nonsense", () => {
  const frames: readonly (readonly [string, string | Uint8Array])[] = [
    ["no JSON", "hello"],
    ["half of it", '{"push":{"channel":"a"'],
    ["binary", new Uint8Array([1, 2, 3])],
    ["an array", "[]"],
    ["a number", "7"],
    ["null", "null"],
    ["a good line and a bad one", '{}\n{"id":'],
    ["an id that is a text", '{"id":"1"}'],
    ["a negative id", '{"id":-1}'],
    ["a push that is a list", '{"push":[]}'],
    ["a channel that is a number", '{"push":{"channel":1}}'],
    ["a publication that is a text", '{"push":{"channel":"news","pub":"x"}}'],
    ["an offset beyond what numbers hold", '{"push":{"channel":"news","pub":{"data":1,"offset":9007199254740993}}}'],
    ["an offset that is a text", '{"push":{"channel":"news","pub":{"data":1,"offset":"2"}}}'],
    ["tags that are numbers", '{"push":{"channel":"news","pub":{"data":1,"tags":{"a":1}}}}'],
    ["a join of nobody", '{"push":{"channel":"news","join":{}}}'],
  ];

  test.each(frames)("%s: it leaves and comes back", async (_name, frame) => {
    const stage = await setStage();
    const { client, clock, errors, server } = stage;
    const channel = client.channel("news");
    channel.open();
    await connected(stage);
    await holds(channel.onState, () => (channel.status.kind === "live" ? true : null));
    server.link.raw(frame);
    expect((await reaches(client, "waiting")).reason.code).toBe(4);
    clock.advance(750);
    await reaches(client, "connected");
    expect(errors).toEqual([]);
  });

  test("what it does not know it leaves alone", async () => {
    const stage = await connected(await setStage());
    const { client, server } = stage;
    server.link.send(
      { push: { channel: "nobody", pub: { data: 1 } } },
      { push: { channel: "nobody", futurekind: {} } },
      { push: { channel: "x", subscribe: { recoverable: true } } },
      { id: 9_999, rpc: {} },
      { future: { a: 1 } },
    );
    await quiet(stage);
    expect(client.state.kind).toBe("connected");
    expect(server.upgrades).toBe(1);
  });

  test.each([
    ["no object", { connect: [] }],
    ["a session that is a number", { connect: { client: 5 } }],
    ["a ping that is a text", { connect: { client: "s", ping: "25" } }],
  ])("a connect reply with %s", async (_name, reply) => {
    const { client, server } = await setStage();
    server.script = (method) => (method === "connect" ? reply : undefined);
    client.connect();
    expect((await reaches(client, "waiting")).reason.code).toBe(4);
  });
});
