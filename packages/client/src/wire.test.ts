// What comes in, read: any text whatsoever gives messages or one kind of error, and nothing else.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encode } from "./exchange.ts";
import {
  decode,
  endOf,
  errorOf,
  memberOf,
  objectAt,
  positionOf,
  publicationOf,
  publicationsAt,
  UndecodableFrame,
} from "./wire.ts";

function onlyUndecodable(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(UndecodableFrame);
  }
}

test("any text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
      onlyUndecodable(() => [...decode(text)]);
    }),
    { numRuns: 1_000 },
  );
});

const names = ["id", "error", "push", "channel", "pub", "data", "offset", "info", "tags", "time", "client", "user"];
const shape = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.jsonValue(), tie("fields")),
  fields: fc.dictionary(
    fc.constantFrom(...names, "epoch", "code", "reason", "message", "publications", "__proto__"),
    tie("value"),
  ),
}));

test("any message", () => {
  const readers = [publicationOf, publicationsAt, errorOf, endOf, memberOf, positionOf];
  fc.assert(
    fc.property(shape.fields, (value) => {
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
