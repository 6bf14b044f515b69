// Fossil patches: a publication said as what changed since the one before it.
//
// Source: the delta format of the Fossil version control system. A patch is `<length>\n`, then commands, `<n>@<from>,` for
// bytes copied from the base and `<n>:<bytes>` for bytes inserted, then `<checksum>;`. Numbers are in base 64. Where base
// and target are UTF-8, so is the patch: nothing begins or ends within a character, since JSON clients get it as a text.

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
const encoder = new TextEncoder();

/** Bytes that must be equal for a copy to be looked for. */
const block = 16;
/** A copy this short says no less than what it copies. */
const shortest = 12;

/** The patch that makes `target` of `base`; `null` when it is not shorter than `target`. */
export function patchOf(base: Uint8Array, target: Uint8Array): Uint8Array | null {
  const patch = new Patch(target);
  const prefix = floored(target, commonPrefix(base, target));
  const suffix = commonSuffix(base, target, prefix);
  patch.copy(0, prefix);
  middle(patch, base.subarray(0, base.length - suffix), { from: prefix, to: target.length - suffix });
  patch.copy(base.length - suffix, suffix);
  const bytes = patch.end();
  return bytes.length < target.length ? bytes : null;
}

/** Between what is equal at both ends: blocks of the base wherever they turn up. */
function middle(patch: Patch, base: Uint8Array, { from, to }: { readonly from: number; readonly to: number }): void {
  const { target } = patch;
  const places = blocksOf(base);
  let at = from;
  let inserted = from;
  let hash = to - at >= block ? hashAt(target, at) : 0;
  while (to - at >= block && places.size > 0) {
    const place = places.get(hash);
    const found = place === undefined ? null : matchAt({ base, place }, { target, at, inserted, to });
    if (found !== null) {
      patch.insert(inserted, found.at);
      patch.copy(found.place, found.length);
      at = found.at + found.length;
      inserted = at;
      if (to - at >= block) hash = hashAt(target, at);
    } else {
      hash = rolled(hash, target[at] ?? 0, target[at + block] ?? 0);
      at += 1;
    }
  }
  patch.insert(inserted, to);
}

interface Match {
  readonly at: number;
  readonly place: number;
  readonly length: number;
}

/** The longest run of equal bytes around a block, of whole characters; `null` when it is too short to be worth it. */
function matchAt(
  { base, place }: { readonly base: Uint8Array; readonly place: number },
  { target, at, inserted, to }: { readonly target: Uint8Array; at: number; inserted: number; to: number },
): Match | null {
  let before = 0;
  while (before < at - inserted && before < place && base[place - before - 1] === target[at - before - 1]) before += 1;
  let after = 0;
  while (at + after < to && place + after < base.length && base[place + after] === target[at + after]) after += 1;
  const end = floored(target, at + after);
  const start = ceiled(target, at - before);
  return end - start < shortest ? null : { at: start, place: place - (at - start), length: end - start };
}

function blocksOf(base: Uint8Array): ReadonlyMap<number, number> {
  const places = new Map<number, number>();
  for (let place = 0; place + block <= base.length; place += block) {
    const hash = hashAt(base, place);
    if (!places.has(hash)) places.set(hash, place);
  }
  return places;
}

const factor = 0x01000193;
/** `factor` to the power of the block, in 32 bits: what the oldest byte of a block counts for when the next one comes. */
const oldest = Array.from({ length: block }).reduce<number>((power) => Math.imul(power, factor), 1);

function hashAt(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let index = at; index < at + block; index += 1) hash = (Math.imul(hash, factor) + (bytes[index] ?? 0)) | 0;
  return hash;
}

function rolled(hash: number, gone: number, came: number): number {
  return (Math.imul(hash, factor) + came - Math.imul(oldest, gone)) | 0;
}

function commonPrefix(base: Uint8Array, target: Uint8Array): number {
  const most = Math.min(base.length, target.length);
  let length = 0;
  while (length < most && base[length] === target[length]) length += 1;
  return length;
}

/** At most what the prefix leaves, and from the beginning of a character. */
function commonSuffix(base: Uint8Array, target: Uint8Array, prefix: number): number {
  const most = Math.min(base.length, target.length) - prefix;
  let length = 0;
  while (length < most && base[base.length - length - 1] === target[target.length - length - 1]) length += 1;
  return Math.max(0, target.length - ceiled(target, target.length - length));
}

/** Whether a cut before this byte would split a character. */
function isWithin(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}

/** What follows the first byte of a character; where more does, it is no text. */
const longestRest = 3;

/** The place, or the beginning of the character that it is in. */
function floored(bytes: Uint8Array, at: number): number {
  for (let place = at; place > 0 && place >= at - longestRest; place -= 1) if (!isWithin(bytes, place)) return place;
  return at > longestRest ? at : 0;
}

/** The place, or the end of the character that it is in. */
function ceiled(bytes: Uint8Array, at: number): number {
  for (let place = at; place <= at + longestRest; place += 1) if (!isWithin(bytes, place)) return place;
  return at;
}

class Patch {
  readonly target: Uint8Array;
  readonly #pieces: Uint8Array[];

  constructor(target: Uint8Array) {
    this.target = target;
    this.#pieces = [encoder.encode(`${inBase64(target.length)}\n`)];
  }

  copy(from: number, length: number): void {
    if (length > 0) this.#pieces.push(encoder.encode(`${inBase64(length)}@${inBase64(from)},`));
  }

  insert(from: number, to: number): void {
    if (to > from) this.#pieces.push(encoder.encode(`${inBase64(to - from)}:`), this.target.subarray(from, to));
  }

  end(): Uint8Array {
    this.#pieces.push(encoder.encode(`${inBase64(checksum(this.target))};`));
    return Buffer.concat(this.#pieces);
  }
}

function inBase64(value: number): string {
  let written = "";
  let rest = value;
  do {
    written = (digits[rest & 63] ?? "") + written;
    rest >>>= 6;
  } while (rest > 0);
  return written;
}

/** The sum of its big-endian words of four bytes, in 32 bits; the last is filled up with zeros. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 1) sum = (sum + ((bytes[at] ?? 0) << (24 - 8 * (at & 3)))) | 0;
  return sum >>> 0;
}
