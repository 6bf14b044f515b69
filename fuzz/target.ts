// A target: one reader of foreign bytes, and what must hold whatever it is given.

/** How inputs of a target are changed: by what they are made of. */
export type Shape = "json" | "protobuf" | "text" | "bytes";

export interface Target {
  readonly name: string;
  readonly shape: Shape;
  /** Below packages/, files or folders: their blocks are counted, and the texts in them are the dictionary. */
  readonly files: readonly string[];
  /** More for the dictionary. */
  readonly words?: readonly string[];
  /** Where it begins; what was found since is in the corpus. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** Bytes of the longest input. Default: 65,536. */
  readonly maxBytes?: number;
  /** Inputs between two looks at the coverage. Default: 256. */
  readonly batch?: number;
  /** Reads one input. @throws {Error} Anything that leaves it is a defect. */
  run(input: Uint8Array): void | Promise<void>;
}

/** What a promise of the target's was broken by. */
export class Violation extends Error {
  override readonly name: string = "Violation";
}
