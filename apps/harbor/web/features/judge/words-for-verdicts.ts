// Verdicts, times and sizes as people say them.
import type { TestVerdict, Verdict } from "../../../contract/judge.ts";

export type VerdictTone = "good" | "bad" | "soft";

export interface VerdictWords {
  readonly name: string;
  readonly tone: VerdictTone;
}

export const testWords: Readonly<Record<TestVerdict, VerdictWords>> = {
  passed: { name: "Passed", tone: "good" },
  wrong: { name: "Wrong answer", tone: "bad" },
  error: { name: "Error", tone: "bad" },
  time: { name: "Too slow", tone: "bad" },
  memory: { name: "Too much memory", tone: "bad" },
  output: { name: "Too much output", tone: "bad" },
  crashed: { name: "Crashed", tone: "bad" },
  unseen: { name: "Not run", tone: "soft" },
};

export const verdictWords: Readonly<Record<Verdict, VerdictWords>> = {
  accepted: { name: "Accepted", tone: "good" },
  wrong: testWords.wrong,
  error: testWords.error,
  time: testWords.time,
  memory: testWords.memory,
  output: testWords.output,
  crashed: testWords.crashed,
  refused: { name: "Cannot be read", tone: "bad" },
  lost: { name: "Not judged", tone: "soft" },
};

export const toneText: Readonly<Record<VerdictTone, string>> = {
  good: "text-good",
  bad: "text-bad",
  soft: "text-soft",
};

const figures = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export function sizeOf(kb: number): string {
  return kb < 1_000 ? `${figures.format(kb)} KB` : `${figures.format(kb / 1_024)} MB`;
}

/** What is before a program in the line. */
export function placeWords(before: number): string {
  return before === 0 ? "Next in line" : before === 1 ? "1 program before it" : `${before} programs before it`;
}
