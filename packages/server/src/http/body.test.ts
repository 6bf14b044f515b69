// Reading bodies: limits at their borders, and what is no JSON object.
import { Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { readJson } from "./body.ts";

/** A request with this body, in pieces. */
function request(pieces: readonly (string | Uint8Array)[], contentLength?: number): IncomingMessage {
  const body = Readable.from(pieces.map((piece) => Buffer.from(piece)));
  const headers = contentLength === undefined ? {} : { "content-length": String(contentLength) };
  return Object.assign(body, { headers }) as unknown as IncomingMessage;
}

/** A JSON object of exactly `bytes` bytes. */
function objectOf(bytes: number): string {
  return `{"a":"${"x".repeat(bytes - 8)}"}`;
}

test("an object in any pieces, even between the bytes of a character", async () => {
  const written = Buffer.from('{"a":"é😀"}');
  const pieces = [...written].map((byte) => Uint8Array.of(byte));
  expect((await readJson(request(pieces), 100)).value).toEqual({ a: "é😀" });
  expect((await readJson(request(pieces), 100)).text).toBe('{"a":"é😀"}');
});

test.each([99, 100])("%i of 100 bytes are read", async (bytes) => {
  expect((await readJson(request([objectOf(bytes)], bytes), 100)).text).toHaveLength(bytes);
});

test.each([101, 200, 1_000, 10_000])("%i of 100 bytes are too large, announced or not", async (bytes) => {
  const error = { status: 413, reason: "too_large", message: "expected a body of at most 100 bytes" };
  await expect(readJson(request([objectOf(bytes)]), 100)).rejects.toMatchObject(error);
  await expect(readJson(request([objectOf(bytes)], bytes), 100)).rejects.toMatchObject(error);
  const pieces = objectOf(bytes).match(/.{1,10}/g) ?? [];
  await expect(readJson(request(pieces), 100)).rejects.toMatchObject(error);
});

test.each([
  ["nothing", "", "expected JSON as body"],
  ["cut JSON", '{"a":', "expected JSON as body"],
  ["a form", "a=1&b=2", "expected JSON as body"],
  ["null", "null", "expected a JSON object as body"],
  ["an array", "[1]", "expected a JSON object as body"],
  ["a text", '"a"', "expected a JSON object as body"],
  ["a number", "1", "expected a JSON object as body"],
])("%s is refused", async (_name, body, message) => {
  await expect(readJson(request([body]), 100)).rejects.toMatchObject({ status: 400, reason: "bad_request", message });
});

test("what is not UTF-8 is refused, not repaired", async () => {
  const broken = Uint8Array.of(...Buffer.from('{"a":"'), 0xc3, 0x28, ...Buffer.from('"}'));
  await expect(readJson(request([broken]), 100)).rejects.toMatchObject({
    status: 400,
    message: "expected a body in UTF-8",
  });
});
