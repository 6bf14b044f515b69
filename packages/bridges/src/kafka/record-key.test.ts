// Keys of records: short enough for the server whatever the topic is called, and no two records' own.
import { expect, test } from "vitest";
import type { KafkaRecord } from "./consumer.ts";
import { recordKey } from "./record-key.ts";

const record: KafkaRecord = {
  topic: "orders",
  partition: 3,
  offset: 41n,
  timestamp: 1_767_225_600_000n,
  key: null,
  value: null,
  headers: new Map(),
};

test("the key of a record has at most 64 characters", () => {
  const longest = { topic: "x".repeat(249), partition: 2 ** 31 - 1, offset: 2n ** 63n - 1n, timestamp: 2n ** 63n - 1n };
  expect(recordKey({ ...record, ...longest }).length).toBeLessThanOrEqual(64);
});

test("it is the same each time, and another one where anything of its place is", () => {
  const others: readonly Partial<KafkaRecord>[] = [
    { topic: "orders2" },
    { partition: 4 },
    { offset: 42n },
    // A topic of the same name that was made anew.
    { timestamp: record.timestamp + 1n },
    // What two numbers make must not be what two others make.
    { partition: 34, offset: 1n },
  ];
  const keys = others.map((other) => recordKey({ ...record, ...other }));
  expect(recordKey({ ...record })).toBe(recordKey(record));
  expect(new Set([...keys, recordKey(record)]).size).toBe(others.length + 1);
});
