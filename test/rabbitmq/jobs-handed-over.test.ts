// Between RabbitMQ and the keeper's store: answers that reach nobody, and a store that does not take what was ordered.
import type { Claimed, JobStore } from "@tidewire/jobs";
import { type RabbitConnection, rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { TidewireError } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { draft, wanted } from "../a-job.ts";
import { FakeClock } from "../../packages/jobs/test/fake-clock.ts";
import { connecting } from "./connecting.ts";
import { kept, Site } from "./site.ts";

const slowly = { timeout: 60_000 };

/** The store in `store`, but for what a test does in its place. */
function instead(store: JobStore, other: Partial<JobStore>): JobStore {
  return {
    open: () => store.open(),
    close: () => store.close(),
    add: (drafts) => store.add(drafts),
    claim: (asked) => store.claim(asked),
    renew: (holds, leaseMs) => store.renew(holds, leaseMs),
    settle: (hold, outcome) => store.settle(hold, outcome),
    read: (query) => store.read(query),
    counts: () => store.counts(),
    change: (id, what) => store.change(id, what),
    ...other,
  };
}

type Connecting = () => Promise<RabbitConnection>;

/** @param deliveries Where the queue of each one that is published is noted. */
function noting(connect: Connecting, deliveries: string[]): Connecting {
  return async () => {
    const connection = await connect();
    const createConfirmChannel = connection.createConfirmChannel.bind(connection);
    connection.createConfirmChannel = async () => {
      const channel = await createConfirmChannel();
      const publish = channel.publish.bind(channel);
      channel.publish = (exchange, queue, ...rest) => {
        deliveries.push(queue);
        return publish(exchange, queue, ...rest);
      };
      return channel;
    };
    return connection;
  };
}

async function attemptsOf(store: JobStore): Promise<unknown> {
  const [record] = await store.read({ kind: "one", id: draft.id });
  return { state: record?.state, attempt: record?.attempt };
}

test("jobs that were claimed by somebody who is gone wait again, without an attempt", slowly, async (context) => {
  const site = await Site.begin(context);
  const record = await kept();
  await record.add([draft]);
  const claims: Claimed[] = [];
  const claim = async (asked: typeof wanted): Promise<Claimed> => {
    claims.push(await record.claim(asked));
    return claims.at(-1) ?? expect.unreachable();
  };
  await site.store();
  await site.server.asOperator(async (channel) => {
    const { queue } = await channel.assertQueue("", { exclusive: true });
    const content = Buffer.from(JSON.stringify({ version: 1, kind: "claim", wanted }));
    channel.sendToQueue(site.queue("asks"), content, { replyTo: queue, correlationId: "1" });
  });
  await site.keeper({ store: instead(record, { claim }) });
  await expect.poll(() => claims.flatMap(({ runs }) => runs).length, { timeout: 20_000 }).toBe(1);
  await expect.poll(() => attemptsOf(record), { timeout: 20_000 }).toEqual({ state: "waiting", attempt: 0 });
});

test.for([true, false])(
  "jobs whose claim is answered too late wait again, without an attempt (%s)",
  slowly,
  async (isAlone, context) => {
    const site = await Site.begin(context);
    const record = await kept();
    await record.add([draft]);
    const [isAsked, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const claim = async (given: typeof wanted): Promise<Claimed> => {
      isAsked.resolve();
      await mayAnswer.promise;
      return await record.claim(given);
    };
    await site.keeper({ store: instead(record, { claim }) });
    const clock = new FakeClock();
    const store = await site.store({ clock });
    // Alone, or with what else was asked in the turn.
    const others = isAlone ? [] : [store.settle({ id: "other", fence: 1 }, { kind: "told" })];
    const indeterminate = { reason: { reason: "indeterminate" } };
    const claimed = expect(Promise.allSettled([store.claim(wanted), ...others])).resolves.toMatchObject(
      isAlone ? [indeterminate] : [indeterminate, indeterminate],
    );
    await isAsked.promise;
    clock.advance(3_000);
    clock.advance(6_000);
    await claimed;
    expect(await attemptsOf(record)).toEqual({ state: "waiting", attempt: 0 });
    mayAnswer.resolve();
    // It has been in somebody's hands: its next one has the third number, where it would be the first.
    const fence = async (): Promise<unknown> =>
      (await record.claim(wanted)).runs.map((run) => [run.fence, run.attempt]);
    await expect.poll(fence, { timeout: 20_000 }).toEqual([[3, 1]]);
  },
);

test("asked in one turn is one delivery, and each ask has its own answer", slowly, async (context) => {
  const site = await Site.begin(context);
  const record = await kept();
  await record.add(["one", "two", "three"].map((id) => ({ ...draft, id })));
  const settle: JobStore["settle"] = async (hold, outcome) => {
    if (hold.id === "two") throw new TidewireError("limit_exceeded", "full");
    return await record.settle(hold, outcome);
  };
  await site.keeper({ store: instead(record, { settle }) });
  const deliveries: string[] = [];
  const connect = noting(connecting(site.server.url), deliveries);
  const store = rabbitmqStore({ prefix: site.prefix, connect });
  onTestFinished(() => store.close());
  await store.open();
  const { runs } = await store.claim({ ...wanted, runs: 2 });
  deliveries.length = 0;
  const done = { kind: "done", output: "1" } as const;
  const answers = await Promise.allSettled([
    ...runs.map((run) => store.settle(run, done)),
    store.settle({ id: "three", fence: 7 }, done),
    store.claim(wanted),
  ]);
  expect(deliveries).toEqual([site.queue("asks")]);
  expect(answers).toMatchObject([
    { value: "done" },
    { reason: { reason: "limit_exceeded", message: "full" } },
    { value: null },
    { value: { runs: [{ id: "three" }] } },
  ]);
});

test("an order waits for a store that is away", slowly, async (context) => {
  const site = await Site.begin(context);
  const record = await kept();
  let tries = 0;
  const add: JobStore["add"] = async (drafts) => {
    tries += 1;
    if (tries < 3) throw new TidewireError(tries === 1 ? "engine_unavailable" : "indeterminate");
    return await record.add(drafts);
  };
  await site.keeper({ store: instead(record, { add }) });
  const store = await site.store();
  expect(await store.add([{ ...draft, key: "k" }])).toEqual([{ id: "one", isDuplicate: false }]);
  expect(tries).toBe(3);
  expect(await site.taken(site.queue("refused"))).toEqual([]);
});

test("an order that a store takes never, while it takes others, is a dead letter", slowly, async (context) => {
  const site = await Site.begin(context);
  const record = await kept();
  const add: JobStore["add"] = async (drafts) => {
    if (drafts.some(({ id }) => id === "bad")) throw new TidewireError("engine_unavailable", "it cannot be bound");
    return await record.add(drafts);
  };
  const clock = new FakeClock();
  await site.keeper({ store: instead(record, { add }), clock });
  const store = await site.store();
  const bad = store.add([{ ...draft, id: "bad", key: "k" }]);
  const refused = expect(bad).rejects.toMatchObject({ reason: "engine_unavailable", message: "it cannot be bound" });
  await expect.poll(() => clock.pending, { timeout: 20_000 }).toBeGreaterThan(0);
  await store.add([draft]);
  const letters = async (): Promise<readonly unknown[]> => {
    clock.advance(500);
    return (await site.taken(site.queue("refused"))).map(({ headers }) => headers["tidewire-message"]);
  };
  await expect.poll(letters, { timeout: 30_000 }).toEqual(["it cannot be bound"]);
  await refused;
  expect((await store.claim(wanted)).runs.map(({ id }) => id)).toEqual(["one"]);
});
