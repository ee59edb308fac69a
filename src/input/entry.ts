import type { FunctionEntry, Migration, MigrationEntry } from './migration.ts';

/**
 * A migration as an entry of a record in the long form: whoever reads that gets the same migration.
 *
 * @param migration the migration
 */
export function entryOf(migration: Migration): MigrationEntry | FunctionEntry {
  const { tag, when, was, sql, checksum, up, revision, baseline } = migration;
  const parts = {
    was,
    ...(tag !== null && { tag }),
    ...(when !== null && { when }),
    ...(baseline !== undefined && { baseline }),
  };
  if (up !== undefined && revision !== undefined && tag !== null) {
    return { ...parts, tag, revision, up };
  }
  return { ...parts, checksum, ...(sql !== null && { sql }) };
}
