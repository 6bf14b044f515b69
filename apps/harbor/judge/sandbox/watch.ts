// Judges a sandbox's process by what it has used: kills one that uses more than it may, and no other, however late we look.
import type { Limits, Report } from "./order.ts";
import type { Usage } from "./process-watch.ts";

/** How often `look` is to be called. */
export const lookEveryMs = 50;

/** Processor time of Node's start, QuickJS and TypeScript; thirty times what they take where nothing is in their way. */
export const startCpuMs = 4_000;
/** Of reading the program. */
export const readCpuMs = 2_000;
/** What a test may use beyond its limit before it is killed from outside: the time to say so by itself. */
export const graceMs = 500;
/**
 * One that did not get any further in so many looks has not been run, whatever the program is. Looks and no clock: while we are
 * held up ourselves, or the whole machine is, nobody's time passes.
 */
export const stalledLooks = 1_200;
/**
 * A process that may not starve is looked at over so many looks, five seconds; one that got less than this share of
 * their time has not been run.
 */
export const starvedLooks = 100;
const leastShare = 0.1;
/** Node itself, the collector's leftovers and one test's world. */
export const mostResidentBytes = 402_653_184;

/** Why a process was killed: for its time, its memory; `unwanted`: nobody waits for it any more. */
export type Killed = "time" | "memory" | "unwanted";

interface Watched {
  /** How many tests it has been told to run. */
  readonly tests: number;
  readonly limits: Limits;
  /** Whether it is waited for however little it gets. */
  readonly mayStarve: boolean;
  /** `null`: nobody can say. */
  readonly usage: () => Usage | null;
  readonly kill: () => void;
}

export class Watch {
  readonly #watched: Watched;
  #killed: Killed | null = null;
  #isStarting = true;
  #isDone = false;
  #isStalled = false;
  /** Processor time at the beginning of what it does now, and how much that may take. */
  #sinceCpuMs = 0;
  #limitMs = startCpuMs;
  /** Processor time at the last look that found more of it than before, and looks since. */
  #seenCpuMs = 0;
  #stillLooks = 0;
  /** Processor time a number of looks ago, and their number. */
  #shareCpuMs = 0;
  #shareLooks = 0;
  /** It was past its limit at the last look, and has said nothing since. */
  #isSuspect = false;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  get killed(): Killed | null {
    return this.#killed;
  }

  /** Whether it has not come as far as the program. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  /** Whether everything was said that there is to say. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether the machine is to blame: it could not be started, or got no processor. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Something of it has arrived, which may be half a report. */
  heardFrom(): void {
    this.#isSuspect = false;
  }

  heard(report: Report): void {
    const { limits, tests } = this.#watched;
    if (report.kind === "ready" && this.#isStarting) this.#begin(readCpuMs);
    if (report.kind === "began") this.#begin(limits.timeMs + graceMs);
    if (report.kind === "refused") this.#isDone = true;
    if (report.kind === "ended") this.#isDone = report.test === tests - 1 || report.ending.kind === "time";
  }

  kill(why: Killed): void {
    this.#killed ??= why;
    this.#watched.kill();
  }

  look(): void {
    const usage = this.#watched.usage();
    if (usage !== null && usage.residentBytes > mostResidentBytes) return this.kill("memory");
    this.#stillLooks += 1;
    if (usage !== null && usage.cpuMs > this.#seenCpuMs) {
      this.#seenCpuMs = usage.cpuMs;
      this.#stillLooks = 0;
    }
    if (this.#isStarved(usage)) return this.#end(false);
    const isStill = this.#stillLooks > stalledLooks;
    const isOver = usage === null ? isStill : usage.cpuMs - this.#sinceCpuMs > this.#limitMs;
    if (!isOver && !isStill) {
      this.#isSuspect = false;
    } else if (this.#isSuspect) {
      this.#end(isOver);
    } else {
      // A look that comes late sees the time of tests whose reports have not been read yet: they are before the next one.
      this.#isSuspect = true;
    }
  }

  #begin(limitMs: number): void {
    this.#isStarting = false;
    this.#sinceCpuMs = this.#watched.usage()?.cpuMs ?? 0;
    this.#limitMs = limitMs;
    this.#stillLooks = 0;
  }

  #isStarved(usage: Usage | null): boolean {
    this.#shareLooks += 1;
    if (this.#watched.mayStarve || usage === null || this.#shareLooks < starvedLooks) return false;
    const isLittle = usage.cpuMs - this.#shareCpuMs < this.#shareLooks * lookEveryMs * leastShare;
    this.#shareCpuMs = usage.cpuMs;
    this.#shareLooks = 0;
    return isLittle;
  }

  #end(isOver: boolean): void {
    // Of a program that has not been read nothing can be to blame.
    if (isOver && !this.#isStarting) return this.kill("time");
    this.#isStalled = true;
    this.kill("unwanted");
  }
}
