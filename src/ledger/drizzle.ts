import type { SqlStorageLike } from '../base/storage.ts';
import { quote } from '../base/storage.ts';
import { columnsOf, notALedger, textOrNull, timeOrNull } from './ledger.ts';
import type { DrizzleLedger, DrizzleRow } from './row.ts';

/** The name of Drizzle's ledger unless the `drizzleTable` option says otherwise. */
export const DEFAULT_DRIZZLE_TABLE = '__drizzle_migrations';

/**
 * What stands as `hash` in a row that `mirror` wrote beside the one of the same migration, because one of Drizzle's
 * versions goes by it. No version of Drizzle reads that column here.
 */
export const EXTRA = 'drizzle-offramp';

/** A `created_at` in milliseconds, whatever other migrators of Drizzle write: a number, one as a text, an ISO time. */
function millisOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && !Number.isNaN(number)) return timeOrNull(Math.trunc(number));
  if (typeof value !== 'string') return null;
  // SQLite's own form has no zone, and is in UTC.
  const isDate = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value);
  const iso = /(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value.replace(' ', 'T')}Z`;
  return isDate ? timeOrNull(Date.parse(iso)) : null;
}

/**
 * Reads Drizzle's ledger.
 *
 * @param sql the object's SQL storage
 * @param table the name of Drizzle's ledger
 * @returns undefined if there is none
 * @throws {AdoptionError} if the table has another owner
 */
export function readDrizzleLedger(sql: SqlStorageLike, table: string): DrizzleLedger | undefined {
  const columns = columnsOf(sql, table, 'drizzleTable');
  if (columns.size === 0) return undefined;
  const time = columns.get('created_at');
  if (!columns.has('hash') || time === undefined) {
    throw notALedger(table, 'has no columns "hash" and "created_at"', 'drizzleTable');
  }
  const isNamed = columns.has('name');
  const isText = /char|clob|text/i.test(time.type);
  const rows: DrizzleRow[] = [];
  const extras: DrizzleRow[] = [];
  const odd = new Set<DrizzleRow>();
  // Without AS a column is named as the table has it, and the rowid `id` where that column is another name for it.
  const stored = sql.exec(
    `SELECT rowid AS rowid, ${isNamed ? 'name' : 'NULL'} AS name, hash AS hash, created_at AS created_at FROM ${quote(table)} ORDER BY rowid`,
  );
  for (const { rowid, name, hash, created_at } of stored) {
    const row = {
      rowid: rowid as number,
      tag: textOrNull(name),
      created_at: millisOf(created_at),
      checksum: textOrNull(hash),
    };
    (hash === EXTRA ? extras : rows).push(row);
    // 0.x sorts by it, and texts sort among themselves. https://www.sqlite.org/datatype3.html#determination_of_column_affinity
    const usual = isText ? String(row.created_at) : row.created_at;
    if (row.created_at !== null && created_at !== usual) odd.add(row);
  }
  return { form: isNamed ? '1.x' : '0.x', rows, extras, odd };
}

/**
 * Drops Drizzle's ledger.
 *
 * @param sql the object's SQL storage
 * @param table the name of Drizzle's ledger
 */
export function retireDrizzleLedger(sql: SqlStorageLike, table: string): void {
  // A migration may have dropped it.
  sql.exec(`DROP TABLE IF EXISTS ${quote(table)}`);
}
