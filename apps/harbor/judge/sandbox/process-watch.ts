// What a process has used so far, as the kernel counts it: from outside, whatever the process does.
import { readFileSync } from "node:fs";

export interface Usage {
  /** Processor time of all its threads. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** The kernel's ticks in /proc are a hundredth of a second on every machine. */
const tickMs = 10;

/** `null` where the process is gone, and on systems without /proc. */
export function usageOf(processId: number): Usage | null {
  try {
    // The second field is the program's name in brackets, which may have blanks itself.
    const fields = readFileSync(`/proc/${processId}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, "latin1"));
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
      residentBytes: Number(resident?.[1] ?? 0) * 1_024,
    };
  } catch {
    return null;
  }
}
