// What comes in, read: any text whatsoever gives messages or one kind of error, and nothing else.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encode } from "./exchange.ts";
import { decode, endOf, errorOf, memberOf, objectAt, positionOf, publicationOf, publicationsAt } from "./wire.ts";

function onlyUndecodable(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
  }
}

test("any text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 50 }), fc.json({ maxDepth: 1 })), (text) => {
      onlyUndecodable(() => [...decode(text)]);
    }),
    { numRuns: 1_000 },
  );
});

const names = ["id", "error", "push", "channel", "pub", "data", "offset", "info", "tags", "time", "client", "user"];
const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.double(), fc.nat(20), fc.string({ maxLength: 5 }));
const keys = fc.constantFrom(...names, "epoch", "code", "reason", "message", "publications", "__proto__");

/** Objects and lists of what a message may be made of, some levels deep. */
function nested(levels: number): fc.Arbitrary<unknown> {
  if (levels === 0) return leaf;
  const inner = nested(levels - 1);
  return fc.oneof(leaf, fc.array(inner, { maxLength: 3 }), fc.dictionary(keys, inner, { maxKeys: 4 }));
}

test("any message", () => {
  const readers = [publicationOf, publicationsAt, errorOf, endOf, memberOf, positionOf];
  fc.assert(
    fc.property(fc.dictionary(keys, nested(3), { maxKeys: 6 }), (value) => {
      onlyUndecodable(() => {
        for (const message of decode(JSON.stringify(value))) {
          for (const name of names) onlyUndecodable(() => objectAt(message, name));
          for (const read of readers) onlyUndecodable(() => read(message));
        }
      });
    }),
    { numRuns: 1_000 },
  );
});

test("several messages stand on lines of their own, and empty lines on none", () => {
  expect([...decode('{"a":1}\n\n{"b":"x\\ny"}\n')]).toEqual([{ a: 1 }, { b: "x\ny" }]);
  expect([...decode("")]).toEqual([]);
});

test("a command has room for its number in front, and no line end inside", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      const line = `{"id":7,${encode({ rpc: { data } })}`;
      expect(line).not.toContain("\n");
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify({ id: 7, rpc: { data } })));
    }),
    { numRuns: 1_000 },
  );
});
