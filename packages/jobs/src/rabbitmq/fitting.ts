// Answers that are too big for one delivery, and what is left of them.
import type { Answers } from "../store/ask.ts";
import type { Run } from "../store/job-store.ts";
import { maxWireBytes } from "./wire.ts";

type Value = Answers[keyof Answers];

export const runsOf = (value: Value): readonly Run[] =>
  typeof value === "object" && value !== null && "runs" in value ? value.runs : [];

/** As much of an answer as one delivery holds: fewer than were asked for are fine, of a page as of a claim. */
export function fitted(value: Value): { readonly fitting: Value; readonly left: readonly Run[] } {
  if (typeof value !== "object" || value === null) return { fitting: value, left: [] };
  if (!("runs" in value))
    return { fitting: value.slice(0, countOf(value, maxWireBytes - frameBytes)) as Value, left: [] };
  const count = countOf(value.runs, maxWireBytes - frameBytes - bytesOf({ ...value, runs: [] }));
  return { fitting: { ...value, runs: value.runs.slice(0, count) }, left: value.runs.slice(count) };
}

/** For what is around the parts. */
const frameBytes = 1_024;

const bytesOf = (part: unknown): number => Buffer.byteLength(JSON.stringify(part)) + 1;

function countOf(parts: readonly unknown[], mostBytes: number): number {
  let bytes = 0;
  const first = parts.findIndex((part) => (bytes += bytesOf(part)) > mostBytes);
  return first === -1 ? parts.length : first;
}
