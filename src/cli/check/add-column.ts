import { DatabaseSync } from 'node:sqlite';
import { parse } from '../../reader/parser.ts';
import type { Reader } from '../../reader/reader.ts';
import type { Finding } from './finding.ts';
import type { LocatedMigration } from './located.ts';

/** Why a column cannot be added to a table that has a row. */
interface Refusal {
  readonly table: string;
  /** SQLite's own words. */
  readonly says: string;
}

/**
 * Why a column cannot be added to a table that has a row.
 *
 * @param statement one statement
 * @returns undefined if it adds no column, or one that any table can get
 */
export function refusalOfColumn(statement: string): Refusal | undefined {
  const tree = parse(statement);
  if (tree?.type !== 'AlterTableStmt' || tree.body.type !== 'AddColumnAlterTableBody') {
    return undefined;
  }
  const { offset, length } = tree.tblName.span;
  // The rules are SQLite's (https://www.sqlite.org/lang_altertable.html#altertabaddcol), so SQLite is asked.
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });
  try {
    database.exec('CREATE TABLE filled (existing); INSERT INTO filled VALUES (1)');
    database.exec(`${statement.slice(0, offset)}filled${statement.slice(offset + length)}`);
    return undefined;
  } catch (cause) {
    const { message } = cause as Error;
    // Any other error is about what this table lacks.
    if (!/^cannot add a /i.test(message)) return undefined;
    return { table: tree.tblName.objName.text, says: message };
  } finally {
    database.close();
  }
}

/**
 * Finds a column that cannot be added to a table that has rows.
 *
 * @param migration the migration
 * @param position the place of the statement
 * @param reader the schema before the statement
 */
export function checkAddColumn(
  migration: LocatedMigration,
  position: number,
  reader: Reader,
): Finding[] {
  const { statement, line } = migration.statements[position] as { statement: string; line: number };
  const refusal = refusalOfColumn(statement);
  if (refusal === undefined) return [];
  const { says } = refusal;
  const known = reader.table(refusal.table);
  // Created by the same migration, and nothing was put into it yet.
  if (known?.filled === false) return [];
  // As it was created, in whatever case the statement has it.
  const table = known?.name ?? refusal.table;
  const notNull = says.includes('NOT NULL');
  return [
    {
      code: notNull ? 'NOT_NULL_WITHOUT_DEFAULT' : 'COLUMN_NEEDS_EMPTY_TABLE',
      severity: 'error',
      file: migration.file,
      line,
      message: notNull
        ? `${migration.name} adds a column to ${table} that is NOT NULL and has no default.`
        : `${migration.name} adds a column to ${table} that only an empty table can get.`,
      effect: `Each object with a row in ${table} throws ("${says}") at every wake; an empty one, as in a test, does not.`,
      fix: notNull
        ? 'Give it a constant DEFAULT; or add it nullable, fill it, and make it NOT NULL in a later rebuild.'
        : 'Add it without that default, and fill it with an UPDATE.',
    },
  ];
}
