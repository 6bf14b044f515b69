// Pages of facts between nodes, as JSON.
import type { Fact, FactEntry, FactPage } from "./facts.ts";

/** To which version each node was read, by its name. */
export type Seen = Readonly<Record<string, number>>;

export function isSeen(value: unknown): value is Seen {
  return isObject(value) && Object.values(value).every((version) => typeof version === "number");
}

/** `null` for what no node of this version says: it may have come through a store that others write to. */
export function pageIn(text: string): FactPage | null {
  const page = parsed(text);
  if (!isObject(page)) return null;
  const { node, to, hasMore, entries } = page;
  const isPage = typeof node === "string" && Number.isSafeInteger(to) && typeof hasMore === "boolean";
  if (!isPage || !Array.isArray(entries) || !entries.every((entry) => isEntry(entry))) return null;
  return { node, to: Number(to), hasMore, entries };
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
