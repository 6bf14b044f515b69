// The loop: runs batches of changed inputs, keeps those that reach something new, and writes down what breaks a promise.
import { setImmediate as turn } from "node:timers/promises";
import { Coverage, type Blocks, type Look } from "./coverage.ts";
import { Mutator } from "./mutate.ts";
import { isUnpolluted } from "./oracle.ts";
import { shortest } from "./shrink.ts";
import type { Target } from "./target.ts";
import type { Watchdog } from "./watchdog.ts";

/** An input that broke a promise. */
export interface Finding {
  /** The same for inputs that break the same thing in the same place. */
  readonly key: string;
  readonly stack: string;
  readonly input: Uint8Array;
}

export interface Outcome {
  readonly runs: number;
  readonly blocks: Blocks;
  readonly corpus: readonly Uint8Array[];
  readonly findings: readonly Finding[];
  /** Inputs that were known before. */
  readonly replayed: number;
  /** The input that took longest when it was run alone, and how many blocks ran for it. */
  readonly slowest: { readonly ms: number; readonly bytes: number; readonly steps: number };
}

export interface FuzzOptions {
  readonly seed: number;
  /** Ends when this is true, which is asked between batches, with the inputs so far. */
  readonly isOver: (runs: number) => boolean;
  /** What was found before. */
  readonly corpus: readonly Uint8Array[];
  readonly watchdog: Watchdog;
  /** Of different findings; more of them say nothing new. */
  readonly mostFindings: number;
}

/** Blocks that may run for an input: a reader that is linear stays far below. */
const mostSteps = (bytes: number): number => 500_000 + 2_000 * bytes;

export class Fuzzer {
  readonly #target: Target;
  readonly #coverage: Coverage;
  readonly #options: FuzzOptions;
  readonly #corpus: Uint8Array[] = [];
  readonly #findings = new Map<string, Finding>();
  #runs = 0;
  #replayed = 0;
  #slowest: { ms: number; input: Uint8Array } = { ms: 0, input: new Uint8Array() };

  /** @param coverage Has watched while the target was loaded. */
  constructor(target: Target, coverage: Coverage, options: FuzzOptions) {
    this.#target = target;
    this.#coverage = coverage;
    this.#options = options;
  }

  /** Runs what is known: the seeds, and what was found before. All of it was worth keeping, so one look is enough. */
  async replay(): Promise<void> {
    const known = [...this.#target.seeds.map((each) => new Uint8Array(Buffer.from(each))), ...this.#options.corpus];
    this.#coverage.mark(this.#coverage.look());
    this.#coverage.mark(await this.#lookAt(known));
    this.#corpus.push(...known);
    this.#replayed = known.length;
  }

  /** Changes inputs until it is over. */
  async run(): Promise<Outcome> {
    const { seed, isOver, mostFindings } = this.#options;
    const { batch: size = 256 } = this.#target;
    const mutator = new Mutator(this.#target, seed);
    while (!isOver(this.#runs)) {
      const batch = Array.from({ length: size }, () => mutator.next(this.#corpus));
      for (const input of batch) await this.#attempt(input);
      if (this.#findings.size >= mostFindings) break;
      if (this.#coverage.isNew(this.#coverage.look())) await this.#attribute(batch);
      // What weak references keep is let go between turns of the event loop.
      await turn();
    }
    this.#coverage.look();
    const slowest = await this.#lookAtSlowest();
    const findings: Finding[] = [];
    for (const finding of this.#findings.values()) findings.push(await this.#shortened(finding));
    const [runs, corpus, replayed, { blocks }] = [this.#runs, this.#corpus, this.#replayed, this.#coverage];
    return { runs, blocks, corpus, findings, replayed, slowest };
  }

  /** Of these, those that are needed to reach all that was ever reached: the shortest first. */
  async needed(inputs: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const needed: Uint8Array[] = [];
    this.#coverage.look();
    this.#coverage.forget();
    for (const input of inputs.toSorted((a, b) => a.length - b.length)) {
      const look = await this.#lookAt([input]);
      if (!this.#coverage.isNew(look)) continue;
      this.#coverage.mark(look);
      needed.push(input);
    }
    return needed;
  }

  /** Finds which of these reach something new, by halving. */
  async #attribute(inputs: readonly Uint8Array[]): Promise<void> {
    const look = await this.#lookAt(inputs);
    if (!this.#coverage.isNew(look)) return;
    const [only] = inputs;
    if (inputs.length === 1 && only !== undefined) {
      this.#coverage.mark(look);
      this.#corpus.push(only);
      return;
    }
    const middle = Math.ceil(inputs.length / 2);
    await this.#attribute(inputs.slice(0, middle));
    await this.#attribute(inputs.slice(middle));
  }

  /** Nothing that is watched runs between two of these but the inputs. */
  async #lookAt(inputs: readonly Uint8Array[]): Promise<Look> {
    for (const input of inputs) await this.#attempt(input);
    return this.#coverage.look();
  }

  async #attempt(input: Uint8Array): Promise<void> {
    const startedMs = performance.now();
    const finding = await this.#findingOf(input);
    const ms = performance.now() - startedMs;
    this.#runs += 1;
    if (ms > this.#slowest.ms) this.#slowest = { ms, input };
    if (finding !== null && !this.#findings.has(finding.key)) this.#findings.set(finding.key, finding);
  }

  async #findingOf(input: Uint8Array): Promise<Finding | null> {
    // The reader's own copy: one that writes to what it was given would change the corpus.
    const given = input.slice();
    this.#options.watchdog.began(input);
    try {
      const running = this.#target.run(given);
      if (running !== undefined) await running;
      isUnpolluted();
      return null;
    } catch (thrown) {
      return findingOf(thrown, input);
    } finally {
      this.#options.watchdog.ended();
    }
  }

  async #shortened(finding: Finding): Promise<Finding> {
    const input = await shortest(
      finding.input,
      async (shorter) => (await this.#findingOf(shorter))?.key === finding.key,
    );
    return (await this.#findingOf(input)) ?? finding;
  }

  /** Time depends on who else is busy; blocks do not, so they are what is judged. */
  async #lookAtSlowest(): Promise<Outcome["slowest"]> {
    const { input } = this.#slowest;
    const startedMs = performance.now();
    const { steps } = await this.#lookAt([input]);
    const ms = performance.now() - startedMs;
    if (steps > mostSteps(input.length)) {
      const key = `expected at most ${mostSteps(input.length)} blocks for ${input.length} bytes, got ${steps}`;
      this.#findings.set(key, { key, stack: "", input });
    }
    return { ms, bytes: input.length, steps };
  }
}

function findingOf(thrown: unknown, input: Uint8Array): Finding {
  const { name, message, stack = "" } = thrown instanceof Error ? thrown : new Error(`threw ${String(thrown)}`);
  const place = stack.split("\n").find((line) => line.includes("/packages/")) ?? "";
  const words = message.replaceAll(/\d+/g, "N").replaceAll(/".*/gs, '"').slice(0, 80);
  return { key: `${name}: ${words} ${place.trim()}`, stack: stack || message, input };
}
