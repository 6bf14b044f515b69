// The faults that are set on the line at present, each with the time it has left.
import type { ActiveFault } from "../../../contract/lab.ts";
import { useNow } from "../../theme/use-now.ts";
import { faultNames } from "./faults.ts";

interface ActiveFaultsProps {
  readonly active: readonly ActiveFault[];
  /** How far the server's clock is behind ours. */
  readonly behindMs: number | null;
}

export function ActiveFaults({ active, behindMs }: ActiveFaultsProps) {
  const nowMs = useNow(active.length > 0 ? 1_000 : null);
  return (
    <ul aria-label="Active faults" className="mt-2 flex min-h-6 flex-wrap items-center gap-x-2 gap-y-1 text-xs">
      {active.length === 0 && <li className="text-soft">No fault is set.</li>}
      {active.map(({ fault, untilMs }) => (
        <li key={fault} className="figures rounded-full bg-warn-soft px-2 py-0.5 font-medium text-warn">
          {faultNames[fault]}
          {untilMs !== null && ` · ${Math.max(0, Math.floor((untilMs + (behindMs ?? 0) - nowMs) / 1_000))} s`}
        </li>
      ))}
    </ul>
  );
}
