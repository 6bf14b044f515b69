// Where a result was measured: the machine, its load, Node and the commit.
import { execFileSync } from "node:child_process";
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly kernel: string;
  readonly node: string;
  /** Of the last minute, before it began: what other programs did then. */
  readonly loadAverage: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    kernel: release(),
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
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
