// The Protobuf codec of the client: what it writes the server's own reads, and what comes in is a message or a SyntaxError.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "./binary-codec.ts";
import type { Fields } from "./wire.ts";

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const whole = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 300 });

const publication = fc.record({ data: bytes, offset: whole, id: text, is_bytes: fc.constant(true) });

/** As a frame leaves zero values out. */
function lean(message: Fields): Fields {
  const kept = Object.entries(message).filter(([, value]) => value !== "" && value !== 0 && value !== false);
  return Object.fromEntries(kept);
}

test("what is written is read again, several messages to a frame", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ id: whole, pub: publication, channel: text }), { maxLength: 5 }), (given) => {
      const frames = given.map(({ channel, id, pub }) => encodeFrame("Reply", { id, push: { channel, pub } }));
      const frame = Uint8Array.from(frames.flatMap((each) => [...each]));
      const read = given.map(({ channel, id, pub }) => {
        const { is_bytes: _isBytes, ...rest } = pub;
        return lean({ id, push: lean({ channel, pub: { ...lean(rest), data: pub.data } }) });
      });
      expect(decodeFrame("Reply", frame)).toEqual(read);
    }),
  );
});

test("vectors of the protocol", () => {
  const hex = (given: Uint8Array): string => Buffer.from(given).toString("hex");
  expect(hex(encodeFrame("Command", {}))).toBe("00");
  expect(hex(encodeFrame("Command", { id: 2, subscribe: { channel: "news" } }))).toBe("0a08022a060a046e657773");
  expect(decodeFrame("Reply", Buffer.from("00", "hex"))).toEqual([{}]);
  const subscribed = { recoverable: true, epoch: "abcd", offset: 7 };
  expect(decodeFrame("Reply", Buffer.from("100802320c180132046162636448075001", "hex"))).toEqual([
    { id: 2, subscribe: subscribed },
  ]);
});

test("any bytes at all are messages, or refused with a SyntaxError", () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (frame) => {
      try {
        for (const message of decodeFrame("Reply", frame)) expect(typeof message).toBe("object");
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
        refused += 1;
      }
    }),
    { numRuns: 2_000 },
  );
  expect(refused).toBeGreaterThan(100);
});
