// The options of the command: which targets, how long, and with what bug planted.
import { parseArgs } from "node:util";
import { targetNames } from "./files.ts";

export const usage: string = `npm run fuzz -- [target ...] [options]

  --seconds N     of changing inputs, for each target      (10)
  --runs N        so many inputs instead of so many seconds
  --seed N        of the changes                           (1)
  --input FILE    run this one input, and say what happens
  --keep          make what was found the corpus: the shortest inputs that reach as much
  --write         keep the summary in bench/results
  --plant NAME    with a planted bug
  --hunt          plant every bug of the list, one after another, and print when it is found
  --json          print what others are to read
  targets: ${targetNames.join(", ")}

npm run fuzz -- frames --dialect D [--count N] [--seed N] [--write]

  drives a server over sockets with changed frames (20000); D is json, protobuf, raw or sse-post`;

export interface Options {
  readonly targets: readonly string[];
  readonly seconds: number;
  readonly runs: number | null;
  readonly seed: number;
  readonly input: string | null;
  readonly plant: string | null;
  readonly keeps: boolean;
  readonly writes: boolean;
  readonly mode: "fuzz" | "hunt" | "input";
  readonly isJson: boolean;
}

/** @throws {TypeError} for what is no option, no number or no target. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seconds: { type: "string" },
      runs: { type: "string" },
      seed: { type: "string" },
      input: { type: "string" },
      plant: { type: "string" },
      keep: { type: "boolean" },
      write: { type: "boolean" },
      hunt: { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const unknown = positionals.find((name) => !targetNames.includes(name));
  if (unknown !== undefined) throw new TypeError(`expected one of ${targetNames.join(", ")}; got "${unknown}"`);
  if (values.input !== undefined && positionals.length !== 1) {
    throw new TypeError("--input: expected one target to run it on");
  }
  return {
    targets: positionals.length > 0 ? positionals : targetNames,
    seconds: numberOf("seconds", values.seconds) ?? 10,
    runs: numberOf("runs", values.runs),
    seed: numberOf("seed", values.seed) ?? 1,
    input: values.input ?? null,
    plant: values.plant ?? null,
    keeps: values.keep === true,
    writes: values.write === true,
    mode: values.input !== undefined ? "input" : values.hunt === true ? "hunt" : "fuzz",
    isJson: values.json === true,
  };
}

export function numberOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new TypeError(`--${name}: expected a whole number, got "${text}"`);
}
