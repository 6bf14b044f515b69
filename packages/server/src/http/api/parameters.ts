// Reading what a request to the server API says, with an error for everything that would be misunderstood.
import { fail } from "@tidewire/protocol";

export type Parameters = Readonly<Record<string, unknown>>;

/** JSON, as text: what a channel's log has is passed on as it was published. */
export type JsonText = string;

/** @throws {TidewireError} `bad_request` */
export function channelOf({ channel }: Parameters): string {
  return typeof channel === "string" ? channel : fail("bad_request", `channel: expected a text, got ${typeof channel}`);
}

/** A text; "" when it is left out. @throws {TidewireError} `bad_request` */
export function textOf(parameters: Parameters, name: string): string {
  const value = parameters[name] ?? "";
  return typeof value === "string" ? value : fail("bad_request", `${name}: expected a text, got ${typeof value}`);
}

/** Seconds since 1970; `null` when it is left out, or 0. @throws {TidewireError} `bad_request` */
export function secondsOf(parameters: Parameters, name: string): number | null {
  const value = parameters[name] ?? 0;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    return fail("bad_request", `${name}: expected seconds since 1970`);
  }
  return value === 0 ? null : value;
}

/** A list of texts; empty when it is left out. @throws {TidewireError} `bad_request` */
export function textsOf(parameters: Parameters, name: string, most: number): readonly string[] {
  const value = parameters[name] ?? [];
  const isList = Array.isArray(value) && value.length <= most;
  if (isList && value.every((each) => typeof each === "string")) return value;
  return fail("bad_request", `${name}: expected at most ${most} texts`);
}

/** @throws {TidewireError} `bad_request` when it is not a flat map of at most 32 texts. */
export function checkTags(tags: unknown): Readonly<Record<string, string>> {
  const isMap = typeof tags === "object" && tags !== null && !Array.isArray(tags);
  const entries = isMap ? Object.entries(tags) : [];
  if (!isMap || entries.length > 32 || entries.some(([key, value]) => typeof value !== "string" || key.length > 64)) {
    fail("bad_request", "tags: expected at most 32 texts by name");
  }
  return Object.assign(Object.create(null) as Record<string, string>, tags);
}

/**
 * Refuses what Centrifugo's API knows and this one does not: passed over in silence, the request would do something else.
 * @throws {TidewireError} `bad_request`
 */
export function refuse(parameters: Parameters, names: readonly string[]): void {
  for (const name of names) {
    const value = parameters[name];
    const isUnset = value === undefined || value === null || value === false || value === 0 || value === "";
    if (!isUnset) fail("bad_request", `${name}: is not supported here; leave it out`);
  }
}
