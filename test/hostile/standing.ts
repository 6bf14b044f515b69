// Who stands where on a machine that all share. In life attackers and bystanders have machines of their own.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { constants, platform, setPriority } from "node:os";

const standings = {
  /** Has what nobody else wants: Linux' idle class. */
  last: { policy: "--idle", rank: "0", priority: constants.priority.PRIORITY_LOW },
  /** Hears at once what has arrived: a real-time class, for whoever may have it. */
  first: { policy: "--fifo", rank: "1", priority: constants.priority.PRIORITY_HIGHEST },
} as const;

/**
 * Puts this process there with all its threads, those that compile and collect garbage as well, and all that they start
 * from now on. Without such a class it is by priority, and where that may not be either, everything stays as it was.
 */
export function stand(where: keyof typeof standings): void {
  const { policy, rank, priority } = standings[where];
  const { status } = spawnSync("chrt", ["--all-tasks", policy, "--pid", rank, String(process.pid)]);
  if (status === 0) return;
  // Linux has a priority for each thread, others one for the process.
  const threads = platform() === "linux" ? readdirSync("/proc/self/task").map(Number) : [process.pid];
  try {
    for (const thread of threads) setPriority(thread, priority);
  } catch {
    // Nobody but root stands before others.
  }
}
