// What the sandbox is told to run, and what it says of it: the words between the judge and its process.
import { z } from "zod";

/** One program and the inputs it is run with, each in a world of its own. */
export interface Order {
  readonly language: "javascript" | "typescript";
  readonly source: string;
  /** Of each test: the arguments of `solve`, a JSON array. Never the answers: whoever breaks out finds none. */
  readonly inputs: readonly string[];
  readonly limits: Limits;
}

export interface Limits {
  /** Processor time of one test, in milliseconds. */
  readonly timeMs: number;
  /** Memory of one test, with everything that the language itself needs. */
  readonly memoryBytes: number;
  /** UTF-16 units that one test may say, and that its answer may have. */
  readonly outputLength: number;
}

const ending = z.discriminatedUnion("kind", [
  /** What `solve` returned, as JSON; "": nothing. */
  z.object({ kind: z.literal("returned"), json: z.string() }),
  z.object({ kind: z.literal("threw"), message: z.string() }),
  z.object({ kind: z.enum(["time", "memory", "output"]) }),
]);
export type Ending = z.infer<typeof ending>;

/** Checked where it arrives: whoever breaks out of the sandbox may say anything. */
export const report = z.discriminatedUnion("kind", [
  /** Started; what it uses from here on is the program's. */
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("refused"), message: z.string() }),
  z.object({ kind: z.literal("began"), test: z.int().min(0) }),
  z.object({ kind: z.literal("said"), test: z.int().min(0), text: z.string() }),
  z.object({
    kind: z.literal("ended"),
    test: z.int().min(0),
    ending,
    ms: z.number().min(0),
    kb: z.int().min(0),
  }),
]);
export type Report = z.infer<typeof report>;
