// Who is where, over several nodes of one engine: everybody knows the same. A suite for each engine that joins nodes (R1–R3).
import type { Member } from "@tidewire/protocol";
import { expect, it, type TestContext } from "vitest";
import { RecordingSink } from "../packages/server/src/engine/contract/recording-sink.ts";
import type { Engine, EngineMembers } from "../packages/server/src/engine/engine.ts";
import { FakeClock } from "../packages/server/src/testing/fake-clock.ts";

export const ann: Member = { session: "s-ann", user: "ann", info: { name: "Ann 😀" } };
export const bob: Member = { session: "s-bob", user: "" };

/** Makes an engine on the store. */
export type MemberEngineOn = (options: { readonly clock: FakeClock }) => Engine;

/** What nodes share. */
export interface MemberStore {
  readonly engineOn: MemberEngineOn;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** A node that is told of `news`, and what it was told. */
export class MemberNode {
  readonly clock = new FakeClock({ defer: setImmediate });
  readonly sink = new RecordingSink();
  readonly told: string[] = [];
  readonly here = new Map<string, Member>();
  readonly engine: Engine;

  private constructor(engineOn: MemberEngineOn) {
    this.engine = engineOn({ clock: this.clock });
  }

  static async start(context: TestContext, engineOn: MemberEngineOn): Promise<MemberNode> {
    const node = new MemberNode(engineOn);
    context.onTestFinished(() => node.engine.stop());
    await node.engine.start(node.sink);
    // By then whoever is there has been met.
    node.clock.advance(500);
    await node.engine.follow("news");
    await node.members.watch("news", ({ kind, member }) => {
      node.told.push(`${kind} ${member.user}`);
      if (kind === "join") node.here.set(member.session, member);
      else node.here.delete(member.session);
    });
    return node;
  }

  get members(): EngineMembers {
    return this.engine.members ?? expect.fail("an engine of several nodes was expected");
  }

  /** Lets seconds pass, each with the answers to what was asked in it, until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let second = 0; second < 100 && !isSo(); second += 1) {
      this.clock.advance(1_000);
      for (let asked = 0; asked < 4; asked += 1) await this.engine.tops(["news"]).catch(() => undefined);
    }
    expect(isSo()).toBe(true);
  }
}

/** Declares the suite. */
export function memberNodes(storeFor: (context: TestContext) => Promise<MemberStore>): void {
  it("who comes and leaves at one node is told at the others, and who was there before to whoever asks later", async (context) => {
    const { engineOn } = await storeFor(context);
    const [one, two] = [await MemberNode.start(context, engineOn), await MemberNode.start(context, engineOn)];
    one.members.enter("news", ann);
    one.members.enter("news", bob);
    await two.until(() => two.here.size === 2);
    expect([...two.here.values()]).toEqual([ann, bob]);
    one.members.leave("news", "s-bob");
    await two.until(() => two.here.size === 1);
    expect(two.told).toEqual(["join ann", "join ", "leave "]);
    expect(one.told).toEqual([]);
    const three = await MemberNode.start(context, engineOn);
    expect([...three.here.values()]).toEqual([ann]);
    expect(await two.members.list("news")).toEqual([ann]);
    expect(await one.members.list("news")).toEqual([]);
  });

  it("a node that ends in good order is gone at once", async (context) => {
    const { engineOn } = await storeFor(context);
    const [one, two] = [await MemberNode.start(context, engineOn), await MemberNode.start(context, engineOn)];
    one.members.enter("news", ann);
    await two.until(() => two.here.size === 1);
    await one.engine.stop();
    await two.until(() => two.here.size === 0);
    expect(two.clock.now()).toBeLessThan(15_000);
  });

  it("the store ends and is started again: each node says what it knows again, and all are told the same as before", async (context) => {
    const { engineOn, kill, start } = await storeFor(context);
    const [one, two] = [await MemberNode.start(context, engineOn), await MemberNode.start(context, engineOn)];
    one.members.enter("news", ann);
    two.members.enter("news", bob);
    await two.until(() => two.here.size === 1);
    await one.until(() => one.here.size === 1);
    await kill();
    for (const { sink } of [one, two]) await sink.until(() => sink.healths.includes("down"));
    two.members.enter("news", { session: "s-cid", user: "cid" });
    await start();
    while (![one, two].every(({ sink }) => sink.healths.includes("up"))) {
      for (const { clock } of [one, two]) clock.advance(100);
      // As long as a connection takes.
      await new Promise(setImmediate);
    }
    // Seconds in which the store answered: to this clock a busy machine is a store that does not.
    for (let seconds = 0; seconds < 10;) {
      for (const { clock } of [one, two]) clock.advance(1_000);
      const asked = await Promise.allSettled([one, two].map(({ engine }) => engine.tops(["news"])));
      if (asked.every(({ status }) => status === "fulfilled")) seconds += 1;
      else await new Promise(setImmediate);
    }
    expect([...one.here.keys()].toSorted()).toEqual(["s-bob", "s-cid"]);
    expect([...two.here.keys()]).toEqual(["s-ann"]);
  });
}
