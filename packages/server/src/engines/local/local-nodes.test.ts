// What workers know of each other over their owner: members, leases, and questions.
import { describe, expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import { memoryEngine } from "../memory/memory-engine.ts";
import { localEngine } from "./local-engine.ts";
import { ownerAt, socketPath, until, value, workerAt } from "../../testing/local-trial.ts";
import { localOwner } from "./owner.ts";

describe("members", () => {
  it("are the same for all workers, and those of a dead one go", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const members = one.engine.traits.members;
    members?.add("room", { session: "a", user: "ann" });
    await one.engine.tops(["room"]);
    await two.engine.follow("room");
    members?.add("room", { session: "b", user: "bob" });
    members?.remove("room", "a");
    await until(() => two.told.length === 3);
    expect(two.told).toEqual(["room all a", "room join b", "room leave a"]);
    const bob = { clients: 1, users: 1, members: [{ session: "b", user: "bob" }] };
    expect(await two.engine.traits.members?.list("room", 10)).toEqual(bob);
    expect(await two.engine.traits.members?.list("room", 0)).toEqual({ ...bob, members: null });
    // One's own are not told, nor listed.
    await one.engine.follow("room");
    expect([one.told, (await members?.list("room", 10))?.clients]).toEqual([["room all "], 0]);
    await one.engine.stop();
    await until(() => two.told.length === 4);
    expect(two.told[3]).toBe("room leave b");
  });

  it("of a crowd are all told, however many they are", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    for (let n = 0; n < 2_500; n += 1) one.engine.traits.members?.add("room", { session: `s${n}`, user: "u" });
    await one.engine.tops(["room"]);
    await two.engine.follow("room");
    expect([two.told[0]?.split("+").length, two.told.length]).toEqual([1_000, 1_501]);
    expect(await two.engine.traits.members?.list("room", 1_000)).toEqual({ clients: 2_500, users: 1, members: null });
  });

  it("are told again to an owner that is new", async () => {
    const path = socketPath();
    const first = localOwner({ engine: memoryEngine(), path });
    await first.start();
    const [one, two] = [await workerAt(path), await workerAt(path)];
    one.engine.traits.members?.add("room", { session: "a", user: "ann" });
    await one.engine.tops(["room"]);
    await two.engine.follow("room");
    await first.stop();
    await ownerAt(path);
    await until(() => two.told.slice(1).some((line) => line === "room all a" || line === "room join a"));
  });
});

describe("leases", () => {
  it("are one worker's at a time, and a fence is refused when it is no longer the newest", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const forever = new AbortController().signal;
    const first = await one.engine.traits.cluster?.hold("c", forever);
    let isSecond = false;
    const second = two.engine.traits.cluster?.hold("c", forever).then((lease) => ((isSecond = true), lease));
    await two.engine.tops(["c"]);
    expect(isSecond).toBe(false);
    const { fence } = first ?? { fence: -1 };
    expect((await one.engine.publish("c", { ...value("mine"), fence })).position.offset).toBe(1);
    first?.release();
    const next = await second;
    await expect(one.engine.publish("c", { ...value("late"), fence })).rejects.toMatchObject({ reason: "conflict" });
    expect((await two.engine.publish("c", { ...value("mine"), fence: next?.fence ?? 0 })).position.offset).toBe(2);
  });

  it("go to the next when their holder is gone, and are lost with the owner", async () => {
    const path = socketPath();
    const owner = await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const forever = new AbortController().signal;
    await one.engine.traits.cluster?.hold("c", forever);
    const second = two.engine.traits.cluster?.hold("c", forever);
    await two.engine.tops(["c"]);
    await one.engine.stop();
    const lease = await second;
    expect(lease?.lost.aborted).toBe(false);
    await owner.stop();
    await until(() => lease?.lost.aborted === true);
  });

  it("are not waited for any longer by whoever said so", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const giving = new AbortController();
    const first = await one.engine.traits.cluster?.hold("c", new AbortController().signal);
    const second = two.engine.traits.cluster?.hold("c", giving.signal);
    giving.abort();
    await expect(second).rejects.toThrow(/nobody waits/);
    first?.release();
    const third = await one.engine.traits.cluster?.hold("c", new AbortController().signal);
    expect(third?.fence).toBeGreaterThan(first?.fence ?? Infinity);
  });
});

describe("questions", () => {
  it("reach one node, or all others; a node that is not there gives null, one that fails nothing", async () => {
    const path = socketPath();
    await ownerAt(path);
    const nodes = ["x", "y", "z"].map((name) => {
      const engine = localEngine({ path });
      engine.traits.cluster?.listen(name, async (question) => {
        if (name === "z") throw new Error("no");
        return Buffer.concat([Buffer.from(`${name}:`), question]);
      });
      return engine;
    });
    for (const engine of nodes) {
      await engine.start(new RecordingSink());
      onTestFinished(() => engine.stop());
    }
    const [cluster] = nodes.map((engine) => engine.traits.cluster);
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
