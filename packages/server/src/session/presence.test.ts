// Presence over the life of connections: nobody stays in it who is gone, however he went (R3).
import { defineChannel } from "@tidewire/protocol";
import { expect, it } from "vitest";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode } from "../testing/fake-node.ts";

const room = defineChannel("room", { history: { size: 10, ttlMs: 60_000 }, presence: true });
const join = '{"id":2,"subscribe":{"channel":"room","join_leave":true}}';
const ttlMs = 60_000;

/** Lets time pass for a client that answers its pings. */
async function pass(node: FakeNode, ms: number, alive: FakeConnection): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    const before = alive.lines.filter((line) => Object.keys(line).length === 0).length;
    await node.pass(1_000);
    if (alive.lines.filter((line) => Object.keys(line).length === 0).length > before) alive.say("{}");
  }
}

function membersOf(node: FakeNode): number {
  return node.hub.channel("room")?.members.list()?.length ?? 0;
}

it("a connection that is dead without a word is out of it within the ttl, with one leave, and stays out", async () => {
  const node = await FakeNode.start({ channels: [room] });
  const [alive, dead] = [await node.connected(), await node.connected()];
  for (const connection of [alive, dead]) connection.say(join);
  await node.settle();
  expect(membersOf(node)).toBe(2);
  const leaves = (): number =>
    alive.lines.filter(({ push }) => push !== undefined && "leave" in (push as object)).length;
  await pass(node, ttlMs, alive);
  expect([membersOf(node), leaves(), alive.ended]).toEqual([1, 1, null]);
  // What it may still say comes too late to bring it back.
  for (const late of ["{}", join, '{"id":3,"presence":{"channel":"room"}}']) dead.say(late);
  await pass(node, ttlMs, alive);
  expect([membersOf(node), leaves()]).toEqual([1, 1]);
});

it("whoever is cut, closes, unsubscribes or is sent away is out of it in the same turn", async () => {
  const node = await FakeNode.start({ channels: [room] });
  const leave: readonly ((connection: FakeConnection) => void)[] = [
    (connection) => connection.opened?.closed(1006, ""),
    (connection) => connection.opened?.closed(1000, ""),
    (connection) => connection.say('{"id":3,"unsubscribe":{"channel":"room"}}'),
    () => [...node.sessions.values()].at(-1)?.close("force_disconnect"),
  ];
  for (const go of leave) {
    const connection = await node.connected();
    connection.say(join);
    await node.settle();
    expect(membersOf(node)).toBe(1);
    go(connection);
    await node.settle();
    expect(membersOf(node)).toBe(0);
  }
});
