import { check, refuse } from '../base/errors.ts';
import { keyOf } from '../base/key.ts';
import { isTag, isTimestamp, secondOf } from '../base/time.ts';
import type { DrizzleBundle0, DrizzleBundle1, MigrationSource } from './migration.ts';

/** What to do where the whole input is not what `migrate` takes. */
export const PASS = "Pass the default export of drizzle-kit's migrations.js, or { m0000: 'SQL' }";

/** What a tag takes. */
export const TAG = 'its UTC second first, as in "20261122175044_name"';

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
export function readBundle0({ journal, migrations }: DrizzleBundle0): MigrationSource[] {
  const entries: readonly unknown[] | undefined = journal?.entries;
  if (!Array.isArray(entries)) {
    refuse('INVALID_INPUT', `The bundle's \`journal\` has no list of entries. ${PASS}.`);
  }
  const tagOfKey = new Map<string, string>();
  const sources = Array.from(entries, (entry, position) => {
    const { idx, when, tag } = entry ?? {};
    check(
      Number.isInteger(idx) && idx >= 0 && typeof tag === 'string',
      'INVALID_ENTRY',
      `Journal entry ${position}`,
      entry,
      'an idx and a tag. Restore it in meta/_journal.json',
    );
    const key = keyOf(idx);
    const taken = tagOfKey.get(key);
    if (taken !== undefined) {
      refuse(
        'REPEATED_IDX',
        `Journal entries "${taken}" and "${tag}" both have idx ${idx}. Give the later one the next free idx in ` +
          'meta/_journal.json and migrations.js.',
        key,
      );
    }
    tagOfKey.set(key, tag);
    check(
      isTimestamp(when),
      'INVALID_WHEN',
      `The \`when\` of journal entry "${tag}"`,
      when,
      'a time in milliseconds. Restore it in meta/_journal.json',
      key,
    );
    if (!Object.hasOwn(migrations, key)) {
      refuse(
        'MISSING_SQL',
        `Journal entry "${tag}" has no SQL: migrations.${key} is missing. Import ./${tag}.sql as ${key} in migrations.js.`,
        key,
      );
    }
    return { key, tag: canonicalTag(when, tag), when, sql: migrations[key] };
  });
  for (const key of Object.keys(migrations)) {
    if (!tagOfKey.has(key)) {
      refuse(
        'ORPHAN_SQL',
        `migrations.${key} has no journal entry. Restore it in meta/_journal.json, or remove ${key} from migrations.js.`,
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
export const readBundle1 = ({ migrations }: DrizzleBundle1): MigrationSource[] =>
  Object.keys(migrations)
    .sort()
    .map((tag, position) => {
      check(isTag(tag), 'INVALID_TAG', "A migration's name", tag, `${TAG}. ${PASS}`, tag);
      return { key: keyOf(position), tag, sql: migrations[tag] };
    });
