// Sums and rates from readings of what was published and what was delivered. Pure.

/** What was known at one time. */
export interface Reading {
  readonly epoch: string;
  /** How many quotes were published in this epoch. */
  readonly offset: number;
  /** Quotes that have come since the channel was opened. */
  readonly delivered: number;
  /** Characters that have come since the page was opened. */
  readonly characters: number;
  readonly atMs: number;
  readonly isPaused: boolean;
}

export interface MarketCounts {
  readonly published: number;
  readonly delivered: number;
  /** Published and not delivered, because a newer one of the same symbol was. */
  readonly saved: number;
  /** Published since the pause began; `null` while there is none. */
  readonly passedOver: number | null;
  readonly perSecond: { readonly published: number; readonly delivered: number; readonly characters: number };
}

/** @param known What was counted up to `last`. */
export function countsAfter(known: MarketCounts | null, last: Reading, now: Reading): MarketCounts {
  // Another epoch counts from its beginning, another life of the subscription from nothing.
  const published = now.epoch === last.epoch ? now.offset - last.offset : now.offset;
  const delivered = now.delivered >= last.delivered ? now.delivered - last.delivered : now.delivered;
  const characters = now.characters - last.characters;
  const seconds = Math.max(1, now.atMs - last.atMs) / 1_000;
  const sum = { published: (known?.published ?? 0) + published, delivered: (known?.delivered ?? 0) + delivered };
  return {
    ...sum,
    saved: Math.max(0, sum.published - sum.delivered),
    passedOver: now.isPaused ? (known?.passedOver ?? 0) + (last.isPaused ? published : 0) : null,
    perSecond: {
      published: published / seconds,
      delivered: delivered / seconds,
      characters: characters / seconds,
    },
  };
}
