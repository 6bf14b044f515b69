// Coverage: which pieces of the watched sources ran, and how often, as V8's own counters say.
//
// V8 reports, at each look, only scripts that ran since the look before; so a look costs a millisecond or two, and one is
// taken per batch of inputs. Which input of a batch reached something new is found by halving (fuzzer.ts).
import { Session } from "node:inspector";
import path from "node:path";
import { pathToFileURL } from "node:url";

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

/** What ran between two looks. */
export interface Look {
  readonly pieces: readonly Piece[];
  /** Blocks of the watched sources that ran, each as often as it did. */
  readonly steps: number;
}

/** A stretch of a source that ran as often as its neighbours did not. */
interface Piece {
  readonly script: Script;
  readonly start: number;
  readonly end: number;
}

interface Script {
  readonly url: string;
  /** For each character, whether it ran. */
  ran: Uint8Array;
  /** Wherever a block was seen to begin or end. */
  readonly edges: Set<number>;
}

/** Blocks that ran, of those that V8 has told of. */
export interface Blocks {
  readonly ran: number;
  readonly known: number;
}

const packages = path.join(import.meta.dirname, "..", "packages");

export class Coverage {
  readonly #session = new Session();
  #watched: readonly string[] = [];
  readonly #scripts = new Map<string, Script>();

  /** Has to be there before anything is imported that is watched. */
  constructor() {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** @param files Below packages/; folders end with a slash. */
  watch(files: readonly string[]): void {
    this.#watched = files.map((file) => pathToFileURL(path.join(packages, file)).href);
  }

  /** What ran since the look before. */
  look(): Look {
    const { result } = this.#post("Profiler.takePreciseCoverage") as { readonly result: readonly ScriptCoverage[] };
    const pieces: Piece[] = [];
    let steps = 0;
    for (const { url, functions } of result) {
      if (!this.#watched.some((watched) => url.startsWith(watched)) || url.endsWith(".test.ts")) continue;
      const script = this.#script(url);
      const ranges = functions.flatMap((each) => each.ranges);
      for (const { startOffset, endOffset, count } of ranges) {
        script.edges.add(startOffset).add(endOffset);
        steps += count;
      }
      pieces.push(...piecesOf(script, ranges));
    }
    return { pieces, steps };
  }

  /** Whether something in it had not run before. */
  isNew({ pieces }: Look): boolean {
    return pieces.some(({ script: { ran }, start, end }) => {
      const first = ran.indexOf(0, start);
      return end > ran.length || (first >= 0 && first < end);
    });
  }

  mark({ pieces }: Look): void {
    for (const { script, start, end } of pieces) {
      if (script.ran.length < end) script.ran = grown(script.ran, end);
      script.ran.fill(1, start, end);
    }
  }

  /** Forgets what ran, to find out which of many inputs are needed. */
  forget(): void {
    for (const script of this.#scripts.values()) script.ran.fill(0);
  }

  get blocks(): Blocks {
    let [ran, known] = [0, 0];
    for (const script of this.#scripts.values()) {
      const edges = [...script.edges].sort((a, b) => a - b);
      known += Math.max(0, edges.length - 1);
      ran += edges.slice(0, -1).filter((edge) => script.ran[edge] === 1).length;
    }
    return { ran, known };
  }

  #script(url: string): Script {
    let script = this.#scripts.get(url);
    if (script === undefined) {
      script = { url, ran: new Uint8Array(0), edges: new Set() };
      this.#scripts.set(url, script);
    }
    return script;
  }

  /** In the same thread, so it answers before it returns. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    let failure: Error | null = null;
    this.#session.post(method, parameters, (error, result) => {
      failure = error;
      answer = result;
    });
    if (failure !== null) throw failure as Error;
    return answer;
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  const more = new Uint8Array(Math.max(length, bytes.length * 2));
  more.set(bytes);
  return more;
}

/** Ranges lie in one another; the innermost says whether a place ran. */
function piecesOf(script: Script, ranges: readonly Range[]): readonly Piece[] {
  const sorted = [...ranges].sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const open: Range[] = [];
  const pieces: Piece[] = [];
  let at = 0;
  const upTo = (place: number): void => {
    if (place > at && (open.at(-1)?.count ?? 0) > 0) pieces.push({ script, start: at, end: place });
    at = Math.max(at, place);
  };
  const closeUpTo = (place: number): void => {
    for (let last = open.at(-1); last !== undefined && last.endOffset <= place; last = open.at(-1)) {
      upTo(last.endOffset);
      open.pop();
    }
  };
  for (const range of sorted) {
    closeUpTo(range.startOffset);
    upTo(range.startOffset);
    open.push(range);
  }
  closeUpTo(Infinity);
  return pieces;
}
