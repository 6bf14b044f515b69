// How many lines there are, and how long; and faults that end by themselves.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LastingFault, lastingFault, lastingFaults } from "../../contract/lab.ts";
import { createActiveFaults } from "./active-faults.ts";
import type { Line } from "./line.ts";
import { createLines } from "./lines.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("lines", () => {
  function setUp(): { lines: ReturnType<typeof createLines>; closed: string[]; used: Set<string> } {
    const closed: string[] = [];
    const used = new Set<string>();
    const open = async (guest: string): Promise<Line> => ({
      active: [],
      get isInUse() {
        return used.has(guest);
      },
      accept() {},
      subscribed() {},
      setFault: async () => undefined,
      strike: async () => 0,
      heal: async () => undefined,
      killing: async () => undefined,
      close: async () => void closed.push(guest),
    });
    return { lines: createLines({ open, log: quiet, idleMs: 60_000 }), closed, used };
  }

  it("are one for each guest, and sixteen at most", async () => {
    const { lines, closed } = setUp();
    const first = await lines.of("guest 1");
    expect(await lines.of("guest 1")).toBe(first);
    for (let count = 2; count <= 16; count += 1) await lines.of(`guest ${count}`);
    await expect(lines.of("guest 17")).rejects.toMatchObject({ reason: "overloaded" });
    await lines.stop();
    expect(closed).toHaveLength(16);
  });

  it("end when nobody has used them for a while, and only then", async () => {
    const { lines, closed, used } = setUp();
    await lines.of("idle");
    await lines.of("busy");
    used.add("busy");
    await vi.advanceTimersByTimeAsync(59_999);
    expect(closed).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(closed).toEqual(["idle"]);
    expect(lines.find("idle")).toBeNull();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(closed).toEqual(["idle"]);
    used.delete("busy");
    await vi.advanceTimersByTimeAsync(75_000);
    expect(closed).toEqual(["idle", "busy"]);
    await lines.stop();
  });
});

describe("faults", () => {
  it.each(lastingFault.options)("%s ends by itself", (fault) => {
    const over: LastingFault[] = [];
    const faults = createActiveFaults((ended) => void over.push(ended));
    faults.set(fault);
    vi.advanceTimersByTime(lastingFaults[fault].lastsMs - 1);
    expect(faults.list.map((each) => each.fault)).toEqual([fault]);
    expect(Object.keys(faults.together)).not.toEqual([]);
    vi.advanceTimersByTime(1);
    expect([over, faults.list, faults.together]).toEqual([[fault], [], {}]);
  });

  it("that are set again last anew, and those that are cleared end nothing later", () => {
    const over: LastingFault[] = [];
    const faults = createActiveFaults((ended) => void over.push(ended));
    faults.set("delay");
    vi.advanceTimersByTime(20_000);
    faults.set("delay");
    faults.set("slices");
    vi.advanceTimersByTime(20_000);
    expect(faults.together).toEqual({ delayMs: 300, jitterMs: 200, sliceBytes: 1 });
    faults.clear();
    vi.advanceTimersByTime(60_000);
    expect(over).toEqual([]);
  });
});
