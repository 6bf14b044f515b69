// Transactions that were committed, aborted, or neither yet, as their markers stand in a partition.
import { expect, test } from "vitest";
import { CommittedRecords, type KafkaBatch } from "./committed.ts";

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

/** A control record's key is its version and its type. */
const marker = (offset: number, end: "abort" | "commit" | "of the leader"): KafkaBatch => {
  const type = { abort: 0, commit: 1, "of the leader": 2 }[end];
  return batch(offset, 48, [{ ...record(""), key: Buffer.from([0, 0, 0, type]) }]);
};

const values = (...pages: readonly (readonly KafkaBatch[])[]): readonly string[] => {
  const committed = new CommittedRecords();
  return pages.flatMap((batches) => committed.take(batches)).map(({ value }) => String(value));
};

test("what was aborted is left out, each time, and what was committed before, between and after is not", () => {
  const batches = [
    said(0, "a", "b"),
    marker(2, "commit"),
    said(3, "lost", "lost, too"),
    said(5, "lost as well"),
    marker(6, "abort"),
    said(7, "c"),
    marker(8, "commit"),
    // It was begun, and nothing was written in it.
    marker(9, "abort"),
    said(10, "d"),
    marker(11, "commit"),
    said(12, "lost again"),
    marker(13, "abort"),
    said(14, "e"),
    marker(15, "commit"),
  ];
  expect(values(batches)).toEqual(["a", "b", "c", "d", "e"]);
  // However it is cut into answers.
  expect(values(...batches.map((one) => [one]))).toEqual(["a", "b", "c", "d", "e"]);
});

test("others' records between those of an aborted transaction are not its own", () => {
  const other = { ...said(4, "theirs"), producerId: 8n };
  const plain = batch(5, 0, [record("of nobody's transaction")]);
  const batches = [said(3, "lost"), other, plain, marker(6, "abort"), { ...marker(7, "commit"), producerId: 8n }];
  expect(values(batches)).toEqual(["of nobody's transaction", "theirs"]);
});

test("what has not ended is not there yet", () => {
  expect(values([said(20, "a"), marker(21, "of the leader")])).toEqual([]);
  expect(values([said(20, "a")], [said(21, "b")], [marker(22, "commit")])).toEqual(["a", "b"]);
});
