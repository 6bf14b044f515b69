// What a node tells where it shares no leases with others, and how it ends.
import { expect, it } from "vitest";
import { silentLog } from "../ports/log.ts";
import { Metrics } from "../ports/metrics.ts";
import { systemRandom } from "../ports/random.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { KeptSink } from "../testing/lifecycle-cluster.ts";
import { Lifecycle, type LifecycleOptions } from "./lifecycle.ts";

const unasked = (): never => {
  throw new Error("nobody was to be asked");
};
const others = { facts: unasked, ledgers: unasked, ledgerOf: unasked };

function lifecycle(given: Pick<LifecycleOptions, "sink" | "others">): { it: Lifecycle; clock: FakeClock } {
  const clock = new FakeClock();
  const ports = { clock, random: systemRandom, log: silentLog, metrics: new Metrics() };
  return { it: new Lifecycle({ node: "a", leases: null, ...ports, ...given }), clock };
}

it("each tells of itself alone where there is no lease, though others could be asked", async () => {
  const sink = new KeptSink();
  const { it, clock } = lifecycle({ sink, others });
  it.start();
  it.facts.opened("s1", "ann");
  clock.advance(1_000);
  await expect.poll(() => sink.told()).toEqual(["connection.opened s1"]);
  it.facts.closed("s1", "ann", "shutdown");
  await it.stop(true);
  expect(sink.told()).toEqual(["connection.closed s1 shutdown"]);
});

it("one that is read by another waits until it was, or for two seconds; not where it cannot be", async () => {
  const { it, clock } = lifecycle({ sink: true, others });
  it.facts.opened("s1", "ann");
  await it.stop(false);
  let isOver = false;
  const ending = it.stop(true).then(() => (isOver = true));
  await expect.poll(() => clock.pending).toBe(1);
  clock.advance(1_999);
  await Promise.resolve();
  expect(isOver).toBe(false);
  clock.advance(1);
  await ending;
  const read = it.stop(true);
  await expect.poll(() => clock.pending).toBe(1);
  expect(it.page({})).toMatchObject({ to: 1, mark: { term: 0, teller: "", batch: 0 } });
  it.page({ a: 1 });
  await read;
});
