// How many files and sockets the system lets this process open.
import { readFileSync } from "node:fs";

/** `null` where the system does not tell: on others than Linux, or without a limit. */
export function descriptorLimit(): number | null {
  try {
    return limitIn(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    // No /proc here.
    return null;
  }
}

/** proc_pid_limits(5): name, soft limit, hard limit, unit. */
export function limitIn(table: string): number | null {
  const soft = Number(/^Max open files\s+(\d+)/m.exec(table)?.[1] ?? "0");
  return soft > 0 ? soft : null;
}
