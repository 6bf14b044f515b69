// Requests as sessions of one command: what they answer, and how they end when the session does.
import { defineChannel } from "@tidewire/protocol";
import { expect, it } from "vitest";
import { open } from "../open.ts";
import type { Framing } from "../connection.ts";
import { FakeConnection } from "../../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../../testing/fake-node.ts";
import { ScriptedEngine } from "../../testing/scripted-engine.ts";
import { posting } from "./exchanges.ts";

const news = defineChannel("news", { history: { size: 10, ttlMs: 60_000 } });
const framing: Framing = { id: "http", ping: new Uint8Array(), wrap: (payload) => payload };

async function posted(node: FakeNode): Promise<FakeConnection> {
  const connection = new FakeConnection({ url: "/raw/news" }, undefined, framing);
  const { limits } = node;
  const given = { channel: "news", token: "", bytes: Buffer.from("hello"), headers: {}, limits, met: () => undefined };
  connection.opened = open(node.node, connection, posting(framing, given));
  await node.settle();
  return connection;
}

const begin = async (options: Partial<FakeNodeOptions> = {}): Promise<{ node: FakeNode; engine: ScriptedEngine }> => {
  const engine = new ScriptedEngine();
  return { node: await FakeNode.start({ channels: [news], engine, ...options }), engine };
};

it("answers when the engine has accepted, and no sooner", async () => {
  const { node, engine } = await begin();
  engine.holdsAcks = true;
  const connection = await posted(node);
  expect(connection.bytes).toHaveLength(0);
  engine.heldAcks[0]?.answer();
  await node.settle();
  expect(JSON.parse(connection.bytes.toString())).toEqual({ epoch: "first-news", offset: 1, durability: "volatile" });
  connection.opened?.closed(1006, "");
  expect([node.sessions.size, connection.ended]).toEqual([0, null]);
});

it("whose session ends while the engine thinks is 504: it may have been accepted (P3)", async () => {
  const { node, engine } = await begin();
  engine.holdsAcks = true;
  const connection = await posted(node);
  for (const session of node.sessions.values()) session.close("shutdown");
  expect(connection.ended).toEqual({ code: 504, reason: '{"error":{"code":3001,"message":"shutdown"}}' });
});

it("whose engine never answers is 504 too, after a minute", async () => {
  const { node, engine } = await begin();
  engine.holdsAcks = true;
  const connection = await posted(node);
  await node.pass(120_000, 1_000);
  expect(connection.ended?.code).toBe(504);
  expect(node.sessions.size).toBe(0);
});

it("that is not let in yet when time is up was not accepted: 503", async () => {
  const never = new Promise<never>(() => undefined);
  const { node, engine } = await begin({ access: { connect: () => never } });
  const connection = await posted(node);
  await node.pass(20_000, 1_000);
  expect([connection.ended?.code, engine.heldAcks.length]).toEqual([503, 0]);
});
