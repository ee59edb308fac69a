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
  if (typeof value !== 'string')
    return timeOrNull(typeof value === 'number' ? Math.trunc(value) : value);
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isNaN(number)) return timeOrNull(Math.trunc(number));
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
 * @throws {AdoptionError} if the table is somebody else's
 */
export function readDrizzleLedger(sql: SqlStorageLike, table: string): DrizzleLedger | undefined {
  const found = columnsOf(sql, table, 'drizzleTable');
  const columns = found.map(({ name }) => name.toLowerCase());
  if (columns.length === 0) return undefined;
  if (!columns.includes('hash') || !columns.includes('created_at')) {
    throw notALedger(table, 'has no columns "hash" and "created_at"', 'drizzleTable');
  }
  const form = columns.includes('name') ? '1.x' : '0.x';
  const name = form === '1.x' ? 'name' : 'NULL';
  const isText = /char|clob|text/i.test(found[columns.indexOf('created_at')]?.type ?? '');
  const rows: DrizzleRow[] = [];
  const extras: DrizzleRow[] = [];
  const odd = new Set<DrizzleRow>();
  // Without AS a column is named as the table has it, and the rowid `id` where that column is another name for it.
  const stored = sql.exec(
    `SELECT rowid AS rowid, ${name} AS name, hash AS hash, created_at AS created_at FROM ${quote(table)} ORDER BY rowid`,
  );
  for (const { rowid, name: tag, hash, created_at } of stored) {
    const row = {
      rowid: rowid as number,
      tag: textOrNull(tag),
      created_at: millisOf(created_at),
      checksum: textOrNull(hash),
    };
    if (hash === EXTRA) extras.push(row);
    else rows.push(row);
    // 0.x sorts by it, and texts sort among themselves. https://www.sqlite.org/datatype3.html#determination_of_column_affinity
    const usual = isText ? String(row.created_at) : row.created_at;
    if (row.created_at !== null && created_at !== usual) odd.add(row);
  }
  return { form, rows, extras, odd };
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
