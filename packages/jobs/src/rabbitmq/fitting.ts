// Answers that are too big for one delivery, and what is left of them.
import type { Claimed, Run } from "../store/job-store.ts";
import { type Answer, maxWireBytes, type Value } from "./wire.ts";

/** In one answer, or in one to several asks. It is not believed: others can answer too. */
export function runsOf(value: unknown): readonly Run[] {
  const { runs, answers } = Object(value) as { readonly runs?: unknown; readonly answers?: unknown };
  if (Array.isArray(answers)) return answers.flatMap((one) => runsOf((Object(one) as { value?: unknown }).value));
  return Array.isArray(runs) ? (runs as readonly Run[]) : [];
}

interface Fitted {
  readonly fitting: Value;
  /** The runs that have no room. */
  readonly left: readonly Run[];
}

/** As much of an answer as one delivery holds: fewer than were asked for are fine, of a page as of a claim. */
export function fitted(value: Value): Fitted {
  const roomBytes = maxWireBytes - frameBytes;
  if (typeof value !== "object" || value === null) return { fitting: value, left: [] };
  if ("answers" in value) return fittedAnswers(value.answers, roomBytes);
  if ("runs" in value) return fittedClaim(value, roomBytes);
  return { fitting: value.slice(0, countOf(value, roomBytes)) as Value, left: [] };
}

function fittedAnswers(all: readonly Answer[], roomBytes: number): Fitted {
  let bytes = bytesOf(all.filter((one) => claimOf(one) === null));
  const left: Run[] = [];
  const answers = all.map((one) => {
    const claimed = claimOf(one);
    if (claimed === null) return one;
    const part = fittedClaim(claimed, roomBytes - bytes);
    bytes += bytesOf(part.fitting);
    left.push(...part.left);
    return { kind: "value" as const, value: part.fitting };
  });
  return { fitting: { answers }, left };
}

/** For what is around the parts. */
const frameBytes = 1_024;

const bytesOf = (part: unknown): number => Buffer.byteLength(JSON.stringify(part)) + 1;

function claimOf(answer: Answer): Claimed | null {
  if (answer.kind !== "value" || typeof answer.value !== "object" || answer.value === null) return null;
  return "runs" in answer.value ? answer.value : null;
}

function fittedClaim(claimed: Claimed, roomBytes: number): Fitted {
  const count = countOf(claimed.runs, roomBytes - bytesOf({ ...claimed, runs: [] }));
  return { fitting: { ...claimed, runs: claimed.runs.slice(0, count) }, left: claimed.runs.slice(count) };
}

function countOf(parts: readonly unknown[], mostBytes: number): number {
  let bytes = 0;
  const first = parts.findIndex((part) => (bytes += bytesOf(part)) > mostBytes);
  return first === -1 ? parts.length : first;
}
