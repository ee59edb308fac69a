// Runs what an object's next wake would run, on a copy of it: a plan knows the ledgers, and only the object's own rows
// tell whether a statement throws.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OfframpError } from '../../base/errors.ts';
import type { MigrationInput } from '../../input/migration.ts';
import { migrateAsync } from '../../migrate.ts';
import type { MigrateOptions } from '../../options.ts';
import { type Database, openDatabase } from '../database.ts';

/** Up to which size an object is copied to be tried, in bytes. */
export const LARGEST_TRIED = 64_000_000;

let copies = 0;

/** An empty database in memory that another connection can write into under its name, or on disk. */
function openEmpty(): { name: string; database: Database } {
  // https://www.sqlite.org/inmemorydb.html#sharedmemdb: on disk each copy takes twenty times as long.
  const url = new URL(`file:///drizzle-offramp-${copies++}?mode=memory&cache=shared`);
  try {
    return { name: url.href, database: openDatabase(url) };
  } catch (error) {
    // Node 22.13 and 22.14 take no URL.
    if ((error as { code?: unknown }).code !== 'ERR_INVALID_ARG_TYPE') throw error;
  }
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-'));
  const name = join(folder, 'object.sqlite');
  const database = openDatabase(name);
  const close = (): void => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { name, database: { ...database, close } };
}

/**
 * Migrates a copy of an object, which is gone afterwards. The object itself is only read.
 *
 * @param object the object's database
 * @param input the migrations
 * @param options the options of `migrate`
 * @returns what `migrate` throws, or undefined if it does not
 */
export async function attempt(
  object: Database,
  input: MigrationInput,
  options: MigrateOptions,
): Promise<OfframpError | undefined> {
  const { name, database: storage } = openEmpty();
  try {
    // The only copy that is whole while a runtime writes: https://www.sqlite.org/lang_vacuum.html#vacuuminto
    object.sql.exec('VACUUM INTO ?', name);
    await migrateAsync(storage, input, { ...options, drift: 'ignore' });
    return undefined;
  } catch (error) {
    if (error instanceof OfframpError) return error;
    throw error;
  } finally {
    storage.close();
  }
}
