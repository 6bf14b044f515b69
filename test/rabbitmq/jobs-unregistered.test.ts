// A RabbitMQ that was killed before it had written down which log its new queue has: what may be acked by then, and what is said after it.
// Up to RabbitMQ 4.2 such a queue has no leader (decision 0042).
import type { JobStore } from "@tidewire/jobs";
import { rabbitmqKeeper } from "@tidewire/jobs/rabbitmq";
import { expect, onTestFinished, test, type TestContext } from "vitest";
import { draft, wanted } from "../a-job.ts";
import { FakeClock } from "../../packages/jobs/test/fake-clock.ts";
import { connecting } from "./connecting.ts";
import { kept, Site } from "./site.ts";

const slowly = { timeout: 120_000 };
const soon = { timeout: 60_000 };

/** What becomes of an order, in a word. */
async function ordered(store: JobStore, id: string): Promise<string> {
  return await store.add([{ ...draft, id }]).then(
    () => "acked",
    (thrown: unknown) => (thrown as { readonly reason: string }).reason,
  );
}

async function unelected(context: TestContext): Promise<{ readonly site: Site; readonly remember: () => void }> {
  const site = await Site.alone(context);
  const store = await site.store();
  // There is no keeper: this is RabbitMQ's word alone.
  expect(await ordered(store, "before")).toBe("acked");
  expect(site.server.registers(site.queue("orders"))).toBe(true);
  await store.close();
  await site.server.kill();
  const remember = site.server.forgetQueues();
  await site.server.start();
  return { site, remember };
}

test("RabbitMQ's word alone is taken when it has outlived that time", slowly, async (context) => {
  const site = await Site.begin(context);
  const clock = new FakeClock();
  const store = await site.store({ clock });
  let word = "none yet";
  const asked = ordered(store, "one").then((said) => (word = said));
  await expect.poll(() => site.waiting("orders"), soon).toBe(1);
  clock.advance(4_999);
  // What was confirmed is known to the store when something that was asked after it has come back.
  await site.store();
  expect(word).toBe("none yet");
  clock.advance(1);
  expect(await asked).toBe("acked");
});

test("and not when the connection is lost before", slowly, async (context) => {
  const site = await Site.alone(context);
  const clock = new FakeClock();
  const store = await site.store({ clock });
  const asked = ordered(store, "one");
  await expect.poll(() => site.waiting("orders"), soon).toBe(1);
  clock.advance(4_999);
  await site.server.kill();
  expect(await asked).toBe("indeterminate");
});

test("orders are refused at once while its queue has no leader, and go on when it has one", slowly, async (context) => {
  const { site, remember } = await unelected(context);
  const clock = new FakeClock();
  const store = await site.store({ clock });
  for (const id of ["first", "second"]) {
    const word = ordered(store, id);
    // One that is on its way finds out.
    if (id === "second") expect(await ordered(store, "third")).toBe("engine_unavailable");
    for (const ms of [3_000, 6_000]) clock.advance(ms);
    expect(await word).toBe("indeterminate");
  }
  const keeper = rabbitmqKeeper({ connect: connecting(site.server.url), prefix: site.prefix, store: await kept() });
  onTestFinished(() => keeper.close());
  await expect(keeper.open()).rejects.toThrow(`the queue "${site.queue("orders")}" hands out nothing within 6000 ms`);
  await site.server.kill();
  remember();
  await site.server.start();
  await site.keeper();
  // The store's clock stands still: each look gives the connection its time.
  const isBack = async (): Promise<string> => {
    clock.advance(2_000);
    return await ordered(store, "last");
  };
  await expect.poll(isBack, soon).toBe("acked");
  const found = async (): Promise<readonly string[]> => {
    const all = await store.read({ kind: "page", state: "waiting", after: null, limit: 10 });
    return all.map(({ id }) => id).toSorted();
  };
  await expect.poll(found, soon).toContain("before");
  expect((await store.claim(wanted)).runs.length).toBeGreaterThan(0);
});
