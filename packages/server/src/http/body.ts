// Reading a JSON body within its limit.
import type { IncomingMessage } from "node:http";
import type { Limits } from "../options.ts";
import { BodyError, readBody } from "../transports/body.ts";

/** A parsed body and its text. */
export interface Json {
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export type JsonLimits = Pick<Limits, "requestBodyBytes" | "jsonDepth" | "jsonKeys">;

/** JSON that is above one of the limits. */
export class JsonLimitError extends BodyError {
  readonly limit: "jsonDepth" | "jsonKeys";

  constructor(limit: "jsonDepth" | "jsonKeys", message: string) {
    super(400, message);
    this.limit = limit;
  }
}

/** @throws {BodyError} when it is larger than the limit, or not a JSON object, or not within the limits of one. */
export async function readJson(request: IncomingMessage, limits: JsonLimits): Promise<Json> {
  const text = decode(await readBody(request, limits.requestBodyBytes));
  const value = parse(text);
  checkJson(value, limits);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BodyError(400, "expected a JSON object as body");
  }
  return { text, value: value as Readonly<Record<string, unknown>> };
}

/** Several JSON values and their text. */
export interface JsonLines {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The JSON objects of a body that has one on each line. @throws {BodyError} */
export async function readJsonLines(request: IncomingMessage, limits: JsonLimits): Promise<JsonLines> {
  const text = decode(await readBody(request, limits.requestBodyBytes));
  const values = text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [parse(line)]));
  for (const value of values) checkJson(value, limits);
  return { text, values };
}

/** Level by level, so that what is deep is left as soon as it is known to be. @throws {JsonLimitError} */
function checkJson(value: unknown, { jsonDepth, jsonKeys }: JsonLimits): void {
  let level = [value].filter(isNested);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > jsonDepth) throw new JsonLimitError("jsonDepth", `expected JSON at most ${jsonDepth} deep, got more`);
    const next: object[] = [];
    for (const each of level) {
      const inside: readonly unknown[] = Array.isArray(each) ? each : Object.values(each);
      if (!Array.isArray(each) && inside.length > jsonKeys) {
        throw new JsonLimitError("jsonKeys", `expected at most ${jsonKeys} keys in an object, got ${inside.length}`);
      }
      for (const child of inside) if (isNested(child)) next.push(child);
    }
    level = next;
  }
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new BodyError(400, "expected a body in UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new BodyError(400, "expected JSON as body");
  }
}
