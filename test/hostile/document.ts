// The table of docs/hostile.md, which stands between two marks; the words around it are written by hand.
import { readFileSync } from "node:fs";
import type { TimedBeside, Weighed } from "./arena.ts";
import type { Heard } from "./talk.ts";

export interface Measured extends TimedBeside, Omit<Weighed, "bystander"> {
  readonly name: string;
  readonly about: string;
  readonly isAsExpected: boolean;
}

const begin = "<!-- table: npm run hostile -- --write -->";
const end = "<!-- end of the table -->";
const head = `| attack | what is done | what the attackers are told | held, MB | left, MB | peak RSS, MB | loop p99, ms | bystanders' p50, ms (quiet) | bystanders' p99, ms (quiet) | their worst, ms (quiet) | heard, in rounds |
|---|---|---|---|---|---|---|---|---|---|---|`;

export const readDocument = (file: string): string => readFileSync(file, "utf8");

/** @throws {Error} where the document has no place for it. */
export function written(
  document: string,
  { measured, file }: { readonly measured: readonly Measured[]; readonly file: string },
): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`expected ${begin} and ${end} in the document`);
  const table = [begin, `Figures: [${file}](../${file}).`, "", head, ...measured.map(line)].join("\n");
  return `${document.slice(0, from)}${table}\n${document.slice(to)}`;
}

function line({ name, about, result, bystander, quiet, ...figures }: Measured): string {
  const { heldBytes, leftBytes, peakRssBytes, loopP99Ms, rounds } = figures;
  const heard = `${bystander.published - bystander.lost} of ${bystander.published}, in ${rounds}`;
  const memory = [heldBytes, leftBytes, peakRssBytes].map((bytes) => (bytes / 1_000_000).toFixed(1));
  const beside = (read: (heard: Heard) => string): string => `${read(bystander)} (${read(quiet)})`;
  const lateness = [
    beside(({ p50Ms }) => p50Ms.toFixed(1)),
    beside(({ p99Ms }) => p99Ms.toFixed(1)),
    beside(({ maxMs }) => maxMs.toFixed(0)),
  ];
  return `| ${[name, about, result, ...memory, loopP99Ms.toFixed(1), ...lateness, heard].join(" | ")} |`;
}
