// Channel definitions: written once, in a file that the server and its clients both import.
import { compilePattern, type ParamsOf } from "./channel-name.ts";
import type { OutputOf, StandardSchema } from "./standard-schema.ts";

/**
 * What a channel promises.
 * `signal`: at most once, in order while connected. `stream`: ordered, gap-free and duplicate-free within its history.
 */
export type ChannelMode = "signal" | "stream";

/** How much of a stream is kept for those who come back: the newest `size` publications, each for `ttlMs`. */
export interface Retention {
  /** Publications, 1 to 1,000,000. */
  readonly size: number;
  /** Milliseconds, from 1,000 upwards. */
  readonly ttlMs: number;
}

export interface ChannelOptions<Data, Info> {
  /** Validates what is published; the server sends on what the schema yields. Without it: any JSON. */
  readonly data?: Data;
  /** Default: `stream`. */
  readonly mode?: ChannelMode;
  /** For `stream`. Default: 100 publications for 5 minutes. */
  readonly history?: Retention;
  /** Whether members are known: `true`, or the schema of what each shows of itself. Default: `false`. */
  readonly presence?: Info;
  /** Who may publish besides the server. Default: `clients`, that is whoever the `publish` rule lets in. */
  readonly publishers?: "clients" | "server";
}

/** The types a definition carries; they exist for the compiler alone. */
export interface ChannelShape {
  readonly data: unknown;
  readonly info: unknown;
}

/** A channel, or with a pattern such as `chat:{room}` a family of them. */
export interface ChannelDefinition<Pattern extends string = string, Shape extends ChannelShape = ChannelShape> {
  readonly pattern: Pattern;
  readonly mode: ChannelMode;
  readonly history: Retention | null;
  readonly presence: boolean;
  readonly publishers: "clients" | "server";
  readonly dataSchema: StandardSchema | null;
  readonly infoSchema: StandardSchema | null;
  /** The name with these parameters. @throws {TypeError} when one is missing, empty or has a ":". */
  name(params: ParamsOf<Pattern>): string;
  /** The parameters of `name`, or `null` when it is another channel's. */
  match(name: string): ParamsOf<Pattern> | null;
  readonly "~shape"?: Shape;
}

export type DataOf<Definition> = Definition extends ChannelDefinition<string, infer Shape> ? Shape["data"] : never;
export type InfoOf<Definition> = Definition extends ChannelDefinition<string, infer Shape> ? Shape["info"] : never;

const defaultRetention: Retention = { size: 100, ttlMs: 300_000 };

/**
 * Defines a channel for both sides.
 * @param pattern A name, or a name with parameters in braces: `chat:{room}`.
 * @throws {TypeError | RangeError} when the pattern or the retention is malformed.
 */
export function defineChannel<
  const Pattern extends string,
  Data extends StandardSchema | undefined = undefined,
  Info extends StandardSchema | boolean | undefined = undefined,
>(
  pattern: Pattern,
  options: ChannelOptions<Data, Info> = {},
): ChannelDefinition<Pattern, { data: OutputOf<Data>; info: OutputOf<Info> }> {
  const compiled = compilePattern(pattern);
  const mode = options.mode ?? "stream";
  if (mode === "signal" && options.history !== undefined) {
    throw new TypeError(`"${pattern}": a signal channel keeps no history; leave it out, or use mode "stream"`);
  }
  const presence = options.presence ?? false;
  return {
    pattern,
    mode,
    history: mode === "stream" ? checkRetention(pattern, options.history ?? defaultRetention) : null,
    presence: presence !== false,
    publishers: options.publishers ?? "clients",
    dataSchema: options.data ?? null,
    infoSchema: typeof presence === "boolean" ? null : presence,
    name: (params) => compiled.build(params),
    match: (name) => compiled.match(name) as ParamsOf<Pattern> | null,
  };
}

function checkRetention(pattern: string, retention: Retention): Retention {
  const { size, ttlMs } = retention;
  if (!Number.isInteger(size) || size < 1 || size > 1_000_000) {
    throw new RangeError(`"${pattern}": history.size is an integer from 1 to 1,000,000, got ${size}`);
  }
  if (!Number.isInteger(ttlMs) || ttlMs < 1_000) {
    throw new RangeError(`"${pattern}": history.ttlMs is an integer of at least 1,000, got ${ttlMs}`);
  }
  return retention;
}
