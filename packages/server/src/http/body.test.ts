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

const limits = { requestBodyBytes: 100, jsonDepth: 3, jsonKeys: 4 };

/** A JSON object of exactly `bytes` bytes. */
function objectOf(bytes: number): string {
  return `{"a":"${"x".repeat(bytes - 8)}"}`;
}

test("an object in any pieces, even between the bytes of a character", async () => {
  const written = Buffer.from('{"a":"é😀"}');
  const pieces = [...written].map((byte) => Uint8Array.of(byte));
  expect((await readJson(request(pieces), limits)).value).toEqual({ a: "é😀" });
  expect((await readJson(request(pieces), limits)).text).toBe('{"a":"é😀"}');
});

test.each([99, 100])("%i of 100 bytes are read", async (bytes) => {
  expect((await readJson(request([objectOf(bytes)], bytes), limits)).text).toHaveLength(bytes);
});

test.each([101, 200, 1_000, 10_000])("%i of 100 bytes are too large, announced or not", async (bytes) => {
  const error = { status: 413, reason: "too_large", message: "expected a body of at most 100 bytes" };
  await expect(readJson(request([objectOf(bytes)]), limits)).rejects.toMatchObject(error);
  await expect(readJson(request([objectOf(bytes)], bytes), limits)).rejects.toMatchObject(error);
  const pieces = objectOf(bytes).match(/.{1,10}/g) ?? [];
  await expect(readJson(request(pieces), limits)).rejects.toMatchObject(error);
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
  await expect(readJson(request([body]), limits)).rejects.toMatchObject({
    status: 400,
    reason: "bad_request",
    message,
  });
});

test("what is not UTF-8 is refused, not repaired", async () => {
  const broken = Uint8Array.of(...Buffer.from('{"a":"'), 0xc3, 0x28, ...Buffer.from('"}'));
  await expect(readJson(request([broken]), limits)).rejects.toMatchObject({
    status: 400,
    message: "expected a body in UTF-8",
  });
});

test.each([
  ['{"a":{"b":{}}}', null],
  ['{"a":{"b":{"c":{}}}}', "jsonDepth"],
  ['{"a":[[1]]}', null],
  ['{"a":[[[]]]}', "jsonDepth"],
  ['{"a":1,"b":2,"c":3,"d":4}', null],
  ['{"a":1,"b":2,"c":3,"d":4,"e":5}', "jsonKeys"],
  ['{"x":[{"a":1,"b":2,"c":3,"d":4,"e":5}]}', "jsonKeys"],
  ['{"a":[1,2,3,4,5,6]}', null],
])("%s is above: %s", async (body, limit) => {
  const reading = readJson(request([body]), limits);
  if (limit === null) await expect(reading).resolves.toMatchObject({ text: body });
  else await expect(reading).rejects.toMatchObject({ status: 400, reason: "bad_request", limit });
});
