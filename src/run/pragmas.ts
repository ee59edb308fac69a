// A pragma that a migration sets stays set for the life of the object's instance, even if the migration is rolled back. So
// it is set back inside the transaction, where a failure still rolls back all.
// https://www.sqlite.org/pragma.html
import { firstRow, type SqlStorageLike } from '../base/storage.ts';
import { pragmaSwitch } from '../sql/statements.ts';

/** SQLite does not tell the state of this one; it shows in what LIKE does. */
const LIKE = 'case_sensitive_like';

/** What the runtime lets SQL set, but for foreign_keys, which is enforcement.ts's. */
const FLAGS = [
  LIKE,
  'defer_foreign_keys',
  'ignore_check_constraints',
  'legacy_alter_table',
  'recursive_triggers',
  'reverse_unordered_selects',
];

const stateOf = (sql: SqlStorageLike, pragma: string): unknown => {
  const query = pragma === LIKE ? "SELECT 'a' NOT LIKE 'A' AS state" : `PRAGMA ${pragma}`;
  return Object.values(firstRow(sql.exec(query)) ?? {})[0];
};

/**
 * Runs statements, and leaves the pragmas that they set as they were.
 *
 * @param sql the object's SQL storage
 * @param statements the statements that `run` runs
 * @param run runs them
 * @param hasFunction whether a function runs too, which may set any of them
 */
export function keepPragmas<T>(
  sql: SqlStorageLike,
  statements: ReadonlySet<string>,
  run: () => T,
  hasFunction: boolean,
): T {
  const set = new Set([...statements].flatMap((statement) => pragmaSwitch(statement)?.name ?? []));
  const before = FLAGS.filter((flag) => hasFunction || set.has(flag)).map((flag) => [
    flag,
    stateOf(sql, flag),
  ]);
  try {
    return run();
  } finally {
    for (const [flag, state] of before) sql.exec(`PRAGMA ${flag} = ${state}`);
  }
}
