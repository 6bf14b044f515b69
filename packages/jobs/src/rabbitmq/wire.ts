// What goes through the queues: what is asked and what is answered, as JSON. Neither is believed before it was looked at.
import { requestErrors, type RequestErrorName, TidewireError } from "@tidewire/protocol";
import { reasonOf } from "@tidewire/protocol/ports";
import type { Answers, Ask } from "../store/ask.ts";
import { byKind, list, object, oneOf, orNull, type Shape, text, whole } from "./shape.ts";

/** Of one ask or answer; RabbitMQ 4 takes 16 MiB unless it is told otherwise. */
export const maxWireBytes = 4_194_304;

const version = 1;

/** What a worker asks all the time; of a claim there is one at most. */
export type Frequent = Extract<Ask, { kind: "claim" | "settle" }>;

/** Asked in one turn of the event loop: each is obeyed and answered by itself. */
export interface Several {
  readonly kind: "several";
  readonly asks: readonly Frequent[];
}

/** In the order of what was asked. */
export interface SeveralAnswers {
  readonly answers: readonly Answer[];
}

export type Value = Answers[keyof Answers] | SeveralAnswers;

export type Answer =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "error"; readonly reason: RequestErrorName; readonly message: string };

const name = text(1, 255);
const millis = whole(0, Number.MAX_SAFE_INTEGER);
const leaseMs = whole(1, 86_400_000);
const most = 10_000;

/** Of those that go together. */
export const mostTogether = 1_000;
const anyText = text(0, maxWireBytes);

const terms = object({
  attempts: whole(1, 1_000_000),
  firstDelayMs: millis,
  longestDelayMs: millis,
  timeoutMs: millis,
});

const draft = object({
  id: name,
  name,
  input: anyText,
  owner: text(0, 255),
  dueMs: millis,
  priority: whole(-1_000, 1_000),
  key: orNull(name),
  keyHolds: oneOf("unfinished", "kept"),
  terms,
});

const wanted = object({
  names: list(most, name),
  runs: whole(0, most),
  endings: whole(0, most),
  leaseMs,
  orphanMs: millis,
});

const hold = object({ id: name, fence: millis });

const outcome = byKind({
  done: object({ output: anyText }),
  failed: object({ reason: text(0, 255), message: anyText, delayMs: millis }),
  dead: object({ reason: text(0, 255), message: anyText }),
  canceled: object({}),
  returned: object({}),
  told: object({}),
});

const state = oneOf("waiting", "running", "done", "dead", "canceled");

const query = byKind({
  one: object({ id: anyText }),
  page: object({ state, after: orNull(anyText), limit: whole(0, most) }),
});

const frequent = { claim: object({ wanted }), settle: object({ hold, outcome }) };

const ask: Shape = byKind({
  add: object({ drafts: list(most, draft) }),
  ...frequent,
  renew: object({ holds: list(most, hold), leaseMs }),
  several: object({ asks: list(mostTogether, byKind(frequent)) }),
  change: object({ id: anyText, what: oneOf("cancel", "replay") }),
  read: object({ query }),
  counts: object({}),
});

const versioned = object({ version: whole(version, version) });

export function written(value: Ask | Several | Answer): Buffer {
  return Buffer.from(JSON.stringify({ version, ...value }));
}

/** @param asks The JSON of each. */
export function writtenTogether(asks: readonly string[]): Buffer {
  return Buffer.from(`{"version":${version},"kind":"several","asks":[${asks.join(",")}]}`);
}

/** @returns What is asked, or in words why it is nothing that anybody can ask. */
export function askOf(content: Uint8Array): Ask | Several | string {
  const value = parsed(content);
  const problem = value instanceof Error ? `no JSON: ${reasonOf(value)}` : (ofVersion(value) ?? ask(value, "ask"));
  return problem ?? (value as Ask | Several);
}

/** What is no answer is one that nobody can know. */
export function answerOf(content: Uint8Array): Answer {
  const value = parsed(content);
  const { kind, reason, message } = Object(value) as Readonly<Record<string, unknown>>;
  if (ofVersion(value) === null && kind === "value") return value as Answer;
  const known = Object.keys(requestErrors).find((error) => error === reason) as RequestErrorName | undefined;
  if (kind === "error" && known !== undefined) return { kind, reason: known, message: String(message) };
  return {
    kind: "error",
    reason: "indeterminate",
    message: "the keeper of the jobs gave an answer that cannot be read",
  };
}

/** What to answer where something was thrown. */
export function errorOf(thrown: unknown): Answer {
  const isKnown = thrown instanceof TidewireError && thrown.reason !== "application";
  const reason = isKnown ? (thrown.reason as RequestErrorName) : "internal";
  return { kind: "error", reason, message: reasonOf(thrown) };
}

function ofVersion(value: unknown): string | null {
  return versioned(value, "ask");
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString("utf8")) as unknown;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(reasonOf(thrown));
  }
}
