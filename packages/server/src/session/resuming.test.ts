// Resuming is subscribing: whoever brings a position is asked the same questions as whoever brings none (S12).
import { defineChannel } from "@tidewire/protocol";
import { expect, it } from "vitest";
import { FakeNode } from "../testing/fake-node.ts";

const stream = defineChannel("s:{name}", { history: { size: 100, ttlMs: 60_000 } });

it("a rule that has changed its mind refuses a good position, and nothing is replayed", async () => {
  let mayRead = true;
  const node = await FakeNode.start({ channels: [stream], access: { subscribe: () => mayRead } });
  const first = await node.connected();
  first.say('{"id":2,"subscribe":{"channel":"s:a"}}');
  await node.settle();
  const [reply] = first.lines as readonly { readonly subscribe?: { readonly epoch: string } }[];
  const epoch = reply?.subscribe?.epoch ?? expect.fail("an epoch was expected");
  for (const n of [1, 2, 3]) await node.publish("s:a", n);
  first.opened?.closed(1006, "");
  mayRead = false;
  const again = await node.connected();
  again.say(`{"id":2,"subscribe":{"channel":"s:a","recover":true,"offset":1,"epoch":"${epoch}"}}`);
  again.say(`{"id":3,"history":{"channel":"s:a","limit":10,"since":{"offset":1,"epoch":"${epoch}"}}}`);
  await node.settle();
  expect(again.lines).toMatchObject([
    { id: 2, error: { code: 103 } },
    { id: 3, error: { code: 103 } },
  ]);
  mayRead = true;
  again.say(`{"id":4,"subscribe":{"channel":"s:a","recover":true,"offset":1,"epoch":"${epoch}"}}`);
  await node.settle();
  expect(again.lines.slice(2)).toMatchObject([
    { id: 4, subscribe: { recovered: true } },
    { push: { pub: { offset: 2 } } },
    { push: { pub: { offset: 3 } } },
  ]);
});

it("a guest who was somebody before does not resume in production", async () => {
  const node = await FakeNode.start({ channels: [stream], mode: "production" });
  const connection = node.centrifuge();
  connection.say('{"id":1,"connect":{"subs":{"s:a":{"recover":true,"offset":0,"epoch":""}}}}');
  await node.settle();
  expect(connection.lines).toMatchObject([{ id: 1, error: { code: 101 } }]);
});
