// Sources over several nodes: each runs at one node, another one goes on, and who has lost it is refused.
import { connect } from "@nats-io/transport-node";
import { natsEngine } from "@tidewire/server/nats";
import { expect, it, type TestContext } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { everything, textBody, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import type { Engine, EngineSources, LogRetention } from "../../packages/server/src/engine/engine.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { connecting, NatsServer, withoutNatsTables } from "../services/nats.ts";
import { plenty } from "./engines.ts";

const leaseMs = 9_000;
const channel = "feed:a";
const encoded = Buffer.from(channel).toString("base64url");

/** An engine whose time passes when the test says so, as if it were stopped in between. */
class Holder {
  readonly clock = new FakeClock({ defer: setImmediate });
  readonly sink = new RecordingSink();
  readonly engine: Engine;

  private constructor(url: string) {
    this.engine = natsEngine({ connect: connecting(url), clock: this.clock });
  }

  static async start(context: TestContext, url: string): Promise<Holder> {
    const holder = new Holder(url);
    context.onTestFinished(() => holder.engine.stop());
    await holder.engine.start(holder.sink);
    return holder;
  }

  get sources(): EngineSources {
    return this.engine.sources ?? expect.fail("an engine with leases was expected");
  }

  take(): Promise<number | null> {
    return this.sources.take(channel, leaseMs);
  }

  /** The fence, of a lease that has to be free. */
  async taken(): Promise<number> {
    return (await this.take()) ?? expect.fail("the lease was expected");
  }

  set(text: string, fence: number): ReturnType<Engine["publish"]> {
    const retention = { kind: "table", keys: 10, bytes: 1_000, ttlMs: 60_000 } as const;
    return this.engine.publish(channel, { kind: "value", body: { ...textBody(text), key: "a" }, retention, fence });
  }

  say(text: string, fence: number, retention: LogRetention | null = plenty): ReturnType<Engine["publish"]> {
    return this.engine.publish(channel, { kind: "value", body: textBody(text), retention, fence });
  }
}

async function holders(context: TestContext): Promise<{ server: NatsServer; one: Holder; two: Holder }> {
  const server = await NatsServer.forTest(context);
  return { server, one: await Holder.start(context, server.url), two: await Holder.start(context, server.url) };
}

const conflict = { reason: "conflict" };

it("one node has the lease and keeps it while it renews it; another one takes it when nothing happened for its ttl", async (context) => {
  const { one, two } = await holders(context);
  const first = await one.taken();
  expect(first).toBeGreaterThan(0);
  expect(await two.take()).toBeNull();
  expect(await two.sources.take("feed:b", leaseMs)).toBeGreaterThan(0);
  for (let renewal = 0; renewal < 4; renewal += 1) {
    for (const { clock } of [one, two]) clock.advance(6_000);
    expect(await one.take()).toBe(first);
    expect(await two.take()).toBeNull();
  }
  two.clock.advance(8_999);
  expect(await two.take()).toBeNull();
  two.clock.advance(1);
  const second = await two.taken();
  expect(second).toBeGreaterThan(first);
  expect(await one.take()).toBeNull();
});

it("whoever was stopped while another one took over is refused by the log itself, though its own clock knows nothing", async (context) => {
  const { one, two } = await holders(context);
  const first = await one.taken();
  await one.say("1", first);
  expect(await two.take()).toBeNull();
  two.clock.advance(leaseMs);
  const second = await two.taken();
  // No time has passed for the first one.
  await expect(one.say("too late", first)).rejects.toMatchObject(conflict);
  await two.say("2", second);
  await expect(one.say("too late", first)).rejects.toMatchObject(conflict);
  await expect(two.say("not its own", first)).rejects.toMatchObject(conflict);
  await expect(one.say("nobody's", 0)).rejects.toMatchObject(conflict);
  // What has no fence is anybody's to say.
  await one.engine.publish(channel, { kind: "value", body: textBody("3"), retention: plenty });
  await two.say("4", second);
  const { publications } = await one.engine.read(channel, "oldest", everything);
  expect(textsOf(publications)).toEqual(["1", "2", "3", "4"]);
});

it("a table too belongs to the source that has the lease, and goes on where it was", async (context) => {
  const reason = withoutNatsTables();
  if (reason !== null) context.skip(reason);
  const { one, two } = await holders(context);
  const first = await one.taken();
  await one.set("1", first);
  expect(await two.take()).toBeNull();
  two.clock.advance(leaseMs);
  const second = await two.taken();
  // No time has passed for the first one.
  await expect(one.set("too late", first)).rejects.toMatchObject(conflict);
  expect((await two.set("2", second)).position.offset).toBe(2);
  await expect(one.set("too late", first)).rejects.toMatchObject(conflict);
  for (const { engine } of [one, two]) {
    const { publications, top } = await engine.read(channel, "oldest", everything);
    expect([textsOf(publications), top.offset]).toEqual([["2"], 2]);
  }
});

it("a lease that is over binds nobody, and nobody may rely on it; taken again it has another fence", async (context) => {
  const { one } = await holders(context);
  const first = await one.taken();
  one.clock.advance(leaseMs - 1);
  await one.say("1", first);
  one.clock.advance(1);
  await expect(one.say("2", first)).rejects.toMatchObject(conflict);
  const again = await one.taken();
  expect(again).toBeGreaterThan(first);
  await expect(one.say("2", first)).rejects.toMatchObject(conflict);
  await one.say("2", again);
});

it("given back, it is another node's at once", async (context) => {
  const { one, two } = await holders(context);
  const first = await one.taken();
  expect(await two.take()).toBeNull();
  two.sources.release(channel);
  expect(await two.take()).toBeNull();
  one.sources.release(channel);
  // Released before: what one channel is asked is done in its order.
  await expect(one.say("1", first)).rejects.toMatchObject(conflict);
  expect(await two.taken()).toBeGreaterThan(first);
});

it("what is not kept is refused by readers who have heard of the newer source", async (context) => {
  const { server, one, two } = await holders(context);
  const reader = await Holder.start(context, server.url);
  await reader.engine.follow(channel);
  const first = await one.taken();
  await one.say("1", first, null);
  expect(await two.take()).toBeNull();
  two.clock.advance(leaseMs);
  const second = await two.taken();
  await reader.sink.until(() => reader.sink.of(channel).length === 1);
  // What is announced of the newer source comes before this, on the same connection.
  await two.say("2", second, null);
  await reader.sink.until(() => reader.sink.of(channel).length === 2);
  await one.say("too late", first, null);
  await reader.sink.until(() => reader.sink.suspects.length > 0);
  await two.say("3", second, null);
  await reader.sink.until(() => reader.sink.of(channel).length === 3);
  expect(textsOf(reader.sink.of(channel))).toEqual(["1", "2", "3"]);
});

it("clear and purge leave it whose it is", async (context) => {
  const { server, one } = await holders(context);
  const fence = await one.taken();
  await one.say("1", fence);
  await one.engine.publish(channel, { kind: "clear" });
  await one.say("2", fence);
  await server.asOperator((manager) => manager.streams.purge("tidewire-logs"));
  // The log does not know any more whose it is, so it is nobody's until the next renewal.
  await expect(one.say("3", fence)).rejects.toMatchObject(conflict);
  expect(await one.take()).toBe(fence);
  await one.say("3", fence);
  expect(textsOf((await one.engine.read(channel, "oldest", everything)).publications)).toEqual(["3"]);
});

it("a history that many took over in turn is read as any other, and let go of", async (context) => {
  const { server, one, two } = await holders(context);
  const retention = { size: 20, ttlMs: 3_600_000 };
  const last = 150;
  for (let n = 1; n <= last; n += 1) {
    const holder = n % 2 === 0 ? one : two;
    const fence = await holder.taken();
    await holder.say(`${n}`, fence, retention);
    holder.sources.release(channel);
    // Taken and given back without a word.
    await expect(holder.say("x", fence)).rejects.toMatchObject(conflict);
    if (n % 5 > 0) continue;
    await one.taken();
    one.sources.release(channel);
    await expect(one.say("x", 1)).rejects.toMatchObject(conflict);
  }
  const texts = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`);
  for (const { engine } of [one, two]) {
    const all = await engine.read(channel, "oldest", everything);
    expect([textsOf(all.publications), all.floor, all.more]).toEqual([texts(131, 150), 130, false]);
    const { epoch } = all.top;
    const limit = { publications: 7, bytes: 1_000_000 };
    for (let offset = 131; offset < last; offset += 3) {
      const after = await engine.read(channel, { after: { epoch, offset } }, limit);
      expect(textsOf(after.publications)).toEqual(texts(offset + 1, Math.min(last, offset + 7)));
      const before = await engine.read(channel, { before: { epoch, offset } }, limit);
      expect(textsOf(before.publications)).toEqual(texts(Math.max(131, offset - 7), offset - 1));
    }
    expect(textsOf((await engine.read(channel, "newest", limit)).publications)).toEqual(texts(144, 150));
  }
  // Fences that stand below what is kept have gone with it.
  await expect
    .poll(() => server.asOperator(async ({ streams }) => (await streams.info("tidewire-logs")).state.messages))
    .toBeLessThan(130);
});

it("goes on when NATS was killed and started again: the holder keeps it, or another one takes it, never both", async (context) => {
  const { server, one, two } = await holders(context);
  const first = await one.taken();
  await one.say("1", first);
  expect(await two.take()).toBeNull();
  await server.kill();
  for (const { sink } of [one, two]) await sink.until(() => sink.healths.includes("down"));
  await expect(one.take()).rejects.toMatchObject({ reason: "engine_unavailable" });
  one.sources.release("feed:b");
  await server.start();
  for (const { sink, clock } of [one, two]) {
    await expect.poll(() => (clock.advance(10), sink.healths.at(-1)), { timeout: 10_000 }).toBe("up");
  }
  expect(await two.take()).toBeNull();
  expect(await one.take()).toBe(first);
  await one.say("2", first);
  expect(textsOf((await two.engine.read(channel, "oldest", everything)).publications)).toEqual(["1", "2"]);
});

it("what others write into leases and fences holds nobody up, and lets nobody say what is not his to say", async (context) => {
  const { server, one, two } = await holders(context);
  const hand = await connect({ servers: server.url });
  context.onTestFinished(() => hand.close());
  const [lease, log] = [`tidewire.key.${encoded}.lease`, `tidewire.log.${encoded}`];
  for (const poison of ["", "x", "one two three", "one 1 99999", "one 9999999999999999 9000", "- 7 0\n"]) {
    await hand.request(lease, poison);
    const fence = await one.taken();
    await one.say("mine", fence);
    one.sources.release(channel);
  }
  // Somebody claims it whom nobody knows: for its ttl, and no longer.
  await hand.request(lease, "somebody 5 9000");
  expect(await two.take()).toBeNull();
  two.clock.advance(leaseMs);
  let fence = await two.taken();
  const garbage = [
    "f",
    "f t 1 0 0 5\n",
    "f t 0 0 0 5\n3 id 5",
    "f t 1 0 0 9000000000000000\n0 - 0",
    "f t 1 9 0 5\n3 id 5",
  ];
  for (const poison of [...garbage, "f t 1 0 60000 5\n3 id 5", "f t 1 0 0 7999999999999\n0 - 0"]) {
    await hand.request(log, poison);
    await expect(two.say("x", fence)).rejects.toMatchObject(conflict);
    fence = await two.taken();
    await two.say("after", fence);
    expect(textsOf((await one.engine.read(channel, "newest", everything)).publications).at(-1)).toBe("after");
  }
  const stolen = Math.floor(two.clock.wall()) * 1_000 + 1_000_000;
  await hand.request(log, `f t 1 0 0 ${stolen}\n0 - 0`);
  await expect(two.say("x", fence)).rejects.toMatchObject(conflict);
  expect(await two.take()).toBeNull();
  expect(await two.taken()).toBeGreaterThan(stolen);
});
