import type { MigrationRecord } from '../input/migration.ts';

/** The ledger's own migrations. */
export const TABLES: MigrationRecord = {
  m0000: `
    CREATE TABLE runs (
      run INTEGER PRIMARY KEY,
      class TEXT NOT NULL,
      mode TEXT NOT NULL,
      state TEXT NOT NULL,
      stopped_by TEXT,
      started_at INTEGER NOT NULL,
      finished_at INTEGER,
      options TEXT NOT NULL,
      range_from TEXT,
      range_to TEXT,
      fingerprint TEXT,
      migrations TEXT,
      deployed_at INTEGER,
      bindings TEXT NOT NULL,
      sample_every INTEGER NOT NULL
    );
    CREATE TABLE listings (
      run INTEGER NOT NULL,
      listing INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      complete_at INTEGER,
      objects INTEGER NOT NULL,
      found INTEGER NOT NULL,
      last TEXT,
      PRIMARY KEY (run, listing)
    ) WITHOUT ROWID;
    -- Objects in the order of their ids, 64 digits each; names as JSON where some are known. listing is 0 for a page of
    -- objects that are tried again. state: open, given, done.
    CREATE TABLE pages (
      page INTEGER PRIMARY KEY,
      run INTEGER NOT NULL,
      listing INTEGER NOT NULL,
      last TEXT NOT NULL,
      ids TEXT NOT NULL,
      names TEXT,
      state TEXT NOT NULL,
      given_at INTEGER,
      taken_at INTEGER
    );
    CREATE INDEX pages_by_id ON pages (run, listing, last);
    CREATE INDEX pages_by_state ON pages (run, state, page);
    -- Objects that are tried again; page is that which has them now.
    CREATE TABLE waiting (
      run INTEGER NOT NULL,
      id TEXT NOT NULL,
      name TEXT,
      kind TEXT NOT NULL,
      fingerprint TEXT,
      was_old INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      due_at INTEGER NOT NULL,
      page INTEGER,
      PRIMARY KEY (run, id)
    ) WITHOUT ROWID;
    CREATE INDEX waiting_by_time ON waiting (run, due_at) WHERE page IS NULL;
    CREATE TABLE failures (
      run INTEGER NOT NULL,
      id TEXT NOT NULL,
      name TEXT,
      code TEXT NOT NULL,
      message TEXT NOT NULL,
      at INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      drizzle TEXT,
      migrations INTEGER,
      fingerprint TEXT,
      PRIMARY KEY (run, id)
    ) WITHOUT ROWID;
    CREATE INDEX failures_by_code ON failures (run, code, id);
    CREATE TABLE tallies (
      run INTEGER NOT NULL,
      what TEXT NOT NULL,
      key TEXT NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (run, what, key)
    ) WITHOUT ROWID;
    CREATE TABLE samples (
      run INTEGER NOT NULL,
      at INTEGER NOT NULL,
      listed INTEGER NOT NULL,
      through INTEGER NOT NULL,
      up_to_date INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      PRIMARY KEY (run, at)
    ) WITHOUT ROWID;
    CREATE TABLE heard (fingerprint TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  `,
};
