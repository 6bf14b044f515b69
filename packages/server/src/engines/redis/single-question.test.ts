import { expect, it } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { RedisClient, RedisConnection } from "./redis-client.ts";
import { askAll, askServer } from "./single-question.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A server that answers when the test says so. */
function server(): { readonly client: RedisClient; readonly answered: PromiseWithResolvers<string> } {
  const answered = Promise.withResolvers<string>();
  return { answered, client: { duplicate: () => expect.fail("nothing was to be asked of it") } };
}

it("one that hangs is waited for half a second once another has answered", async () => {
  const clock = new FakeClock();
  const [quick, late, hung] = [server(), server(), server()];
  const all = [quick, late, hung];
  const asked = askAll(
    all.map(({ client }) => client),
    clock,
    async (client) => (await all.find((each) => each.client === client)?.answered.promise) ?? "",
  );
  clock.advance(4_000);
  quick.answered.resolve("quick");
  await turn();
  clock.advance(499);
  late.answered.resolve("late");
  await turn();
  clock.advance(1);
  expect((await asked).answers).toEqual(["quick", "late"]);
  hung.answered.resolve("hung");
  await turn();
  expect((await asked).answers).toEqual(["quick", "late"]);
  expect(clock.pending).toBe(0);
});

it("when nobody answers, each says why", async () => {
  const clients = [server(), server()].map(({ client }) => client);
  const { answers, reasons } = await askAll(clients, new FakeClock(), (client) =>
    Promise.reject(new Error(client === clients[0] ? "refused" : "unknown")),
  );
  expect([answers, [...reasons]]).toEqual([[], ["refused", "unknown"]]);
});

it("a server that says nothing is given up after five seconds, and its connection ends", async () => {
  const clock = new FakeClock();
  let isDestroyed = false;
  const connection: RedisConnection = {
    connect: () => Promise.resolve(),
    destroy: () => {
      isDestroyed = true;
    },
    on: () => undefined,
    sendCommand: () => new Promise(() => undefined),
    sSubscribe: () => Promise.resolve(),
  };
  const asking = askServer({ duplicate: () => connection }, clock, [["PING"]]);
  await turn();
  clock.advance(5_000);
  await expect(asking).rejects.toThrow("no answer in 5000 ms");
  expect(isDestroyed).toBe(true);
});
