// The registry: what a channel name means, and whether a value may stand there.
import {
  channelNameProblem,
  type ChannelDefinition,
  describeIssues,
  fail,
  type StandardSchema,
} from "@tidewire/protocol";
import type { Known } from "./channel.ts";

/** A value as it is published, in JSON. */
export type Json = string;

export class Registry {
  readonly #definitions: readonly ChannelDefinition[];

  /** @throws {TypeError} when two definitions have one pattern. */
  constructor(definitions: readonly ChannelDefinition[]) {
    const patterns = new Set(definitions.map((definition) => definition.pattern));
    if (patterns.size < definitions.length) throw new TypeError("two channels have the same pattern");
    this.#definitions = definitions;
  }

  /** The first definition that matches. @throws {TidewireError} `bad_request` for no name, `unknown_channel`. */
  resolve(name: string): Known {
    const problem = channelNameProblem(name);
    if (problem !== null) fail("bad_request", problem);
    for (const definition of this.#definitions) {
      const params = definition.match(name);
      if (params !== null) return { definition, params };
    }
    return fail("unknown_channel", "no channel is defined that has this name");
  }
}

/**
 * Validates a parsed value, and says what to publish.
 * @param text The value's own JSON text, kept byte for byte where no schema changes it.
 * @throws {TidewireError} `invalid_data`.
 */
export function validate(schema: StandardSchema | null, value: unknown, text?: Json): Json | Promise<Json> {
  if (schema === null) return text ?? toJson(value);
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(judge) : judge(result);
}

function judge(result: Awaited<ReturnType<StandardSchema["~standard"]["validate"]>>): Json {
  if (result.issues !== undefined) fail("invalid_data", describeIssues(result.issues));
  return toJson(result.value);
}

function toJson(value: unknown): Json {
  const text = written(value);
  return text ?? fail("invalid_data", `expected a JSON value, got ${typeof value}`);
}

/** A value that refers to itself, is nested too deep or has a BigInt in it cannot be written. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined;
  } catch (thrown) {
    return fail("invalid_data", `expected a JSON value: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
