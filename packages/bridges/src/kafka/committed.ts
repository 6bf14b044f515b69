// Records of committed transactions alone. The client's own filter lets some of the others through: of a producer that was
// aborted twice in one answer it finds the last time only.

/** The part of a batch of `@platformatic/kafka` 2 that is needed. */
export interface KafkaBatch {
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly attributes: number;
  readonly producerId: bigint;
  readonly records: readonly StoredRecord[];
}

export interface StoredRecord {
  readonly offsetDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

const transactional = 16;
const control = 32;
/** The type in a control record's key, behind its version. */
const abortMarker = 0;

/** As Kafka's own consumer does it: a producer's batches count as aborted from the first of a transaction to its marker. */
export function committedRecords(
  batches: readonly KafkaBatch[],
  aborted: readonly AbortedTransaction[],
): readonly StoredRecord[] {
  const waiting = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const now = new Set<bigint>();
  return batches.flatMap(({ firstOffset, lastOffsetDelta, attributes, producerId, records }) => {
    const lastOffset = firstOffset + BigInt(lastOffsetDelta);
    while (waiting[0] !== undefined && waiting[0].firstOffset <= lastOffset) {
      now.add(waiting[0].producerId);
      waiting.shift();
    }
    if ((attributes & control) !== 0) {
      if (records[0]?.key?.readInt16BE(2) === abortMarker) now.delete(producerId);
      return [];
    }
    return (attributes & transactional) !== 0 && now.has(producerId) ? [] : records;
  });
}
