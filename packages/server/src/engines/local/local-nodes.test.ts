// What workers know of each other over their owner: members, leases, and questions.
import type { Member } from "@tidewire/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import { memoryEngine } from "../memory/memory-engine.ts";
import { localEngine } from "./local-engine.ts";
import { ownerAt, socketPath, until, value, watch, workerAt } from "../../testing/local-trial.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { systemClock } from "../../ports/clock.ts";
import { localOwner } from "./owner.ts";

describe("members", () => {
  it("are the same for all workers, and those of a dead one go", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const { members } = one.engine;
    members?.enter("room", { session: "a", user: "ann" });
    await one.engine.tops(["room"]);
    await watch(two, "room");
    expect(two.told).toEqual(["join a"]);
    members?.enter("room", { session: "b", user: "bob" });
    members?.leave("room", "a");
    await until(() => two.told.length === 3);
    expect(two.told).toEqual(["join a", "join b", "leave a"]);
    expect(await two.engine.members?.list("room")).toEqual([{ session: "b", user: "bob" }]);
    // One's own are not told, nor listed.
    await watch(one, "room");
    expect([one.told, await members?.list("room")]).toEqual([[], []]);
    await one.engine.stop();
    await until(() => two.told.length === 4);
    expect(two.told[3]).toBe("leave b");
  });

  it("are not told any more to whoever does not watch them", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    await watch(two, "room");
    two.engine.members?.unwatch("room");
    one.engine.members?.enter("room", { session: "a", user: "ann" });
    await one.engine.tops(["room"]);
    expect(await two.engine.members?.list("room")).toHaveLength(1);
    expect(two.told).toEqual([]);
  });

  it("of a crowd are all told, however many they are", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    for (let n = 0; n < 2_500; n += 1) one.engine.members?.enter("room", { session: `s${n}`, user: "u" });
    await one.engine.tops(["room"]);
    await watch(two, "room");
    expect(new Set(two.told).size).toBe(2_500);
    expect(await two.engine.members?.list("room")).toHaveLength(2_500);
  });

  it("of 10,000 are listed with what they show, and of more by name alone", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const member = (n: number): Member => ({ session: `s${n}`, user: "u", info: { n } });
    for (let n = 1; n <= 10_000; n += 1) one.engine.members?.enter("room", member(n));
    await one.engine.tops(["room"]);
    expect((await two.engine.members?.list("room"))?.at(-1)).toEqual(member(10_000));
    one.engine.members?.enter("room", member(10_001));
    await one.engine.tops(["room"]);
    const crowd = (await two.engine.members?.list("room")) ?? [];
    expect([crowd.length, crowd.at(-1)]).toEqual([10_001, { session: "s10001", user: "u" }]);
  });

  it("are told again to an owner that is new, and those of whom it says nothing have left", async () => {
    const path = socketPath();
    const first = localOwner({ engine: memoryEngine(), path });
    await first.start();
    const [one, two, three] = [await workerAt(path), await workerAt(path), await workerAt(path)];
    one.engine.members?.enter("room", { session: "a", user: "ann" });
    three.engine.members?.enter("room", { session: "c", user: "cid" });
    await Promise.all([one, three].map(({ engine }) => engine.tops(["room"])));
    await watch(two, "room");
    await first.stop();
    await three.engine.stop();
    await ownerAt(path);
    await until(() => two.told.includes("leave c"));
    const isHere = (): boolean => two.told.lastIndexOf("join a") > two.told.lastIndexOf("leave a");
    await until(isHere);
  });
});

describe("leases of sources", () => {
  it("are one worker's at a time, and a fence is refused when it is no longer the newest", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const fence = (await one.engine.sources?.take("c", 60_000)) ?? -1;
    expect(await one.engine.sources?.take("c", 60_000)).toBe(fence);
    expect(await two.engine.sources?.take("c", 60_000)).toBe(null);
    expect((await one.engine.publish("c", { ...value("mine"), fence })).position.offset).toBe(1);
    one.engine.sources?.release("c");
    await one.engine.tops(["c"]);
    const next = (await two.engine.sources?.take("c", 60_000)) ?? -1;
    await expect(one.engine.publish("c", { ...value("late"), fence })).rejects.toMatchObject({ reason: "conflict" });
    expect((await two.engine.publish("c", { ...value("mine"), fence: next })).position.offset).toBe(2);
  });

  it("are over after their time, and when their holder is gone", async () => {
    const path = socketPath();
    const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
    const owner = localOwner({ engine: memoryEngine(), path, clock });
    await owner.start();
    onTestFinished(() => owner.stop());
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const fence = (await one.engine.sources?.take("c", 1_000)) ?? -1;
    clock.advance(1_000);
    await expect(one.engine.publish("c", { ...value("late"), fence })).rejects.toMatchObject({ reason: "conflict" });
    expect(await two.engine.sources?.take("c", 60_000)).toBeGreaterThan(fence);
    expect(await one.engine.sources?.take("c", 60_000)).toBe(null);
    await two.engine.stop();
    await until(() => owner.workers === 1);
    expect(await one.engine.sources?.take("c", 60_000)).toBeGreaterThan(fence + 1);
  });
});

describe("questions", () => {
  it("reach one node, or all others; a node that is not there gives null, one that fails nothing", async () => {
    const path = socketPath();
    await ownerAt(path);
    const nodes = ["x", "y", "z"].map((name) => {
      const engine = localEngine({ path });
      engine.cluster?.listen(name, async (question) => {
        if (name === "z") throw new Error("no");
        return Buffer.concat([Buffer.from(`${name}:`), question]);
      });
      return engine;
    });
    for (const engine of nodes) {
      await engine.start(new RecordingSink());
      onTestFinished(() => engine.stop());
    }
    const [cluster] = nodes.map((engine) => engine.cluster);
    const shown = (answer: Uint8Array | null | undefined): string | null =>
      (answer && Buffer.from(answer).toString()) || null;
    expect(shown(await cluster?.ask("y", Buffer.from("hi")))).toBe("y:hi");
    expect([await cluster?.ask("w", Buffer.from("hi")), await cluster?.ask("z", Buffer.from("hi"))]).toEqual([
      null,
      null,
    ]);
    expect((await cluster?.askAll(Buffer.from("all")))?.map(shown)).toEqual(["y:all"]);
  });
});
