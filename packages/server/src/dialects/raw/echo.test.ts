// Echo: what comes back, and what becomes of those who are gone or do not read.
import { describe, expect, it } from "vitest";
import { FakeConnection } from "../../testing/fake-connection.ts";
import { FakeNode } from "../../testing/fake-node.ts";
import { echo } from "./echo.ts";

async function opened(watermark?: number): Promise<{ node: FakeNode; connection: FakeConnection }> {
  const node = await FakeNode.start({ channels: [] });
  const connection = new FakeConnection({ url: "/echo" }, watermark);
  connection.opened = echo(node.node)(connection);
  return { node, connection };
}

describe("echo", () => {
  it("returns text as text and binary as binary", async () => {
    const { connection } = await opened();
    connection.opened?.receive(Buffer.from("hi"), "text");
    connection.opened?.receive(Uint8Array.of(255, 0), "bytes");
    expect(connection.messages).toMatchObject([
      { form: "text", payload: Buffer.from("hi") },
      { form: "bytes", payload: Buffer.from([255, 0]) },
    ]);
  });

  it("cuts one that answers no ping, and keeps one that does", async () => {
    const silent = await opened();
    await silent.node.pass(36_000);
    expect(silent.connection.isTerminated).toBe(true);
    const alive = await opened();
    for (let round = 0; round < 100; round += 1) {
      await alive.node.pass(1_000, 1_000);
      alive.connection.opened?.pong();
    }
    expect(alive.connection.isTerminated).toBe(false);
    alive.connection.opened?.closed(1000, "");
    expect(alive.node.hub.wheel.size).toBe(silent.node.hub.wheel.size);
  });

  it("cuts nobody whose pong waits here", async () => {
    const { node, connection } = await opened();
    connection.isLate = true;
    await node.pass(60_000);
    expect(connection.isTerminated).toBe(false);
    connection.isLate = false;
    await node.pass(36_000);
    expect(connection.isTerminated).toBe(true);
  });

  it("does not read on while its echoes are not read", async () => {
    const { connection } = await opened(10);
    connection.stop();
    connection.opened?.receive(Buffer.from("0123456789abcdef"), "text");
    expect(connection.isHeld).toBe(true);
    connection.resume();
    expect(connection.isHeld).toBe(false);
  });
});
