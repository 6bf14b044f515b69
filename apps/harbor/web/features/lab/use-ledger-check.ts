// Reads the server's own list of a room and compares it with what this page has.
import { useCall } from "@tidewire/react";
import { type RefObject, useCallback, useState } from "react";
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

/** What this page has, at the moment it is asked. */
export interface Here {
  readonly messages: readonly ChatMessage[];
  /** Ids as the channel handed them over; one that came twice is a repeat, though the page shows it once. */
  readonly live: readonly string[];
}

/** What the server had on its list when asked has this long to come here before it counts as missing. */
const patienceMs = 3_000;
const lookEveryMs = 50;

/** @param here Looked at again while messages are on their way. */
export function useLedgerCheck(
  room: string,
  here: RefObject<Here>,
): { state: CheckState; run: (planted: Planted) => void } {
  const [state, setState] = useState<CheckState>({ kind: "none" });
  const read = useCall(readLedger);
  const run = useCallback(
    (planted: Planted) => {
      setState({ kind: "running" });
      compare(
        () => here.current,
        planted,
        (from) => read({ room, from, limit: ledgerPageSize }),
      ).then(
        (verdict) => setState({ kind: "done", verdict, atMs: Date.now() }),
        (thrown: unknown) => setState({ kind: "failed", why: sentenceFor(thrown) }),
      );
    },
    [here, read, room],
  );
  return { state, run };
}

type ReadPage = (from: number) => Promise<{ ids: string[]; lastSeq: number }>;

/** Asks the server first: what is said after that is on neither list. */
async function compare(here: () => Here, planted: Planted, read: ReadPage): Promise<Verdict> {
  const first = here().messages[0]?.seq ?? 1;
  const ledger: string[] = [];
  for (;;) {
    const page = await read(first + ledger.length);
    ledger.push(...page.ids);
    if (page.ids.length === 0 || first + ledger.length > page.lastSeq) break;
  }
  const last = first + ledger.length - 1;
  await arrival(() => (here().messages.at(-1)?.seq ?? 0) >= last);
  const { live, messages } = here();
  const listed = messages.filter((message) => message.seq <= last);
  return checkAgainst(ledger, withFaults(withRepeats(listed, live), planted));
}

/** Resolves when it is so, or when patience has ended. */
async function arrival(isHere: () => boolean): Promise<void> {
  const untilMs = Date.now() + patienceMs;
  while (!isHere() && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
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
