// What a job store behind RabbitMQ refuses, and in which words: servers that are away or full, and what nobody can have asked.
import type { JobStore } from "@tidewire/jobs";
import { rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { systemClock } from "@tidewire/protocol/ports";
import type { ConsumeMessage } from "amqplib";
import { expect, test } from "vitest";
import { draft, wanted } from "../a-job.ts";
import { FakeClock } from "../../packages/jobs/test/fake-clock.ts";
import { freePort } from "../killable-node.ts";
import { connecting } from "./connecting.ts";
import { kept, Site } from "./site.ts";

const slowly = { timeout: 60_000 };

/** What was asked in one turn of the event loop leaves in the next. */
const turn = (): Promise<void> => new Promise((resolve) => systemClock.defer(resolve));

test("a server that is not there", async () => {
  const store = rabbitmqStore({ connect: connecting(`amqp://127.0.0.1:${await freePort()}`) });
  const refused = store.open();
  await expect(refused).rejects.toMatchObject({ reason: "engine_unavailable" });
  await expect(refused).rejects.toThrow("ECONNREFUSED");
  await expect(store.claim(wanted)).rejects.toMatchObject({ reason: "engine_unavailable" });
});

test("a wrong password, and queues that were made otherwise", slowly, async (context) => {
  const site = await Site.begin(context);
  const url = site.server.url.replace("//", "//guest:secret@");
  const refused = rabbitmqStore({ connect: connecting(url) }).open();
  await expect(refused).rejects.toMatchObject({ reason: "engine_unavailable" });
  await expect(refused).rejects.toThrow("ACCESS_REFUSED");
  await expect(refused).rejects.not.toThrow("secret");
  await site.store();
  const otherwise = site.store({ mostOrders: 5 });
  await expect(otherwise).rejects.toMatchObject({ reason: "engine_unavailable" });
  await expect(otherwise).rejects.toThrow("x-max-length");
});

test("orders that RabbitMQ has no room for, while no keeper takes them", slowly, async (context) => {
  const site = await Site.begin(context);
  const clock = new FakeClock();
  const store = await site.store({ clock, mostOrders: 5 });
  const order = async (n: number): Promise<string> =>
    await store.add([{ ...draft, id: `${n}` }]).then(
      () => "acked",
      (thrown: unknown) => (thrown as { readonly reason: string }).reason,
    );
  // RabbitMQ is trusted now.
  clock.advance(5_000);
  const words: string[] = [];
  // A quorum queue tells those who publish that it is full when it is, so a few more may come in.
  for (let n = 1; n <= 100 && words.at(-1) !== "limit_exceeded"; n += 1) {
    const word = order(n);
    const isThere = async (): Promise<boolean> => clock.pending === 0 || (await site.waiting("orders")) >= n;
    await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
    clock.advance(3_000);
    words.push(await word);
  }
  expect(words.filter((word) => word === "acked").length).toBeGreaterThanOrEqual(5);
  expect(words.at(-1)).toBe("limit_exceeded");
});

test("orders while no keeper answers: those without a key are RabbitMQ's to keep", slowly, async (context) => {
  const site = await Site.begin(context);
  const clock = new FakeClock();
  const store = await site.store({ clock });
  const plain = store.add([draft, { ...draft, id: "two" }]);
  const keyed = store.add([{ ...draft, id: "three", key: "k" }]);
  const asked = store.claim(wanted);
  const refusals = Promise.allSettled([keyed, asked]);
  await expect.poll(async () => await site.waiting("orders"), { timeout: 20_000 }).toBe(2);
  clock.advance(5_000);
  expect(await plain).toEqual([
    { id: "one", isDuplicate: false },
    { id: "two", isDuplicate: false },
  ]);
  clock.advance(4_000);
  for (const refusal of await refusals) expect(refusal).toMatchObject({ reason: { reason: "indeterminate" } });
  await site.keeper();
  const held = async (): Promise<readonly string[]> =>
    (await store.claim({ ...wanted, leaseMs: 1_000 })).runs.map(({ id }) => id);
  const ids = new Set<string>();
  await expect.poll(async () => (await held()).reduce((all, id) => all.add(id), ids).size, { timeout: 20_000 }).toBe(3);
});

test("a record that is full: the order is a dead letter with its reason", slowly, async (context) => {
  const site = await Site.begin(context);
  await site.keeper({ store: await kept({ maxFileBytes: 65_536 }) });
  const store = await site.store();
  const big = { ...draft, input: JSON.stringify("x".repeat(60_000)) };
  await store.add([big]);
  await expect(store.add([{ ...big, id: "two" }])).rejects.toMatchObject({ reason: "limit_exceeded" });
  expect((await store.claim(wanted)).runs.map(({ id }) => id)).toEqual(["one"]);
  const letters = await site.taken(site.queue("refused"));
  expect(letters.map(({ headers }) => headers["tidewire-reason"])).toEqual(["limit_exceeded"]);
  expect(letters[0]?.content).toContain('"two"');
});

test(
  "what nobody can have asked is a dead letter with its reason, and keeps nothing else waiting",
  slowly,
  async (context) => {
    const site = await Site.begin(context);
    await site.keeper();
    const store = await site.store();
    const ask = { version: 1, kind: "add", drafts: [draft] };
    const poisoned: readonly (readonly [string, string, string])[] = [
      ["orders", "no JSON", "no JSON"],
      ["orders", "null", "ask: an object was expected, got null"],
      ["orders", JSON.stringify({ ...ask, version: 2 }), "ask.version: an integer from 1 to 1 was expected, got 2"],
      [
        "orders",
        JSON.stringify({ ...ask, drafts: [{ ...draft, id: 7 }] }),
        "ask.drafts[0].id: a text was expected, got number",
      ],
      [
        "orders",
        JSON.stringify({ version: 1, kind: "read", query: { kind: "one", id: "x" } }),
        'an order was expected in this queue, got "read"',
      ],
      ["asks", JSON.stringify(ask), 'no order was expected in this queue, got "add"'],
      ["asks", JSON.stringify({ version: 1, kind: "claim", wanted: { ...wanted, runs: -1 } }), "ask.wanted.runs"],
      ["asks", JSON.stringify({ version: 1, kind: "several", asks: [{ kind: "counts" }] }), "ask.asks[0].kind"],
    ];
    await site.server.asOperator(async (channel) => {
      for (const [queue, content] of poisoned) channel.sendToQueue(site.queue(queue), Buffer.from(content));
    });
    await store.add([{ ...draft, id: "good" }]);
    await expect.poll(async () => await site.waiting("refused"), { timeout: 20_000 }).toBe(poisoned.length);
    const letters = await site.taken(site.queue("refused"));
    const said = letters.map(({ content, headers }) => `${content}: ${String(headers["tidewire-message"])}`).toSorted();
    const expected = poisoned.map(([, content, message]) => `${content}: ${message}`).toSorted();
    for (const [n, text] of said.entries()) expect(text).toContain(expected[n]);
    expect((await store.claim(wanted)).runs.map(({ id }) => id)).toEqual(["good"]);
  },
);

test("an order that no keeper survives is a dead letter of RabbitMQ's own", slowly, async (context) => {
  const site = await Site.begin(context);
  const clock = new FakeClock();
  const store = await site.store({ clock });
  const added = store.add([draft]);
  let deliveries = 0;
  await site.server.asOperator(async (channel) => {
    const took = (delivery: ConsumeMessage | null): void => {
      deliveries += 1;
      if (delivery !== null) channel.nack(delivery, false, true);
    };
    await channel.consume(site.queue("orders"), took);
    await expect.poll(() => site.waiting("refused"), { timeout: 20_000 }).toBe(1);
  });
  expect(deliveries).toBe(101);
  const [letter] = await site.taken(site.queue("refused"));
  expect(letter?.content).toContain('"one"');
  expect(letter?.headers).toMatchObject({ "x-first-death-reason": "delivery_limit" });
  clock.advance(5_000);
  await added;
});

test("an answer is sent to no queue that a client can have named", slowly, async (context) => {
  const site = await Site.begin(context);
  await site.keeper();
  await site.server.asOperator(async (channel) => {
    await channel.assertQueue("somebody's");
    const ask = { version: 1, kind: "read", query: { kind: "one", id: "x" } };
    const options = { replyTo: "somebody's", correlationId: "1" };
    channel.sendToQueue(site.queue("asks"), Buffer.from(JSON.stringify(ask)), options);
  });
  const store = await site.store();
  // This one comes after it.
  expect(await store.read({ kind: "one", id: "x" })).toEqual([]);
  expect(await site.taken("somebody's")).toEqual([]);
});

test("queues that an operator deletes are there again", slowly, async (context) => {
  const site = await Site.begin(context);
  await site.keeper();
  const store = await site.store();
  await store.add([draft]);
  await site.server.asOperator(async (channel) => {
    for (const queue of ["orders", "asks"]) await channel.deleteQueue(site.queue(queue));
  });
  const added = async (id: string): Promise<unknown> =>
    await store.add([{ ...draft, id }]).catch((thrown: unknown) => thrown);
  await expect.poll(() => added("two"), { timeout: 20_000 }).toEqual([{ id: "two", isDuplicate: false }]);
  expect((await store.claim(wanted)).runs.map(({ id }) => id)).toEqual(["one", "two"]);
});

test("a server that takes nothing, its memory being full", slowly, async (context) => {
  const site = await Site.alone(context, { "vm_memory_high_watermark.absolute": "10MB" });
  const clock = new FakeClock();
  const store = await site.store({ clock });
  const said = async (): Promise<unknown> => {
    const asked = store.claim(wanted).catch((thrown: unknown) => thrown);
    await turn();
    clock.advance(3_000);
    clock.advance(6_000);
    return await asked;
  };
  // RabbitMQ tells those who publish; what was on its way then may still be done.
  expect(await said()).toMatchObject({ reason: "indeterminate" });
  const full = { reason: "engine_unavailable", message: expect.stringContaining("takes nothing now") as unknown };
  await expect.poll(said, { timeout: 20_000 }).toMatchObject(full);
});

test(
  "a server that is frozen: whoever asks hears it in time, and all goes on when it does",
  slowly,
  async (context) => {
    const site = await Site.alone(context);
    await site.keeper();
    const clock = new FakeClock();
    const store = await site.store({ clock });
    await store.add([draft]);
    site.server.signal("SIGSTOP");
    const asked = store.claim(wanted);
    const refused = expect(asked).rejects.toMatchObject({ reason: "indeterminate" });
    await turn();
    clock.advance(3_000);
    clock.advance(6_000);
    await refused;
    site.server.signal("SIGCONT");
    const ids = async (): Promise<readonly string[]> => await firstRuns(store);
    await expect.poll(ids, { timeout: 30_000 }).toEqual(["one"]);
  },
);

async function firstRuns(store: JobStore): Promise<readonly string[]> {
  const claimed = await store.claim(wanted).catch(() => null);
  return claimed?.runs.map(({ id }) => id) ?? [];
}
