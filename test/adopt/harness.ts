import { env, runInDurableObject } from 'cloudflare:test';
import type { MigrateOptions, MigrationRecord, SqlStorageLike } from '../../src/index.ts';

/** Runs a function with the `ctx` of a new object. */
export const inObject = <T>(run: (ctx: DurableObjectState) => T | Promise<T>): Promise<T> =>
  runInDurableObject(env.OBJECT.get(env.OBJECT.newUniqueId()), (_, ctx) => run(ctx));

type Row = Record<string, SqlStorageValue>;

export const rows = (ctx: DurableObjectState, sql: string): Row[] =>
  ctx.storage.sql.exec<Row>(sql).toArray();

export const tables = (ctx: DurableObjectState): unknown[] =>
  rows(
    ctx,
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' ORDER BY name",
  ).map(({ name }) => name);

/** Everything in a database, and the keys beside it. */
export const dump = (ctx: DurableObjectState): unknown => ({
  schema: rows(
    ctx,
    "SELECT name, sql FROM sqlite_master WHERE name NOT GLOB '_cf_*' ORDER BY name",
  ),
  rows: tables(ctx).map((table) => rows(ctx, `SELECT * FROM "${table}"`)),
  keys: [...ctx.storage.kv.list()],
});

/** What a function throws. */
export function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** How many rows a call reads and writes. */
export function counted(ctx: DurableObjectState): {
  storage: DurableObjectStorage;
  read: () => number;
} {
  const cursors: SqlStorageCursor<Row>[] = [];
  const sql: SqlStorageLike = {
    exec(query, ...bindings) {
      const cursor = ctx.storage.sql.exec(query, ...bindings);
      cursors.push(cursor);
      return cursor;
    },
  };
  const storage = {
    sql,
    kv: ctx.storage.kv,
    transactionSync: <T>(run: () => T) => ctx.storage.transactionSync(run),
    transaction: <T>(run: () => Promise<T>) => ctx.storage.transaction(run),
  } as unknown as DurableObjectStorage;
  return { storage, read: () => cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0) };
}

/** What every library's migrations do here: the third one is a rebuild of the first one's table, which the second one refers to. */
export const SQL = [
  'CREATE TABLE users (id integer PRIMARY KEY NOT NULL, name text)',
  'CREATE TABLE posts (id integer PRIMARY KEY NOT NULL, user integer REFERENCES users(id) ON DELETE CASCADE)',
  `PRAGMA foreign_keys=OFF;
CREATE TABLE __new_users (id integer PRIMARY KEY NOT NULL, name text NOT NULL);
INSERT INTO __new_users SELECT id, name FROM users;
DROP TABLE users;
ALTER TABLE __new_users RENAME TO users;
PRAGMA foreign_keys=ON;`,
] as const;

/** The same as a record with tags. */
export const RECORD = {
  m0000: { tag: '20261101000000_users', sql: SQL[0] },
  m0001: { tag: '20261102000000_posts', sql: SQL[1] },
  m0002: { tag: '20261103000000_strict', sql: SQL[2] },
} as const satisfies MigrationRecord;

/** The first migrations of it. */
export const first = (count: number): MigrationRecord =>
  Object.fromEntries(Object.entries(RECORD).slice(0, count));

export const fill = (ctx: DurableObjectState): void => {
  ctx.storage.sql.exec("INSERT INTO users VALUES (1, 'a'); INSERT INTO posts VALUES (1, 1)");
};

export type Options = MigrateOptions;
