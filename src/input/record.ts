import { InputError, show } from '../base/errors.ts';
import { isTag, isTimestamp, secondOf } from '../base/time.ts';
import type { MigrationRecord, MigrationSource } from './migration.ts';

const KEY = /^m(\d{4}|[1-9]\d{4,})$/;

/** Checks what an entry in the long form says beside its SQL. */
function checkEntry({ key, tag, when, was = [], checksum }: MigrationSource): void {
  if (tag !== undefined && !isTag(tag)) {
    throw new InputError(
      'INVALID_TAG',
      `Migration ${key} has the tag ${show(tag)}: it must start with its UTC second in 14 digits and "_".`,
      key,
    );
  }
  const stamps: readonly unknown[] = Array.isArray(was) ? was : [[was]];
  const bad = (when === undefined ? stamps : [when, ...stamps]).find((one) => !isTimestamp(one));
  if (
    bad !== undefined ||
    (when !== undefined && tag !== undefined && secondOf(when) !== tag.slice(0, 14))
  ) {
    throw new InputError(
      'INVALID_WHEN',
      `Migration ${key} has when: ${show(bad === undefined ? when : bad)}, which is no time in milliseconds or not the second of its tag.`,
      key,
    );
  }
  if (
    checksum !== undefined &&
    (typeof checksum !== 'string' || !/^[0-9a-f]{64}$/.test(checksum))
  ) {
    throw new InputError(
      'INVALID_ENTRY',
      `Migration ${key} has the checksum ${show(checksum)}: leave it out, or give the SHA-256 of its SQL.`,
      key,
    );
  }
}

/**
 * Reads a record, in the order of its keys' numbers.
 *
 * @param record the migrations by key
 * @returns its migrations, their SQL not yet looked at
 * @throws {InputError} if a key has another form, a number is missing, or a tag, a time or a checksum cannot be right
 */
export function readRecord(record: MigrationRecord): MigrationSource[] {
  const sources = Object.entries(record).map(([key, value]): MigrationSource => {
    if (!KEY.test(key)) {
      throw new InputError(
        'INVALID_KEY',
        `Invalid migration key "${key}": must be "m" followed by its number in four digits or more, such as "m0000".` +
          (key === 'default' ? ' Pass the default export itself.' : ''),
        key,
      );
    }
    return typeof value === 'object' && value !== null ? { ...value, key } : { key, sql: value };
  });
  sources.sort((a, b) => Number(a.key.slice(1)) - Number(b.key.slice(1)));
  sources.forEach(({ key }, expected) => {
    const version = Number(key.slice(1));
    if (version !== expected) {
      throw new InputError(
        'KEY_GAP',
        `Migrations must be sequential: expected version ${expected}, got ${version} (${key}). Add the missing ` +
          'migration back, or number the new one on from the last.',
        key,
      );
    }
  });
  sources.forEach(checkEntry);
  return sources;
}
