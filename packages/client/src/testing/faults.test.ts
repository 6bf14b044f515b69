import { describe, expect, it } from "vitest";
import { line } from "../../test/line.ts";
import { createFaultProxy, parseFaults } from "./index.ts";

describe("parseFaults", () => {
  it("gives back what is within its limits, and leaves out what is switched off", () => {
    const faults = { delayMs: 1, jitterMs: 600_000, bytesPerSecond: 1, sliceBytes: 65_536, halfOpen: true } as const;
    expect(parseFaults({ ...faults, refuse: false, hang: undefined })).toEqual(faults);
    expect(parseFaults({})).toEqual({});
  });

  it.each([
    [{ delayMs: 0 }, "delayMs: expected an integer from 1 to 600000, got 0"],
    [{ jitterMs: -5 }, "jitterMs: expected an integer from 1 to 600000, got -5"],
    [{ bytesPerSecond: 0.5 }, "bytesPerSecond: expected an integer from 1 to 1000000000, got 0.5"],
    [{ sliceBytes: 65_537 }, "sliceBytes: expected an integer from 1 to 65536, got 65537"],
    [{ cutEveryMs: 999 }, "cutEveryMs: expected an integer from 1000 to 86400000, got 999"],
    [{ cutEveryMs: Number.NaN }, "cutEveryMs: expected an integer from 1000 to 86400000, got NaN"],
    [{ delayMs: "200" }, 'delayMs: expected an integer from 1 to 600000, got "200"'],
    [{ halfOpen: 1 }, "halfOpen: expected true or false, got 1"],
    [{ cutEveryMs: 1_000, cutBy: "RST" }, 'cutBy: expected "reset" or "end", got "RST"'],
    [{ cutJitterMs: 10 }, "cutJitterMs: expected together with cutEveryMs, got it alone"],
    [{ cutBy: "end" }, "cutBy: expected together with cutEveryMs, got it alone"],
    [{ latency: 10 }, /^faults: expected some of delayMs, .*hang, got "latency"$/],
    [JSON.parse('{ "__proto__": 1 }'), /got "__proto__"$/],
    [null, "faults: expected an object, got null"],
    [[], "faults: expected an object, got []"],
    ["delayMs", 'faults: expected an object, got "delayMs"'],
  ])("refuses %j", (given: unknown, message) => {
    expect(() => parseFaults(given)).toThrow(message);
  });

  it("shows no more than the beginning of what came", () => {
    expect(() => parseFaults({ delayMs: "9".repeat(10_000) })).toThrow(/^.{60,200}…$/);
  });
});

describe("createFaultProxy", () => {
  it("refuses ports that there are none of", async () => {
    const to = { host: "127.0.0.1", port: 80 };
    await expect(createFaultProxy({ to: { ...to, port: 0 } })).rejects.toThrow(
      "to.port: expected an integer from 1 to 65535, got 0",
    );
    await expect(createFaultProxy({ to, listen: { port: 65_536 } })).rejects.toThrow(
      "listen.port: expected an integer from 0 to 65535, got 65536",
    );
  });

  it("says when it cannot listen", async () => {
    const { proxy, served } = await line();
    const to = { host: "127.0.0.1", port: served.port };
    await expect(createFaultProxy({ to, listen: { port: proxy.port } })).rejects.toThrow("EADDRINUSE");
  });
});

describe("set and cut", () => {
  it("refuse what has no such connection or no direction, and change nothing then", async () => {
    const { proxy, open, events } = await line();
    await open();
    const before = events.length;
    await expect(proxy.set({ delayMs: 5 }, { connection: 7 })).rejects.toThrow(
      'connection: expected "all" or the id of one that is open, got 7',
    );
    await expect(proxy.set({ delayMs: 5, halfOpen: true }, { direction: "up" })).rejects.toThrow(
      'halfOpen: expected without a direction, got direction "up"',
    );
    await expect(proxy.set({ hang: true }, { connection: 1 })).rejects.toThrow(
      "hang: expected for connections to come, got connection 1",
    );
    expect(() => proxy.cut("end", { connection: "new" })).toThrow('got "new"');
    expect(proxy.connections()[0]?.faults).toEqual({ up: {}, down: {}, link: {} });
    expect(proxy.connections()[0]?.state).toBe("open");
    expect(events).toHaveLength(before);
  });

  it("refuse faults after close", async () => {
    const { proxy } = await line();
    await proxy.close();
    await expect(proxy.set({})).rejects.toThrow("the proxy is closed");
    expect(proxy.cut("reset")).toBe(0);
  });

  it("replace the faults of a direction and leave those of the other and of the whole", async () => {
    const { proxy, open } = await line();
    await open();
    await proxy.set({ delayMs: 5, cutEveryMs: 60_000 });
    await proxy.set({ sliceBytes: 3 }, { direction: "down" });
    const plan = { up: { delayMs: 5 }, down: { sliceBytes: 3 }, link: { cutEveryMs: 60_000 } };
    expect(proxy.faults).toEqual(plan);
    expect(proxy.connections()[0]?.faults).toEqual(plan);
    await proxy.clear({ direction: "up" });
    expect(proxy.faults).toEqual({ ...plan, up: {} });
    await proxy.clear();
    expect(proxy.faults).toEqual({ up: {}, down: {}, link: {} });
  });

  it("reach those that are to come, one alone, or all", async () => {
    const { proxy, open } = await line();
    await open();
    await proxy.set({ delayMs: 7 }, { connection: "new" });
    await open();
    await proxy.set({ delayMs: 9 }, { connection: 1, direction: "up" });
    await open();
    const delays = proxy.connections().map(({ id, faults: { up, down } }) => [id, up.delayMs, down.delayMs]);
    expect(delays).toEqual([
      [1, 9, undefined],
      [2, 7, 7],
      [3, 7, 7],
    ]);
    expect(proxy.cut("reset", { connection: 2 })).toBe(1);
    expect(proxy.cut("reset")).toBe(3);
  });
});
