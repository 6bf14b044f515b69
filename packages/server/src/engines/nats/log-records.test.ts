// Records of logs as they are read: what was written comes back, and nothing else is believed or throws.
import fc from "fast-check";
import { expect, it } from "vitest";
import { faultOfAnnouncement } from "../../engine/answers.ts";
import { headOf } from "../records.ts";
import { fenceOf, headIn, recordIn, recordOf } from "./log-records.ts";
import { keyRecordIn } from "./remembered-keys.ts";

const stamp = { id: "AbC-_123", atMs: 1_767_225_600_000 };
const line = { kind: "keep", token: "tok-_en", before: 41, floor: 3, ttlMs: 60_000 } as const;
const given = { form: "json" as const, tags: { a: "b" } };
const payload = Buffer.from('{"a":1}');
const record = recordOf(line, Buffer.from(`7 before 17 ${headOf(given, stamp)}`), payload);

it("carries where its log stands, and the publication", () => {
  const read = recordIn(record) ?? expect.fail("a record was expected");
  const publication = {
    ...given,
    ...stamp,
    offset: 7,
    previous: { offset: 6, id: "before" },
    data: new Uint8Array(payload),
  };
  expect(read).toEqual({ ...line, fence: 0, publication, newest: null, table: null });
  expect(headIn(read, 42)).toEqual({
    sequence: 42,
    token: "tok-_en",
    offset: 7,
    id: "AbC-_123",
    floor: 3,
    ttlMs: 60_000,
    fence: 0,
    last: 42,
    atMs: stamp.atMs,
    table: null,
  });
});

it("of a table says what that consists of, and whose value it has", () => {
  const table = { keys: 2, bytes: 11, values: "AAAAAAAAAAAAAAAA", removals: 1, removed: "abcdefghijkl_-AA" };
  const keyed = { ...given, key: "k" };
  const put = recordOf({ ...line, kind: "put", table }, Buffer.from(`7 before 17 ${headOf(keyed, stamp)}`), payload);
  const read = recordIn(put) ?? expect.fail("a record was expected");
  expect([read.table, read.publication?.key, read.fence]).toEqual([table, "k", 0]);
  const head = headIn(read, 42) ?? expect.fail("a head was expected");
  expect(headIn(recordIn(fenceOf(head, 77)) ?? read, 50)).toEqual({ ...head, sequence: 50, fence: 77 });
  // A value without a sum is no table's, and one without a key has none.
  expect(recordIn(recordOf({ ...line, kind: "put" }, Buffer.from(`7 before 17 ${headOf(keyed, stamp)}`)))).toBeNull();
  expect(
    recordIn(recordOf({ ...line, table }, Buffer.from(`7 before 17 ${headOf(given, stamp)}`), payload)),
  ).toBeNull();
});

it("of another source changes nothing but the fence, which is kept from then on", () => {
  const before = headIn(recordIn(record) ?? expect.fail("a record was expected"), 42) ?? expect.fail("a head");
  const read = recordIn(fenceOf(before, 77)) ?? expect.fail("a fence was expected");
  const after = headIn(read, 50);
  expect(after).toEqual({ ...before, sequence: 50, fence: 77 });
  expect(headIn(recordIn(fenceOf(after ?? before, 78)) ?? read, 60)).toEqual({ ...before, sequence: 60, fence: 78 });
  expect(headIn({ ...read, before: 0 }, 50)).toBeNull();
});

it("ends no log where it stands before what it names, nor with a floor above itself", () => {
  const read = recordIn(record) ?? expect.fail("a record was expected");
  expect(headIn(read, 41)).toBeNull();
  expect(headIn({ ...read, floor: 8 }, 42)).toBeNull();
  expect(headIn({ ...read, kind: "pass" }, 42)).toBeNull();
});

it("never throws, and gives nothing that cannot be a publication, whatever is changed", () => {
  const fence = fenceOf({ ...line, sequence: 50, last: 42, offset: 7, id: "id", fence: 0, atMs: 5, table: null }, 77);
  const change = fc.record({ at: fc.nat(record.length), remove: fc.nat(9), insert: fc.uint8Array({ maxLength: 9 }) });
  fc.assert(
    fc.property(fc.constantFrom(record, fence), fc.array(change, { maxLength: 4 }), (given, changes) => {
      let bytes: Uint8Array = given;
      for (const { at, remove, insert } of changes) {
        bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
      }
      keyRecordIn(bytes);
      const read = recordIn(bytes);
      if (read === null) return;
      expect([read.before, read.floor, read.ttlMs, read.fence].every(Number.isSafeInteger)).toBe(true);
      if (read.publication !== null) expect(faultOfAnnouncement("news", read.token, read.publication)).toBeNull();
    }),
    { numRuns: 5_000 },
  );
});
