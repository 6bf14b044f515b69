// Job definitions: slow work as both sides know it, and what is told of a job on its own channel.
import { type ChannelDefinition, defineChannel } from "./channel.ts";
import type { OutputOf, StandardSchema, TakenBy } from "./standard-schema.ts";

/** The types of a job, on both sides of each of its schemas. */
export interface JobShape {
  /** What is given to `enqueue`. */
  readonly input: unknown;
  /** What its handler is given: the same, as the schema yields it. */
  readonly given: unknown;
  /** What its handler reports on the way. */
  readonly reported: unknown;
  /** What a watcher gets of it: the same, as the schema yields it. */
  readonly progress: unknown;
  /** What its handler returns. */
  readonly returned: unknown;
  /** What a watcher gets in the end: the same, as the schema yields it. */
  readonly output: unknown;
}

/** A kind of job, as those who order it, those who do it and those who watch it know it. */
export interface JobDefinition<Shape extends JobShape = JobShape> {
  readonly name: string;
  readonly inputSchema: StandardSchema | null;
  readonly progressSchema: StandardSchema | null;
  readonly outputSchema: StandardSchema | null;
  readonly "~shape"?: Shape;
}

/** The types that a definition carries: `JobShapeOf<typeof report>["input"]`. */
export type JobShapeOf<Definition> = Definition extends JobDefinition<infer Shape> ? Shape : never;

/** What is published on a job's channel. `run` counts how often it was taken up; a lower one is of a run that was given up. */
export type JobEvent<Shape extends JobShape = JobShape> =
  | { readonly kind: "started"; readonly run: number; readonly attempt: number }
  | { readonly kind: "progress"; readonly run: number; readonly data: Shape["progress"] }
  /** This run failed, and another one is to follow. */
  | { readonly kind: "retrying"; readonly run: number; readonly reason: string; readonly inMs: number }
  | { readonly kind: "done"; readonly run: number; readonly output: Shape["output"] }
  | { readonly kind: "failed"; readonly run: number; readonly reason: string; readonly message: string }
  | { readonly kind: "canceled"; readonly run: number };

/**
 * Defines a kind of job. Its schemas are asked before it is accepted and before it is done (`input`), and before anything
 * is told of it (`progress`, `output`).
 * @param name Letters, digits, ".", "_", "-"; 1 to 64 of them.
 * @throws {TypeError} for another name.
 */
export function defineJob<
  Input extends StandardSchema | undefined = undefined,
  Progress extends StandardSchema | undefined = undefined,
  Output extends StandardSchema | undefined = undefined,
>(
  name: string,
  schemas: { readonly input?: Input; readonly progress?: Progress; readonly output?: Output } = {},
): JobDefinition<{
  input: TakenBy<Input>;
  given: OutputOf<Input>;
  reported: TakenBy<Progress>;
  progress: OutputOf<Progress>;
  returned: TakenBy<Output>;
  output: OutputOf<Output>;
}> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new TypeError(`a job's name has 1 to 64 letters, digits, ".", "_" or "-", got ${JSON.stringify(name)}`);
  }
  return {
    name,
    inputSchema: schemas.input ?? null,
    progressSchema: schemas.progress ?? null,
    outputSchema: schemas.output ?? null,
  };
}

/** Publications that are kept of a job, for those who come later: as many as one request for history may have. */
const keptPublications = 300;

/** How long after the last one they are kept, in milliseconds: a day. */
const keptMs = 86_400_000;

/**
 * The channel on which a job's progress and result are published. Give it to the server, with a rule that lets nobody
 * but the owner of a job read it.
 */
export const jobChannel: ChannelDefinition<"job:{id}", { data: JobEvent; info: unknown }> = defineChannel("job:{id}", {
  mode: "stream",
  history: { size: keptPublications, ttlMs: keptMs },
  publishers: "server",
}) as ChannelDefinition<"job:{id}", { data: JobEvent; info: unknown }>;
