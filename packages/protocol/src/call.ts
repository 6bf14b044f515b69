// Call definitions: a typed request and its reply over the connection a client already has.
import type { OutputOf, StandardSchema, TakenBy } from "./standard-schema.ts";

/** The types of a call, on both sides of both of its schemas. */
export interface CallShape {
  /** What a caller gives. */
  readonly input: unknown;
  /** What its handler is given: the same, as the schema yields it. */
  readonly given: unknown;
  /** What its handler returns. */
  readonly returned: unknown;
  /** What the caller gets: the same, as the schema yields it. */
  readonly output: unknown;
}

/** A call, as both sides know it. */
export interface CallDefinition<Shape extends CallShape = CallShape> {
  readonly method: string;
  readonly inputSchema: StandardSchema | null;
  readonly outputSchema: StandardSchema | null;
  readonly "~shape"?: Shape;
}

/** The type of what a caller gives. */
export type InputOf<Definition> = Definition extends CallDefinition<infer Shape> ? Shape["input"] : never;
/** The type of what a call's handler is given: its input as the schema yields it. */
export type GivenOf<Definition> = Definition extends CallDefinition<infer Shape> ? Shape["given"] : never;
/** The type of what a call's handler returns. */
export type ReturnedOf<Definition> = Definition extends CallDefinition<infer Shape> ? Shape["returned"] : never;
/** The type of what a caller gets: the handler's answer as the schema yields it. */
export type ResultOf<Definition> = Definition extends CallDefinition<infer Shape> ? Shape["output"] : never;

/**
 * Defines a call. The server validates what comes in and what goes out.
 * @param method Letters, digits, ".", "_", "-"; the prefix `tide.` is Tidewire's own.
 */
export function defineCall<
  Input extends StandardSchema | undefined = undefined,
  Output extends StandardSchema | undefined = undefined,
>(
  method: string,
  schemas: { readonly input?: Input; readonly output?: Output } = {},
): CallDefinition<{
  input: TakenBy<Input>;
  given: OutputOf<Input>;
  returned: TakenBy<Output>;
  output: OutputOf<Output>;
}> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(method) || method.startsWith("tide.")) {
    throw new TypeError(
      `a call's method has 1 to 64 letters, digits, ".", "_" or "-" and does not begin with "tide.", got ${JSON.stringify(method)}`,
    );
  }
  return { method, inputSchema: schemas.input ?? null, outputSchema: schemas.output ?? null };
}
