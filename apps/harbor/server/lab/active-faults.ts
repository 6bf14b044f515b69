// The faults that are set on one line, each until its time is over.
import type { Faults } from "@tidewire/client/testing";
import { type ActiveFault, type LastingFault, lastingFaults } from "../../contract/lab.ts";

const faultsFor: Readonly<Record<LastingFault, Faults>> = {
  delay: { delayMs: lastingFaults.delay.delayMs, jitterMs: lastingFaults.delay.jitterMs },
  slow: { bytesPerSecond: lastingFaults.slow.bytesPerSecond },
  slices: { sliceBytes: lastingFaults.slices.sliceBytes },
  freeze: { stopReading: true, stopWriting: true },
  cuts: { cutEveryMs: lastingFaults.cuts.cutEveryMs },
  unplug: { refuse: true },
};

export interface ActiveFaults {
  readonly list: readonly ActiveFault[];
  /** All of them at once, as the proxy takes them. */
  readonly together: Faults;
  /** Setting one that is set begins its time anew. */
  set(fault: LastingFault): void;
  /** False when it was not set. */
  unset(fault: LastingFault): boolean;
  clear(): void;
}

/** @param over Called when the time of a fault is over; it is unset by then. */
export function createActiveFaults(over: (fault: LastingFault) => void): ActiveFaults {
  const active = new Map<LastingFault, { readonly untilMs: number; readonly timer: NodeJS.Timeout }>();
  function unset(fault: LastingFault): boolean {
    clearTimeout(active.get(fault)?.timer);
    return active.delete(fault);
  }
  return {
    get list() {
      return [...active].map(([fault, { untilMs }]) => ({ fault, untilMs }));
    },
    get together() {
      return Object.assign({}, ...[...active.keys()].map((fault) => faultsFor[fault])) as Faults;
    },
    set(fault) {
      unset(fault);
      const { lastsMs } = lastingFaults[fault];
      const timer = setTimeout(() => {
        active.delete(fault);
        over(fault);
      }, lastsMs);
      active.set(fault, { untilMs: Date.now() + lastsMs, timer });
    },
    unset,
    clear: () => [...active.keys()].forEach(unset),
  };
}
