// Changing Protobuf as the fields it is: numbers, kinds, values and lengths; commands stand behind their lengths.
import type { Dice } from "../../simulation/world/dice.ts";
import { changeBytes, type Material } from "./bytes.ts";
import { edgeNumbers, edgeTexts } from "./words.ts";

interface Field {
  readonly number: number;
  /** As in the wire format: 0 a number, 1 and 5 fixed, 2 bytes behind a length, 3 and 4 a group's ends. */
  readonly kind: number;
  readonly value: Uint8Array;
}

/** Changes one of the commands in a frame; what is no frame may be a message. */
export function changeProtobuf(bytes: Uint8Array, material: Material): Uint8Array {
  const { dice } = material;
  const commands = framesIn(bytes);
  if (commands.length === 0) return changeFields(bytes, material);
  if (dice.chance(0.1)) return changeBytes(bytes, material);
  const at = dice.whole(0, commands.length - 1);
  const command = commands[at] ?? new Uint8Array();
  if (dice.chance(0.05)) return joined(commands.toSpliced(at, 1));
  if (dice.chance(0.1)) return joined([...commands, ...framesIn(material.other)]);
  return joined(
    commands.with(at, changeFields(command, { ...material, other: framesIn(material.other)[0] ?? command })),
  );
}

/** Changes the fields of one message. */
export function changeFields(bytes: Uint8Array, material: Material): Uint8Array {
  const { dice } = material;
  const fields = fieldsIn(bytes);
  if (fields === null) return changeButLast(bytes, material);
  const at = dice.whole(0, Math.max(0, fields.length - 1));
  const field = fields[at];
  switch (field === undefined ? 0 : dice.whole(0, 9)) {
    case 0:
      return written([...fields, added(material)], dice);
    case 1:
      return written(fields.toSpliced(at, 1), dice);
    case 2:
      return written(fields.toSpliced(at, 0, ...fields.slice(at, at + 1)), dice);
    case 3:
      return written([...fields, ...(fieldsIn(material.other) ?? [])], dice);
    default:
      return field === undefined ? bytes : written(fields.with(at, changed(field, material)), dice);
  }
}

/** A target may say in the last byte what message it is. */
function changeButLast(bytes: Uint8Array, material: Material): Uint8Array {
  const message = bytes.subarray(0, -1);
  if (fieldsIn(message) === null || material.dice.chance(0.1)) return changeBytes(bytes, material);
  return Buffer.concat([changeFields(message, material), bytes.subarray(-1)]);
}

function changed(field: Field, material: Material): Field {
  const { dice, words } = material;
  if (dice.chance(0.1)) return { ...field, number: dice.whole(0, 20) };
  if (dice.chance(0.05)) return { ...field, kind: dice.whole(0, 7) };
  if (field.kind === 0) return { ...field, value: varint(numberOf(dice)) };
  if (field.kind !== 2) return { ...field, value: changeBytes(field.value, material) };
  const inner = fieldsIn(field.value);
  if (inner !== null && inner.length > 0 && dice.chance(0.7)) {
    return { ...field, value: changeFields(field.value, { ...material, other: field.value }) };
  }
  if (dice.chance(0.4))
    return { ...field, value: Buffer.from(dice.chance(0.5) ? dice.pick(edgeTexts) : word(dice, words)) };
  return { ...field, value: changeBytes(field.value, material) };
}

function added({ dice, words }: Material): Field {
  const number = dice.whole(1, 16);
  if (dice.chance(0.4)) return { number, kind: 0, value: varint(numberOf(dice)) };
  const value = dice.pick([Buffer.from(word(dice, words)), Buffer.from(dice.pick(edgeTexts)), Buffer.alloc(0)]);
  if (dice.chance(0.9)) return { number, kind: 2, value };
  // Groups in groups: the only thing here that a reader may have to go down for without a length.
  return { number, kind: 3, value: Buffer.alloc(dice.whole(1, 300), (number << 3) | 3) };
}

const word = (dice: Dice, words: readonly string[]): string => (words.length === 0 ? "" : dice.pick(words));

function numberOf(dice: Dice): bigint {
  if (dice.chance(0.3)) return BigInt(dice.whole(0, 300));
  if (dice.chance(0.1)) return dice.pick([2n ** 63n, 2n ** 64n - 1n, 2n ** 53n, 2n ** 70n]);
  return BigInt.asUintN(64, BigInt(Math.trunc(Math.min(dice.pick(edgeNumbers), 2 ** 60))));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** The length and the place behind it; `null` where there is none. */
function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | null {
  let value = 0;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return null;
}

/** Empty for what is not made of them to its end. */
function framesIn(bytes: Uint8Array): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = varintAt(bytes, at);
    if (length === null || length.next + length.value > bytes.length) return [];
    frames.push(bytes.subarray(length.next, length.next + length.value));
    at = length.next + length.value;
  }
  return frames;
}

/** `null` for what is no message. */
function fieldsIn(bytes: Uint8Array): readonly Field[] | null {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = varintAt(bytes, at);
    if (tag === null) return null;
    const [number, kind] = [Math.floor(tag.value / 8), tag.value % 8];
    const end = endOf(bytes, tag.next, kind);
    if (end === null || end.next > bytes.length || number === 0) return null;
    fields.push({ number, kind, value: bytes.subarray(end.from, end.next) });
    at = end.next;
  }
  return fields;
}

function endOf(bytes: Uint8Array, at: number, kind: number): { readonly from: number; readonly next: number } | null {
  if (kind === 0) return { from: at, next: varintAt(bytes, at)?.next ?? Infinity };
  if (kind === 1 || kind === 5) return { from: at, next: at + (kind === 1 ? 8 : 4) };
  const length = kind === 2 ? varintAt(bytes, at) : null;
  return length === null ? null : { from: length.next, next: length.next + length.value };
}

/** Lengths are right but for one in twenty. */
function written(fields: readonly Field[], dice: Dice): Uint8Array {
  const parts = fields.flatMap(({ number, kind, value }) => {
    const tag = varint(BigInt(number * 8 + kind));
    const length = value.length + (dice.chance(0.05) ? dice.whole(-2, 4) : 0);
    return kind === 2 ? [tag, varint(BigInt(Math.max(0, length))), value] : [tag, value];
  });
  return Buffer.concat(parts);
}

function joined(commands: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(commands.flatMap((command) => [varint(BigInt(command.length)), command]));
}
