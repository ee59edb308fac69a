import type { Up } from '../../input/migration.ts';
import { foreignKeyMode } from '../../run/foreign-keys.ts';
import { splitStatements } from '../../sql/statements.ts';
import type { FolderMigration } from '../folder.ts';

/** A statement and where it stands. */
export interface Located {
  readonly statement: string;
  /** The line of its file that it starts in, from 1. */
  readonly line: number;
}

// What may stand between two statements. A breakpoint ends a comment too: the text is split there before all else.
const BETWEEN =
  /(?:--> statement-breakpoint|--(?:(?!--> statement-breakpoint)[^\n])*|\/\*(?:(?!\*\/|--> statement-breakpoint)[\s\S])*(?:\*\/)?|[\s\ufeff;])*/y;

const lineAt = (text: string, offset: number, from: { offset: number; line: number }): number => {
  for (let i = from.offset; i < offset; i++) if (text[i] === '\n') from.line++;
  from.offset = offset;
  return from.line;
};

/**
 * Splits a migration into statements, each with its line.
 *
 * @param sql the whole text of a migration, as its file has it
 * @param first the line that the text starts in
 * @returns the statements that `splitStatements` finds, in order
 */
export function locateStatements(sql: string, first = 1): Located[] {
  const position = { offset: 0, line: first };
  let end = 0;
  return splitStatements(sql).map((statement) => {
    BETWEEN.lastIndex = end;
    const start = end + (BETWEEN.exec(sql)?.[0].length ?? 0);
    // Whatever else stands between them, a statement is a part of the text.
    const found = sql.startsWith(statement, start) ? start : sql.indexOf(statement, end);
    end = found + statement.length;
    return { statement, line: lineAt(sql, found, position) };
  });
}

/** A migration of a folder or a module, with its statements located. */
export interface LocatedMigration {
  /** What a person knows it by: the name that its folder has for it, or its key in a module. */
  readonly name: string;
  /** The canonical tag, or null where nobody wrote one. */
  readonly tag: string | null;
  /** In milliseconds, or null where only the second is known, or nothing. */
  readonly when: number | null;
  /** The journal's `idx`; null where there is no journal. */
  readonly idx: number | null;
  /** The file of the SQL. */
  readonly file: string;
  /** Where its entry stands: the file, which is the journal of 0.x, and the line. */
  readonly entry: { readonly file: string; readonly line: number };
  readonly sql: string;
  /** The function and its revision, where it is one; `sql` is empty then. */
  readonly up?: Up | undefined;
  readonly revision?: string | undefined;
  /** The line of {@link file} that the SQL starts in. */
  readonly firstLine: number;
  readonly statements: readonly Located[];
}

/**
 * Locates the statements of a folder's migrations.
 *
 * @param migrations the migrations, in the order in which they run
 * @param journal the journal's file, if there is one
 */
export const locateAll = (
  migrations: readonly FolderMigration[],
  journal: string | null,
): LocatedMigration[] =>
  migrations.map(({ journalTag, tag, when, idx, file, line, sql }) => ({
    name: journalTag,
    tag,
    when,
    idx,
    file,
    entry: { file: journal ?? file, line },
    sql,
    firstLine: 1,
    statements: locateStatements(sql),
  }));

/**
 * Whether drizzle-offramp runs a migration with foreign keys disabled.
 *
 * @param migration the migration
 */
export const disablesForeignKeys = ({ statements }: LocatedMigration): boolean =>
  foreignKeyMode([{ statements: statements.map(({ statement }) => statement) }]) === 'off';
