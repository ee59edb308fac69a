// Where repairs are written down: a table beside the ledger, which `migrate` never looks at.
import { quote, type SqlStorageLike } from '../base/storage.ts';
import { columnsOf } from '../ledger/ledger.ts';
import type { RepairRecord } from './commands.ts';

/**
 * The name of the table with the repairs.
 *
 * @param table the ledger's name
 */
export const repairsTable = (table: string): string => `${table}_repairs`;

/**
 * Reads the repairs, oldest first.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 */
export function readRepairs(sql: SqlStorageLike, table: string): RepairRecord[] {
  const name = repairsTable(table);
  if (!columnsOf(sql, name, 'table').has('repair')) return [];
  return Array.from(
    sql.exec(`SELECT id, at, who, reason, repair, "before" FROM ${quote(name)} ORDER BY id`),
    ({ id, at, who, reason, repair, before }): RepairRecord => ({
      id: id as number,
      at: at as number,
      by: who as string,
      reason: reason as string,
      repair: JSON.parse(repair as string),
      before: JSON.parse(before as string),
    }),
  );
}

/**
 * Writes a repair down.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @param record the repair
 */
export function writeRepair(sql: SqlStorageLike, table: string, record: RepairRecord): void {
  const name = quote(repairsTable(table));
  sql.exec(
    `CREATE TABLE IF NOT EXISTS ${name} (id INTEGER PRIMARY KEY, at INTEGER, who TEXT, reason TEXT, repair TEXT, "before" TEXT)`,
  );
  const { id, at, by, reason, repair, before } = record;
  // A number that is bound is a float to SQLite, which these columns turn into an integer.
  sql.exec(
    `INSERT INTO ${name} VALUES (?, ?, ?, ?, ?, ?)`,
    id,
    at,
    by,
    reason,
    JSON.stringify(repair),
    JSON.stringify(before),
  );
}
