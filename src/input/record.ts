import { check, type InputErrorCode, refuse } from '../base/errors.ts';
import { isTag, isTimestamp, secondOf } from '../base/time.ts';
import { PASS, TAG } from './bundles.ts';
import type { FunctionEntry, MigrationRecord, MigrationSource } from './migration.ts';

/** Checks what an entry in the long form says beside its SQL. */
function checkEntry(source: MigrationSource): void {
  const { key, tag, when, was, checksum, baseline, up, revision } = source;
  const field = (
    code: InputErrorCode,
    name: keyof MigrationSource,
    fits: boolean,
    words: string,
  ) => {
    const value = source[name];
    check(fits || value === undefined, code, `The \`${name}\` of ${key}`, value, words, key);
  };
  field('INVALID_TAG', 'tag', isTag(tag), TAG);
  field(
    'INVALID_WHEN',
    'when',
    isTimestamp(when) && (!isTag(tag) || tag.startsWith(secondOf(when))),
    'a time in milliseconds, of the second in its tag',
  );
  const areTimes = Array.isArray(was) && was.every(isTimestamp);
  field('INVALID_WHEN', 'was', areTimes, 'a list of times in milliseconds');
  const isSha256 = typeof checksum === 'string' && /^[0-9a-f]{64}$/.test(checksum);
  field('INVALID_ENTRY', 'checksum', isSha256, 'the SHA-256 of its SQL');
  field('INVALID_ENTRY', 'baseline', typeof baseline === 'string', 'SQL');
  const isFunction =
    isTag(tag) &&
    revision &&
    typeof revision === 'string' &&
    typeof up === 'function' &&
    Object.entries(source).every(
      ([name, value]) =>
        value === undefined || /^(key|tag|when|was|revision|up|baseline)$/.test(name),
    );
  check(
    isFunction || (up ?? revision) === undefined,
    'INVALID_ENTRY',
    `The function ${key}`,
    source,
    "a `tag`, a `revision` such as '1' and `up`, and no `sql`",
    key,
  );
}

/**
 * Reads a record, in the order of its keys' numbers.
 *
 * @param record the migrations by key
 * @returns its migrations, their SQL not yet looked at
 * @throws {InputError} if a key has another form, a number is missing, or a tag, a time or a checksum cannot be right
 */
export function readRecord(record: MigrationRecord): MigrationSource[] {
  const versionOf = ({ key }: MigrationSource) => Number(key.slice(1));
  const sources = Object.entries(record).map(([key, value]): MigrationSource => {
    if (!/^m(\d{4}|[1-9]\d{4,})$/.test(key)) {
      refuse(
        'INVALID_KEY',
        `Invalid migration key "${key}": must be "m" and four digits or more. ${PASS}.`,
        key,
      );
    }
    if (typeof value !== 'object' || value === null) return { key, sql: value };
    const { up } = value as Partial<FunctionEntry>;
    // A method may use `this`, and one of a class is none of the entry's own.
    return { sql: undefined, ...value, key, up: up?.bind?.(value) ?? up };
  });
  sources.sort((a, b) => versionOf(a) - versionOf(b));
  sources.forEach((source, expected) => {
    const { key } = source;
    const version = versionOf(source);
    if (version !== expected) {
      refuse(
        'KEY_GAP',
        `Migrations must be sequential: expected version ${expected}, got ${version} (${key}). Add the missing one, or ` +
          `rename ${key}.`,
        key,
      );
    }
  });
  sources.forEach(checkEntry);
  const replaced = sources.findLastIndex(({ baseline }) => baseline !== undefined);
  return sources.map((source, at) => {
    const isReplaced = source.sql === undefined && at <= replaced;
    return isReplaced && source.tag && source.checksum ? { ...source, sql: null } : source;
  });
}
