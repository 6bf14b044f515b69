// When a sandbox's process is killed, and when it is not: by what it has used, never by how slow the machine or its watcher is.
import { describe, expect, test } from "vitest";
import type { Report } from "./order.ts";
import type { Usage } from "./process-watch.ts";
import {
  graceMs,
  lookEveryMs,
  mostResidentBytes,
  readCpuMs,
  stalledLooks,
  starvedLooks,
  startCpuMs,
  Watch,
} from "./watch.ts";

const limits = { timeMs: 1_000, memoryBytes: 67_108_864, outputLength: 65_536 };
const ready: Report = { kind: "ready" };
const began = (test: number): Report => ({ kind: "began", test });
const ended = (test: number): Report => ({
  kind: "ended",
  test,
  ending: { kind: "returned", json: "4" },
  ms: 900,
  kb: 1,
});

/** A process of which is known what the test says. */
class Process {
  cpuMs: number | null = 0;
  residentBytes = 1_000_000;
  isThere = true;
  readonly watch: Watch;

  constructor({ mayStarve = true }: { readonly mayStarve?: boolean } = {}) {
    this.watch = new Watch({
      tests: 3,
      limits,
      mayStarve,
      usage: (): Usage | null =>
        this.cpuMs === null ? null : { cpuMs: this.cpuMs, residentBytes: this.residentBytes },
      kill: () => (this.isThere = false),
    });
  }

  say(...reports: readonly Report[]): void {
    this.watch.heardFrom();
    for (const report of reports) this.watch.heard(report);
  }

  looks(count: number): void {
    for (let look = 0; look < count; look += 1) this.watch.look();
  }
}

function running(): Process {
  const process = new Process();
  process.say(ready, began(0));
  return process;
}

describe("processor time", () => {
  test("of the start is nobody's: what a program may use begins after it", () => {
    const process = new Process();
    process.cpuMs = startCpuMs;
    process.looks(10);
    process.say(ready);
    process.cpuMs += readCpuMs;
    process.looks(10);
    process.say(began(0));
    process.cpuMs += limits.timeMs + graceMs;
    process.looks(10);
    expect(process.isThere).toBe(true);
    process.cpuMs += 1;
    process.looks(2);
    expect(process).toMatchObject({ isThere: false, watch: { killed: "time", isStalled: false } });
  });

  test("that the start itself takes without end is the machine's fault", () => {
    const process = new Process();
    process.cpuMs = startCpuMs + 10;
    process.looks(2);
    expect(process).toMatchObject({ isThere: false, watch: { killed: "unwanted", isStalled: true } });
  });

  test("of reading the program is the program's", () => {
    const process = new Process();
    process.say(ready);
    process.cpuMs = readCpuMs + 10;
    process.looks(2);
    expect(process.watch.killed).toBe("time");
  });

  test("of several tests is not taken for one's, however late we look", () => {
    const process = running();
    // We were held up for as long as two tests took; what they said lies unread.
    process.cpuMs = 1_800;
    process.looks(1);
    process.say(ended(0), began(1), ended(1), began(2));
    process.looks(1);
    process.cpuMs += limits.timeMs;
    process.looks(10);
    expect(process.isThere).toBe(true);
  });

  test("is not given anew to one that says again that it is ready", () => {
    const process = new Process();
    process.say(ready);
    process.cpuMs = readCpuMs;
    process.looks(2);
    process.say(ready);
    process.cpuMs += 10;
    process.looks(2);
    expect(process.watch.killed).toBe("time");
  });

  test("is looked at again after half a report: the rest is on its way", () => {
    const process = running();
    process.cpuMs = 1_800;
    for (let chunk = 0; chunk < 5; chunk += 1) {
      process.looks(1);
      process.watch.heardFrom();
    }
    expect(process.isThere).toBe(true);
    process.looks(2);
    expect(process.watch.killed).toBe("time");
  });
});

describe("a machine that has no time", () => {
  test("is waited for as long as it goes on at all", () => {
    const process = running();
    for (let hundredth = 0; hundredth < 100; hundredth += 1) {
      process.cpuMs = (hundredth + 1) * 10;
      process.looks(stalledLooks);
    }
    expect(process.isThere).toBe(true);
    process.say(ended(0));
    expect(process.watch.killed).toBeNull();
  });

  test("for a whole minute has not run the program", () => {
    const process = running();
    process.looks(stalledLooks);
    expect(process.isThere).toBe(true);
    process.looks(2);
    expect(process).toMatchObject({ isThere: false, watch: { killed: "unwanted", isStalled: true } });
  });

  test("and a process that stands last: it was not run, however far it had come", () => {
    const share = starvedLooks * lookEveryMs * 0.1;
    const process = new Process({ mayStarve: false });
    process.say(ready, began(0));
    for (let window = 1; window <= 3; window += 1) {
      process.cpuMs = window * share;
      process.looks(starvedLooks);
    }
    expect(process.isThere).toBe(true);
    process.say(ended(0), began(1));
    process.cpuMs = 4 * share - 1;
    process.looks(starvedLooks - 1);
    expect(process.isThere).toBe(true);
    process.looks(1);
    expect(process).toMatchObject({ isThere: false, watch: { killed: "unwanted", isStalled: true } });
  });

  test("is not told apart from a slow program where nobody says how much was used", () => {
    const process = running();
    process.cpuMs = null;
    process.looks(stalledLooks);
    expect(process.isThere).toBe(true);
    process.looks(2);
    expect(process).toMatchObject({ isThere: false, watch: { killed: "time", isStalled: false } });
  });
});

test("memory is looked at at once", () => {
  const process = running();
  process.residentBytes = mostResidentBytes + 1;
  process.looks(1);
  expect(process.watch.killed).toBe("memory");
});

test("what it was killed for first is what it was killed for", () => {
  const process = running();
  process.watch.kill("memory");
  process.watch.kill("unwanted");
  expect(process.watch.killed).toBe("memory");
});

test("everything is said after the last test, after one without end, and of what cannot be read", () => {
  const process = running();
  process.say(ended(0), began(1), ended(1), began(2));
  expect(process.watch.isDone).toBe(false);
  process.say(ended(2));
  expect(process.watch.isDone).toBe(true);
  const endless = running();
  endless.say({ kind: "ended", test: 0, ending: { kind: "time" }, ms: 1_000, kb: 1 });
  expect(endless.watch.isDone).toBe(true);
  const refused = new Process();
  refused.say(ready, { kind: "refused", message: "line 1: what is this" });
  expect(refused.watch.isDone).toBe(true);
});
