// Runs what an object's next wake would run, on a copy of its file: a plan knows the ledgers, and only its own rows tell
// whether a statement throws.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OfframpError } from '../../base/errors.ts';
import type { StateLike } from '../../base/storage.ts';
import type { MigrationInput } from '../../input/migration.ts';
import { migrate } from '../../migrate.ts';
import type { MigrateOptions } from '../../options.ts';
import { type Database, openDatabase } from '../database.ts';

/** Up to which size a file is copied to be tried, in bytes. */
export const LARGEST_TRIED = 64_000_000;

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
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-'));
  try {
    const file = join(folder, 'object.sqlite');
    // The only copy that is whole while a runtime writes: https://www.sqlite.org/lang_vacuum.html#vacuuminto
    object.sql.exec('VACUUM INTO ?', file);
    const storage = openDatabase(file);
    try {
      storage.sql.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY');
      const waiting: Promise<unknown>[] = [];
      const state: StateLike = {
        storage,
        blockConcurrencyWhile(callback) {
          const done = callback();
          waiting.push(done.catch(() => {}));
          return done;
        },
      };
      migrate(state, input, { ...options, drift: 'ignore' });
      // Foreign keys are enforced again before the file is closed.
      await Promise.all(waiting);
      return undefined;
    } catch (error) {
      if (error instanceof OfframpError) return error;
      throw error;
    } finally {
      storage.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
