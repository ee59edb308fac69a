// Proves the baseline of a module that stands on disk.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Migration } from '../../input/migration.ts';
import { checkBaseline } from '../baseline/make.ts';
import type { FolderMigration } from '../folder.ts';
import { openModule } from '../module.ts';
import { CliError } from '../output.ts';

/** What proving a baseline comes to. */
export interface Proof {
  /** The key of the entry that has the baseline. */
  readonly key: string;
  /** Whether it was run against its history; not where SQL of that is gone from the module and from the folder. */
  readonly proved: boolean;
  /** Why it does not hold; undefined if nothing says so. */
  readonly problem?: string;
}

/** Migrations with the SQL of the folder where the module has none any more: a checksum tells that it is the same. */
function withTexts(
  migrations: readonly Migration[],
  found: readonly FolderMigration[],
): Migration[] {
  const texts = new Map(
    found.map(({ sql }) => [createHash('sha256').update(sql).digest('hex'), sql]),
  );
  return migrations.map((one) =>
    one.sql === null && one.up === undefined
      ? { ...one, sql: texts.get(one.checksum) ?? null }
      : one,
  );
}

/**
 * Runs a module's baseline against the history that it stands for, as far as its SQL is in the module or in the folder.
 *
 * @param file the module; it need not be there
 * @param found the folder's migrations
 * @returns undefined if it has no baseline
 * @throws {CliError} if the module cannot be read
 */
export async function proveBaseline(
  file: string,
  found: readonly FolderMigration[],
): Promise<Proof | undefined> {
  const module = existsSync(file) ? await openModule(file) : undefined;
  const migrations = module?.list.migrations ?? [];
  const key = migrations.findLast(({ baseline }) => baseline !== undefined)?.key;
  if (key === undefined) return undefined;
  try {
    return { key, proved: checkBaseline(withTexts(migrations, found)) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { key, proved: false, problem: error.message };
  }
}
