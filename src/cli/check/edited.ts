// What an edit of a migration comes to: whether the old text can stand in objects with rows, and what schema both leave.
import { splitStatements } from '../../sql/statements.ts';
import { differences, type Structure, structureOf } from '../../testing/structure.ts';
import { openDatabase } from '../database.ts';
import { type LocatedMigration, locateStatements } from './located.ts';
import { rehearse } from './rehearsal.ts';
import { judgeStatement } from './statements.ts';
import type { Known } from './states.ts';

/** What throws in each object with a row in the table, and in no other. */
const NEEDS_EMPTY: readonly string[] = ['NOT_NULL_WITHOUT_DEFAULT', 'COLUMN_NEEDS_EMPTY_TABLE'];

const locate = ({ tag, when, sql }: Known, place: number): LocatedMigration => ({
  name: String(place),
  tag,
  when,
  idx: null,
  file: String(place),
  entry: { file: String(place), line: 1 },
  sql,
  firstLine: 1,
  statements: locateStatements(sql),
});

/**
 * Whether a migration throws in each object that has rows where it needs none.
 *
 * @param migrations a history
 * @param place the migration's place in it
 */
export const needsEmpty = (migrations: readonly Known[], place: number): boolean =>
  rehearse(migrations.slice(0, place + 1).map(locate)).some(
    ({ code, file }) => NEEDS_EMPTY.includes(code) && file === String(place),
  );

/** The schema that a history leaves; undefined if SQLite refuses a part of it. */
function schemaAfter(migrations: readonly Known[]): Structure | undefined {
  const database = openDatabase(':memory:');
  try {
    for (const { sql } of migrations) {
      for (const statement of splitStatements(sql)) {
        if (judgeStatement(statement) === undefined) database.sql.exec(statement);
      }
    }
    return structureOf(database.sql, []);
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

/**
 * Whether two histories leave one schema.
 *
 * @param before a history
 * @param after another
 * @returns false also where SQLite refuses one of them
 */
export function leaveOneSchema(before: readonly Known[], after: readonly Known[]): boolean {
  const [a, b] = [schemaAfter(before), schemaAfter(after)];
  return a !== undefined && b !== undefined && differences(a, b, 'is new').length === 0;
}
