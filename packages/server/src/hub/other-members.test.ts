// Members of other nodes: they are present here like this node's own, and only what can be read is believed.
import { defineChannel, type Member, type SessionId } from "@tidewire/protocol";
import { expect, it } from "vitest";
import type { EngineMembers, FoundMembers, MembersNews } from "../engine/members.ts";
import { memoryEngine } from "../engines/memory/memory-engine.ts";
import { FakeNode } from "../testing/fake-node.ts";

const room = defineChannel("room", { history: { size: 10, ttlMs: 60_000 }, presence: true });
const join = '{"id":2,"subscribe":{"channel":"room","join_leave":true}}';

/** The other nodes, as one engine knows them. */
class Others implements EngineMembers {
  readonly said: string[] = [];
  here: FoundMembers = { clients: 0, users: 0, members: [] };
  tell: (news: MembersNews) => void = () => undefined;

  listen(told: (channel: string, news: MembersNews) => void): void {
    this.tell = (news) => told("room", news);
  }

  add(channel: string, { session }: Member): void {
    this.said.push(`add ${channel} ${session.slice(0, 1)}`);
  }

  remove(channel: string, session: SessionId): void {
    this.said.push(`remove ${channel} ${session.slice(0, 1)}`);
  }

  async list(): Promise<FoundMembers> {
    return this.here;
  }
}

async function nodeBeside(others: Others): Promise<FakeNode> {
  const engine = memoryEngine();
  const traits = { ...engine.traits, members: others };
  return await FakeNode.start({
    channels: [room],
    engine: Object.assign(Object.create(engine) as typeof engine, { traits, ...bound(engine) }),
  });
}

function bound(engine: ReturnType<typeof memoryEngine>): object {
  const names = ["start", "stop", "publish", "read", "tops", "follow", "unfollow"] as const;
  return Object.fromEntries(
    names.map((name) => [name, (engine[name] as (...given: unknown[]) => unknown).bind(engine)]),
  );
}

async function presentAt(node: FakeNode): Promise<string[]> {
  return (await node.hub.membersOf("room")).list().map(({ user }) => user);
}

const member = (session: string, user: string): Member => ({ session, user });

it("shows who is present by other nodes, and tells who comes and goes there", async () => {
  const others = new Others();
  const node = await nodeBeside(others);
  const one = await node.connected();
  one.say(join);
  await node.settle();
  expect(others.said).toHaveLength(1);
  others.tell({ kind: "all", members: [member("a", "ann"), member("b", "bob")] });
  others.tell({ kind: "join", member: member("c", "cid") });
  await node.settle();
  expect((await presentAt(node)).slice(1)).toEqual(["ann", "bob", "cid"]);
  expect([node.hub.members, node.hub.channel("room")?.members.counts.clients]).toEqual([1, 4]);
  others.tell({ kind: "leave", session: "b" });
  others.tell({ kind: "all", members: [member("c", "cid"), member("d", "dan")] });
  await node.settle();
  expect((await presentAt(node)).slice(1)).toEqual(["cid", "dan"]);
  const told = one.lines.flatMap(({ push }) => Object.keys((push ?? {}) as object).filter((key) => key !== "channel"));
  // Its own join among them.
  expect(told).toEqual(["join", "join", "join", "join", "leave", "leave", "join"]);
  // What other nodes said is not said back to them.
  expect(others.said).toHaveLength(1);
  one.opened?.closed(1006, "");
  expect(others.said.map((line) => line.split(" ")[0])).toEqual(["add", "remove"]);
});

it("a session that is here is not taken away by another node's word", async () => {
  const others = new Others();
  const node = await nodeBeside(others);
  (await node.connected()).say(join);
  await node.settle();
  const [session] = [...node.sessions.keys()];
  others.tell({ kind: "join", member: member(session ?? "", "thief") });
  others.tell({ kind: "leave", session: session ?? "" });
  others.tell({ kind: "all", members: [] });
  expect(await presentAt(node)).toHaveLength(1);
});

it("of a channel that nobody listens to here the engine is asked", async () => {
  const others = new Others();
  const node = await nodeBeside(others);
  others.here = { clients: 2, users: 1, members: [member("a", "ann"), member("b", "ann")] };
  expect(await presentAt(node)).toEqual(["ann", "ann"]);
  expect((await node.hub.membersOf("room")).counts).toEqual({ clients: 2, users: 1 });
  others.here = { clients: 5_000, users: 7, members: null };
  const crowd = await node.hub.membersOf("room");
  expect(crowd.counts).toEqual({ clients: 5_000, users: 7 });
  expect(() => crowd.list()).toThrow(/at most 1000 members, here are 5000/);
  for (const wrong of [
    { clients: 1, users: 1, members: [{ session: 7 }] },
    { clients: -1, users: 0, members: [] },
  ]) {
    others.here = wrong as unknown as FoundMembers;
    await expect(node.hub.membersOf("room")).rejects.toMatchObject({ reason: "engine_unavailable" });
  }
});

it.each([
  null,
  "join",
  { kind: "join", member: { session: "a" } },
  { kind: "leave" },
  { kind: "all", members: [{}] },
  { kind: "toString" },
])("what cannot be read is counted: %j", async (news) => {
  const others = new Others();
  const node = await nodeBeside(others);
  (await node.connected()).say(join);
  await node.settle();
  others.tell(news as unknown as MembersNews);
  expect(await presentAt(node)).toHaveLength(1);
  expect(node.metrics.snapshot()["engine_bad_answers"]).toBe(1);
});
