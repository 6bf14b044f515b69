// Calls: one answer each, whatever comes first of result, deadline, cancel and the connection's end.
import { defineCall } from "@tidewire/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { FakeNode, type FakeNodeOptions } from "../testing/fake-node.ts";
import { answers, cancel, held, rpc } from "../testing/held-calls.ts";

const nodes: FakeNode[] = [];

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.hub.stop();
});

async function begin(options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> {
  const node = await FakeNode.start({ channels: [], ...options });
  nodes.push(node);
  return node;
}

describe("the time of a call", () => {
  it.each([
    { whose: "30 s by itself", overMs: 30_000 },
    { whose: "its handler's", deadlineMs: 500, overMs: 500 },
    { whose: "its caller's, when that is shorter", deadlineMs: 5_000, timeoutMs: 700, overMs: 700 },
    { whose: "its handler's, when its caller's is longer", deadlineMs: 700, timeoutMs: 5_000, overMs: 700 },
  ])("is $whose", async ({ deadlineMs, timeoutMs, overMs }) => {
    const node = await begin({ limits: { pingIntervalMs: 100_000 } });
    const entered = held(node, deadlineMs);
    const connection = await node.connected();
    connection.say(rpc(2, timeoutMs));
    await node.settle();
    node.clock.advance(overMs - 20);
    await node.settle();
    expect([answers(connection, 2), entered.get(2)?.signal.aborted]).toEqual([[], false]);
    node.clock.advance(40);
    await node.settle();
    expect(connection.lines).toMatchObject([
      { id: 2, error: { code: 504, message: `its ${overMs} ms were over after it had begun`, temporary: true } },
    ]);
    expect(entered.get(2)?.signal.reason).toMatchObject({ reason: "timed_out" });
    entered.get(2)?.end("late");
    await node.settle();
    expect(answers(connection, 2)).toEqual([504]);
    expect([node.metrics.get("calls_timed_out"), node.metrics.get("call_results_dropped")]).toEqual([1, 1]);
  });

  it("that is over before the handler was entered is told as such, and the handler never is", async () => {
    const rule = Promise.withResolvers<boolean>();
    const node = await begin({ access: { call: () => rule.promise } });
    const entered = held(node);
    const connection = await node.connected();
    connection.say(rpc(2, 100));
    await node.pass(200);
    expect(answers(connection, 2)).toEqual([408]);
    rule.resolve(true);
    await node.settle();
    expect([answers(connection, 2), entered.size]).toEqual([[408], 0]);
  });

  it("ends with its result: nothing is left to fall due", async () => {
    const node = await begin();
    const entered = held(node);
    const connection = await node.connected();
    const before = node.hub.wheel.size;
    connection.say(rpc(2));
    await node.settle();
    expect(node.hub.wheel.size).toBe(before + 1);
    entered.get(2)?.end("done");
    await node.settle();
    expect([answers(connection, 2), node.hub.wheel.size]).toEqual([["done"], before]);
    expect(entered.get(2)?.signal.aborted).toBe(false);
  });

  it("is a number of milliseconds", async () => {
    const node = await begin();
    const entered = held(node);
    const connection = await node.connected();
    for (const timeout of [0, -1, 1.5, "5", true]) {
      connection.say(JSON.stringify({ id: 2, rpc: { method: "work", tide: { timeout } } }));
    }
    await node.settle();
    expect([answers(connection, 2), entered.size]).toEqual([[107, 107, 107, 107, 107], 0]);
  });
});

describe("tide.cancel", () => {
  it("ends the wait for a handler that was entered, and is answered itself", async () => {
    const node = await begin();
    const entered = held(node);
    const connection = await node.connected();
    connection.say(rpc(2));
    await node.settle();
    connection.say(cancel(3, 2));
    expect(entered.get(2)?.signal.reason).toMatchObject({ reason: "canceled" });
    entered.get(2)?.end("late");
    await node.settle();
    expect([answers(connection, 2), answers(connection, 3)]).toEqual([[504], [{}]]);
    expect([node.metrics.get("calls_canceled"), node.metrics.get("call_results_dropped")]).toEqual([1, 1]);
  });

  it("hears nothing of a handler that throws when it is told", async () => {
    const node = await begin();
    node.calls.set("work", {
      definition: defineCall("work"),
      handler: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    });
    const connection = await node.connected();
    connection.say(rpc(2));
    await node.settle();
    connection.say(cancel(3, 2));
    await node.settle();
    expect([answers(connection, 2), node.metrics.get("internal_errors")]).toEqual([[504], 0]);
  });

  it("in the frame of its call comes before the handler", async () => {
    const node = await begin();
    const entered = held(node);
    const connection = await node.connected();
    connection.say([rpc(2), rpc(3), cancel(4, 3), cancel(5, 2), rpc(6)].join("\n"));
    await node.settle();
    expect([...entered.keys()]).toEqual([6]);
    expect([2, 3, 4, 5, 6].map((id) => answers(connection, id))).toEqual([[499], [499], [{}], [{}], []]);
  });

  it("of the second call of a frame leaves the first alone", async () => {
    const node = await begin();
    const entered = held(node);
    const connection = await node.connected();
    connection.say([rpc(2), rpc(3)].join("\n"));
    await node.settle();
    connection.say(cancel(4, 3));
    entered.get(2)?.end("first");
    await node.settle();
    expect([answers(connection, 2), answers(connection, 3)]).toEqual([["first"], [504]]);
  });

  it("reaches a call that waits for connect", async () => {
    const identity = Promise.withResolvers<{ user: string }>();
    const node = await begin({ access: { connect: () => identity.promise } });
    const entered = held(node);
    const connection = node.centrifuge();
    connection.say(['{"id":1,"connect":{}}', rpc(2), cancel(3, 2)].join("\n"));
    await node.settle();
    expect(connection.lines).toEqual([]);
    identity.resolve({ user: "ann" });
    await node.settle();
    expect(connection.lines[0]).toMatchObject({ id: 1, connect: {} });
    expect([answers(connection, 2), answers(connection, 3), entered.size]).toEqual([[499], [{}], 0]);
  });

  it("reaches a call that waits until its client has read, and one whose result waits", async () => {
    const node = await begin({ limits: { controlFrames: 4 } });
    const entered = held(node);
    const connection = await node.connected({ watermark: 100 });
    connection.stop();
    connection.say([rpc(2), rpc(3)].join("\n"));
    await node.settle();
    // The socket is full after the first, the outbox after four more: the rest waits.
    connection.say([10, 11, 12, 13, 14, 15].map((id) => cancel(id, 99)).join("\n"));
    await node.settle();
    entered.get(3)?.end("ready");
    connection.say([rpc(4), rpc(5), cancel(6, 4), cancel(7, 3), cancel(8, 2)].join("\n"));
    await node.settle();
    expect([connection.isHeld, entered.get(2)?.signal.aborted]).toEqual([true, true]);
    connection.resume();
    await node.settle();
    expect([2, 3, 4, 6, 7, 8].map((id) => answers(connection, id))).toEqual([[504], [504], [499], [{}], [{}], [{}]]);
    expect([...entered.keys()]).toEqual([2, 3, 5]);
  });

  it("reaches a call that waits for others to end", async () => {
    const node = await begin({ limits: { controlFrames: 2 } });
    const entered = held(node);
    const connection = await node.connected();
    connection.say([rpc(2), rpc(3)].join("\n"));
    await node.settle();
    connection.say([rpc(4), cancel(5, 4), rpc(6)].join("\n"));
    await node.settle();
    expect(connection.isHeld).toBe(true);
    entered.get(2)?.end("done");
    await node.settle();
    expect([...entered.keys()]).toEqual([2, 3, 6]);
    expect([answers(connection, 4), answers(connection, 5)]).toEqual([[499], [{}]]);
  });

  it("of what is unknown, answered or no call does nothing", async () => {
    const node = await begin();
    const entered = held(node);
    const connection = await node.connected();
    connection.say(rpc(2));
    await node.settle();
    entered.get(2)?.end("done");
    await node.settle();
    connection.say([cancel(3, 2), cancel(4, 77), cancel(5, 5)].join("\n"));
    await node.settle();
    expect([2, 3, 4, 5].map((id) => answers(connection, id))).toEqual([["done"], [{}], [{}], [{}]]);
  });

  it.each([undefined, "2", 0, -2, 1.5, null])("refuses %j as an id", async (call) => {
    const node = await begin();
    const connection = await node.connected();
    connection.say(cancel(3, call));
    await node.settle();
    expect(answers(connection, 3)).toEqual([107]);
  });
});

describe("what one connection may ask for at once", () => {
  it("is so many handlers, those that nobody waits for any more too", async () => {
    const node = await begin({ limits: { callsPerConnection: 2 } });
    const entered = held(node);
    const connection = await node.connected();
    connection.say([rpc(2), rpc(3), rpc(4)].join("\n"));
    await node.settle();
    expect(answers(connection, 4)).toEqual([111]);
    connection.say([cancel(5, 2), cancel(6, 3)].join("\n"));
    await node.settle();
    connection.say(rpc(7));
    await node.settle();
    expect([answers(connection, 7), entered.size]).toEqual([[111], 2]);
    expect(node.metrics.get("calls_refused")).toBe(2);
    entered.get(2)?.end("late");
    await node.settle();
    connection.say(rpc(8));
    await node.settle();
    entered.get(8)?.end("done");
    await node.settle();
    expect(answers(connection, 8)).toEqual(["done"]);
  });

  it("does not stop what it says next, once they were answered", async () => {
    const node = await begin({ limits: { controlFrames: 2 } });
    held(node);
    const connection = await node.connected();
    connection.say([rpc(2, 100), rpc(3), cancel(4, 99)].join("\n"));
    await node.settle();
    expect(connection.isHeld).toBe(true);
    await node.pass(200);
    expect([connection.isHeld, answers(connection, 2), answers(connection, 4)]).toEqual([false, [504], [{}]]);
  });

  it("is a megabyte of results that wait for it to read, whole ones", async () => {
    const node = await begin();
    const entered = held(node);
    const connection = await node.connected({ watermark: 1_000 });
    const large = "x".repeat(200_000);
    const ids = Array.from({ length: 12 }, (_, index) => index + 2);
    connection.say(ids.map((id) => rpc(id, 500)).join("\n"));
    await node.settle();
    connection.stop();
    for (const id of ids) {
      entered.get(id)?.end(large);
      await node.settle();
    }
    // What was done in time may take longer to be read.
    node.clock.advance(1_000);
    connection.resume();
    await node.settle();
    const got = ids.map((id) => answers(connection, id));
    // One in the socket, two in the outbox, five that wait; for the rest there was no room.
    expect(got.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => [large]));
    expect(got.slice(8)).toEqual(Array.from({ length: 4 }, () => [106]));
    expect(node.metrics.get("call_results_refused")).toBe(4);
    expect([connection.strayWrites, connection.ended]).toEqual([0, null]);
  });

  it("is one result of a megabyte, and none above it", async () => {
    const node = await begin({ limits: { replyBytes: 10_000, controlBytes: 100 } });
    const entered = held(node);
    const connection = await node.connected({ watermark: 100 });
    connection.stop();
    connection.say([rpc(2), rpc(3), rpc(4), rpc(5)].join("\n"));
    await node.settle();
    for (const [id, length] of [
      [2, 200],
      [3, 200],
      [4, 10_001],
      [5, 9_000],
    ] as const) {
      entered.get(id)?.end("x".repeat(length));
      await node.settle();
    }
    connection.resume();
    await node.settle();
    expect([2, 3, 4, 5].map((id) => String(answers(connection, id)[0]).length)).toEqual([200, 200, 3, 9_000]);
    expect(answers(connection, 4)).toEqual([106]);
  });
});

it("tells the handlers of a connection that ends, and lets go of it", async () => {
  const node = await begin();
  const entered = held(node);
  const before = node.hub.wheel.size;
  const connection = await node.connected();
  connection.say(rpc(2));
  await node.settle();
  connection.opened?.closed(1006, "");
  expect(entered.get(2)?.signal.reason).toMatchObject({ reason: "canceled", message: "its connection has ended" });
  entered.get(2)?.end("late");
  await node.settle();
  expect([node.metrics.get("call_results_dropped"), node.hub.wheel.size]).toEqual([1, before]);
});
