// Who stands where on a machine that all share. In life attackers and bystanders have machines of their own.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { constants, platform, setPriority } from "node:os";

const places = {
  /** Has what nobody else wants: Linux' idle class. */
  last: { policy: "idle", rank: "0", priority: constants.priority.PRIORITY_LOW },
  /** Hears at once what has arrived: a real-time class, for whoever may have it. */
  first: { policy: "fifo", rank: "1", priority: constants.priority.PRIORITY_HIGHEST },
} as const;

/** What became of it: a class, a priority, or neither. */
export type Standing = (typeof places)[keyof typeof places]["policy"] | "priority" | "ordinary";

/**
 * Puts this process there with all its threads, those that compile and collect garbage as well, and all that they start
 * from now on. Without such a class it is by priority; whoever may not have that either stays where it was.
 */
export function stand(where: keyof typeof places): Standing {
  const { policy, rank, priority } = places[where];
  const { status } = spawnSync("chrt", ["--all-tasks", `--${policy}`, "--pid", rank, String(process.pid)]);
  if (status === 0) return policy;
  // Linux has a priority for each thread, others one for the process.
  const threads = platform() === "linux" ? readdirSync("/proc/self/task").map(Number) : [process.pid];
  return threads.filter((thread) => isPut(thread, priority)).length > 0 ? "priority" : "ordinary";
}

function isPut(thread: number, priority: number): boolean {
  try {
    setPriority(thread, priority);
    return true;
  } catch {
    // It has ended meanwhile, or it may not: nobody but root stands before others.
    return false;
  }
}
