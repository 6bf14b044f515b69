// Values on their way into a store, onto a channel and out of them: what a schema says, JSON, and no more than fits.
import { describeIssues, fail, type StandardSchema } from "@tidewire/protocol";

/** Bytes of JSON that an input may have. */
export const maxInputBytes = 262_144;

/** Bytes of JSON that progress and a result may have: what a server's channels take in one publication, less our own words. */
export const maxTellingBytes = 61_440;

export interface Payload {
  readonly schema: StandardSchema | null;
  readonly value: unknown;
  /** What it is, for the error. */
  readonly what: string;
}

/** @returns What the schema yields. @throws {TidewireError} `invalid_data`. */
export async function checked({ schema, value, what }: Payload): Promise<unknown> {
  if (schema === null) return value;
  const result = await schema["~standard"].validate(value);
  return result.issues === undefined ? result.value : fail("invalid_data", `${what}: ${describeIssues(result.issues)}`);
}

/** @throws {TidewireError} `invalid_data` for what is no JSON, `too_large`. */
export function jsonOf(value: unknown, what: string, maxBytes: number): string {
  const json = written(value, what);
  const bytes = Buffer.byteLength(json);
  if (bytes > maxBytes) fail("too_large", `${what}: at most ${maxBytes} bytes of JSON were expected, got ${bytes}`);
  return json;
}

function written(value: unknown, what: string): string {
  let json: string | undefined;
  try {
    // What a handler that returns nothing returns.
    json = JSON.stringify(value ?? null) as string | undefined;
  } catch (thrown) {
    fail("invalid_data", `${what}: a value that JSON can hold was expected (${String(thrown)})`);
  }
  return json ?? fail("invalid_data", `${what}: a value that JSON can hold was expected, got ${typeof value}`);
}
