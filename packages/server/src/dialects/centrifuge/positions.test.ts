// Positions that clients send, in JSON and in Protobuf: whatever stands there, a valid position comes of it or an error.
import fc from "fast-check";
import { expect, it } from "vitest";
import { defaultLimits } from "../../options.ts";
import type { Command } from "../../session/command.ts";
import { MalformedFrame } from "../dialect.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import { decode } from "./decode.ts";

/** `null` for a frame that is none. Anything else thrown is a crash. */
function read(decoding: () => readonly Command[]): readonly Command[] | null {
  try {
    return decoding();
  } catch (thrown) {
    if (thrown instanceof MalformedFrame) return null;
    throw thrown;
  }
}

function positionsOf(command: Command): readonly { readonly epoch: string; readonly offset: number }[] {
  if (command.kind === "connect") return [...command.seen.values()].map(({ position }) => position);
  if (command.kind === "subscribe") return command.seen === null ? [] : [command.seen.position];
  return command.kind === "history" && command.since !== null ? [command.since] : [];
}

function isPosition({ epoch, offset }: { readonly epoch: unknown; readonly offset: unknown }): boolean {
  return typeof epoch === "string" && typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0;
}

const value = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, "", "e", 0, -0, 1, -1, 0.5, 1e300, 2 ** 53 - 1, 2 ** 53, "1", true, [], {}),
  fc.jsonValue(),
);
const methods = ["subscribe", "history", "connect"] as const;

it("of JSON: the very one that was sent, or a request error, or no frame", () => {
  fc.assert(
    fc.property(fc.constantFrom(...methods), value, value, (method, epoch, offset) => {
      const place = { epoch, offset };
      const fields = {
        subscribe: { channel: "c", recover: true, ...place },
        history: { channel: "c", limit: 1, since: place },
        connect: { subs: { c: { recover: true, ...place } } },
      }[method];
      const text = JSON.stringify({ id: 1, [method]: fields });
      const commands = read(() => decode(text, defaultLimits).filter(({ kind }) => kind !== "mark") as Command[]);
      // Zero values may be left out.
      const said = { epoch: epoch ?? "", offset: offset ?? 0 };
      const [command] = commands ?? [];
      if (isPosition(said) && command !== undefined) {
        expect(positionsOf(command)).toEqual([{ ...said, offset: Number(said.offset) + 0 }]);
      } else if (command !== undefined) {
        expect([isPosition(said), command.kind]).toEqual([false, "invalid"]);
        expect(command).toMatchObject({ error: { reason: "bad_request" } });
      } else expect([isPosition(said), method]).toEqual([false, "connect"]);
    }),
    { numRuns: 1_000 },
  );
});

/** Bytes that begin like a subscribe to "c" with recovery, and go on as they like. */
const recovering = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((offset) => [0x38, ...varint(offset)]) },
    fc
      .constantFrom(0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n)
      .map((offset) => [0x38, ...varint(offset)]),
    fc.string({ maxLength: 6 }).map((epoch) => [0x32, Buffer.byteLength(epoch), ...Buffer.from(epoch)]),
    fc.uint8Array({ maxLength: 4 }).map((raw) => [0x32, raw.length, ...raw]),
    // Not the tag of an offset: whether a whole number follows it is not to be guessed here.
    fc.uint8Array({ maxLength: 4 }).map((raw) => (raw[0] === 0x38 ? [] : [...raw])),
  ),
  { maxLength: 4 },
);

function varint(given: bigint): number[] {
  const bytes: number[] = [];
  let left = given;
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

const delimited = (bytes: readonly number[]): number[] => [...varint(BigInt(bytes.length)), ...bytes];

it("of Protobuf: a valid one, or a request error, or no frame; an offset that is no number is never rounded", () => {
  let [good, bad] = [0, 0];
  fc.assert(
    fc.property(recovering, (parts) => {
      const subscribe = [0x0a, 1, 0x63, 0x18, 1, ...parts.flat()];
      const commands = read(() =>
        decodeProtobuf(Uint8Array.from(delimited([0x08, 1, 0x2a, ...delimited(subscribe)])), defaultLimits),
      );
      const positions = commands?.flatMap(positionsOf) ?? [];
      for (const position of positions) expect(position).toSatisfy(isPosition);
      for (const command of commands ?? []) {
        if (command.kind === "invalid") expect(command.error.reason).toBe("bad_request");
      }
      const [only] = parts;
      if (parts.length === 1 && only?.[0] === 0x38) {
        const offset = only.slice(1).reduceRight((sum, byte) => sum * 128n + BigInt(byte & 127), 0n);
        if (offset < 2n ** 53n) expect(positions).toEqual([{ epoch: "", offset: Number(offset) }]);
        else expect(positions).toEqual([]);
      }
      if (positions.length > 0) good += 1;
      else bad += 1;
    }),
    { numRuns: 1_000 },
  );
  expect([good > 100, bad > 100]).toEqual([true, true]);
});

it("of any bytes at all: commands or no frame", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const command of read(() => decodeProtobuf(bytes, defaultLimits)) ?? []) {
        for (const position of positionsOf(command)) expect(position).toSatisfy(isPosition);
      }
    }),
    { numRuns: 1_000 },
  );
});
