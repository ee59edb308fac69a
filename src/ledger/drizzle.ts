import type { SqlStorageLike } from '../base/storage.ts';
import { quote } from '../base/storage.ts';
import { columnsOf, notALedger, textOrNull, timeOrNull } from './ledger.ts';
import type { DrizzleLedger, DrizzleRow } from './row.ts';

/** The name of Drizzle's ledger unless the `drizzleTable` option says otherwise. */
export const DEFAULT_DRIZZLE_TABLE = '__drizzle_migrations';

/**
 * Reads Drizzle's ledger.
 *
 * @param sql the object's SQL storage
 * @param table the name of Drizzle's ledger
 * @returns undefined if there is none
 * @throws {AdoptionError} if the table is somebody else's
 */
export function readDrizzleLedger(sql: SqlStorageLike, table: string): DrizzleLedger | undefined {
  const columns = columnsOf(sql, table, 'drizzleTable').map(({ name }) => name);
  if (columns.length === 0) return undefined;
  if (!columns.includes('hash') || !columns.includes('created_at')) {
    throw notALedger(table, 'has no columns "hash" and "created_at"', 'drizzleTable');
  }
  const form = columns.includes('name') ? '1.x' : '0.x';
  const name = form === '1.x' ? 'name' : 'NULL AS name';
  // Without AS it is named `id` where that column is another name for it.
  const rows = Array.from(
    sql.exec(
      `SELECT rowid AS rowid, ${name}, hash, created_at FROM ${quote(table)} ORDER BY rowid`,
    ),
    (row): DrizzleRow => ({
      rowid: row.rowid as number,
      tag: textOrNull(row.name),
      created_at: timeOrNull(row.created_at),
      checksum: textOrNull(row.hash),
    }),
  );
  return { form, rows };
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
