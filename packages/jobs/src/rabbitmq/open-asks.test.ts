// Who answers what was asked: the keeper, RabbitMQ alone, or nobody.
import { expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { OpenAsks } from "./open-asks.ts";

const kept = [{ id: "one", isDuplicate: false }];
const keeping = { kind: "value", value: [{ id: "one", isDuplicate: true }] } as const;

function untrusted(): { readonly clock: FakeClock; readonly asks: OpenAsks } {
  const clock = new FakeClock();
  return { clock, asks: new OpenAsks(clock) };
}

function begun(): ReturnType<typeof untrusted> {
  const all = untrusted();
  all.asks.trust();
  return all;
}

it("the keeper's word comes before RabbitMQ's, and RabbitMQ's after three seconds", async () => {
  const { clock, asks } = begun();
  const first = asks.begin(1, kept);
  const second = asks.begin(1, kept);
  asks.confirmed(first.number);
  asks.confirmed(second.number);
  clock.advance(2_999);
  expect(asks.answered(first.number, keeping)).toBe(true);
  expect(await first.answered).toEqual(keeping.value);
  clock.advance(1);
  expect(await second.answered).toEqual(kept);
  expect(asks.answered(second.number, keeping)).toBe(false);
});

it("RabbitMQ's word counts also when it comes later", async () => {
  const { clock, asks } = begun();
  const { number, answered } = asks.begin(1, kept);
  clock.advance(5_000);
  asks.confirmed(number);
  expect(await answered).toEqual(kept);
  expect(clock.pending).toBe(0);
});

it("what RabbitMQ's word is not enough for, or what it does not say, is known to nobody after nine seconds", async () => {
  const { clock, asks } = begun();
  const keyed = asks.begin(1, null);
  const silent = asks.begin(1, kept);
  asks.confirmed(keyed.number);
  const refusals = Promise.allSettled([keyed.answered, silent.answered]);
  clock.advance(3_000);
  clock.advance(6_000);
  for (const refusal of await refusals) expect(refusal).toMatchObject({ reason: { reason: "indeterminate" } });
  await expect(keyed.answered).rejects.toThrow("the keeper of the jobs gave no answer within 9000 ms");
  await expect(silent.answered).rejects.toThrow("RabbitMQ gave no answer within 9000 ms");
});

it("a lost connection leaves what was confirmed with RabbitMQ, and everything else unknown", async () => {
  const { clock, asks } = begun();
  const [safe, sent] = [asks.begin(1, kept), asks.begin(1, kept)];
  asks.confirmed(safe.number);
  const refusal = expect(sent.answered).rejects.toMatchObject({ reason: "indeterminate" });
  asks.lost("it was cut");
  expect(await safe.answered).toEqual(kept);
  await refusal;
  await asks.idle();
  expect(clock.pending).toBe(0);
});

it("RabbitMQ's word is not enough before it is trusted", async () => {
  const { clock, asks } = untrusted();
  const early = asks.begin(1, kept);
  asks.confirmed(early.number);
  let isSettled = false;
  const settled = early.answered.finally(() => (isSettled = true));
  clock.advance(3_000);
  await Promise.resolve();
  expect(isSettled).toBe(false);
  asks.trust();
  expect(await settled).toEqual(kept);
});

it("nor is it on the next connection, and what was confirmed on it is known to nobody when that is lost", async () => {
  const { asks } = begun();
  asks.lost("it was cut");
  const { number, answered } = asks.begin(1, kept);
  asks.confirmed(number);
  const refusal = expect(answered).rejects.toMatchObject({ reason: "indeterminate" });
  asks.lost("it was cut again");
  await refusal;
});

it("has a limit of requests", async () => {
  const { asks } = begun();
  const [first] = Array.from({ length: 10_000 }, () => asks.begin(1, kept));
  expect(() => asks.begin(1, kept)).toThrow("10000 requests of 10000 bytes wait for RabbitMQ already");
  asks.answered(first?.number ?? expect.unreachable(), keeping);
  asks.begin(1, kept);
});

it("has a limit of bytes", async () => {
  const { asks } = begun();
  const { number, answered } = asks.begin(60_000_000, null);
  expect(() => asks.begin(10_000_000, null)).toThrow("requests of 60000000 bytes wait for RabbitMQ already");
  asks.answered(number, keeping);
  await answered;
  asks.begin(10_000_000, null).answered.catch(() => undefined);
});
