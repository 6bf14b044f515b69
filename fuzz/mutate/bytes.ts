// Changing bytes without knowing what they are: flips, words, slices moved, left out, said again.
import type { Dice } from "../../simulation/world/dice.ts";
import { edgeNumbers, edgeTexts } from "./words.ts";

export interface Material {
  readonly dice: Dice;
  readonly words: readonly string[];
  /** Another input of the same target. */
  readonly other: Uint8Array;
  readonly maxBytes: number;
}

type Change = (bytes: Buffer, material: Material) => Buffer;

const changes: readonly Change[] = [
  (bytes, { dice }) => set(bytes, dice, (byte) => byte ^ (1 << dice.whole(0, 7))),
  (bytes, { dice }) => set(bytes, dice, () => dice.whole(0, 255)),
  (bytes, { dice }) => set(bytes, dice, (byte) => byte + dice.whole(-4, 4)),
  (bytes, { dice }) => set(bytes, dice, () => dice.pick([0, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x20, 0x22, 0x5c])),
  (bytes, { dice }) => insert(bytes, dice, Buffer.from([dice.whole(0, 255)])),
  (bytes, { dice, words }) => insert(bytes, dice, Buffer.from(words.length === 0 ? "" : dice.pick(words))),
  (bytes, { dice, words }) => overwrite(bytes, dice, Buffer.from(words.length === 0 ? "" : dice.pick(words))),
  (bytes, { dice }) => insert(bytes, dice, Buffer.from(dice.pick(edgeTexts))),
  (bytes, { dice }) => overwrite(bytes, dice, Buffer.from(String(dice.pick(edgeNumbers)))),
  (bytes, { dice }) => insert(bytes, dice, sliceOf(bytes, dice)),
  (bytes, { dice, other }) => insert(bytes, dice, sliceOf(other, dice)),
  (bytes, { dice, other }) => Buffer.concat([head(bytes, dice), tail(other, dice)]),
  (bytes, { dice }) => without(bytes, dice),
  (bytes, { dice }) => without(bytes, dice),
  (bytes, { dice }) => head(bytes, dice),
  repeat,
];

/** One change, of a copy. */
export function changeBytes(bytes: Uint8Array, material: Material): Uint8Array {
  return material.dice.pick(changes)(Buffer.from(bytes), material);
}

function set(bytes: Buffer, dice: Dice, to: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const at = dice.whole(0, bytes.length - 1);
  bytes[at] = to(bytes[at] ?? 0) & 0xff;
  return bytes;
}

function insert(bytes: Buffer, dice: Dice, added: Uint8Array): Buffer {
  const at = dice.whole(0, bytes.length);
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

function overwrite(bytes: Buffer, dice: Dice, by: Uint8Array): Buffer {
  const at = dice.whole(0, bytes.length);
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + by.length)]);
}

function sliceOf(bytes: Uint8Array, dice: Dice): Uint8Array {
  const from = dice.whole(0, bytes.length);
  return bytes.slice(from, from + dice.whole(1, 32));
}

function without(bytes: Buffer, dice: Dice): Buffer {
  const from = dice.whole(0, bytes.length);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + dice.whole(1, 16))]);
}

function head(bytes: Uint8Array, dice: Dice): Buffer {
  return Buffer.from(bytes.slice(0, dice.whole(0, bytes.length)));
}

function tail(bytes: Uint8Array, dice: Dice): Buffer {
  return Buffer.from(bytes.slice(dice.whole(0, bytes.length)));
}

/** Says a piece again and again: what is slow in the length of its input shows so. Rarely, since it is slow for us too. */
function repeat(bytes: Buffer, { dice, maxBytes }: Material): Buffer {
  const slice = sliceOf(bytes, dice);
  if (slice.length === 0 || dice.chance(0.9)) return insert(bytes, dice, slice);
  const most = Math.max(1, Math.floor((maxBytes - bytes.length) / slice.length));
  const times = dice.chance(0.1) ? most : dice.whole(1, Math.min(most, 64));
  return insert(bytes, dice, Buffer.concat(Array.from({ length: times }, () => slice)));
}
