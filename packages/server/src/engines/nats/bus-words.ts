// What nodes on one NATS say to each other beside questions: that they are there, and parts of what is too large to be said at once.
import { isNodeName } from "../questions/said.ts";
import { countsIn, encodeCounts, type LaneCounts } from "./member-words.ts";

/**
 * `hello`: whoever hears it introduces itself. `here`: the answer, with whom it knows. `beat`: still there. `ping`: wants no
 * answer but NATS' own, that nobody listens. `end`: will not be there any more. `counts`: what it has said of its members.
 */
export type BusWord =
  | { readonly kind: "ping" | "end"; readonly node: string }
  | { readonly kind: "hello" | "beat"; readonly node: string; readonly counts: LaneCounts }
  | { readonly kind: "here"; readonly node: string; readonly counts: LaneCounts; readonly known: readonly string[] }
  | {
      readonly kind: "part";
      readonly node: string;
      /** Counts what its node said in parts. */
      readonly n: number;
      /** Which part it is, from 0, of how many. */
      readonly index: number;
      readonly of: number;
      readonly bytes: Uint8Array;
    };

const kinds = { h: "hello", b: "beat", i: "ping", e: "end", k: "here", p: "part" } as const;
const letters = { hello: "h", beat: "b", ping: "i", end: "e", here: "k", part: "p" } as const satisfies Record<
  BusWord["kind"],
  string
>;
const longestLine = 150;
const line = /^([hbiekp]) ([\w-]{1,64})(?: (\d{1,15}) (\d{1,4}) (\d{1,4}))?$/;
/** What a line may need, at most. */
export const lineBytes: number = longestLine + 1;
/** Of 256 counts, and a thousand nodes. */
const mostBodyBytes = 80 * 1_024;

export function encodeWord(word: BusWord): Buffer {
  const head = `${letters[word.kind]} ${word.node}`;
  if (word.kind === "part") {
    return Buffer.concat([Buffer.from(`${head} ${word.n} ${word.index} ${word.of}\n`), word.bytes]);
  }
  const body = "counts" in word ? [encodeCounts(word.counts), ...("known" in word ? word.known : [])] : [];
  return Buffer.from(`${head}\n${body.join(" ")}`);
}

/** Whether it is one of these, sound or not, and no question or answer. */
export function isWord(bytes: Uint8Array): boolean {
  return Object.hasOwn(kinds, String.fromCharCode(bytes[0] ?? 0));
}

/** `null` for what no node has said. */
export function wordIn(given: Uint8Array): BusWord | null {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const end = bytes.indexOf(10);
  if (end < 0 || end > longestLine) return null;
  const [, letter = "", node = "", ...numbers] = line.exec(bytes.toString("latin1", 0, end)) ?? [];
  const kind = kinds[letter as keyof typeof kinds] as BusWord["kind"] | undefined;
  const rest = bytes.subarray(end + 1);
  const isNumbered = numbers[0] !== undefined;
  if (kind === undefined || isNumbered !== (kind === "part")) return null;
  if (kind === "part") {
    const [n = 0, index = 0, of = 0] = numbers.map(Number);
    return index < of ? { kind, node, n, index, of, bytes: Uint8Array.from(rest) } : null;
  }
  if (kind === "ping" || kind === "end") return rest.length === 0 ? { kind, node } : null;
  if (rest.length > mostBodyBytes) return null;
  const [text = "", ...known] = rest.toString("latin1").split(" ");
  const counts = countsIn(text);
  if (counts === null) return null;
  if (kind === "here") return known.every(isNodeName) ? { kind, node, counts, known } : null;
  return known.length === 0 ? { kind, node, counts } : null;
}
