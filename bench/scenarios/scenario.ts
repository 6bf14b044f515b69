// A scenario: measures in rounds, and says what came out.
import type { BenchOptions } from "../options.ts";

/** Tells whoever waits how far it is. */
export type Say = (line: string) => void;

export interface Outcome {
  /** For people. */
  readonly report: string;
  /** For files: medians and spans, then everything measured, round by round. */
  readonly summary: unknown;
  readonly rounds: readonly unknown[];
}

export type Scenario = (options: BenchOptions, say: Say) => Promise<Outcome>;
