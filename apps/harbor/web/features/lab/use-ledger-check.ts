// Reads the server's own list of a room and compares it with what this page has.
import { useCall } from "@tidewire/react";
import { useCallback, useState } from "react";
import { ledgerPageSize, readLedger } from "../../../contract/lab.ts";
import type { ChatMessage } from "../../../contract/chat.ts";
import { checkAgainst, type Verdict } from "./ledger-check.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";

export type CheckState =
  | { readonly kind: "none" }
  | { readonly kind: "running" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "done"; readonly verdict: Verdict; readonly atMs: number };

/** Faults made on purpose, in the page's list alone, to show that the check sees them. */
export interface Planted {
  readonly loss: boolean;
  readonly repeat: boolean;
}

/** @param live Ids as the channel handed them over; one that came twice is a repeat, though the page shows it once. */
export function useLedgerCheck(room: string): {
  state: CheckState;
  run: (messages: readonly ChatMessage[], live: readonly string[], planted: Planted) => void;
} {
  const [state, setState] = useState<CheckState>({ kind: "none" });
  const read = useCall(readLedger);
  const run = useCallback(
    (messages: readonly ChatMessage[], live: readonly string[], planted: Planted) => {
      setState({ kind: "running" });
      compare({ messages, live, planted, read: (from) => read({ room, from, limit: ledgerPageSize }) }).then(
        (verdict) => setState({ kind: "done", verdict, atMs: Date.now() }),
        (thrown: unknown) => setState({ kind: "failed", why: sentenceFor(thrown) }),
      );
    },
    [read, room],
  );
  return { state, run };
}

interface Comparison {
  readonly messages: readonly ChatMessage[];
  readonly live: readonly string[];
  readonly planted: Planted;
  readonly read: (from: number) => Promise<{ ids: string[]; lastSeq: number }>;
}

async function compare({ messages, live, planted, read }: Comparison): Promise<Verdict> {
  const first = messages[0]?.seq ?? 1;
  const last = messages.at(-1)?.seq ?? 0;
  const ledger: string[] = [];
  for (;;) {
    const page = await read(first + ledger.length);
    ledger.push(...page.ids);
    if (page.ids.length === 0 || first + ledger.length > page.lastSeq) break;
  }
  // What was said after the page's newest message was read here may still be on its way.
  const upTo = Math.max(0, last - first + 1);
  return checkAgainst(ledger.slice(0, Math.max(upTo, ledger.length)), withFaults(withRepeats(messages, live), planted));
}

function withRepeats(messages: readonly ChatMessage[], live: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const id of live) counts.set(id, (counts.get(id) ?? 0) + 1);
  return messages.flatMap(({ id }) => Array.from({ length: Math.max(1, counts.get(id) ?? 1) }, () => id));
}

function withFaults(ids: readonly string[], planted: Planted): readonly string[] {
  const middle = Math.floor(ids.length / 2);
  return ids.flatMap((id, index) => {
    if (planted.loss && index === middle) return [];
    return planted.repeat && index === Math.max(0, middle - 1) ? [id, id] : [id];
  });
}
