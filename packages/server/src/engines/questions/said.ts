// Questions between nodes and their answers, as a store carries them: a line of text, and behind it bytes that are the asker's.

/** A node's name, as it stands in the names that a store knows. */
export function isNodeName(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}

/** What one node says to another. `n` is the asker's number, which the answer repeats. */
export interface Said {
  readonly kind: "question" | "answer" | "refusal";
  /** Who says it. */
  readonly node: string;
  readonly n: number;
  /** Of a refusal none. */
  readonly bytes: Uint8Array;
}

/** Of a question, and of an answer. Redis ends a connection that 32 MiB wait for, NATS one for 64. */
export const maxSaidBytes: number = 8 * 1024 * 1024;

const letters = { question: "q", answer: "a", refusal: "r" } as const satisfies Record<Said["kind"], string>;
const kinds: Readonly<Record<string, Said["kind"]>> = { q: "question", a: "answer", r: "refusal" };
const longestLine = 100;
const line = /^([qar]) ([\w-]{1,64}) (\d{1,15})$/;

export function encodeSaid({ kind, node, n, bytes }: Said): Buffer {
  return Buffer.concat([Buffer.from(`${letters[kind]} ${node} ${n}\n`), bytes]);
}

/** `null` for what no node has said. */
export function saidIn(given: Uint8Array): Said | null {
  const message = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const end = message.indexOf(10);
  if (end < 0 || end > longestLine || message.length - end - 1 > maxSaidBytes) return null;
  const [, letter = "", node = "", number = ""] = line.exec(message.toString("latin1", 0, end)) ?? [];
  const kind = kinds[letter];
  if (kind === undefined) return null;
  // Of its own, since what came is a part of what the socket read.
  return { kind, node, n: Number(number), bytes: Uint8Array.from(message.subarray(end + 1)) };
}
