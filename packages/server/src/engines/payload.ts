// Payload bytes as an engine keeps them, and the digest by which a repeated publish is known for the same one.
import { hash } from "node:crypto";
import type { Body, Draft } from "../engine/engine.ts";

/**
 * `data`, or a copy when it is a small part of a larger buffer: a kept slice of a socket's read buffer or of Buffer's
 * pool would hold all of that for as long as history lasts.
 */
export function ownBytes(data: Uint8Array): Uint8Array {
  return data.byteLength * 2 < data.buffer.byteLength ? new Uint8Array(data) : data;
}

/**
 * Equal for equal payloads (P4). The author is left out: a client that repeats a publish after a reconnect is another
 * session. So are tags, which a server may stamp anew at each attempt.
 */
export function digestOf(body: Body): string {
  const key = body.key === undefined ? "" : ` ${body.key}`;
  return body.form + hash("sha256", body.data, "base64url").slice(0, 22) + key;
}

/** What stands for the value of a key that was removed. */
export const nothing: Uint8Array = new TextEncoder().encode("null");

/** @throws {TypeError} when a value has a key where there is no table, or none where there is one. */
export function checkKey({ body, retention }: Pick<Extract<Draft, { kind: "value" }>, "body" | "retention">): void {
  const isTable = retention?.kind === "table";
  if (isTable === (body.key !== undefined)) return;
  throw new TypeError(isTable ? "a value with a key was expected, it has none" : "a key is for tables alone");
}
