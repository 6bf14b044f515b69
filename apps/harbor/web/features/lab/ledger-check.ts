// Compares what this page has of a room with the server's own list. Pure.

export type Verdict =
  | { readonly kind: "nothing" }
  | { readonly kind: "good"; readonly count: number }
  | {
      readonly kind: "bad";
      readonly count: number;
      readonly missing: readonly string[];
      readonly repeated: readonly string[];
      /** Here, and not on the server's list. */
      readonly unknown: readonly string[];
      /** Here before something that stands before it on the server's list. */
      readonly misplaced: readonly string[];
    };

/**
 * @param ledger The ids of the server's list, from the first message that the page has.
 * @param here The ids as the page has them, in its order.
 */
export function checkAgainst(ledger: readonly string[], here: readonly string[]): Verdict {
  if (ledger.length === 0 && here.length === 0) return { kind: "nothing" };
  const place = new Map(ledger.map((id, index) => [id, index]));
  const seen = new Set<string>();
  const repeated: string[] = [];
  const unknown: string[] = [];
  const misplaced: string[] = [];
  let furthest = -1;
  for (const id of here) {
    const at = place.get(id);
    if (seen.has(id)) repeated.push(id);
    else if (at === undefined) unknown.push(id);
    else if (at < furthest) misplaced.push(id);
    furthest = Math.max(furthest, at ?? -1);
    seen.add(id);
  }
  const missing = ledger.filter((id) => !seen.has(id));
  const isGood = [missing, repeated, unknown, misplaced].every((ids) => ids.length === 0);
  return isGood
    ? { kind: "good", count: ledger.length }
    : { kind: "bad", count: ledger.length, missing, repeated, unknown, misplaced };
}

/** One sentence, as in "All 42 messages are here, in order, once." */
export function verdictSentence(verdict: Verdict): string {
  if (verdict.kind === "nothing") return "There is nothing in this room yet.";
  if (verdict.kind === "good") {
    return verdict.count === 1
      ? "The one message is here, once."
      : `All ${verdict.count} messages are here, in order, once.`;
  }
  const faults = [
    [verdict.missing.length, "missing"],
    [verdict.repeated.length, "here twice"],
    [verdict.misplaced.length, "out of order"],
    [verdict.unknown.length, "not on the server's list"],
  ] as const;
  const words = faults.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `Of ${verdict.count} messages: ${words.join(", ")}.`;
}
