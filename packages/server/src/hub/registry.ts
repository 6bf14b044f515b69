// The registry: what a channel name means, and whether a value may stand there.
import {
  channelNameProblem,
  type ChannelDefinition,
  describeIssues,
  fail,
  maxChannelNameBytes,
  type StandardSchema,
} from "@tidewire/protocol";
import type { Metrics } from "../ports/metrics.ts";
import type { Known } from "./channel.ts";
import { refuse } from "./refusal.ts";

/** A value as it is published, in JSON. */
export type Json = string;

export class Registry {
  readonly #definitions: readonly ChannelDefinition[];
  readonly #metrics: Metrics;

  /** @throws {TypeError} when two definitions have one pattern. */
  constructor(definitions: readonly ChannelDefinition[], metrics: Metrics) {
    const patterns = new Set(definitions.map((definition) => definition.pattern));
    if (patterns.size < definitions.length) throw new TypeError("two channels have the same pattern");
    this.#definitions = definitions;
    this.#metrics = metrics;
  }

  /**
   * The first definition that matches.
   * @param raise `fail` where it is the application that asks, which wants to know where.
   * @throws {TidewireError} `bad_request` for no name, `unknown_channel`.
   */
  resolve(name: string, raise: typeof fail = refuse): Known {
    const problem = channelNameProblem(name);
    if (problem !== null) {
      if (Buffer.byteLength(name) > maxChannelNameBytes) this.#metrics.hit("channelNameBytes");
      raise("bad_request", problem);
    }
    for (const definition of this.#definitions) {
      const params = definition.match(name);
      if (params !== null) return { definition, params };
    }
    return raise("unknown_channel", "unknown channel: none is defined that has this name");
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

/** What is to be published. */
export interface Prepared {
  readonly json: Json;
  /** Where the channel has keys. */
  readonly key?: string;
}

const mostKeyBytes = 255;
/** No key has one: they are text, and stand in logs and addresses. */
const control = /\p{Cc}/u;

/**
 * Validates a value for a channel, and takes its key from what the schema yields.
 * @param text As for `validate`.
 * @throws {TidewireError} `invalid_data`.
 */
export function prepare(definition: ChannelDefinition, value: unknown, text?: Json): Prepared | Promise<Prepared> {
  const { carries, dataSchema, key } = definition;
  if (carries === "bytes") fail("invalid_data", "expected bytes, which this channel carries, got a JSON value");
  if (key === null) {
    const json = validate(dataSchema, value, text);
    return typeof json === "string" ? { json } : json.then((known) => ({ json: known }));
  }
  if (dataSchema === null) return { json: text ?? toJson(value), key: keyOf(key, value) };
  const result = dataSchema["~standard"].validate(value);
  const judged = (known: Awaited<typeof result>): Prepared => {
    const json = judge(known);
    return { json, key: keyOf(key, known.issues === undefined ? known.value : undefined) };
  };
  return result instanceof Promise ? result.then(judged) : judged(result);
}

/** @throws {TidewireError} `invalid_data`: also when the function cannot make sense of what a client sent. */
function keyOf(take: (value: unknown) => string, value: unknown): string {
  let key: unknown;
  try {
    key = take(value);
  } catch {
    fail("invalid_data", "the key could not be taken from the value");
  }
  return checkKey(key, "invalid_data");
}

/** @throws {TidewireError} for what is no key: two texts that become one on the wire would merge what they name (F4). */
export function checkKey(key: unknown, reason: "invalid_data" | "bad_request"): string {
  if (typeof key !== "string") return fail(reason, `key: expected a text, got ${typeof key}`);
  const bytes = Buffer.byteLength(key);
  if (bytes > 0 && bytes <= mostKeyBytes && key.isWellFormed() && !control.test(key)) return key;
  return fail(reason, `key: expected 1 to ${mostKeyBytes} bytes without control characters, got ${bytes} bytes`);
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
