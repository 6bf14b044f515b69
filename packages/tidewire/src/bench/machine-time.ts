// How busy other programs keep the machine.
import { cpus } from "node:os";

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
