// Reading a JSON body within its limit.
import type { IncomingMessage } from "node:http";
import { BodyError, readBody } from "../transports/body.ts";

/** A parsed body and its text. */
export interface Json {
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** @throws {BodyError} when it is larger than `maxBytes`, or not a JSON object. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<Json> {
  const text = decode(await readBody(request, maxBytes));
  const value = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BodyError(400, "expected a JSON object as body");
  }
  return { text, value: value as Readonly<Record<string, unknown>> };
}

/** The JSON objects of a body that has one on each line, or one after the other. @throws {BodyError} */
export async function readJsonLines(request: IncomingMessage, maxBytes: number): Promise<readonly unknown[]> {
  const text = decode(await readBody(request, maxBytes));
  return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [parse(line)]));
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
