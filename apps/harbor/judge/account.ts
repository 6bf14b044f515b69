// The account of one program: what its process reports, held against the answers, where the program has never been.
import { isDeepStrictEqual } from "node:util";
import { type Judged, type JudgeStep, maxLogLength, type TestRow, type TestVerdict } from "../contract/judge.ts";
import type { ShownTest } from "../contract/judge-problems.ts";
import type { Ending, Limits, Report } from "./sandbox/order.ts";
import type { SandboxEnd } from "./sandbox/sandbox.ts";

/** What came of it, with everything that is worth keeping. */
export interface Judgement {
  readonly judged: Judged;
  readonly rows: readonly TestRow[];
  readonly log: string;
}

/** What a program is tested with. */
export interface Trial {
  readonly tests: readonly ShownTest[];
  /** Of so many at the beginning one may see what came instead of the answer. */
  readonly shown: number;
  readonly limits: Limits;
}

/** Notes of a row, in UTF-16 units. */
const longestNote = 1_000;

/** What is known of a program so far. */
export class Account {
  readonly #trial: Trial;
  readonly #told: (step: JudgeStep) => void;
  readonly #rows: TestRow[] = [];
  #refused: string | null = null;
  #log = "";

  constructor(trial: Trial, told: (step: JudgeStep) => void) {
    this.#trial = trial;
    this.#told = told;
  }

  take(report: Report): void {
    switch (report.kind) {
      case "ready":
        return;
      case "refused":
        this.#refused = report.message;
        return;
      case "began":
        return this.#told({ kind: "testing", test: report.test + 1, tests: this.#trial.tests.length });
      case "said":
        return this.#say(report.text);
      case "ended":
        return this.#add({
          // The next one, whatever it says of itself.
          test: this.#rows.length + 1,
          ...this.#verdictOf(report.ending),
          ms: Math.ceil(report.ms),
          kb: report.kb,
        });
    }
  }

  /** Says what the process could not, and of each test that was not run that it was not. */
  close(end: SandboxEnd): Judgement {
    const { tests, limits } = this.#trial;
    if (this.#refused !== null && this.#rows.length === 0) return this.#refuse(this.#refused);
    if (end !== "ended" && end !== "unwanted") {
      const ms = end === "time" ? limits.timeMs : 0;
      this.#add({ test: this.#rows.length + 1, verdict: end, ms, kb: 0, note: notes[end] });
    }
    while (this.#rows.length < tests.length) {
      this.#add({ test: this.#rows.length + 1, verdict: "unseen", ms: 0, kb: 0, note: "" });
    }
    const bad = this.#rows.find(({ verdict }) => verdict !== "passed")?.verdict ?? "passed";
    const judged: Judged = {
      // The first that is not passed has been run.
      verdict: bad === "passed" ? "accepted" : bad === "unseen" ? "crashed" : bad,
      passed: this.#rows.filter(({ verdict }) => verdict === "passed").length,
      tests: tests.length,
      ms: Math.max(...this.#rows.map(({ ms }) => ms)),
      kb: Math.max(...this.#rows.map(({ kb }) => kb)),
      message: "",
    };
    return { judged, rows: this.#rows, log: this.#log };
  }

  #refuse(message: string): Judgement {
    const nothing = { passed: 0, tests: this.#trial.tests.length, ms: 0, kb: 0 };
    return { judged: { verdict: "refused", ...nothing, message: cut(message) }, rows: [], log: "" };
  }

  #add(row: TestRow): void {
    if (this.#rows.length >= this.#trial.tests.length) return;
    this.#rows.push(row);
    this.#told({ kind: "tested", row });
  }

  #say(text: string): void {
    const room = maxLogLength - this.#log.length;
    if (room <= 0) return;
    const shown = text.length > room ? `${text.slice(0, Math.max(0, room - cutMark.length))}${cutMark}` : text;
    this.#log += shown;
    this.#told({ kind: "said", text: shown });
  }

  #verdictOf(ending: Ending): { readonly verdict: TestVerdict; readonly note: string } {
    if (ending.kind === "threw") return { verdict: "error", note: cut(ending.message) };
    if (ending.kind !== "returned") return { verdict: ending.kind, note: notes[ending.kind] };
    const test = this.#trial.tests[this.#rows.length];
    if (test !== undefined && isAnswer(ending.json, test.answer)) return { verdict: "passed", note: "" };
    const isShown = this.#rows.length < this.#trial.shown;
    return { verdict: "wrong", note: isShown ? cut(ending.json === "" ? "undefined" : ending.json) : "" };
  }
}

const cutMark = "\n… the rest is not kept\n";

const notes = {
  time: "It took longer than it may.",
  memory: "It took more memory than it may.",
  output: "It said more than it may.",
  crashed: "Its process ended.",
} as const;

function cut(text: string): string {
  return text.length > longestNote ? `${text.slice(0, longestNote)}…` : text;
}

/** Compared along the answer, which is ours: what came may be nested as deeply as it likes. */
function isAnswer(json: string, answer: unknown): boolean {
  if (json === "") return false;
  try {
    const given: unknown = JSON.parse(json);
    return isLike(given, answer);
  } catch {
    // No JSON, from a process that was told to send some.
    return false;
  }
}

function isLike(given: unknown, answer: unknown): boolean {
  if (!Array.isArray(answer)) return isDeepStrictEqual(given, answer);
  return (
    Array.isArray(given) &&
    given.length === answer.length &&
    answer.every((each, index) => isLike((given as unknown[])[index], each))
  );
}
