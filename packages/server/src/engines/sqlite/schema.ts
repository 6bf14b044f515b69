// The database's schema, as the steps that lead to it.

/** Places in one log. A channel that used them up starts another log, which empties its history once in so many. */
export const placesPerLog: number = 2 ** 32;

/**
 * Step n brings version n to n + 1. A step that was released is never edited.
 *
 * `log`: the place is one integer, the log's number in the high 32 bits and the place in it in the low 32. So a
 * channel's publications lie side by side, in order, in a table whose rows hold payloads of up to 4 KB in the leaf; as
 * a pair of columns WITHOUT ROWID is an index tree, where everything over 1 KB goes to a page of its own: measured
 * with 1,000-byte payloads it took three times the space and gave 40 % of the appends per second.
 *
 * `channels.log` is another number after a `clear`, so that clearing is one row whatever the history's size; the old
 * number waits in `dropped` until its rows are gone. `channels.due_ms` is when something of the channel may expire at
 * the earliest: it is set too early rather than kept exact, so that its index does not change with every publish.
 *
 * `slots`: of a channel that is a table (version 2), the newest publication of each key, under the same log numbers.
 *
 * `keys`: in the order of use, never searched by key; that would be an index that changes at a random page for each
 * key, a third of the appends per second. The index is in the worker's memory.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    reign INTEGER NOT NULL,
    log INTEGER NOT NULL,
    base INTEGER NOT NULL,
    top INTEGER NOT NULL,
    top_id TEXT,
    floor INTEGER NOT NULL,
    purged INTEGER NOT NULL,
    size INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    written_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX channels_by_due ON channels (due_ms);

  CREATE TABLE log (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    kept_ms INTEGER NOT NULL,
    form INTEGER NOT NULL,
    meta TEXT,
    data BLOB NOT NULL
  ) STRICT;

  CREATE TABLE dropped (
    log INTEGER PRIMARY KEY
  ) STRICT;

  CREATE TABLE keys (
    sequence INTEGER PRIMARY KEY,
    used_ms INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    epoch TEXT NOT NULL,
    offset INTEGER NOT NULL,
    id TEXT NOT NULL,
    previous_id TEXT,
    at_ms INTEGER NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE channels ADD COLUMN is_table INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE slots (
    log INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    removed INTEGER NOT NULL,
    id TEXT NOT NULL,
    previous_id TEXT,
    at_ms INTEGER NOT NULL,
    kept_ms INTEGER NOT NULL,
    form INTEGER NOT NULL,
    meta TEXT,
    data BLOB NOT NULL,
    PRIMARY KEY (log, key)
  ) STRICT;
  CREATE INDEX slots_by_version ON slots (log, version);
  CREATE INDEX slots_removed ON slots (log, kept_ms, version) WHERE removed = 1;
  `,
];
