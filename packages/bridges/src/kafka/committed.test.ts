// Aborted transactions: of the same producer twice in one answer, as Kafka 3.9 gave them, and what lies between.
import { expect, test } from "vitest";
import { committedRecords, type KafkaBatch } from "./committed.ts";

const batch = (firstOffset: number, attributes: number, records: KafkaBatch["records"]): KafkaBatch => ({
  firstOffset: BigInt(firstOffset),
  lastOffsetDelta: Math.max(0, records.length - 1),
  attributes,
  producerId: 7n,
  records,
});

const record = (value: string, offsetDelta = 0): KafkaBatch["records"][number] => ({
  offsetDelta,
  key: Buffer.from("key"),
  value: Buffer.from(value),
  headers: [],
});

const said = (offset: number, ...values: readonly string[]): KafkaBatch =>
  batch(
    offset,
    16,
    values.map((value, index) => record(value, index)),
  );

/** A control record's key is its version and its type: 0 aborts, 1 commits. */
const marker = (offset: number, type: 0 | 1): KafkaBatch =>
  batch(offset, 48, [{ ...record(""), key: Buffer.from([0, 0, 0, type]) }]);

const values = (batches: readonly KafkaBatch[], aborted: readonly (readonly [bigint, number])[]): readonly string[] =>
  committedRecords(
    batches,
    aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset: BigInt(firstOffset) })),
  ).map(({ value }) => String(value));

test("what was aborted is left out, each time, and what was committed before, between and after is not", () => {
  const batches = [
    said(0, "a", "b"),
    marker(2, 1),
    said(3, "lost", "lost, too"),
    said(5, "lost as well"),
    marker(6, 0),
    said(7, "c"),
    marker(8, 1),
    said(9, "lost again"),
    marker(10, 0),
    said(11, "d"),
    marker(12, 1),
  ];
  const aborted = [
    [7n, 3],
    [7n, 9],
  ] as const;
  expect(values(batches, aborted)).toEqual(["a", "b", "c", "d"]);
  expect(values(batches, aborted.toReversed())).toEqual(["a", "b", "c", "d"]);
});

test("others' records between those of an aborted transaction are not its own", () => {
  const other = { ...said(4, "theirs"), producerId: 8n };
  const plain = batch(5, 0, [record("of nobody's transaction")]);
  const batches = [said(3, "lost"), other, plain, marker(6, 0), { ...marker(7, 1), producerId: 8n }];
  expect(values(batches, [[7n, 3]])).toEqual(["theirs", "of nobody's transaction"]);
});

test("a transaction that was begun before what was read, or ends behind it, is left out as well", () => {
  expect(values([said(20, "lost"), marker(21, 0), said(22, "kept")], [[7n, 11]])).toEqual(["kept"]);
  expect(values([said(20, "kept"), marker(21, 1), said(22, "lost")], [[7n, 22]])).toEqual(["kept"]);
});
