// What nodes say to each other of what is so, as JSON: it may have come through a store that others write to.
import { type LifecycleEvent, standingOf, typesOf } from "./events.ts";
import type { Fact, FactEntry, FactPage } from "./facts.ts";
import type { LedgerMark, LedgerPage, LedgerWord } from "./ledger.ts";

/** To which version each node was read, by its name. */
export type Seen = Readonly<Record<string, number>>;

/** What changed at a node, and how far its ledger is. */
export interface NodePage extends FactPage {
  readonly mark: LedgerMark;
}

export function isSeen(value: unknown): value is Seen {
  return isObject(value) && Object.values(value).every((version) => typeof version === "number");
}

/** `null` for what no node of this version says. */
export function pageIn(text: string): NodePage | null {
  const page = parsed(text);
  if (!isObject(page)) return null;
  const { node, to, hasMore, entries, mark } = page;
  const isPage = typeof node === "string" && Number.isSafeInteger(to) && typeof hasMore === "boolean";
  if (!isPage || !isMark(mark) || !areAll(entries, isEntry)) return null;
  return { node, to: Number(to), hasMore, entries, mark };
}

export function isLedgerWord(value: unknown): value is LedgerWord {
  if (!isObject(value)) return false;
  const { kind, reader, from, facts, isLast } = value;
  if (kind === "mark") return true;
  if (kind === "read") return typeof reader === "string" && isCount(from);
  if (kind === "add") return isState(value);
  return kind === "fill" && isState(value) && isCount(from) && areAll(facts, isFact) && typeof isLast === "boolean";
}

/** `null` for what no node of this version says. */
export function ledgerPageIn(text: string): LedgerPage | null {
  const page = parsed(text);
  if (!isObject(page) || !isState(page)) return null;
  const { node, mark, isComplete, events, facts, hasMore } = page;
  if (typeof node !== "string" || typeof hasMore !== "boolean" || !areAll(facts, isFact)) return null;
  return { node, mark, isComplete, events, facts, hasMore };
}

const lifecycleTypes: ReadonlySet<unknown> = new Set(Object.values(typesOf).flat());

type Fields = Readonly<Record<string, unknown>>;

function isState(value: Fields): value is Fields & Pick<LedgerPage, "mark" | "isComplete" | "events"> {
  const { mark, isComplete, events } = value;
  return isMark(mark) && typeof isComplete === "boolean" && areAll(events, isEvent);
}

function isMark(value: unknown): value is LedgerMark {
  if (!isObject(value)) return false;
  const { term, teller, batch } = value;
  return isCount(term) && typeof teller === "string" && isCount(batch);
}

function isEvent(value: unknown): value is LifecycleEvent {
  if (!isObject(value)) return false;
  const { id, type, atMs, reason } = value;
  if (!lifecycleTypes.has(type) || typeof id !== "string" || typeof atMs !== "number") return false;
  if (type === "connection.closed" && typeof reason !== "string") return false;
  // What makes its fact one is all there is in it.
  return isFact(standingOf(value as unknown as LifecycleEvent).fact);
}

function isEntry(value: unknown): value is FactEntry {
  if (!isObject(value)) return false;
  const { version, fact, holds, isKnown, beganMs, endedMs, reason } = value;
  const areNumbers = [version, beganMs, endedMs ?? 0].every((each) => typeof each === "number");
  return (
    areNumbers &&
    typeof holds === "boolean" &&
    typeof isKnown === "boolean" &&
    typeof reason === "string" &&
    isFact(fact)
  );
}

function isFact(value: unknown): value is Fact {
  if (!isObject(value)) return false;
  const { kind, session, user, channel } = value;
  const areTexts = (...values: readonly unknown[]): boolean => values.every((each) => typeof each === "string");
  if (kind === "connection") return areTexts(session, user);
  if (kind === "channel") return areTexts(channel);
  return kind === "member" && areTexts(channel, user, session ?? "");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function areAll<Of>(values: unknown, isOne: (value: unknown) => value is Of): values is readonly Of[] {
  return Array.isArray(values) && values.every((value) => isOne(value));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
