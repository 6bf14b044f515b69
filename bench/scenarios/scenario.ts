// A scenario: measures in rounds, and says what came out.
import type { Measured } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";

/** Tells whoever waits how far it is. */
export type Say = (line: string) => void;

export interface Outcome {
  /** For people. */
  readonly report: string;
  /** For files: medians and spans, then everything measured, round by round. */
  readonly summary: unknown;
  readonly rounds: readonly unknown[];
  /** `null` where only connections are measured. */
  readonly deliveries: Deliveries | null;
}

interface Deliveries {
  readonly received: number;
  /** Those that were lost, repeated, out of order or astray. */
  readonly wrong: number;
}

export function deliveriesOf(rows: readonly Measured[]): Deliveries {
  return {
    received: rows.reduce((sum, row) => sum + row.received, 0),
    wrong: rows.reduce((sum, row) => sum + row.lost + row.repeated + row.reordered + row.strays, 0),
  };
}

export type Scenario = (options: BenchOptions, say: Say) => Promise<Outcome>;
