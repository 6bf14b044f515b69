// The options of the command: which seeds, how many at once, and with what bug planted.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

export const usage = `npm run simulate -- [options]

  --seeds N     run N seeds, and print a summary           (500)
  --from N      the first of them                          (1)
  --seed N      run this one alone, and print its trace
  --workers N   processes at once                          (one for each core)
  --plant NAME  with a planted bug; stops where it is found
  --hunt        plant every bug of the list, one after another, and print where it is found
  --check FILE  check a history: one record of JSON a line (simulation/checker/records.ts)
  --json        print what others are to read: of one seed its history`;

export interface Options {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  readonly plant: string | null;
  readonly mode: "summary" | "trace" | "hunt" | "check";
  /** The history to check; "" for none. */
  readonly file: string;
  readonly isJson: boolean;
}

/** @throws {TypeError} for what is no option, or no number. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      from: { type: "string" },
      workers: { type: "string" },
      plant: { type: "string" },
      check: { type: "string" },
      hunt: { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const { seed, plant } = values;
  return {
    from: numberOf("from", seed ?? values.from, 1),
    seeds: seed === undefined ? numberOf("seeds", values.seeds, values.hunt === true ? 2_000 : 500) : 1,
    workers: numberOf("workers", values.workers, availableParallelism()),
    plant: plant ?? null,
    mode: modeOf(values),
    file: values.check ?? "",
    isJson: values.json === true,
  };
}

function modeOf(values: { readonly check?: string; readonly hunt?: boolean; readonly seed?: string }): Options["mode"] {
  if (values.check !== undefined) return "check";
  if (values.hunt === true) return "hunt";
  return values.seed === undefined ? "summary" : "trace";
}

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new TypeError(`--${name}: expected a whole number, got "${text}"`);
}
