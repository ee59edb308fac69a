import { check, refuse } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import { isTag } from '../base/time.ts';
import { TAG } from './bundles.ts';
import type { FunctionEntry, MigrationEntry, MigrationSource } from './migration.ts';

/** The revision that `drizzle-offramp new --function` leaves for the person who writes the function. */
export const UNWRITTEN_REVISION = 'not written yet';

const FIELDS = ['tag', 'when', 'was', 'revision', 'up', 'baseline'];

/**
 * Whether an entry of a record is meant to be a function.
 *
 * @param entry an entry in the long form
 */
export const isFunction = (entry: object): entry is FunctionEntry =>
  'up' in entry || 'revision' in entry;

/**
 * Reads a migration that is a function.
 *
 * @param key its key
 * @param entry its entry, whose tag, times and baseline are looked at later
 * @throws {InputError} if it has no function, no revision or no tag, or says what is not read
 */
export function readFunction(
  key: string,
  entry: FunctionEntry & Partial<MigrationEntry>,
): MigrationSource {
  const { tag, when, was, revision, baseline } = entry;
  const other = Object.keys(entry).find((field) => !FIELDS.includes(field));
  if (other !== undefined) {
    refuse(
      'INVALID_ENTRY',
      `${key} is a function and has \`${other}\` too. Take that out: it takes ${FIELDS.join(', ')}.`,
      key,
    );
  }
  check(
    typeof entry.up === 'function',
    'INVALID_ENTRY',
    `The \`up\` of ${key}`,
    entry.up,
    'a function',
    key,
  );
  const isText = typeof revision === 'string' && revision !== '';
  check(isText, 'INVALID_ENTRY', `The \`revision\` of ${key}`, revision, "a text, as '1'", key);
  check(isTag(tag), 'INVALID_TAG', `The \`tag\` of ${key}`, tag, TAG, key);
  if (revision === UNWRITTEN_REVISION) {
    refuse(
      'NOT_WRITTEN',
      `The function of ${key} is not written yet. Write it and set its \`revision\` to '1', or remove ${key}.`,
      key,
    );
  }
  return {
    key,
    tag,
    sql: null,
    // Other functions may have the same revision, and none of them is this one.
    checksum: sha256(`drizzle-offramp function\n${tag}\n${revision}`),
    up: (sql) => entry.up(sql),
    revision,
    ...(when === undefined ? {} : { when }),
    ...(was === undefined ? {} : { was }),
    ...(baseline === undefined ? {} : { baseline }),
  };
}
