// The rows of the message list: what is kept, then what is on its way. Pure.
import type { ChatMessage } from "../../../contract/chat.ts";
import type { Author } from "../../../contract/person.ts";
import type { PendingMessage, PendingState } from "./outbox.ts";

export interface Row {
  /** The same while a message is on its way and once it is there, so that it does not flicker in between. */
  readonly key: string;
  readonly author: Author;
  readonly text: string;
  readonly atMs: number;
  readonly nonce: string;
  /** Its number in the room; `null` while it is on its way. */
  readonly seq: number | null;
  readonly state: PendingState | "there";
  readonly why: string | null;
}

/** How far back a pending message is looked for among those that arrived. */
const lookBack = 300;

const rowOfMessage = new WeakMap<ChatMessage, Row>();

export function rowsOf(
  messages: readonly ChatMessage[],
  pending: readonly PendingMessage[],
  me: Author,
): readonly Row[] {
  const there = messages.map(keptRow);
  if (pending.length === 0) return there;
  const arrived = new Set(
    messages
      .slice(-lookBack)
      .filter((message) => message.author.id === me.id)
      .map((message) => message.nonce),
  );
  return [
    ...there,
    ...pending.filter((message) => !arrived.has(message.nonce)).map((message) => pendingRow(message, me)),
  ];
}

/** One row object for each message, so that rows that did not change are not drawn again. */
function keptRow(message: ChatMessage): Row {
  const known = rowOfMessage.get(message);
  if (known !== undefined) return known;
  const { author, text, atMs, nonce, seq } = message;
  const row: Row = { key: `${author.id} ${nonce}`, author, text, atMs, nonce, seq, state: "there", why: null };
  rowOfMessage.set(message, row);
  return row;
}

function pendingRow({ nonce, text, atMs, state, why }: PendingMessage, me: Author): Row {
  return { key: `${me.id} ${nonce}`, author: { id: me.id, name: me.name }, text, atMs, nonce, seq: null, state, why };
}
