import {
  capitals,
  firstRow,
  notSqlite,
  type SqlStorageLike,
  type StorageLike,
} from '../base/storage.ts';
import type { MigrationList } from '../input/migration.ts';
import { readDrizzleLedger } from './drizzle.ts';
import { DEFAULT_TABLE, readLedger, SELECT_HEAD, selectHead } from './ledger.ts';
import { type OtherHistory, type OtherOptions, readOther } from './other.ts';
import type { DrizzleLedger, Ledger } from './row.ts';

/** The names of both ledgers. */
export interface TableNames {
  /** The ledger's name. */
  readonly table: string;
  /** The name of Drizzle's ledger. */
  readonly drizzleTable: string;
}

/** What stands in an object: both ledgers, each undefined if there is no such table. */
export interface State {
  readonly ledger: Ledger | undefined;
  readonly drizzle: DrizzleLedger | undefined;
  /** All tables and views beside Drizzle's ledger, in capitals; none are read where there is no such ledger. */
  readonly tables: ReadonlySet<unknown>;
  /** What a history beside both ledgers says. */
  readonly other?: OtherHistory | undefined;
}

/**
 * The whole of a wake with nothing to do: one statement, one row.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @returns what the last row says; undefined where there is none
 */
export function readHead(sql: SqlStorageLike, table: string): unknown {
  const statement = table === DEFAULT_TABLE ? SELECT_HEAD : selectHead(table);
  try {
    return firstRow(sql.exec(statement))?.head;
  } catch {
    // No ledger yet, or one of do-orm's: the slow path finds out, and meets any other error again.
    return undefined;
  }
}

/**
 * Reads both ledgers.
 *
 * @param sql the object's SQL storage
 * @param names the names of both
 * @throws {AdoptionError} if a table is not a ledger
 * @throws {InputError} if the class has no SQLite storage
 */
export function readLedgers(sql: SqlStorageLike, { table, drizzleTable }: TableNames): State {
  try {
    const drizzle = readDrizzleLedger(sql, drizzleTable);
    // https://www.sqlite.org/pragma.html#pragma_table_list reads the schema in memory, so no row is billed.
    const all = drizzle ? [...sql.exec('PRAGMA table_list')] : [];
    const tables = new Set(all.map(({ name }) => capitals(String(name))));
    return { ledger: readLedger(sql, table), drizzle, tables };
  } catch (cause) {
    // https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
    if (cause instanceof Error && cause.message.startsWith('SQL is not enabled')) {
      throw notSqlite(cause);
    }
    throw cause;
  }
}

/**
 * Reads both ledgers, and a history beside them.
 *
 * @param storage the object's storage
 * @param options the resolved options
 * @param list the code's migrations
 * @throws {AdoptionError} if a table is not a ledger, or nobody can tell which migrations ran
 * @throws {InputError} if the class has no SQLite storage
 */
export function readState(
  storage: StorageLike,
  options: TableNames & OtherOptions,
  list: MigrationList,
): State {
  const state = readLedgers(storage.sql, options);
  const isTracked = [state.ledger, state.drizzle].some((one) => one && one.rows.length > 0);
  return { ...state, other: readOther(storage, options, list, isTracked) };
}

/**
 * What the ledger's last row says of an object that is up to date with a list of migrations and with what the options ask
 * of the database.
 *
 * @param fingerprint the list's fingerprint
 * @param options the resolved options
 */
export const headOf = (
  fingerprint: string,
  {
    drizzle,
    drizzleTable,
    adopt,
  }: { readonly drizzle: 'retire' | 'mirror'; readonly drizzleTable: string } & OtherOptions,
): string => `${fingerprint} ${drizzle} ${drizzleTable}${adopt ? ` ${adopt.name}` : ''}`;
