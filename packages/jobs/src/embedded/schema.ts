// The database's schema, as the steps that lead to it.

/**
 * Step n brings version n to n + 1. A step that was released is never edited.
 *
 * `waiting` jobs are `delayed` until their time and `ready` from then on, so that what is ready can be read in its order
 * without passing over what is not due. `place` is the order of arrival. `untold` marks an end that its owner has not been
 * told for sure; `leased_ms` then is until when somebody is at it.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE jobs (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    input TEXT NOT NULL,
    key TEXT,
    key_holds TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    added_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    first_delay_ms INTEGER NOT NULL,
    longest_delay_ms INTEGER NOT NULL,
    timeout_ms INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_ms INTEGER NOT NULL DEFAULT 0,
    leased_ms INTEGER NOT NULL DEFAULT 0,
    canceling INTEGER NOT NULL DEFAULT 0,
    untold INTEGER NOT NULL DEFAULT 0,
    ended_ms INTEGER,
    output TEXT,
    reason TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE UNIQUE INDEX jobs_by_key ON jobs (name, key) WHERE key IS NOT NULL;
  CREATE INDEX jobs_ready ON jobs (name, priority DESC, place) WHERE state = 'ready';
  CREATE INDEX jobs_delayed ON jobs (due_ms) WHERE state = 'delayed';
  CREATE INDEX jobs_running ON jobs (leased_ms) WHERE state = 'running';
  CREATE INDEX jobs_untold ON jobs (leased_ms) WHERE untold = 1;
  CREATE INDEX jobs_ended ON jobs (state, ended_ms) WHERE ended_ms IS NOT NULL;
  CREATE INDEX jobs_by_state ON jobs (state, place);
  `,
  // With `due_ms`, how long the oldest one waits is read from the index, as how many do is.
  `
  DROP INDEX jobs_ready;
  CREATE INDEX jobs_ready ON jobs (name, priority DESC, place, due_ms) WHERE state = 'ready';
  `,
];
