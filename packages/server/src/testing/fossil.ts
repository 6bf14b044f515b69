// The other end of Fossil patches: makes the target, and checks what the format lets it check.

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

/** What `patch` makes of `base`. @throws {Error} when it is malformed, or makes something else than it says. */
export function applyPatch(base: Uint8Array, patch: Uint8Array): Buffer {
  const reader = new PatchReader(patch);
  const [length] = reader.number("\n");
  const pieces: Uint8Array[] = [];
  for (;;) {
    const [count, command] = reader.number("@:;");
    if (command === ":") pieces.push(reader.bytes(count));
    else if (command === "@") pieces.push(part(base, reader.number(",")[0], count));
    else return checked(Buffer.concat(pieces), { length, checksum: count, rest: reader.rest });
  }
}

class PatchReader {
  readonly #patch: Uint8Array;
  #at = 0;

  constructor(patch: Uint8Array) {
    this.#patch = patch;
  }

  /** Bytes not read. */
  get rest(): number {
    return this.#patch.length - this.#at;
  }

  /** A number, and the sign after it, which is one of `signs`. */
  number(signs: string): readonly [value: number, sign: string] {
    let value = 0;
    for (;;) {
      const sign = String.fromCodePoint(this.#patch[this.#at] ?? 0);
      this.#at += 1;
      const digit = digits.indexOf(sign);
      if (digit === -1 && !signs.includes(sign))
        throw new Error(`expected one of ${signs}, got ${sign} at ${this.#at}`);
      if (digit === -1) return [value, sign];
      value = value * 64 + digit;
    }
  }

  bytes(count: number): Uint8Array {
    this.#at += count;
    return part(this.#patch, this.#at - count, count);
  }
}

function part(bytes: Uint8Array, from: number, count: number): Uint8Array {
  if (from + count > bytes.length) throw new Error(`expected ${count} bytes from ${from} of ${bytes.length}`);
  return bytes.subarray(from, from + count);
}

function checked(
  target: Buffer,
  said: { readonly length: number; readonly checksum: number; readonly rest: number },
): Buffer {
  const found = { length: target.length, checksum: checksumOf(target), rest: 0 };
  const [expected, got] = [JSON.stringify(said), JSON.stringify(found)];
  if (expected !== got) throw new Error(`expected ${expected}, got ${got}`);
  return target;
}

/** The sum of its big-endian words in 32 bits; the last is filled up with zeros. */
function checksumOf(target: Buffer): number {
  const filled = Buffer.concat([target, Buffer.alloc((4 - (target.length % 4)) % 4)]);
  let sum = 0;
  for (let at = 0; at < filled.length; at += 4) sum = (sum + filled.readUInt32BE(at)) % 2 ** 32;
  return sum;
}
