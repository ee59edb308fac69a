import { DatabaseSync } from 'node:sqlite';
import { words } from '../../sql/statements.ts';
import type { Finding } from './finding.ts';
import { type LocatedMigration, nameOf } from './located.ts';
import { unquote } from './names.ts';
import type { Observer } from './rehearsal.ts';

const ADD_COLUMN = /^(alter\s+table\s+)(?:[^\s"'`[]+|"[^"]*"|`[^`]*`|\[[^\]]*\])(\s+add\b)/i;

/**
 * Why a column cannot be added to a table that has a row, in SQLite's own words.
 *
 * @param statement one statement
 * @returns undefined if it adds no column, or one that any table can get
 */
export function refusalOfColumn(statement: string): string | undefined {
  if (!ADD_COLUMN.test(statement)) return undefined;
  // The rules are SQLite's (https://www.sqlite.org/lang_altertable.html#altertabaddcol), so SQLite is asked.
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });
  try {
    database.exec('CREATE TABLE filled (existing); INSERT INTO filled VALUES (1)');
    database.exec(statement.replace(ADD_COLUMN, '$1filled$2'));
    return undefined;
  } catch (cause) {
    const { message } = cause as Error;
    // Any other error is about what this table lacks.
    return /^Cannot add a /.test(message) ? message : undefined;
  } finally {
    database.close();
  }
}

const tableOf = (statement: string): string => unquote(words(statement)[2] ?? '').toLowerCase();

/** Whether the table was made by the same migration, and got no row from it up to here. */
function isFreshTable({ statements }: LocatedMigration, position: number, table: string): boolean {
  const before = statements.slice(0, position).map(({ statement }) => words(statement));
  const names = (all: readonly string[]): boolean =>
    all.some((word) => unquote(word).toLowerCase() === table);
  return (
    before.some((all) => all[0] === 'CREATE' && all[1] === 'TABLE' && names(all)) &&
    !before.some((all) => (all[0] === 'INSERT' || all[0] === 'REPLACE') && names(all))
  );
}

/** Finds columns that cannot be added to a table that has rows. */
export const addColumn: Observer = {
  after(migration, position): Finding[] {
    const { statement, line } = migration.statements[position] as {
      statement: string;
      line: number;
    };
    const refusal = refusalOfColumn(statement);
    const table = tableOf(statement);
    if (refusal === undefined || isFreshTable(migration, position, table)) return [];
    const notNull = refusal.includes('NOT NULL');
    return [
      {
        code: notNull ? 'NOT_NULL_WITHOUT_DEFAULT' : 'COLUMN_NEEDS_EMPTY_TABLE',
        severity: 'error',
        file: migration.file,
        line,
        message: notNull
          ? `${nameOf(migration)} adds a column to ${table} that is NOT NULL and has no default.`
          : `${nameOf(migration)} adds a column to ${table} that only an empty table can get.`,
        effect: `Each object with a row in ${table} throws ("${refusal}") at every wake; an empty one, as in a test, does not.`,
        wayOut: notNull
          ? 'Give it a constant DEFAULT; or add it nullable, fill it, and make it NOT NULL in a later rebuild.'
          : 'Add it without that default, and fill it with an UPDATE.',
      },
    ];
  },
};
