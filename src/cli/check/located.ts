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
 * @returns the statements that `splitStatements` finds, in order
 */
export function locateStatements(sql: string): Located[] {
  const position = { offset: 0, line: 1 };
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

/** A migration of a folder with its statements located. */
export interface LocatedMigration extends FolderMigration {
  readonly statements: readonly Located[];
}

/**
 * Locates the statements of a folder's migrations.
 *
 * @param migrations the migrations, in the order in which they run
 */
export const locateAll = (migrations: readonly FolderMigration[]): LocatedMigration[] =>
  migrations.map((migration) => ({ ...migration, statements: locateStatements(migration.sql) }));

/**
 * The name that a person knows a migration by: the one that its folder has for it.
 *
 * @param migration a folder's migration
 */
export const nameOf = ({ journalTag }: FolderMigration): string => journalTag;
