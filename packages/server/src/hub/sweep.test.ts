// The sweep: memory of channels where nothing happens is given back, and however many there are, nobody waits for it.
import { defineChannel } from "@tidewire/protocol";
import { expect, test } from "vitest";
import { FakeNode } from "../testing/fake-node.ts";

const channels = [defineChannel("c:{n}", { history: { size: 100, ttlMs: 3_600_000 } })];
const count = 60;

/** A node with as much in the tail of every channel as an idle one may not keep, and a subscriber of each. */
async function filled(): Promise<FakeNode> {
  const node = await FakeNode.start({ channels, limits: { watermarkBytes: 100_000_000 } });
  const connection = await node.connected();
  for (let n = 0; n < count; n += 1) connection.say(JSON.stringify({ id: n + 2, subscribe: { channel: `c:${n}` } }));
  await node.settle();
  for (let n = 0; n < count; n += 1) {
    for (let each = 0; each < 4; each += 1) await node.publish(`c:${n}`, "x".repeat(30_000));
  }
  await node.settle();
  return node;
}

test("a sweep goes on in later slices, and comes to every channel", async () => {
  const node = await filled();
  const { clock, hub } = node;
  // The first sweep finds news everywhere, and the second none.
  await node.pass(15_000);
  const before = hub.tailBytes;
  expect(before).toBeGreaterThan(count * 120_000);
  // Each look at the clock takes a millisecond: a slice has five of them.
  clock.lookMs = 1;
  const left: number[] = [];
  for (let step = 0; step < 2_000 && hub.tailBytes > count * 70_000; step += 1) {
    clock.advance(10);
    if (left.at(-1) !== hub.tailBytes) left.push(hub.tailBytes);
  }
  const steps = left.map((bytes, index) => (left[index - 1] ?? before) - bytes);
  const ofOne = before / count;
  expect(hub.tailBytes).toBeLessThan(count * 70_000);
  expect(steps.length).toBeGreaterThanOrEqual(count / 6);
  for (const given of steps) expect(given).toBeLessThan(6 * ofOne);
});
