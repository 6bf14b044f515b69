// Asking the application's rules, and noticing those that hold the event loop.
import { TidewireError } from "@tidewire/protocol";
import type { Verdict } from "../access.ts";
import { refuse } from "../hub/refusal.ts";
import { slowMs } from "../hub/sources.ts";
import { reasonOf } from "../ports/log.ts";
import type { SessionNode } from "./node.ts";

/** Runs what the application wrote; its synchronous part is timed. */
export function guarded<T>(node: SessionNode, name: string, run: () => T): T {
  const startMs = node.clock.now();
  try {
    return run();
  } finally {
    const heldMs = node.clock.now() - startMs;
    if (heldMs > slowMs) node.log.warn("a rule held the event loop", { rule: name, ms: Math.round(heldMs) });
  }
}

/**
 * Asks a rule; without one everybody may. Synchronous when the rule is.
 * @throws {TidewireError} `denied`, or the rule's own.
 */
export function ask(node: SessionNode, name: string, rule: (() => Verdict) | undefined): void | Promise<void> {
  if (rule === undefined) return;
  const verdict = guarded(node, name, rule);
  if (verdict instanceof Promise) return verdict.then((allowed) => judge(allowed, name));
  judge(verdict, name);
}

/**
 * Asks a rule that may let in on terms; `null`: without any.
 * @throws {TidewireError} `denied`, or the rule's own.
 */
export function askForTerms<Terms extends object>(
  node: SessionNode,
  name: string,
  rule: (() => Verdict<Terms>) | undefined,
): Terms | null | Promise<Terms | null> {
  if (rule === undefined) return null;
  const verdict = guarded(node, name, rule);
  return verdict instanceof Promise ? verdict.then((said) => termsOf(said, name)) : termsOf(verdict, name);
}

/** What terms are called; of each rule that may have some. */
const termNames: Readonly<Record<string, readonly string[]>> = {
  subscribe: ["info", "data", "expiresAt"],
  publish: ["data", "tags", "idempotencyKey"],
};

function termsOf<Terms extends object>(verdict: boolean | Terms, name: string): Terms | null {
  // An object that names no terms, or something else, is none: `{}`, or `{ allowed: false }`.
  const given = typeof verdict === "object" && verdict !== null ? Object.keys(verdict) : [];
  if (given.length > 0 && given.every((key) => termNames[name]?.includes(key) === true)) return verdict as Terms;
  judge(verdict, name);
  return null;
}

/** Nothing but `true` lets in: a rule written without types, or without a return, refuses. */
function judge(verdict: unknown, name: string): void {
  if (verdict !== true) refuse("denied", `the ${name} rule does not allow it`);
}

/** What the client is told of something thrown: a TidewireError as it is, anything else as `internal`, logged. */
export function toError(node: SessionNode, thrown: unknown): TidewireError {
  if (thrown instanceof TidewireError) return thrown;
  node.log.error("a command failed", { reason: reasonOf(thrown) });
  node.metrics.add("internal_errors");
  return new TidewireError("internal", "internal server error");
}
