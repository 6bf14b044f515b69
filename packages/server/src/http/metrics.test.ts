// The page of figures where those of webhooks do not come.
import { expect, it } from "vitest";
import type { EndpointFigures } from "../lifecycle/desk.ts";
import { Latency } from "../ports/latency.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { metricsPage } from "./metrics.ts";

const zero = { sessions: 0, channels: 0, subscriptions: 0, members: 0, queued: 0, tailBytes: 0, isEngineUp: true };
const times = { stepsMs: [5, 10], cumulative: [1, 2, 4], sumMs: 5_030 };
const endpoint = { name: "backend", delivered: 3, failed: 1, givenUp: 0, waiting: 2, oldestWaitingMs: 1_500, dead: 5 };

it("is shown without webhooks that answer nothing, or fail, and with them when they answer again", async () => {
  const clock = new FakeClock();
  let answer: () => Promise<readonly EndpointFigures[]> = () => new Promise(() => undefined);
  const hasAsked = Promise.withResolvers<void>();
  const page = metricsPage({
    figures: () => ({ ...zero, counters: {} }),
    publishing: new Latency(),
    reading: new Latency(),
    webhooks: () => {
      hasAsked.resolve();
      return answer();
    },
    clock,
    node: null,
  });
  const making = page();
  await hasAsked.promise;
  clock.advance(2_000);
  expect((await making).text).not.toContain('endpoint="backend"');
  answer = () => Promise.reject(new Error("away"));
  expect((await page()).text).toContain("tidewire_engine_up 1\n");
  answer = () => Promise.resolve([{ ...endpoint, times }]);
  const lines = (await page()).text.split("\n").filter((line) => line.includes('endpoint="backend"'));
  expect(lines).toEqual([
    'tidewire_webhook_deliveries_total{endpoint="backend",outcome="delivered"} 3',
    'tidewire_webhook_deliveries_total{endpoint="backend",outcome="dead"} 0',
    'tidewire_webhook_attempts_total{endpoint="backend",outcome="delivered"} 3',
    'tidewire_webhook_attempts_total{endpoint="backend",outcome="failed"} 1',
    'tidewire_webhook_waiting{endpoint="backend"} 2',
    'tidewire_webhook_oldest_waiting_seconds{endpoint="backend"} 1.5',
    'tidewire_webhook_dead_letters{endpoint="backend"} 5',
    'tidewire_webhook_attempt_seconds_bucket{endpoint="backend",le="0.005"} 1',
    'tidewire_webhook_attempt_seconds_bucket{endpoint="backend",le="0.01"} 2',
    'tidewire_webhook_attempt_seconds_bucket{endpoint="backend",le="+Inf"} 4',
    'tidewire_webhook_attempt_seconds_sum{endpoint="backend"} 5.03',
    'tidewire_webhook_attempt_seconds_count{endpoint="backend"} 4',
  ]);
  // Another process sends by now.
  answer = () => Promise.resolve([]);
  expect((await page()).text).not.toContain('endpoint="backend"');
  expect(clock.pending).toBe(0);
});
