// One test: a program and an input in a world of their own, until it answers or a limit is hit.
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";
import type { Ending, Limits } from "./order.ts";
import { prelude } from "./prelude.ts";
import { makeWorld } from "./quickjs.ts";

export interface Test {
  readonly code: string;
  readonly input: string;
  readonly limits: Limits;
  readonly said: (text: string) => void;
}

export interface Tested {
  readonly ending: Ending;
  readonly ms: number;
  readonly kb: number;
}

const fileName = "solution";
/** The end of a stack: how we came to call `solve`. */
const ourFrames = /\n +at apply \(native\)\n +at answer \(prelude[^]*$/;
/** Jobs of promises between two looks at the time. */
const jobsAtOnce = 1_000;

export async function runTest({ code, input, limits, said }: Test): Promise<Tested> {
  const budget = new Budget(limits);
  const world = await makeWorld(limits.memoryBytes, () => budget.isOver);
  budget.begin();
  let ending: Ending;
  try {
    ending = budget.hit ?? run(world.context, { code, input, limits, said }, budget);
  } catch (thrown) {
    ending = { kind: "threw", message: messageOf(thrown) };
  }
  const ms = budget.usedMs;
  // An error that cannot be made for want of memory is none, or another one.
  if (ending.kind === "threw" && world.isFull()) ending = { kind: "memory" };
  // Whatever the program made of it: past a limit is past a limit.
  return { ending: budget.hit ?? ending, ms, kb: world.usedKb() };
}

/** @returns Why the program cannot be read; `null` when it can. Nothing of it is run. */
export async function problemOf(code: string, limits: Limits): Promise<string | null> {
  const budget = new Budget(limits);
  const world = await makeWorld(limits.memoryBytes, () => budget.isOver);
  budget.begin();
  try {
    const { error } = world.context.evalCode(code, fileName, { compileOnly: true });
    return error === undefined ? null : describeFully(world.context, error);
  } catch (thrown) {
    return world.isFull() ? "it is too large to be read" : messageOf(thrown);
  }
}

/** What a test may use of time and output, and what it has used. */
class Budget {
  readonly #limits: Limits;
  #begun = process.threadCpuUsage();
  #said = 0;
  #hit: Ending | null = null;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  begin(): void {
    this.#begun = process.threadCpuUsage();
  }

  /** The limit that was passed first. */
  get hit(): Ending | null {
    return this.#hit;
  }

  /** Processor time of this thread: what else the machine does is not the program's fault. */
  get usedMs(): number {
    const { user, system } = process.threadCpuUsage(this.#begun);
    return (user + system) / 1_000;
  }

  get isOver(): boolean {
    if (this.#hit === null && this.usedMs > this.#limits.timeMs) this.#hit = { kind: "time" };
    return this.#hit !== null;
  }

  /** @returns How much of a text of this length may still be said. */
  say(length: number): number {
    const left = Math.max(0, this.#limits.outputLength - this.#said);
    this.#said += length;
    if (length > left) this.#hit ??= { kind: "output" };
    return Math.min(length, left);
  }
}

function run(context: QuickJSContext, { code, input, limits, said }: Test, budget: Budget): Ending {
  const write = context.newFunction("write", (given) => {
    const text = context.getString(given);
    const room = budget.say(text.length);
    if (room > 0) said(text.slice(0, room));
    // A program that says without end is over at once, not only when it is asked again.
    if (budget.hit !== null) throw new Error("too much output");
  });
  const made = context.unwrapResult(context.evalCode(prelude, "prelude"));
  const longest = context.newNumber(limits.outputLength);
  const tools = context.unwrapResult(context.callFunction(made, context.undefined, write, longest));
  const [answer, describe] = [context.getProp(tools, 0), context.getProp(tools, 1)];
  const threw = (error: QuickJSHandle): Ending => {
    const told = context.callFunction(describe, context.undefined, error);
    const message = told.error === undefined ? context.getString(told.value) : "an error that cannot be shown";
    return { kind: "threw", message: message.replace(ourFrames, "") };
  };

  const loaded = context.evalCode(code, fileName);
  if (loaded.error !== undefined) return threw(loaded.error);
  const solve = context.evalCode(`typeof solve === "function" ? solve : undefined`, fileName);
  if (solve.error !== undefined) return threw(solve.error);
  if (context.typeof(solve.value) !== "function") {
    return { kind: "threw", message: "a function with the name solve was expected, and there is none" };
  }
  const given = context.newString(input);
  const promise = context.unwrapResult(context.callFunction(answer, context.undefined, solve.value, given));
  while (context.runtime.hasPendingJob() && !budget.isOver) {
    const done = context.runtime.executePendingJobs(jobsAtOnce);
    if (done.error !== undefined) return threw(done.error);
  }
  const state = context.getPromiseState(promise);
  if (state.type === "pending") return { kind: "threw", message: "solve returned a promise that is never settled" };
  if (state.type === "rejected") return threw(state.error);
  const json = context.getString(state.value);
  return json.length > limits.outputLength ? { kind: "output" } : { kind: "returned", json };
}

/** What the host itself met: its own stack's end, or what QuickJS cannot go on without. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof RangeError) return "InternalError: stack overflow";
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}`.slice(0, 1_000) : "an error without a name";
}

function describeFully(context: QuickJSContext, error: QuickJSHandle): string {
  const told: unknown = context.dump(error);
  if (typeof told !== "object" || told === null) return "it cannot be read";
  const { message, lineNumber } = told as { message?: unknown; lineNumber?: unknown };
  const where = typeof lineNumber === "number" ? `line ${lineNumber}: ` : "";
  return `${where}${String(message)}`.slice(0, 1_000);
}
