// Three NATS servers that are one: acks are a majority's, and the end of one of them loses nothing.
import { natsEngine } from "@tidewire/server/nats";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { engineContract } from "../../packages/server/src/engine/contract.ts";
import { expectLinked } from "../../packages/server/src/engine/contract/publishing.ts";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { everything, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import type { Engine } from "../../packages/server/src/engine/engine.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { connecting, natsKeyTime, NatsServer, withoutNatsCluster } from "../services/nats.ts";
import { say, startEngine } from "./engines.ts";

/** As many trials as the contract has, about; others elect their own. */
const trials = 88;
const together = 8;

describe("three servers", () => {
  const reason = withoutNatsCluster();
  if (reason !== null) return it("are not here", (context) => context.skip(reason));
  let servers: readonly NatsServer[] = [];
  let tries = 0;
  const urls = (): string[] => servers.map(({ url }) => url);
  const elect = async (prefix: string): Promise<void> => {
    const engine = natsEngine({ connect: connecting(urls()), prefix });
    // With many elections at once, the servers may be too busy to answer one in time.
    await vi.waitFor(async () => await engine.start(new RecordingSink()), { timeout: 100_000, interval: 500 });
    await engine.stop();
  };
  beforeAll(async () => {
    servers = await NatsServer.cluster();
    // Leaders of streams are elected for a second each: those of several trials at a time, before these begin.
    for (let begun = 0; begun < trials; begun += together) {
      const prefixes = Array.from({ length: together }, (_, index) => `try-${begun + index + 1}`);
      await Promise.all(prefixes.map(elect));
    }
  }, 180_000);
  afterAll(() => Promise.all(servers.map((server) => server.remove())));

  engineContract("nats, three servers", {
    withoutKeyTime: natsKeyTime,
    create: () => {
      tries += 1;
      const prefix = `try-${tries}`;
      let movedMs = 0;
      const clock = { ...systemClock, wall: () => systemClock.wall() + movedMs };
      const make = (): Engine => natsEngine({ connect: connecting(urls()), prefix, clock });
      return {
        engine: make(),
        reopen: make,
        advance: (ms) => {
          movedMs += ms;
        },
        dispose: () =>
          servers[0]?.asOperator(async (manager) => {
            await manager.streams.delete(`${prefix}-logs`);
            await manager.streams.delete(`${prefix}-keys`);
          }),
      };
    },
  });

  it("give the publishes of three nodes one order, and keep all that was acked (S1, P2)", async () => {
    await elect("together");
    const nodes = await Promise.all(servers.map(({ url }) => startEngine(url, { prefix: "together" })));
    const acks = await Promise.all(
      nodes.flatMap(({ engine }, node) => Array.from({ length: 40 }, (_, n) => say(engine, "news", `${node}:${n}`))),
    );
    const page = await (nodes[0] ?? expect.fail("a node")).engine.read("news", "oldest", everything);
    expect(page.publications).toHaveLength(120);
    expectLinked(page.publications, null);
    const acked = acks.map(({ position }) => position.offset).toSorted((one, other) => one - other);
    expect(acked).toEqual(page.publications.map(({ offset }) => offset));
  }, 60_000);

  it("keep what a majority acked when one of them is killed, under the same epochs (P2)", async () => {
    await elect("killed");
    const { engine } = await startEngine(urls(), { prefix: "killed" });
    const acked: string[] = [];
    const first = await say(engine, "news", "0");
    expect(first.durability).toBe("quorum");
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 20; n += 1) {
        const text = `${round}:${n}`;
        await say(engine, "news", text).then(() => acked.push(text));
      }
      const leader = await servers[0]?.asOperator(
        async ({ streams }) => (await streams.info("killed-logs")).cluster?.leader,
      );
      const server = servers[Number(leader?.slice(1))] ?? expect.fail("a leader was expected");
      await server.kill();
      // While another leader is chosen nothing can be promised.
      const isWritten = async (): Promise<boolean> =>
        await say(engine, "news", "probe").then(
          () => true,
          () => false,
        );
      await vi.waitUntil(isWritten, { timeout: 60_000, interval: 200 });
      await server.start();
    }
    const page = await engine.read("news", "oldest", everything);
    const texts = textsOf(page.publications);
    expect(texts.filter((text) => acked.includes(text))).toEqual(acked);
    expect(page.top.epoch).toBe(first.position.epoch);
  }, 120_000);

  it("carry questions and members between nodes at each of them, also when one is killed", async () => {
    const names = ["0", "1", "2"];
    const nodes = names.map((name, at) => {
      const ordered = [...urls().slice(at), ...urls().slice(0, at)];
      const engine = natsEngine({ connect: connecting(ordered, { noRandomize: true }), prefix: "members" });
      engine.cluster?.listen(name, () => Promise.resolve(Buffer.from(name)));
      return { name, engine, sink: new RecordingSink(), here: new Set<string>() };
    });
    onTestFinished(async () => {
      await Promise.all(nodes.map(({ engine }) => engine.stop()));
    });
    for (const { engine, sink, here, name } of nodes) {
      await vi.waitFor(() => engine.start(sink), { timeout: 60_000, interval: 500 });
      await engine.members?.watch("news", ({ kind, member: { session } }) =>
        kind === "join" ? here.add(session) : here.delete(session),
      );
      engine.members?.enter("news", { session: `s-${name}`, user: name });
    }
    const expectAll = async (sessions: readonly string[]): Promise<void> => {
      for (const { name, engine, here } of nodes) {
        await expect
          .poll(() => [...here].toSorted(), { timeout: 60_000 })
          .toEqual(sessions.filter((session) => session !== `s-${name}`));
        const answers = async (): Promise<readonly string[] | undefined> =>
          (await engine.cluster?.askAll(Buffer.from("?")))?.map((answer) => Buffer.from(answer).toString()).toSorted();
        await expect.poll(answers, { timeout: 60_000 }).toEqual(names.filter((other) => other !== name));
      }
    };
    await expectAll(["s-0", "s-1", "s-2"]);
    const [first] = nodes;
    await servers[0]?.kill();
    await first?.sink.until(() => first.sink.healths.includes("down"));
    first?.engine.members?.enter("news", { session: "s-0-later", user: "0" });
    first?.engine.members?.leave("news", "s-0");
    for (const { here } of nodes.slice(1)) {
      await expect.poll(() => here, { timeout: 60_000 }).toContain("s-0-later");
    }
    await servers[0]?.start();
    for (const { here } of nodes.slice(1)) expect(here).not.toContain("s-0");
    await vi.waitFor(() => expect(nodes[0]?.here).toEqual(new Set(["s-1", "s-2"])));
  }, 180_000);

  it("refuse a stream of one replica", async () => {
    // The servers were killed and started above: until they have a leader again, another refusal may come.
    const refused = async (): Promise<void> => {
      const engine = natsEngine({ connect: connecting(urls()), prefix: "single", replicas: 1 });
      await expect(engine.start(new RecordingSink())).rejects.toThrow(/a stream of 3 replicas was expected, .* has 1/);
    };
    await vi.waitFor(refused, { timeout: 60_000, interval: 500 });
  }, 120_000);
});
