// Call definitions: a typed request and its reply over the connection a client already has.
import type { OutputOf, StandardSchema } from "./standard-schema.ts";

export interface CallShape {
  readonly input: unknown;
  readonly output: unknown;
}

/** A call, as both sides know it. */
export interface CallDefinition<Shape extends CallShape = CallShape> {
  readonly method: string;
  readonly inputSchema: StandardSchema | null;
  readonly outputSchema: StandardSchema | null;
  readonly "~shape"?: Shape;
}

export type InputOf<Definition> = Definition extends CallDefinition<infer Shape> ? Shape["input"] : never;
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
): CallDefinition<{ input: OutputOf<Input>; output: OutputOf<Output> }> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(method) || method.startsWith("tide.")) {
    throw new TypeError(
      `a call's method has 1 to 64 letters, digits, ".", "_" or "-" and does not begin with "tide.", got ${JSON.stringify(method)}`,
    );
  }
  return { method, inputSchema: schemas.input ?? null, outputSchema: schemas.output ?? null };
}
