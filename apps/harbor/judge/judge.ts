// Judges a program: runs its tests in the sandbox, and has its account kept of what comes.
import { judgeLimits, type JudgeStep, type Language } from "../contract/judge.ts";
import { findProblem } from "../contract/judge-problems.ts";
import { Account, type Judgement, type Trial } from "./account.ts";
import { hiddenTests } from "./hidden-tests.ts";
import type { Standing } from "./sandbox/sandbox-process.ts";
import { runInSandbox } from "./sandbox/sandbox.ts";

export interface Program {
  readonly problem: string;
  readonly language: Language;
  readonly source: string;
}

export interface Judging {
  readonly told: (step: JudgeStep) => void;
  /** Aborted: it is not wanted any more. */
  readonly signal: AbortSignal;
  /** How its process stands in the line for a processor; `last` may fail for want of one. Default: `low`. */
  readonly standing?: Standing;
}

/** @throws {TypeError} for a problem that is not there. @throws the signal's reason once that is aborted. */
export async function judge({ problem, language, source }: Program, judging: Judging): Promise<Judgement> {
  const shown = findProblem(problem)?.shown ?? [];
  const tests = [...shown, ...hiddenTests(problem)];
  return await judgeTrial({ language, source }, { tests, shown: shown.length, limits: judgeLimits }, judging);
}

export async function judgeTrial(
  { language, source }: Omit<Program, "problem">,
  trial: Trial,
  { told, signal, standing = "low" }: Judging,
): Promise<Judgement> {
  const account = new Account(trial, told);
  const inputs = trial.tests.map(({ input }) => JSON.stringify(input));
  const order = { language, source, inputs, limits: trial.limits };
  const end = await runInSandbox({ order, told: (report) => account.take(report), signal, standing });
  signal.throwIfAborted();
  return account.close(end);
}
