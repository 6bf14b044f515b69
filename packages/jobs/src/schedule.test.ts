// Schedules: one job for each time, however many processes look at the clock, and whatever it does.
import { defineJob } from "@tidewire/protocol";
import { expect, it, onTestFinished, vi } from "vitest";
import { FakeClock } from "../test/fake-clock.ts";
import { temporaryFile } from "../test/stage.ts";
import { embeddedStore } from "./embedded/embedded-store.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import { schedule } from "./schedule.ts";

const sweep = defineJob("sweep");

async function begin(clock: FakeClock): Promise<Jobs> {
  const store = embeddedStore({ path: temporaryFile(), clock });
  await store.open();
  onTestFinished(() => store.close());
  return createJobs({ store, clock });
}

async function due(jobs: Jobs): Promise<readonly string[]> {
  const found = await jobs.list({ state: "waiting", after: null, limit: 100 });
  return found.map(({ dueMs }) => new Date(dueMs).toISOString());
}

/** Moves the time in steps, and lets the store answer after each. */
async function pass(clock: FakeClock, jobs: Jobs, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 30_000) {
    clock.advance(30_000);
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThanOrEqual(1));
    await jobs.find("nobody");
    await jobs.find("nobody");
  }
}

it("puts the next job into the store before it is due, once for all processes", async () => {
  const clock = new FakeClock();
  const jobs = await begin(clock);
  const given = { name: "nightly", cron: "*/5 * * * *", definition: sweep, input: null };
  const stops = [1, 2, 3].map(() => schedule(given, { jobs, clock }));
  onTestFinished(() => stops.forEach((stop) => stop()));
  await vi.waitFor(async () => expect(await due(jobs)).toEqual(["2026-01-01T00:05:00.000Z"]));
  await pass(clock, jobs, 600_000);
  await vi.waitFor(async () =>
    expect(await due(jobs)).toEqual([
      "2026-01-01T00:05:00.000Z",
      "2026-01-01T00:10:00.000Z",
      "2026-01-01T00:15:00.000Z",
    ]),
  );
});

it("keeps the time of its zone", async () => {
  const clock = new FakeClock();
  const jobs = await begin(clock);
  const given = { name: "vienna", cron: "30 3 * * *", timeZone: "Europe/Vienna", definition: sweep, input: null };
  onTestFinished(schedule(given, { jobs, clock }));
  await vi.waitFor(async () => expect(await due(jobs)).toEqual(["2026-01-01T02:30:00.000Z"]));
});

it.each([
  ["61 * * * *", "UTC"],
  ["soon", "UTC"],
  ["0 3 * * *", "Europe/Atlantis"],
])("is not %j in %s", async (cron, timeZone) => {
  const clock = new FakeClock();
  const jobs = await begin(clock);
  expect(() => schedule({ name: "x", cron, timeZone, definition: sweep, input: null }, { jobs, clock })).toThrow(
    TypeError,
  );
});
