// Records of committed transactions alone, told by the markers that end transactions in the log itself.
//
// Not by the client's filter: it takes all of a producer's from the last aborted transaction of an answer to the last abort marker
// there. So where one was aborted twice the first stays, and where a transaction was aborted before anything was written in it,
// committed records are gone.

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

const transactional = 16;
const control = 32;
/** The types in a control record's key, behind its version. */
const abortMarker = 0;
const commitMarker = 1;

/** One partition, read from its beginning with all that is in it. */
export class CommittedRecords {
  /** Of transactions that have not ended, by producer: it has one at a time. */
  readonly #open = new Map<bigint, StoredRecord[]>();

  /** @returns What is committed by these batches, and was not before; in the order of the commits. */
  take(batches: readonly KafkaBatch[]): readonly StoredRecord[] {
    const committed: StoredRecord[] = [];
    for (const { attributes, producerId, records } of batches) {
      if ((attributes & control) !== 0) {
        const type = records[0]?.key?.readInt16BE(2);
        if (type !== abortMarker && type !== commitMarker) continue;
        if (type === commitMarker) committed.push(...(this.#open.get(producerId) ?? []));
        this.#open.delete(producerId);
      } else if ((attributes & transactional) === 0) committed.push(...records);
      else this.#open.set(producerId, [...(this.#open.get(producerId) ?? []), ...records]);
    }
    return committed;
  }
}
