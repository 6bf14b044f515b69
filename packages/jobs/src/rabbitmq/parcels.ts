// What is asked in one turn of the event loop, in as few deliveries as hold it.
import { TidewireError } from "@tidewire/protocol";
import {
  type Answer,
  type Frequent,
  maxWireBytes,
  mostTogether,
  type Value,
  written,
  writtenTogether,
} from "./wire.ts";

export interface Parcel {
  readonly content: Buffer;
  /** How many were asked for by it. */
  readonly count: number;
}

/** For what is around the asks. */
const frameBytes = 1_024;

/**
 * In the order of the asks. No two claims go together, so that the answer to several is about as big as that to one, and what is too
 * big for a delivery refuses nothing but itself.
 */
export function parcelsOf(asks: readonly Frequent[]): readonly Parcel[] {
  const groups: { readonly first: Frequent; readonly texts: string[] }[] = [];
  let [bytes, hasClaim] = [0, false];
  for (const ask of asks) {
    const text = JSON.stringify(ask);
    const isClaim = ask.kind === "claim";
    bytes += Buffer.byteLength(text) + 1;
    const group = groups.at(-1);
    const isFull = bytes > maxWireBytes - frameBytes || group?.texts.length === mostTogether;
    if (group === undefined || isFull || (isClaim && hasClaim)) {
      groups.push({ first: ask, texts: [text] });
      [bytes, hasClaim] = [Buffer.byteLength(text) + 1, isClaim];
    } else {
      group.texts.push(text);
      hasClaim ||= isClaim;
    }
  }
  return groups.map(({ first, texts }) => ({
    content: texts.length === 1 ? written(first) : writtenTogether(texts),
    count: texts.length,
  }));
}

/** @returns One for each that was asked for. */
export function answersIn(value: Value, { count }: Parcel): readonly PromiseSettledResult<Value>[] {
  if (count === 1) return [{ status: "fulfilled", value }];
  const { answers } = Object(value) as { readonly answers?: unknown };
  const isWhole = Array.isArray(answers) && answers.length === count;
  return isWhole ? (answers as readonly Answer[]).map(settled) : unanswered(count);
}

function settled(answer: Answer): PromiseSettledResult<Value> {
  if (answer.kind === "value") return { status: "fulfilled", value: answer.value };
  return { status: "rejected", reason: new TidewireError(answer.reason, answer.message) };
}

function unanswered(count: number): readonly PromiseSettledResult<Value>[] {
  const message = `${count} answers of the keeper of the jobs were expected, got something else`;
  const reason = new TidewireError("indeterminate", message);
  return Array.from({ length: count }, () => ({ status: "rejected", reason }));
}
