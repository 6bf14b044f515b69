// The part of the Standard Schema interface (version 1) that Tidewire calls: zod, valibot and arktype all implement it.

/** A validator of any library that follows https://standardschema.dev (version 1). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that a schema found wrong: a sentence, and the way to the value it is about. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema yields after validation; `unknown` where there is no schema. `"bytes"` stands for bytes as they are. */
export type OutputOf<S> = S extends "bytes"
  ? Uint8Array
  : S extends StandardSchema<unknown, infer Output>
    ? Output
    : unknown;

/** What a schema takes: fields with a default may be left out. `unknown` where there is no schema. */
export type TakenBy<S> = S extends "bytes"
  ? Uint8Array
  : S extends StandardSchema<infer Input, unknown>
    ? Input
    : unknown;

/** One sentence for people: where the first problem is and what was expected there. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  const first = issues[0];
  if (first === undefined) return "does not match its schema";
  const path = (first.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return `${path === "" ? "" : `${path}: `}${first.message}${more}`;
}
