// What an object's foreign keys say of its rows, and whether they are enforced.
import type { SqlStorageLike } from '../base/storage.ts';

/**
 * Rows that lack what they refer to, as text.
 *
 * @param sql the object's SQL storage
 * @returns instead, what SQLite says where the schema itself is wrong: a reference to what is no key
 */
export function violationsOf(sql: SqlStorageLike): string[] {
  try {
    const found = sql.exec('PRAGMA foreign_key_check');
    return Array.from(
      found,
      ({ table, rowid, parent }) => `${table} row ${rowid} has no ${parent}`,
    );
  } catch (error) {
    return [(error as Error).message];
  }
}

/**
 * Whether foreign keys are enforced.
 *
 * @param sql the object's SQL storage
 */
export const areEnforced = (sql: SqlStorageLike): boolean =>
  [...sql.exec('PRAGMA foreign_keys')][0]?.foreign_keys === 1;
