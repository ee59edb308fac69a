import { InputError, reading, refuse, typeOf } from './errors.ts';

/** The part of Cloudflare's `SqlStorage` that is used here. */
export interface SqlStorageLike {
  exec(
    query: string,
    // biome-ignore lint/suspicious/noExplicitAny: as in @cloudflare/workers-types, so that its type fits.
    ...bindings: any[]
  ): Rows;
}

/** The part of Cloudflare's `SqlStorageCursor` that is used here; an array will do. */
export interface Rows extends Iterable<Record<string, unknown>> {
  toArray?(): Record<string, unknown>[];
}

declare global {
  /** Cloudflare's, where its types are installed; without them it adds nothing. */
  interface SqlStorage {}
}

/** The part of Cloudflare's `SqlStorageCursor` that a migration's function can use. */
export interface MigrationCursor<Row> extends Iterable<Row> {
  next(): IteratorResult<Row, undefined>;
  toArray(): Row[];
  one(): Row;
  // biome-ignore lint/suspicious/noExplicitAny: as in @cloudflare/workers-types.
  raw<Values extends any[]>(): IterableIterator<Values>;
  readonly columnNames: string[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** What a migration's function gets: Cloudflare's `SqlStorage`, whether its types are installed or not. */
export type MigrationSql = SqlStorage & {
  // biome-ignore lint/suspicious/noExplicitAny: as in @cloudflare/workers-types.
  exec<Row extends Record<string, any>>(query: string, ...bindings: any[]): MigrationCursor<Row>;
  readonly databaseSize: number;
};

/** The part of Cloudflare's `SyncKvStorage` (`ctx.storage.kv`) that is used here. */
export interface KeyValueLike {
  get(key: string): unknown;
  delete(key: string): unknown;
}

/** The part of Cloudflare's `DurableObjectStorage` that is used here. */
export interface StorageLike {
  readonly sql: SqlStorageLike;
  /** Only a history that stands in a key needs it. */
  readonly kv?: KeyValueLike | undefined;
  transactionSync<T>(closure: () => T): T;
  transaction<T>(closure: () => Promise<T>): Promise<T>;
}

/** The part of Cloudflare's `DurableObjectState` (`ctx`) that is used here. */
export interface StateLike {
  readonly storage: StorageLike;
}

/**
 * A Drizzle database: `drizzle(ctx.storage)`. Only the type of what `drizzle()` returns has `$client`; that of a field
 * declared as `DrizzleSqliteDODatabase`, as in Drizzle's manual, does not, so that it is told by its synchronous `run`.
 */
export interface DrizzleDatabaseLike {
  run(query: string): ReturnType<SqlStorageLike['exec']>;
}

/** Where to migrate: `ctx`, `ctx.storage`, or a Drizzle database made from it. All do the same. */
export type MigrateTarget = StateLike | StorageLike | DrizzleDatabaseLike;

/** A target with its storage found. */
export interface ResolvedTarget {
  readonly storage: StorageLike;
  readonly sql: SqlStorageLike;
}

/**
 * A name as SQL.
 *
 * @param name a table's or a column's name
 */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * A name in capitals, as SQLite compares names: letters beyond ASCII stay. https://www.sqlite.org/lang_keywords.html
 *
 * @param name a name or any other text
 */
export const capitals = (name: string): string =>
  name.replace(/[a-z]+/g, (letters) => letters.toUpperCase());

/**
 * Runs a statement to its end. A cursor that is left open (of a SELECT, or of RETURNING) locks its tables, and the
 * transaction cannot commit.
 *
 * @param sql the object's SQL storage
 * @param statement one statement
 */
export function runStatement(sql: SqlStorageLike, statement: string): void {
  const rows = sql.exec(statement);
  // These have no rows, and asking for them costs a call into the runtime.
  if (!/^(create|alter|drop)\b/i.test(statement)) for (const _row of rows);
}

/**
 * The first row of a result, which is read to its end.
 *
 * @param rows what `exec` returned
 */
export const firstRow = (rows: Rows): Record<string, unknown> | undefined =>
  // One call into the runtime instead of two for each row.
  (rows.toArray?.() ?? [...rows])[0];

/** @param cause what the runtime threw, if it threw */
export const notSqlite = (cause?: unknown): InputError =>
  Object.assign(
    new InputError(
      'NOT_SQLITE',
      'The class has no SQLite storage. Declare a new one with it in wrangler.jsonc (`new_sqlite_classes`, or "storage": ' +
        '"sqlite" under `exports`): a class cannot get it later.',
    ),
    { cause },
  );

/**
 * Finds the SQL storage behind what was passed as the target.
 *
 * @param target `ctx`, `ctx.storage` or a Drizzle database
 * @throws {InputError} if there is no Durable Object's SQL storage behind it
 */
export const resolveTarget = (target: unknown): ResolvedTarget =>
  reading('INVALID_TARGET', 'target', () => findStorage(target));

function findStorage(target: unknown): ResolvedTarget {
  const given = (target ?? {}) as Partial<StateLike & StorageLike & { $client: StorageLike }>;
  const { storage: own } = given;
  const storage = own ?? given.$client ?? (given as StorageLike);
  let sql: SqlStorageLike | undefined;
  try {
    sql = storage.sql;
  } catch (cause) {
    throw notSqlite(cause);
  }
  if (typeof storage.transactionSync === 'function') {
    if (typeof sql?.exec === 'function') return { storage, sql };
    throw notSqlite();
  }
  if (typeof (storage as { prepare?: unknown }).prepare === 'function') {
    refuse('D1_DATABASE', 'The target is a D1 database. Use `wrangler d1 migrations apply`.');
  }
  refuse(
    'INVALID_TARGET',
    `The target is of type ${typeOf(target)}, without SQL storage. Pass the Durable Object's \`ctx\`.`,
  );
}
