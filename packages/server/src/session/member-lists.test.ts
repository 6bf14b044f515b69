// A list of members and the changes that follow it: whoever applies the one to the other knows who is there (R2).
import { defineChannel } from "@tidewire/protocol";
import { expect, it } from "vitest";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode } from "../testing/fake-node.ts";

const room = defineChannel("room", { mode: "signal", presence: true });
const noise = defineChannel("noise", { mode: "signal" });

const say = (connection: FakeConnection, command: object): void => connection.say(JSON.stringify(command));

interface Line {
  readonly presence?: { readonly presence: object };
  readonly push?: Readonly<Partial<Record<"join" | "leave", { readonly info: { readonly client: string } }>>>;
}

/** What the client knows that applies each change to the newest list. */
function knownBy(connection: FakeConnection): readonly string[] {
  let known = new Set<string>();
  for (const { presence, push } of connection.lines as readonly Line[]) {
    if (presence !== undefined) known = new Set(Object.keys(presence.presence));
    if (push?.join !== undefined) known.add(push.join.info.client);
    if (push?.leave !== undefined) known.delete(push.leave.info.client);
  }
  return [...known].toSorted();
}

/** How often it was told the same of a member twice. */
function repetitions(connection: FakeConnection): number {
  const told = new Map<string, string>();
  let count = 0;
  for (const { push = {} } of connection.lines as readonly Line[]) {
    for (const kind of ["join", "leave"] as const) {
      const client = push[kind]?.info.client;
      if (client === undefined) continue;
      if (told.get(client) === kind) count += 1;
      told.set(client, kind);
    }
  }
  return count;
}

async function begin(pageBytes: number): Promise<{ readonly node: FakeNode; readonly reader: FakeConnection }> {
  const node = await FakeNode.start({ channels: [room, noise], limits: { pageBytes } });
  const reader = await node.connected({ watermark: 100 });
  say(reader, { id: 2, subscribe: { channel: "room", join_leave: true } });
  say(reader, { id: 3, subscribe: { channel: "noise" } });
  await node.settle();
  return { node, reader };
}

async function come(node: FakeNode, count: number): Promise<readonly FakeConnection[]> {
  const others = await Promise.all(Array.from({ length: count }, () => node.connected()));
  for (const other of others) say(other, { id: 2, subscribe: { channel: "room" } });
  await node.settle();
  return others;
}

it.each([
  [65_536, 1],
  [300, 1],
  [300, 12],
])("a list read by whoever is behind counts with what follows (pages of %i bytes, %i others)", async (page, count) => {
  const { node, reader } = await begin(page);
  reader.stop();
  await node.publish("noise", "x".repeat(200));
  await node.settle();
  const others = await come(node, count);
  say(reader, { id: 4, presence: { channel: "room" } });
  await node.settle();
  for (const other of others.slice(0, 8)) say(other, { id: 3, unsubscribe: { channel: "room" } });
  const late = await come(node, 1);
  await node.settle();
  reader.resume();
  await node.settle();
  for (const other of late) say(other, { id: 3, unsubscribe: { channel: "room" } });
  await node.settle();
  const here = node.hub.channel("room")?.members.list() ?? [];
  expect(knownBy(reader)).toEqual(here.map(({ session }) => session).toSorted());
  expect(here).toHaveLength(1 + Math.max(0, count - 8));
  expect(repetitions(reader)).toBe(0);
});

it("a list that is read in a pause comes without a change before it (F1)", async () => {
  const { node, reader } = await begin(65_536);
  say(reader, { id: 4, rpc: { method: "tide.pause", data: { channel: "room" } } });
  await come(node, 2);
  reader.messages.length = 0;
  say(reader, { id: 5, presence: { channel: "room" } });
  await node.settle();
  expect(reader.lines.filter(({ push }) => push !== undefined)).toEqual([]);
  expect(knownBy(reader)).toHaveLength(3);
});
