// Recovery against a server on a real port: what was missed, what cannot be had again, and what comes twice.
import { defineChannel, type Position } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import { answering, atTen, comeBack, is, live, record } from "../test/channel-log.ts";
import type { Json } from "../test/scripted-server.ts";
import { connected, quiet, reaches, setStage } from "../test/stage.ts";
import type { Gap } from "./index.ts";

const typing = defineChannel("typing:{room}", { mode: "signal" });

describe("after a broken connection", () => {
  test("what was missed comes before what is new, and nothing twice", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const log = record(channel);
    stage.server.link.publish("news", 1);
    stage.server.link.publish("news", 2);
    await quiet(stage);
    stage.server.script = answering(({ offset }) => ({
      recoverable: true,
      epoch: "e1",
      offset,
      recovered: true,
      publications: [1, 2, 3, 4].map((missed) => ({ data: missed, offset: missed })),
    }));
    const asked = await comeBack(stage, channel);
    expect(asked).toMatchObject({ recover: true, epoch: "e1", offset: 2 });
    for (const offset of [3, 4, 5]) stage.server.link.publish("news", offset);
    await quiet(stage);
    expect(log.entries).toEqual([1, 2, "waiting", "subscribing", "live recovered", 3, 4, 5]);
    expect((await comeBack(stage, channel))["offset"]).toBe(5);
  });

  test("the id of the last publication goes along, as a proof that the log is still the same", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    expect((await comeBack(stage, channel))["tide"]).toEqual({});
    await is(channel, "live");
    stage.server.link.push("news", { pub: { data: 1, offset: 1, id: "a1" } });
    stage.server.link.push("news", { pub: { data: "passing", id: "x" } });
    await quiet(stage);
    expect(await comeBack(stage, channel)).toMatchObject({ offset: 1, tide: { last: "a1" } });
    await is(channel, "live");
    stage.server.link.push("news", { pub: { data: 2, offset: 2 } });
    await quiet(stage);
    expect((await comeBack(stage, channel))["tide"]).toEqual({});
    await is(channel, "live");
    stage.server.link.push("news", { pub: { data: 3, offset: 3, id: "a3" } });
    await quiet(stage);
    stage.server.script = answering(() => atTen);
    await comeBack(stage, channel);
    await is(channel, "live");
    // The place came from the server's reply; no publication that we had stands there.
    const asked = await comeBack(stage, channel);
    expect([asked["offset"], asked["tide"]]).toEqual([10, {}]);
  });

  test("a recovery may be empty and go on with ordinary publications", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const log = record(channel);
    stage.server.link.publish("news", 4);
    await quiet(stage);
    await comeBack(stage, channel);
    for (const offset of [5, 6]) stage.server.link.publish("news", offset);
    await quiet(stage);
    expect(log.offsets).toEqual([4, 5, 6]);
    expect(channel.status).toEqual({ kind: "live", recovered: true });
  });

  const losses: readonly (readonly [string, Json, Position | null])[] = [
    ["says so", { ...atTen, was_recovering: true, recovered: false }, { epoch: "e1", offset: 10 }],
    ["leaves it out", { ...atTen, was_recovering: true }, { epoch: "e1", offset: 10 }],
    ["has another epoch and claims it anyway", { ...atTen, epoch: "e2", recovered: true }, { epoch: "e2", offset: 10 }],
    ["goes on further ahead, and calls it recovered", { ...atTen, recovered: true }, { epoch: "e1", offset: 10 }],
    ["keeps no history any more", { was_recovering: true, recovered: true }, null],
  ];

  test.each(losses)("a gap is told before anything newer when the server %s", async (_name, reply, to) => {
    const stage = await setStage();
    const channel = await live(stage);
    const log = record(channel);
    stage.server.link.publish("news", 3);
    await quiet(stage);
    stage.server.script = answering(() => reply);
    await comeBack(stage, channel);
    stage.server.link.publish("news", 11);
    await quiet(stage);
    const gap: Gap = { from: { epoch: "e1", offset: 3 }, to };
    expect(log.entries).toEqual([3, "waiting", "subscribing", { gap }, "live unrecovered", 11]);
    expect(channel.position).toEqual(to === null ? null : { ...to, offset: 11 });
  });

  test("a new epoch starts to count anew", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const log = record(channel);
    stage.server.link.publish("news", 50);
    await quiet(stage);
    stage.server.script = answering(() => ({ ...atTen, epoch: "e2", offset: 2 }));
    await comeBack(stage, channel);
    for (const offset of [1, 2, 3]) stage.server.link.publish("news", offset);
    await quiet(stage);
    expect(log.offsets).toEqual([50, 3]);
  });

  test("initial state that comes along unasked is handed over, and does not move the position back", async () => {
    const stage = await setStage();
    stage.server.script = answering(() => ({ ...atTen, publications: [{ data: "state", offset: 9 }] }));
    const channel = stage.client.channel("news");
    const log = record(channel);
    channel.open();
    await connected(stage);
    await is(channel, "live");
    expect(log.entries.at(-1)).toBe("state");
    expect(channel.position?.offset).toBe(10);
  });

  test("a signal says that something may be missing, without claiming a place", async () => {
    const stage = await setStage();
    stage.server.script = answering(() => ({}));
    const channel = stage.client.channel(typing, { room: "a" });
    const log = record(channel);
    channel.open();
    await connected(stage);
    await is(channel, "live");
    await comeBack(stage, channel);
    await is(channel, "live");
    expect(log.entries).toEqual([
      "waiting",
      "subscribing",
      "live recovered",
      "waiting",
      "subscribing",
      "live unrecovered",
    ]);
  });

  test("positions are forgotten when the server says that its state is invalid (3014)", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const gaps: Gap[] = [];
    channel.onGap((gap) => gaps.push(gap));
    stage.server.link.publish("news", 3);
    await quiet(stage);
    stage.server.link.close(3014, "state invalidated");
    await reaches(stage.client, "waiting");
    stage.clock.advance(stage.clock.nextMs ?? 0);
    expect(await stage.server.hears("subscribe", 2)).not.toHaveProperty("recover");
    await is(channel, "live");
    expect(channel.status).toEqual({ kind: "live", recovered: false });
    expect(gaps).toEqual([{ from: { epoch: "e1", offset: 3 }, to: { epoch: "e1", offset: 0 } }]);
  });
});
