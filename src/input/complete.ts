import { refuse, typeOf } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import type { Migration, MigrationSource } from './migration.ts';
import { checkWritten } from './unwritten.ts';

/**
 * Adds what a migration was given without.
 *
 * @param source the migration as it was read
 * @returns the migration with its checksum
 * @throws {InputError} if its SQL is no text, or not written yet
 */
export function complete(source: MigrationSource): Migration {
  const { key, tag = null, when = null, was = [], sql, up, revision, baseline } = source;
  const parts = { key, tag, when, was, up, revision, baseline };
  if (up) {
    checkWritten(key, revision as string);
    // Other functions may have the same revision, and none of them is this one.
    const checksum = sha256(`up ${tag} ${revision}`);
    return { ...parts, sql: null, checksum };
  }
  if (sql === null && source.checksum) return { ...parts, sql, checksum: source.checksum };
  if (typeof sql !== 'string') {
    refuse(
      'SQL_NOT_TEXT',
      `The SQL of ${tag ?? key} is of type ${typeOf(sql)}, not text${source.checksum ? ', and no baseline replaces it' : ''}. To import .sql files, update wrangler, or add ` +
        '"rules": [{ "type": "Text", "globs": ["**/*.sql"], "fallthrough": true }] to wrangler.jsonc. Vite alone needs ?raw.',
      key,
    );
  }
  checkWritten(key, sql);
  // Some bundlers keep a file's byte order mark and some do not; it must not make another migration of it.
  const checksum = source.checksum ?? sha256(sql.replace(/^\ufeff/, ''));
  return { ...parts, sql, checksum };
}
