// Members over several nodes: everybody knows the same, whatever becomes of a node, of NATS or of an announcement (R1–R3).
import { connect } from "@nats-io/transport-node";
import { type NatsClient, natsEngine } from "@tidewire/server/nats";
import { describe, expect, it, type TestContext } from "vitest";
import { memberLaneOf } from "../../packages/server/src/engines/nats/member-words.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { ann, bob, type MemberEngineOn, MemberNode, memberNodes } from "../member-nodes.ts";
import { connecting, NatsServer } from "../services/nats.ts";
import { open, serve } from "../serving.ts";
import { lossy } from "./engines.ts";

/** On a machine that has much else to do. */
const soon = { timeout: 10_000 };
const lane = `tidewire.members.${memberLaneOf("news")}`;

function onNats(connect: () => Promise<NatsClient>): MemberEngineOn {
  return (options) => natsEngine({ connect, ...options });
}

/** @param way How the second one connects. */
async function twoNodes(
  context: TestContext,
  way: (connect: () => Promise<NatsClient>) => () => Promise<NatsClient> = (given) => given,
): Promise<{ server: NatsServer; one: MemberNode; two: MemberNode; clientOfOne: () => NatsClient }> {
  const server = await NatsServer.forTest(context);
  const clients: NatsClient[] = [];
  const remembered = async (): Promise<NatsClient> => {
    const client = await connecting(server.url)();
    clients.push(client);
    return client;
  };
  const one = await MemberNode.start(context, onNats(remembered));
  const two = await MemberNode.start(context, onNats(way(connecting(server.url))));
  return { server, one, two, clientOfOne: () => clients.at(-1) ?? expect.fail("a client was expected") };
}

describe("nats", () => {
  memberNodes(async (context) => {
    const server = await NatsServer.forTest(context);
    return { engineOn: onNats(connecting(server.url)), kill: () => server.kill(), start: () => server.start() };
  });
});

it("of a node that ends without a word all have left when it was not heard for half a minute, and not before", async (context) => {
  const { one, two, clientOfOne } = await twoNodes(context);
  one.members.enter("news", ann);
  two.members.enter("news", bob);
  await two.until(() => two.here.size === 1);
  // As of a process that was killed; the clock of the first stands still.
  await clientOfOne().connection.close();
  const since = two.clock.now();
  await two.until(() => two.clock.now() - since >= 25_000);
  expect(two.here.size).toBe(1);
  await two.until(() => two.here.size === 0);
  expect(two.clock.now() - since).toBeLessThanOrEqual(31_000);
  expect(two.told).toEqual(["join ann", "leave ann"]);
  expect(await two.members.list("news")).toEqual([]);
});

it("a node that was stopped for longer than that is there again with its members, and nobody left it meanwhile", async (context) => {
  const { one, two } = await twoNodes(context);
  one.members.enter("news", ann);
  two.members.enter("news", bob);
  await two.until(() => two.here.size === 1);
  await one.until(() => one.here.size === 1);
  // The clock of the first stands still.
  await two.until(() => two.here.size === 0);
  await one.until(() => one.clock.now() > 2_000);
  await two.until(() => two.here.size === 1);
  expect(two.told).toEqual(["join ann", "leave ann", "join ann"]);
  expect(one.told).toEqual(["join "]);
});

it("a lost announcement is noticed by the next one, or by the node's next beat", async (context) => {
  let isLost = (_text: string): boolean => false;
  const { one, two } = await twoNodes(context, (way) => lossy(way, ({ data }) => isLost(Buffer.from(data).toString())));
  isLost = (text) => text.includes("s-ann") && text.includes("+");
  one.members.enter("news", ann);
  one.members.enter("news", bob);
  await two.until(() => two.here.size === 2);
  isLost = (text) => /^\d+ 4\nnews-/.test(text);
  one.members.leave("news", "s-bob");
  await one.until(() => one.clock.now() > 3_000);
  await two.until(() => two.here.size === 1);
  expect(two.told.toSorted()).toEqual(["join ", "join ann", "leave "].toSorted());
});

it("a node that finds its way to NATS again by another connection knows what was said meanwhile", async (context) => {
  const { one, two, clientOfOne } = await twoNodes(context);
  await clientOfOne().connection.close();
  await one.sink.until(() => one.sink.healths.at(-1) === "down");
  await expect(one.members.watch("other", () => undefined)).rejects.toMatchObject({ reason: "engine_unavailable" });
  two.members.enter("news", bob);
  one.members.enter("news", ann);
  await expect.poll(() => (one.clock.advance(1_000), one.sink.healths.at(-1)), soon).toBe("up");
  await one.until(() => one.here.size === 1);
  await two.until(() => two.here.size === 1);
  expect([one.told, two.told]).toEqual([["join "], ["join ann"]]);
  two.members.leave("news", "s-bob");
  await one.until(() => one.here.size === 0);
});

it("a list that is too long for one answer comes in several", async (context) => {
  // The second one hears no announcement, and has to ask.
  const isWord = /^\d+ \d+\n/;
  const { one, two } = await twoNodes(context, (way) =>
    lossy(way, ({ data }) => isWord.test(Buffer.from(data).toString())),
  );
  const names: string[] = [];
  for (let n = 0; names.length < 4; n += 1) {
    if (memberLaneOf(`news-${n}`) === memberLaneOf("news")) names.push(`news-${n}`);
  }
  const told: string[] = [];
  for (const name of names) {
    await two.members.watch(name, ({ kind, member }) => told.push(`${kind} ${member.session}`));
  }
  const info = "x".repeat(1_500_000);
  for (const name of names) one.members.enter(name, { session: `at-${name}`, user: "ann", info });
  one.clock.advance(1_000);
  // No clock of the second one moves: it asks on by itself.
  const all = names.map((name) => `join at-${name}`).toSorted();
  await expect.poll(() => told.toSorted(), soon).toEqual(all);
});

it("thousands of channels that are watched at once are known at once", async (context) => {
  const { one, two } = await twoNodes(context);
  const names = Array.from({ length: 3_000 }, (_, n) => `many-${n}`);
  for (const name of names) one.members.enter(name, { session: `at-${name}`, user: "ann" });
  const told: string[] = [];
  // No clock moves: nobody is asked a second time.
  await Promise.all(names.map((name) => two.members.watch(name, ({ member }) => told.push(member.session))));
  expect(told.toSorted()).toEqual(names.map((name) => `at-${name}`).toSorted());
});

it("what others say of members is nobody, and is refused and counted", async (context) => {
  const { server, one, two } = await twoNodes(context);
  const hand = await connect({ servers: server.url });
  context.onTestFinished(() => hand.close());
  const poison = ["", "\n", "x", "1 4\nnews", "1 4\nnews+", "1 4\nnews+w {}", "1 4\nnews+w null", "1 9999\nnews+w"];
  const elsewhere = '1 5\nother+w {"session":"s","user":"x"}';
  const nobody = ['1 4\nnews+w {"session":"s","user":"x"}', "7 4\nnews-w s"];
  for (const text of [...poison, elsewhere, ...nobody]) hand.publish(lane, text);
  // A node that never answers, and says that it has members.
  hand.publish("tidewire.nodes", `b w\n${memberLaneOf("news")}:999999`);
  for (const text of ["b w\n256:1", "b w\n1:", "b w\n1:x", "h w\n1:1,", `k w\n${"1:1,".repeat(300)}1:1`]) {
    hand.publish("tidewire.nodes", text);
  }
  await hand.flush();
  one.members.enter("news", ann);
  await two.until(() => two.here.size === 1);
  expect([...two.here.values()]).toEqual([ann]);
  one.members.leave("news", ann.session);
  await two.until(() => two.here.size === 0);
  expect(await two.members.list("news")).toEqual([]);
});

it("presence is the same at both nodes, and where nobody of the channel is", async (context) => {
  const { url } = await NatsServer.forTest(context);
  const [one, two] = [1, 2].map(() => serve({ engine: natsEngine({ connect: connecting(url) }) }));
  const [first, second] = [await (one ?? expect.fail("a node")), await (two ?? expect.fail("a node"))];
  await listening(await connected(first.socketUrl), "public:a");
  await listening(await connected(second.socketUrl), "public:a");
  for (const { tide } of [first, second]) {
    await expect.poll(() => tide.channel(open, { name: "a" }).members(), soon).toHaveLength(2);
  }
  await first.stop();
  await expect.poll(() => second.tide.channel(open, { name: "a" }).members(), soon).toHaveLength(1);
});
