// What a row of the database may say. Its file can be edited by others, and disks err.
import type { Ending, JobRecord, JobState, Run } from "../store/job-store.ts";

export type Row = Readonly<Record<string, unknown>>;

/** The column's number; `NULL` for one that is none to JavaScript, which node:sqlite refuses to read. */
const whole = (column: string): string =>
  `iif(${column} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}, ${column}, NULL) AS ${column}`;

const texts = "id, name, owner, input, key, state, output, reason, message";
const numbers =
  "priority added_ms due_ms attempts first_delay_ms longest_delay_ms timeout_ms attempt fence ended_ms".split(" ");

/** What is read of a row, wherever one is. */
export const columns: string = `${texts}, ${numbers.map(whole).join(", ")}`;

const control = /[\p{Cc}\p{Cs}]/u;

function isPlain(text: unknown): text is string {
  return typeof text === "string" && text !== "" && text.length <= 255 && !control.test(text);
}

function isJson(text: unknown): text is string {
  try {
    return typeof text === "string" && (JSON.parse(text) as unknown) !== undefined;
  } catch {
    return false;
  }
}

const isNumber = (row: Row, column: string): boolean => typeof row[column] === "number";

/** What is wrong with a job that is to be run; `null` when somebody can have added it. */
export function problemOf(row: Row): string | null {
  const wanted = numbers.filter((column) => column !== "ended_ms");
  const lacking = wanted.find((column) => !isNumber(row, column));
  if (lacking !== undefined) return `${lacking} is out of range`;
  if (!isPlain(row["id"])) return "its id is no plain text";
  if (!isPlain(row["name"])) return "its name is no plain text";
  const terms = ["attempts", "first_delay_ms", "longest_delay_ms", "timeout_ms", "fence", "attempt"];
  const negative = terms.find((column) => Number(row[column]) < 0);
  if (negative !== undefined) return `${negative} is below 0`;
  return isJson(row["input"]) ? null : "its input is no JSON";
}

function textOrNull(row: Row, column: string): string | null {
  const text = row[column];
  return typeof text === "string" ? text : null;
}

const textAt = (row: Row, column: string): string => textOrNull(row, column) ?? "";
const numberAt = (row: Row, column: string): number => Number(row[column] ?? 0);

const termsOf = (row: Row): Run["terms"] => ({
  attempts: numberAt(row, "attempts"),
  firstDelayMs: numberAt(row, "first_delay_ms"),
  longestDelayMs: numberAt(row, "longest_delay_ms"),
  timeoutMs: numberAt(row, "timeout_ms"),
});

export function runOf(row: Row): Run {
  return {
    id: textAt(row, "id"),
    fence: numberAt(row, "fence"),
    name: textAt(row, "name"),
    input: textAt(row, "input"),
    owner: textAt(row, "owner"),
    attempt: numberAt(row, "attempt"),
    terms: termsOf(row),
    dueMs: numberAt(row, "due_ms"),
  };
}

/** An output that is no JSON any more is told as that of a job that died of it. */
export function endingOf(row: Row): Ending {
  const ending = {
    id: textAt(row, "id"),
    fence: numberAt(row, "fence"),
    name: textAt(row, "name"),
    output: textOrNull(row, "output"),
    reason: textAt(row, "reason"),
    message: textAt(row, "message"),
  };
  const state = row["state"];
  if (state !== "done") return { ...ending, output: null, state: state === "canceled" ? "canceled" : "dead" };
  if (isJson(ending.output)) return { ...ending, state };
  return { ...ending, state: "dead", output: null, reason: "malformed", message: "the kept result is damaged" };
}

const states: readonly unknown[] = ["running", "done", "dead", "canceled"];
const stateOf = (kept: unknown): JobState => (states.includes(kept) ? (kept as JobState) : "waiting");

export function recordOf(row: Row): JobRecord {
  const { id, name, input, owner, attempt, terms, dueMs } = runOf(row);
  return {
    id,
    name,
    input,
    owner,
    attempt,
    terms,
    state: stateOf(row["state"]),
    key: textOrNull(row, "key"),
    priority: numberAt(row, "priority"),
    dueMs,
    addedMs: numberAt(row, "added_ms"),
    endedMs: row["ended_ms"] === null ? null : numberAt(row, "ended_ms"),
    output: textOrNull(row, "output"),
    reason: textAt(row, "reason"),
    message: textAt(row, "message"),
  };
}
