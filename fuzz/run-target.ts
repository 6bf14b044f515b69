// One target in this process: nothing of the product is imported before its coverage is watched and a bug may be planted.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Coverage } from "./coverage.ts";
import { corpusOf, findingsFolder, keepCorpus, keepFinding } from "./files.ts";
import { Fuzzer } from "./fuzzer.ts";
import type { Target } from "./target.ts";
import { Watchdog } from "./watchdog.ts";

/** Of one target, for people and for others to read. */
export interface TargetSummary {
  readonly target: string;
  readonly seconds: number;
  readonly runs: number;
  readonly blocks: { readonly ran: number; readonly known: number };
  /** Inputs that were read back from the corpus and the seeds, and inputs that it takes to reach what was reached. */
  readonly replayed: number;
  readonly corpus: number;
  readonly findings: readonly { readonly key: string; readonly stack: string; readonly file: string }[];
  /** Bytes of heap that are held at the end and were not after the corpus. */
  readonly heldBytes: number;
  readonly slowest: { readonly ms: number; readonly bytes: number; readonly steps: number };
}

export interface RunOptions {
  readonly seconds: number;
  /** Ends after so many inputs instead. */
  readonly runs: number | null;
  readonly seed: number;
  readonly keeps: boolean;
  /** Of different findings. Default: 10. */
  readonly mostFindings?: number;
}

/** Of the loop's own: what was found, and what V8 keeps of the sources. */
const mayHoldBytes = 96 * 1_048_576;

export async function load(name: string): Promise<Target> {
  const module = pathToFileURL(path.join(import.meta.dirname, "targets", `${name}.ts`)).href;
  const { target } = (await import(module)) as { readonly target: Target };
  return target;
}

export async function runTarget(name: string, options: RunOptions): Promise<TargetSummary> {
  const { seconds, runs, seed, keeps, mostFindings = 10 } = options;
  const coverage = new Coverage();
  const target = await load(name);
  coverage.watch(target.files);
  const watchdog = new Watchdog(findingsFolder, name);
  const startedMs = performance.now();
  const isOver = (done: number): boolean =>
    runs === null ? performance.now() - startedMs >= seconds * 1_000 : done >= runs;
  const corpus = corpusOf(name).map(({ input }) => input);
  const fuzzer = new Fuzzer(target, coverage, { seed, isOver, corpus, watchdog, mostFindings });
  await fuzzer.replay();
  const before = heldBytes();
  const outcome = await fuzzer.run();
  const held = Math.max(0, heldBytes() - before);
  if (keeps) keepCorpus(name, await fuzzer.needed([...corpus, ...outcome.corpus]));
  await watchdog.stop();
  const findings = outcome.findings.map(({ key, stack, input }) => ({
    key,
    stack,
    file: path.relative(process.cwd(), keepFinding(findingsFolder, name, input)),
  }));
  if (held > mayHoldBytes) findings.push({ key: `${held} bytes are held at the end`, stack: "", file: "" });
  return {
    target: name,
    seconds: (performance.now() - startedMs) / 1_000,
    runs: outcome.runs,
    blocks: outcome.blocks,
    replayed: outcome.replayed,
    corpus: outcome.corpus.length,
    findings,
    heldBytes: held,
    slowest: outcome.slowest,
  };
}

function heldBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
