// The history run from nothing in a database in memory, statement by statement, so that a check can ask what the
// tables are like at any point of it. No row of any object is here: what depends on rows is told from the statements.
import { DatabaseSync } from 'node:sqlite';
import { quote } from '../../base/storage.ts';
import { type Database, openDatabase } from '../database.ts';
import type { Finding } from './finding.ts';
import { type LocatedMigration, nameOf } from './located.ts';
import { judgeStatement } from './statements.ts';

/** A column as it stands. */
export interface Column {
  readonly name: string;
  readonly notNull: boolean;
  /** The default as SQL, or null; `DEFAULT NULL` is none. */
  readonly fallback: string | null;
  readonly primaryKey: boolean;
  /** Whether it is computed from other columns, so that nothing can be written into it. */
  readonly generated: boolean;
}

/** A foreign key that refers to a table. */
export interface Child {
  readonly table: string;
  /** `CASCADE`, `SET NULL`, `SET DEFAULT`, `RESTRICT` or `NO ACTION`. */
  readonly onDelete: string;
}

/** What a check can ask between two statements of the history. */
export class Rehearsal {
  readonly #database: Database = openDatabase(':memory:');
  /** The same history where "text" can only be a name. It ends with the first definition that needs more. */
  #strict: DatabaseSync | undefined = new DatabaseSync(':memory:', {
    enableDoubleQuotedStringLiterals: false,
  });

  /**
   * Runs a statement.
   *
   * @param statement one statement
   * @returns what SQLite says where a name in double quotes is none, so that it was read as text; else undefined
   * @throws {Error} if SQLite refuses it
   */
  run(statement: string): string | undefined {
    this.#database.sql.exec(statement);
    try {
      this.#strict?.exec(statement);
      return undefined;
    } catch (cause) {
      const { message } = cause as Error;
      if (!/^(?:insert|update|delete|select|with|replace)\b/i.test(statement)) this.#close();
      // What follows is SQLite's advice.
      return /^no such column: "(?:[^"]|"")*"/.exec(message)?.[0];
    }
  }

  /** Enforces foreign keys again, as they are at the start of each migration. */
  enforce(): void {
    this.#database.sql.exec('PRAGMA foreign_keys = ON');
    this.#strict?.exec('PRAGMA foreign_keys = ON');
  }

  /**
   * The columns of a table, generated ones too; none if there is no such table.
   *
   * @param table a table's name, in any case
   */
  columnsOf(table: string): Column[] {
    const rows = this.#database.sql.exec(`PRAGMA table_xinfo(${quote(table)})`);
    return Array.from(rows, ({ name, notnull, dflt_value, pk, hidden }) => ({
      name: name as string,
      notNull: notnull === 1,
      fallback: /^null$/i.test(String(dflt_value)) ? null : (dflt_value as string | null),
      primaryKey: pk !== 0,
      // 2 and 3: https://www.sqlite.org/pragma.html#pragma_table_xinfo
      generated: Number(hidden) > 1,
    }));
  }

  /** The names of all tables. */
  tables(): string[] {
    const rows = this.#database.sql.exec('PRAGMA table_list');
    return Array.from(rows, ({ name }) => name as string).filter(
      (name) => !name.startsWith('sqlite_'),
    );
  }

  /**
   * The foreign keys that refer to a table, but for its own.
   *
   * @param table a table's name, in any case
   */
  childrenOf(table: string): Child[] {
    const parent = table.toLowerCase();
    return this.tables()
      .filter((name) => name.toLowerCase() !== parent)
      .flatMap((name) =>
        Array.from(this.#database.sql.exec(`PRAGMA foreign_key_list(${quote(name)})`))
          .filter((key) => String(key.table).toLowerCase() === parent)
          .map((key) => ({ table: name, onDelete: String(key.on_delete) })),
      );
  }

  /** Ends the rehearsal. */
  close(): void {
    this.#database.close();
    this.#close();
  }

  #close(): void {
    this.#strict?.close();
    this.#strict = undefined;
  }
}

/** A check that needs the tables as they stand before a migration and after each of its statements. */
export interface Observer {
  /** Called before each statement that is run. */
  before?(migration: LocatedMigration, position: number, rehearsal: Rehearsal): Finding[];
  /** Called after each statement that was run. */
  after?(migration: LocatedMigration, position: number, rehearsal: Rehearsal): Finding[];
}

const refused = (migration: LocatedMigration, position: number, cause: unknown): Finding => ({
  code: 'SQL_ERROR',
  severity: 'error',
  file: migration.file,
  line: migration.statements[position]?.line ?? 1,
  message: `SQLite refuses the statement: ${(cause as Error).message}.`,
  effect:
    `A new object that runs the history throws here, in ${nameOf(migration)}, at every wake; so does each object ` +
    'that lacks it. Nothing after it was rehearsed.',
  wayOut: 'Mend the SQL, if no object has run it; `drizzle-kit generate` writes it anew.',
});

const asText = (migration: LocatedMigration, position: number, message: string): Finding => ({
  code: 'NAME_READ_AS_TEXT',
  severity: 'error',
  file: migration.file,
  line: migration.statements[position]?.line ?? 1,
  message: `A name in double quotes is no column, so SQLite reads it as a text: ${message}.`,
  effect: 'Each row gets or is compared with the name itself, in silence.',
  wayOut:
    "Write what the column should get (drizzle-kit copies a column that the old table lacks): a value, or '…' for a text.",
});

/**
 * Runs the history and lets observers look on. It stops at the first statement that SQLite refuses; statements that
 * only the runtime refuses are left out.
 *
 * @param migrations the migrations with their statements, in the order in which they run
 * @param observers who looks on
 * @returns what SQLite and the observers found
 */
export function rehearse(
  migrations: readonly LocatedMigration[],
  observers: readonly Observer[],
): Finding[] {
  const findings: Finding[] = [];
  const rehearsal = new Rehearsal();
  try {
    for (const migration of migrations) {
      rehearsal.enforce();
      for (const [position, { statement }] of migration.statements.entries()) {
        if (judgeStatement(statement) !== undefined) continue;
        for (const observer of observers) {
          findings.push(...(observer.before?.(migration, position, rehearsal) ?? []));
        }
        try {
          const message = rehearsal.run(statement);
          if (message !== undefined) findings.push(asText(migration, position, message));
        } catch (cause) {
          return [...findings, refused(migration, position, cause)];
        }
        for (const observer of observers) {
          findings.push(...(observer.after?.(migration, position, rehearsal) ?? []));
        }
      }
    }
    return findings;
  } finally {
    rehearsal.close();
  }
}
