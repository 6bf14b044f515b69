// Dice: chance that a seed decides, so that a run can be had again.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The generator sfc32: 128 bits of state, passes the usual batteries, and takes nanoseconds. */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  /** @param name Two dice of one seed with different names have nothing in common. */
  constructor(seed: number, name: string) {
    let hash = 2_166_136_261;
    for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619);
    this.#a = seed >>> 0;
    this.#b = hash >>> 0;
    this.#c = Math.floor(seed / 2 ** 32) ^ 0x9e_37_79_b9;
    for (let round = 0; round < 12; round += 1) this.#next();
  }

  /** From 0 up to, not including, 1. */
  readonly fraction = (): number => this.#next() / 2 ** 32;

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  between(least: number, most: number): number {
    return least + this.fraction() * (most - least);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** @throws {RangeError} when there is nothing to pick from. */
  pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.fraction() * list.length)];
    if (picked === undefined) throw new RangeError("expected at least one thing to pick from, got none");
    return picked;
  }

  /** As the server's `Random` gives it. */
  token(bits: number): string {
    let text = "";
    while (text.length < bits / 6) text += alphabet[this.#next() & 63] ?? "";
    return text;
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }
}
