// Channel definitions: written once, in a file that the server and its clients both import.
import { compilePattern, type ParamsOf } from "./channel-name.ts";
import type { OutputOf, StandardSchema } from "./standard-schema.ts";

/**
 * What a channel promises.
 * `signal`: at most once, in order while connected. `stream`: ordered, gap-free and duplicate-free within its history.
 * `latest`: the newest value of each key always arrives; older ones may be passed over.
 */
export type ChannelMode = "signal" | "stream" | "latest";

/**
 * What those get who come back to a `stream`. `stream`: all they have missed, or the news that it cannot be had.
 * `cache`: the newest publication alone, as long as history has it; what came before it is passed over.
 */
export type RecoveryMode = "stream" | "cache";

/**
 * How much is kept for those who come back. Of a stream the newest `size` publications, each for `ttlMs`; of a `latest`
 * channel the newest value of each key for good, and for `ttlMs` that a key was removed.
 */
export interface Retention {
  /** Publications, 1 to 1,000,000. The keys of a `latest` channel: always 10,000. */
  readonly size: number;
  /** Milliseconds, from 1,000 upwards. */
  readonly ttlMs: number;
}

/** How fast something may happen. */
export interface Rate {
  /** In a second, in the long run: a number above 0. */
  readonly perSecond: number;
  /** At once: an integer of at least 1. Default: `perSecond`, rounded up. */
  readonly burst?: number;
}

interface CommonOptions<Data, Info> {
  /**
   * Validates what is published; the server sends on what the schema yields. Without it: any JSON. `"bytes"`: bytes as they
   * are, for clients that can be told of them; not for `latest`.
   */
  readonly data?: Data;
  /** Whether members are known: `true`, or the schema of what each shows of itself. Default: `false`. */
  readonly presence?: Info;
  /**
   * Whether all subscribers are told who joins and leaves, also those that did not ask: SDKs cannot ask for what the
   * server subscribes them to. Needs `presence`. Default: `false`.
   */
  readonly announceMembers?: boolean;
  /** Who may publish besides the server. Default: `clients`, that is whoever the `publish` rule lets in. */
  readonly publishers?: "clients" | "server";
  /** How fast all clients together may publish to one such channel, on each node. Default: as fast as each of them may. */
  readonly publishRate?: Rate;
  /**
   * Whether subscribers may ask for a part of the publications, by their tags. Each different filter encodes anew what it
   * lets through. Default: `false`.
   */
  readonly filters?: boolean;
}

interface LogOptions {
  /** Default: `stream`. */
  readonly mode?: "signal" | "stream";
  /** For `stream`. Default: 100 publications for 5 minutes. */
  readonly history?: Retention;
  /** For `stream`. Default: `stream`. */
  readonly recovery?: RecoveryMode;
  /**
   * Whether those who can are told what has changed since the publication before, for publications that resemble each
   * other. Default: `false`.
   */
  readonly deltas?: boolean;
  readonly key?: undefined;
}

interface LatestOptions<Data> {
  readonly mode: "latest";
  /** The key of a value as the schema yields it: a text of 1 to 255 bytes without control characters. */
  readonly key: (value: OutputOf<Data>) => string;
  /** For how long a removal is told to those who come back. Default: 5 minutes. */
  readonly history?: { readonly ttlMs: number; readonly size?: undefined };
  readonly recovery?: undefined;
  readonly deltas?: undefined;
}

/** What `defineChannel` takes. A `latest` channel needs a `key`; only a `stream` has `recovery` and `deltas`. */
export type ChannelOptions<Data, Info> = CommonOptions<Data, Info> & (LogOptions | LatestOptions<Data>);

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
  readonly recovery: RecoveryMode;
  readonly presence: boolean;
  readonly announcesMembers: boolean;
  readonly publishers: "clients" | "server";
  /** `null`: as fast as each of them may. */
  readonly publishRate: Required<Rate> | null;
  readonly deltas: boolean;
  readonly filters: boolean;
  /** Whether publications are JSON, or bytes that mean nothing to the server. */
  readonly carries: "json" | "bytes";
  readonly dataSchema: StandardSchema | null;
  readonly infoSchema: StandardSchema | null;
  /** For `latest`: takes a value that the schema yielded. */
  readonly key: ((value: unknown) => string) | null;
  /** The name with these parameters. @throws {TypeError} when one is missing, empty or has a ":". */
  name(params: ParamsOf<Pattern>): string;
  /** The parameters of `name`, or `null` when it is another channel's. */
  match(name: string): ParamsOf<Pattern> | null;
  readonly "~shape"?: Shape;
}

/** The type of what a channel's publications carry: what its `data` schema yields, or `unknown`. */
export type DataOf<Definition> = Definition extends ChannelDefinition<string, infer Shape> ? Shape["data"] : never;
/** The type of what a channel's members show of themselves: what its `presence` schema yields, or `unknown`. */
export type InfoOf<Definition> = Definition extends ChannelDefinition<string, infer Shape> ? Shape["info"] : never;

const defaultRetention: Retention = { size: 100, ttlMs: 300_000 };
/** Keys of one `latest` channel. */
const mostKeys = 10_000;

/**
 * Defines a channel for both sides.
 * @param pattern A name, or a name with parameters in braces: `chat:{room}`.
 * @throws {TypeError | RangeError} when the pattern or the retention is malformed.
 */
export function defineChannel<
  const Pattern extends string,
  Data extends StandardSchema | "bytes" | undefined = undefined,
  Info extends StandardSchema | boolean | undefined = undefined,
>(
  pattern: Pattern,
  options: ChannelOptions<Data, Info> = {},
): ChannelDefinition<Pattern, { data: OutputOf<Data>; info: OutputOf<Info> }> {
  const compiled = compilePattern(pattern);
  const mode = options.mode ?? "stream";
  const presence = options.presence ?? false;
  const announcesMembers = options.announceMembers ?? false;
  if (announcesMembers && presence === false) {
    throw new TypeError(`"${pattern}": members are announced where they are known; set presence, or leave it out`);
  }
  return {
    pattern,
    mode,
    history: retentionOf(pattern, options),
    recovery: recoveryOf(pattern, options),
    presence: presence !== false,
    announcesMembers,
    publishers: options.publishers ?? "clients",
    publishRate: rateOf(pattern, options.publishRate),
    deltas: deltasOf(pattern, options),
    filters: options.filters ?? false,
    ...carriedBy(pattern, options),
    infoSchema: typeof presence === "boolean" ? null : presence,
    key: keyOf(pattern, options),
    name: (params) => compiled.build(params),
    match: (name) => compiled.match(name) as ParamsOf<Pattern> | null,
  };
}

function carriedBy(
  pattern: string,
  { data, mode }: { readonly data?: StandardSchema | "bytes" | undefined; readonly mode?: ChannelMode },
): Pick<ChannelDefinition, "carries" | "dataSchema"> {
  if (data !== "bytes") return { carries: "json", dataSchema: data ?? null };
  if (mode !== "latest") return { carries: "bytes", dataSchema: null };
  throw new TypeError(`"${pattern}": a latest channel takes keys from values, and bytes have none`);
}

function retentionOf(pattern: string, { mode, history }: LogOptions | LatestOptions<unknown>): Retention | null {
  if (mode === "signal") {
    if (history === undefined) return null;
    throw new TypeError(`"${pattern}": a signal channel keeps no history; leave it out, or use mode "stream"`);
  }
  if (mode !== "latest") return checkRetention(pattern, history ?? defaultRetention);
  if (history?.size !== undefined) {
    throw new TypeError(`"${pattern}": a latest channel keeps one value of each key; leave history.size out`);
  }
  return checkRetention(pattern, { size: mostKeys, ttlMs: history?.ttlMs ?? defaultRetention.ttlMs });
}

function recoveryOf(pattern: string, { mode, recovery }: LogOptions | LatestOptions<unknown>): RecoveryMode {
  if (recovery === undefined || mode === undefined || mode === "stream") return recovery ?? "stream";
  throw new TypeError(`"${pattern}": only a stream channel has a recovery mode, this is a ${mode} channel`);
}

function rateOf(pattern: string, rate: Rate | undefined): Required<Rate> | null {
  if (rate === undefined) return null;
  const { perSecond, burst = Math.max(1, Math.ceil(perSecond)) } = rate;
  if (!Number.isFinite(perSecond) || perSecond <= 0) {
    throw new RangeError(`"${pattern}": publishRate.perSecond is a number above 0, got ${perSecond}`);
  }
  if (!Number.isInteger(burst) || burst < 1) {
    throw new RangeError(`"${pattern}": publishRate.burst is an integer of at least 1, got ${burst}`);
  }
  return { perSecond, burst };
}

function deltasOf(pattern: string, { mode, deltas }: LogOptions | LatestOptions<unknown>): boolean {
  if (mode !== "latest" || deltas === undefined) return deltas ?? false;
  throw new TypeError(`"${pattern}": a latest channel passes over publications, so none can build on another`);
}

function keyOf<Data>(pattern: string, { mode, key }: LogOptions | LatestOptions<Data>): ChannelDefinition["key"] {
  if (mode === "latest" && typeof key !== "function") {
    throw new TypeError(`"${pattern}": a latest channel needs a key function, got ${typeof key}`);
  }
  if (mode !== "latest" && key !== undefined) {
    throw new TypeError(`"${pattern}": only a latest channel has keys; use mode "latest", or leave the key out`);
  }
  // The value is what the schema yielded, as the function's type says.
  return (key as ChannelDefinition["key"] | undefined) ?? null;
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
