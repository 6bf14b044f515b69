// Mutation: the next input of a target, made of one that reached something new and of a few changes.
import { Dice } from "../simulation/world/dice.ts";
import { changeBytes, type Material } from "./mutate/bytes.ts";
import { changeJson } from "./mutate/json.ts";
import { changeFields, changeProtobuf } from "./mutate/protobuf.ts";
import { wordsIn } from "./mutate/words.ts";
import type { Shape, Target } from "./target.ts";

type Change = (bytes: Uint8Array, material: Material) => Uint8Array;

/** The first as often as all others together. */
const changes: Readonly<Record<Shape, readonly Change[]>> = {
  json: [changeJson, changeJson, changeJson, changeBytes],
  protobuf: [changeProtobuf, changeProtobuf, changeFields, changeBytes],
  text: [changeBytes],
  bytes: [changeBytes],
};

export class Mutator {
  readonly #dice: Dice;
  readonly #words: readonly string[];
  readonly #changes: readonly Change[];
  readonly #maxBytes: number;

  /** @param given.words More for the dictionary than the target's own files have. */
  constructor({ files, words = [], shape, maxBytes = 65_536, name }: Omit<Target, "run" | "seeds">, seed: number) {
    this.#dice = new Dice(seed, name);
    this.#words = [...wordsIn(files), ...words];
    this.#changes = changes[shape];
    this.#maxBytes = maxBytes;
  }

  /** A few changes to one of these. */
  next(inputs: readonly Uint8Array[]): Uint8Array {
    const dice = this.#dice;
    let bytes = this.#parent(inputs);
    const material = { dice, words: this.#words, other: dice.pick(inputs), maxBytes: this.#maxBytes };
    const count = dice.chance(0.5) ? 1 : dice.whole(2, 6);
    for (let change = 0; change < count; change += 1) {
      bytes = dice.pick(this.#changes)(bytes, material);
      if (bytes.length > this.#maxBytes) bytes = bytes.slice(0, this.#maxBytes);
    }
    return bytes;
  }

  /** One of the newest, which lead on; one of the first, which say most; or any. */
  #parent(inputs: readonly Uint8Array[]): Uint8Array {
    const dice = this.#dice;
    return dice.pick(dice.pick([inputs, inputs.slice(-16), inputs.slice(0, 8)]));
  }
}
