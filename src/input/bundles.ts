import { InputError, show } from '../base/errors.ts';
import { keyOf } from '../base/key.ts';
import { isTag, isTimestamp, secondOf } from '../base/time.ts';
import type { DrizzleBundle0, DrizzleBundle1, MigrationSource } from './migration.ts';

/**
 * What `drizzle-kit up` would call a migration of a 0.x journal: the second of `when`, and the tag without what
 * stands before its first underscore. The name is then the same before and after the upgrade.
 *
 * @param when the journal entry's `when`, in milliseconds
 * @param tag the journal entry's tag, with any of drizzle-kit's prefixes
 */
export const canonicalTag = (when: number, tag: string): string =>
  `${secondOf(when)}_${tag.replace(/^[^_]*_?/, '')}`;

/**
 * Reads a 0.x bundle, in the order of its journal, which is the order Drizzle runs it in.
 *
 * @param bundle the default export of `migrations.js`
 * @throws {InputError} if journal and SQL do not belong together or an entry is not what drizzle-kit writes
 */
export function readBundle0(bundle: DrizzleBundle0): MigrationSource[] {
  const { journal, migrations } = bundle;
  if (!Array.isArray(journal?.entries) || typeof migrations !== 'object' || migrations === null) {
    throw new InputError(
      'INVALID_INPUT',
      'The bundle has a `journal` but not { journal: { entries: [] }, migrations: {} }. Pass the default export of ' +
        "drizzle-kit's migrations.js.",
    );
  }
  const tagOfKey = new Map<string, string>();
  const sources = Array.from(journal.entries, (entry: unknown, position) => {
    const { idx, when, tag } = (entry ?? {}) as Record<string, unknown>;
    if (!Number.isInteger(idx) || (idx as number) < 0 || typeof tag !== 'string') {
      throw new InputError(
        'INVALID_ENTRY',
        `Journal entry ${position} is ${show(entry)}: it needs an idx (0, 1, …) and a tag. Restore ` +
          'meta/_journal.json from version control, or run `drizzle-kit generate` again.',
      );
    }
    const key = keyOf(idx as number);
    const taken = tagOfKey.get(key);
    if (taken !== undefined) {
      throw new InputError(
        'REPEATED_IDX',
        `Journal entries "${taken}" and "${tag}" both have idx ${idx}, so migrations.${key} can be the SQL of only ` +
          'one. Two branches were merged: give the later one the next free idx in meta/_journal.json and in migrations.js.',
        key,
      );
    }
    tagOfKey.set(key, tag);
    if (!isTimestamp(when)) {
      throw new InputError(
        'INVALID_WHEN',
        `Journal entry "${tag}" has when: ${show(when)}, which is no time in milliseconds. Restore the value that ` +
          'drizzle-kit wrote into meta/_journal.json: it tells which objects have the migration.',
        key,
      );
    }
    if (!Object.hasOwn(migrations, key)) {
      throw new InputError(
        'MISSING_SQL',
        `Journal entry "${tag}" has no SQL: migrations.${key} is missing. Import ./${tag}.sql as ${key} in ` +
          'migrations.js, or remove the entry if no object has it.',
        key,
      );
    }
    return { key, tag: canonicalTag(when, tag), when, sql: migrations[key] };
  });
  for (const key of Object.keys(migrations)) {
    if (!tagOfKey.has(key)) {
      throw new InputError(
        'ORPHAN_SQL',
        `migrations.${key} has no entry in the journal, so nobody can tell when it was made. Add the entry with ` +
          `idx ${Number(key.slice(1))} to meta/_journal.json, or remove ${key} from migrations.js.`,
        key,
      );
    }
  }
  return sources;
}

/**
 * Reads a 1.x bundle, sorted by name, which is the order Drizzle runs it in.
 *
 * @param bundle the default export of `migrations.js`
 * @throws {InputError} if a name does not start with its timestamp
 */
export function readBundle1(bundle: DrizzleBundle1): MigrationSource[] {
  const tags = Object.keys(bundle.migrations).sort();
  return tags.map((tag, position) => {
    if (!isTag(tag)) {
      throw new InputError(
        'INVALID_TAG',
        `Migration "${tag}" does not start with its time, as "20261122175044_kind_aqueduct" does. Pass the default export ` +
          "of drizzle-kit's migrations.js whole: 0.x writes { journal, migrations }, 1.x writes { migrations } with the " +
          "folders' names.",
        tag,
      );
    }
    return { key: keyOf(position), tag, sql: bundle.migrations[tag] };
  });
}
