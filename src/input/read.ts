import { InputError, kindOf } from '../base/errors.ts';
import { readBundle0, readBundle1 } from './bundles.ts';
import { complete } from './complete.ts';
import { fingerprintOf } from './fingerprint.ts';
import type {
  DrizzleBundle0,
  DrizzleBundle1,
  MigrationList,
  MigrationRecord,
  MigrationSource,
} from './migration.ts';
import { readRecord } from './record.ts';

/** Whether a value can hold migrations by name: a promise or a map has none, and would be taken for an empty one. */
const isPlain = (value: unknown): value is object =>
  /^\[object (Object|Module)\]$/.test(Object.prototype.toString.call(value));

/** Tells the three forms of input apart and reads each migration's parts. */
function readSources(input: unknown): MigrationSource[] {
  if (!isPlain(input)) {
    throw new InputError(
      'INVALID_INPUT',
      `The migrations are ${kindOf(input)}. Pass the default export of drizzle-kit's migrations.js, or a record ` +
        "{ m0000: 'SQL', m0001: 'SQL' }.",
    );
  }
  if ('migrationsFolder' in input) {
    throw new InputError(
      'MIGRATIONS_FOLDER',
      'A Durable Object has no file system, so `migrationsFolder` cannot be read. Set driver: "durable-sqlite" in ' +
        'drizzle.config.ts, run `drizzle-kit generate`, and pass the default export of migrations.js.',
    );
  }
  if ('journal' in input) return readBundle0(input as DrizzleBundle0);
  if ('migrations' in input) {
    if (!isPlain(input.migrations)) {
      throw new InputError(
        'INVALID_INPUT',
        "The bundle has `migrations` but no migrations in it. Pass the default export of drizzle-kit's migrations.js.",
      );
    }
    return readBundle1(input as DrizzleBundle1);
  }
  return readRecord(input as MigrationRecord);
}

/**
 * Reads and checks an input, from nothing.
 *
 * @param input what was passed to `migrate`
 * @returns its migrations and their fingerprint
 * @throws {InputError} if it is none of the three forms, or one of them with something wrong in it
 */
export function read(input: unknown): MigrationList {
  const migrations = readSources(input).map(complete);
  const keyOfTag = new Map<string, string>();
  for (const { key, tag } of migrations) {
    if (tag === null) continue;
    const other = keyOfTag.get(tag);
    if (other !== undefined) {
      throw new InputError(
        'REPEATED_TAG',
        `Migrations ${other} and ${key} are both "${tag}": they were made in the same second under the same name. ` +
          'Rename one of them, in the journal and its file; Drizzle 0.x does not store the name.',
        key,
      );
    }
    keyOfTag.set(tag, key);
  }
  return { migrations, fingerprint: fingerprintOf(migrations) };
}
