// What a room's database has and what each page showed, and when, as a history that the checker reads.
import type { Page } from "playwright-core";
import type { HistoryRecord } from "../../simulation/checker/records.ts";
import type { KeptMessage } from "./harbor.ts";

/** A message that came to stand in a page in a state that it was not in before. */
export interface Appearance {
  readonly text: string;
  /** `written`: it was sent off; `there`: the room's channel has brought it; `kept`: the server has said that it has it. */
  readonly state: string;
  readonly atMs: number;
}

export interface Looking {
  readonly name: string;
  readonly appearances: readonly Appearance[];
}

interface Watched {
  appearances?: Appearance[];
}

/** Writes down what the page shows, from its load on. To be called before it is opened. */
export async function watchMessages(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const appearances: Appearance[] = ((globalThis as Watched).appearances = []);
    const states = new Map<string, string>();
    const look = (): void => {
      for (const article of document.querySelectorAll<HTMLElement>("article[data-state]")) {
        const row = article.closest<HTMLElement>("[data-row]")?.dataset["row"] ?? "";
        const state = article.dataset["state"] ?? "";
        if (states.get(row) === state) continue;
        states.set(row, state);
        const text = article.querySelector(".message-text")?.textContent ?? "";
        appearances.push({ text, state, atMs: Date.now() });
      }
    };
    // A page that is busy may show a message for the first time when it is there already.
    const send = ({ key, target }: KeyboardEvent): void => {
      if (key !== "Enter" || !(target instanceof HTMLTextAreaElement)) return;
      appearances.push({ text: target.value, state: "written", atMs: Date.now() });
    };
    document.addEventListener("keydown", send, true);
    const seen = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] };
    new MutationObserver(look).observe(document, seen);
  });
}

export async function appearancesIn(page: Page): Promise<readonly Appearance[]> {
  return await page.evaluate(() => (globalThis as Watched).appearances ?? []);
}

interface Timed {
  readonly atMs: number;
  readonly record: HistoryRecord;
}

const channel = "room";
const epoch = "database";

/**
 * One life for each page, in the order of time, then the database as the log. A message's text is its op, so each must be
 * another one.
 */
export function historyOf(kept: readonly KeptMessage[], pages: readonly Looking[]): HistoryRecord[] {
  const seqs = new Map(kept.map(({ text, seq }) => [text, seq]));
  // What the database does not have would be behind all that it has.
  const beyond = Math.max(0, ...seqs.values()) + 1;
  const place = (op: string): { epoch: string; offset: number } => ({ epoch, offset: seqs.get(op) ?? beyond });
  const records: HistoryRecord[] = [{ kind: "channel", channel, mode: "stream", log: "after" }];
  for (const { name } of pages) {
    records.push({ kind: "subscribe", life: name, user: name, channel });
    records.push({ kind: "reply", life: name, recovered: false, position: { epoch, offset: 0 } });
  }
  const timed = pages.flatMap(({ name, appearances }) => recordsOf(name, appearances, place));
  records.push(...timed.toSorted((one, other) => one.atMs - other.atMs).map(({ record }) => record));
  for (const { text: op, seq } of kept) {
    records.push({ kind: "append", channel, op, position: { epoch, offset: seq }, previous: seq - 1 });
  }
  records.push({ kind: "settled" });
  return records;
}

function recordsOf(
  name: string,
  appearances: readonly Appearance[],
  place: (op: string) => { readonly epoch: string; readonly offset: number },
): Timed[] {
  const written = new Set<string>();
  const acked = new Set<string>();
  return appearances.flatMap(({ text: op, state, atMs }) => {
    const records: HistoryRecord[] = [];
    if (state === "written") records.push({ kind: "invoke", op, by: name, channel });
    if (state === "written") written.add(op);
    const isKept = written.has(op) && !acked.has(op) && (state === "there" || state === "kept");
    if (isKept) records.push({ kind: "ack", op, position: place(op), duplicate: false });
    if (isKept) acked.add(op);
    if (state === "there") records.push({ kind: "deliver", life: name, op, position: place(op) });
    return records.map((record) => ({ atMs, record }));
  });
}
