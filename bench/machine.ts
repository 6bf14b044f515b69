// Where a result was measured: the machine, Node and the commit; and how busy other programs kept the machine.
import { execFileSync } from "node:child_process";
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly kernel: string;
  readonly node: string;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    kernel: release(),
    node: process.version,
  };
}

export interface Commit {
  readonly id: string;
  /** Whether files that the server is made of differed from it. */
  readonly isChanged: boolean;
}

export function commit(): Commit {
  const git = (...args: readonly string[]): string => {
    try {
      return execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
    } catch {
      return "";
    }
  };
  const id = git("rev-parse", "--short", "HEAD");
  return { id: id === "" ? "unknown" : id, isChanged: git("status", "--porcelain", "--", "../packages") !== "" };
}

export interface MachineTime {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Time of all cores since they started. */
export function machineTime(): MachineTime {
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    totalMs += busy + times.idle;
  }
  return { busyMs, totalMs };
}

/** The share of the whole machine that was spent on anything but `ownCpuUs` since `since`. */
export function othersShare(since: MachineTime, ownCpuUs: number): number {
  const now = machineTime();
  const others = now.busyMs - since.busyMs - ownCpuUs / 1_000;
  return Math.max(0, others / Math.max(1, now.totalMs - since.totalMs));
}
