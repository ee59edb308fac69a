import { refuse, typeOf } from '../base/errors.ts';
import { PASS, readBundle0, readBundle1 } from './bundles.ts';
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

/** Refuses what cannot hold migrations by name: a promise or a map has none, and would be taken for an empty one. */
function checkPlain(name: string, value: unknown): asserts value is object {
  const type = typeOf(value);
  if (/^(Object|Module)$/.test(type)) return;
  refuse('INVALID_INPUT', `${name} are of type ${type}. ${PASS}.`);
}

/** Tells the three forms of input apart and reads each migration's parts. */
function readSources(input: unknown): MigrationSource[] {
  checkPlain('The migrations', input);
  if ('migrationsFolder' in input) {
    refuse(
      'MIGRATIONS_FOLDER',
      'A Durable Object has no files for `migrationsFolder`. Set driver: "durable-sqlite" in drizzle.config.ts and run ' +
        `\`drizzle-kit generate\`. ${PASS}.`,
    );
  }
  if (!('journal' in input || 'migrations' in input)) return readRecord(input as MigrationRecord);
  checkPlain("The bundle's `migrations`", (input as DrizzleBundle1).migrations);
  return 'journal' in input
    ? readBundle0(input as DrizzleBundle0)
    : readBundle1(input as DrizzleBundle1);
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
      refuse(
        'REPEATED_TAG',
        `Migrations ${other} and ${key} are both "${tag}". Rename one of them, in the journal and its file.`,
        key,
      );
    }
    keyOfTag.set(tag, key);
  }
  return { migrations, fingerprint: fingerprintOf(migrations) };
}
