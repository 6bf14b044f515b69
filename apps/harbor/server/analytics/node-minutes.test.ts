// What nodes did, out of what they say they have done so far.
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { minuteMs } from "../../contract/analytics.ts";
import { quantileMs, type Reading, readMetrics } from "./metrics-text.ts";
import { keepNodeMinute } from "./node-minutes.ts";
import { type Analytics, openAnalytics } from "./tables.ts";

let analytics: Analytics;
beforeEach(async () => {
  analytics = await openAnalytics(":memory:");
  onTestFinished(() => analytics.destroy());
});

interface Node {
  readonly node?: string;
  readonly startedS?: number;
  readonly deliveries: number;
  /** Publications that took up to 1 ms, 5 ms, and however long. */
  readonly steps?: readonly [number, number, number];
}

function metrics(...nodes: readonly Node[]): string {
  return nodes
    .flatMap(({ node, startedS = 100, deliveries, steps = [0, 0, 0] }) => {
      const own = node === undefined ? "" : `node="${node}"`;
      const labelled = own === "" ? "" : `{${own}}`;
      const step = (le: string, count: number) =>
        `tidewire_engine_publish_seconds_bucket{le="${le}"${own && `,${own}`}} ${count}`;
      return [
        "# HELP tidewire_deliveries_total Publications handed to subscribers",
        `tidewire_deliveries_total${labelled} ${deliveries}`,
        `tidewire_gaps_total${labelled} 3`,
        ...["0.001", "0.005", "+Inf"].map((le, index) => step(le, steps[index] ?? 0)),
        `process_start_time_seconds${labelled} ${startedS}`,
      ];
    })
    .join("\n");
}

const startMs = 1_767_225_600_000;

/** Looks some seconds after a minute is over, as the schedule has it. */
async function look(minute: number, ...nodes: readonly Node[]): Promise<void> {
  const nowMs = () => startMs + minute * minuteMs + 2_000;
  await keepNodeMinute(analytics, { look: () => Promise.resolve(metrics(...nodes)), nowMs });
}

async function kept(): Promise<readonly object[]> {
  const rows = await analytics.selectFrom("node_minutes").selectAll().orderBy("minute_ms").orderBy("node").execute();
  return rows.map(({ minute_ms, node, reading }) => {
    const { deliveries } = JSON.parse(reading) as Reading;
    return { minute: (minute_ms - startMs) / minuteMs, node, deliveries };
  });
}

describe("the minutes of a node", () => {
  it("are what its counters went up by, in the minute that is over", async () => {
    await look(1, { deliveries: 40 });
    await look(2, { deliveries: 100 });
    await look(4, { deliveries: 100 });
    expect(await kept()).toEqual([
      { minute: 0, node: "", deliveries: 40 },
      { minute: 1, node: "", deliveries: 60 },
      { minute: 3, node: "", deliveries: 0 },
    ]);
  });

  it("have nothing twice when somebody looks twice", async () => {
    await look(1, { deliveries: 40 });
    await look(2, { deliveries: 100 });
    await look(2, { deliveries: 101 });
    expect((await kept()).at(-1)).toEqual({ minute: 1, node: "", deliveries: 61 });
  });

  it("begin anew with the node, also where it has done more since than before", async () => {
    await look(1, { deliveries: 40 });
    await look(2, { startedS: 200, deliveries: 90 });
    expect((await kept()).at(-1)).toEqual({ minute: 1, node: "", deliveries: 90 });
  });

  it("are each node's own where there are several", async () => {
    await look(1, { node: "a", deliveries: 1 }, { node: "b", deliveries: 2 });
    await look(2, { node: "a", deliveries: 11 }, { node: "b", deliveries: 22 });
    expect((await kept()).slice(2)).toEqual([
      { minute: 1, node: "a", deliveries: 10 },
      { minute: 1, node: "b", deliveries: 20 },
    ]);
  });

  it("are forgotten after ninety days", async () => {
    await look(1, { deliveries: 40 });
    await look(1 + 91 * 1_440, { deliveries: 41 });
    expect(await kept()).toHaveLength(1);
  });

  it("are none when the server does not answer, and what was missed comes with the next", async () => {
    await look(1, { deliveries: 40 });
    const away = () => Promise.reject(new Error("away"));
    await expect(keepNodeMinute(analytics, { look: away, nowMs: () => startMs })).rejects.toThrow("away");
    await look(3, { deliveries: 50 });
    expect(await kept()).toEqual([
      { minute: 0, node: "", deliveries: 40 },
      { minute: 2, node: "", deliveries: 10 },
    ]);
  });
});

describe("the time in which a share was accepted", () => {
  const readingOf = (...steps: [number, number, number]): Reading =>
    readMetrics(metrics({ deliveries: 0, steps })).get("") ?? expect.unreachable();

  it("lies within a step as if publications were spread evenly there", () => {
    expect(quantileMs(readingOf(50, 100, 100), 0.5)).toBeCloseTo(1);
    expect(quantileMs(readingOf(50, 100, 100), 0.75)).toBeCloseTo(3);
    expect(quantileMs(readingOf(100, 100, 100), 0.5)).toBeCloseTo(0.5);
  });

  it("is the last step's end for what took longer, and null where there was nothing", () => {
    expect(quantileMs(readingOf(0, 0, 10), 0.99)).toBe(5);
    expect(quantileMs(readingOf(0, 0, 0), 0.99)).toBeNull();
  });
});
