// The page of figures where those of webhooks or jobs do not come.
import { expect, it } from "vitest";
import type { EndpointFigures } from "../lifecycle/desk.ts";
import { Latency } from "../ports/latency.ts";
import type { JobFigures } from "../lifecycle/job-desk.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { jobMetrics, metricsPage } from "./metrics.ts";

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
    jobs: null,
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

it("says how jobs stand, by definition, and that their store is away where nobody answers", async () => {
  const clock = new FakeClock();
  const ends = { done: 3, retried: 1, dead: 0, canceled: 0, returned: 0, lost: 2 };
  const told: JobFigures = {
    isStoreAway: false,
    queues: [
      { name: "report", state: "waiting", count: 7, oldestMs: 90_500 },
      { name: "report", state: "dead", count: 0 },
      // Of a store that cannot say it.
      { name: "mail", state: "waiting", count: 1 },
    ],
    worked: [{ name: "report", running: 2, ends, waited: times, ran: times }],
  };
  let answer: () => Promise<JobFigures> = () => Promise.resolve(told);
  const page = metricsPage({
    figures: () => ({ ...zero, counters: {} }),
    publishing: new Latency(),
    reading: new Latency(),
    webhooks: null,
    jobs: () => answer(),
    clock,
    node: null,
  });
  const linesOf = async (): Promise<readonly string[]> =>
    (await page()).text.split("\n").filter((line) => line.startsWith("tidewire_job"));
  const steps = (name: string): string[] => [
    `tidewire_job_${name}_seconds_bucket{name="report",le="0.005"} 1`,
    `tidewire_job_${name}_seconds_bucket{name="report",le="0.01"} 2`,
    `tidewire_job_${name}_seconds_bucket{name="report",le="+Inf"} 4`,
    `tidewire_job_${name}_seconds_sum{name="report"} 5.03`,
    `tidewire_job_${name}_seconds_count{name="report"} 4`,
  ];
  expect(await linesOf()).toEqual([
    'tidewire_jobs{name="report",state="waiting"} 7',
    'tidewire_jobs{name="report",state="dead"} 0',
    'tidewire_jobs{name="mail",state="waiting"} 1',
    'tidewire_jobs_oldest_waiting_seconds{name="report"} 90.5',
    "tidewire_jobs_store_up 1",
    ...Object.entries(ends).map(([end, n]) => `tidewire_job_runs_total{name="report",outcome="${end}"} ${n}`),
    'tidewire_jobs_running{name="report"} 2',
    ...steps("wait"),
    ...steps("run"),
  ]);
  answer = () => Promise.reject(new Error("away"));
  expect(await linesOf()).toEqual(["tidewire_jobs_store_up 0"]);
  expect(clock.pending).toBe(0);
});

it("is of jobs and the process alone where there is no server, and says when nobody answers for the jobs", async () => {
  const clock = new FakeClock();
  const figures = { isStoreAway: false, queues: [{ name: "report", state: "dead", count: 1 }], worked: [] };
  let answer: () => Promise<JobFigures> = () => Promise.resolve(figures);
  const hasAsked = Promise.withResolvers<void>();
  const desk = {
    figures: () => {
      hasAsked.resolve();
      return answer();
    },
  };
  const page = jobMetrics({ jobs: desk, clock });
  const linesOf = (text: string): readonly string[] =>
    text.split("\n").filter((line) => /^(tidewire_|process_start)/.test(line));
  answer = () => new Promise(() => undefined);
  const making = page();
  await hasAsked.promise;
  clock.advance(2_000);
  expect(linesOf((await making).text)).toEqual([
    "tidewire_jobs_store_up 0",
    expect.stringMatching(/^process_start_time_seconds \d+$/),
  ]);
  answer = () => Promise.resolve(figures);
  expect(linesOf((await page()).text).slice(0, 2)).toEqual([
    'tidewire_jobs{name="report",state="dead"} 1',
    "tidewire_jobs_store_up 1",
  ]);
});
