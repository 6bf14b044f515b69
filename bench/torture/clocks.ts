// Wall clocks that can be set while programs run, by libfaketime: of theirs alone, and never of what is monotonic.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export class Clocks {
  readonly #folder: string;
  readonly #library: string | null;

  /** @param library Where libfaketime is; without it no clock is set. */
  constructor(folder: string, library: string | null) {
    this.#folder = folder;
    this.#library = library;
  }

  /** For a program on that machine. */
  environment(machine: string): Record<string, string> {
    if (this.#library === null) return {};
    this.step(machine, 0);
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#file(machine),
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  step(machine: string, seconds: number): void {
    writeFileSync(this.#file(machine), `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}\n`);
  }

  #file(machine: string): string {
    return join(this.#folder, `clock-${machine}`);
  }
}
