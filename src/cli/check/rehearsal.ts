// The history run from nothing in a database in memory, statement by statement: what SQLite refuses it refuses here.
// No row of any object is here: what depends on rows the reader tells from the statements.
import { DatabaseSync } from 'node:sqlite';
import { quote, type SqlStorageLike } from '../../base/storage.ts';
import { fold, shown } from '../../reader/names.ts';
import { Reader } from '../../reader/reader.ts';
import { type Database, openDatabase } from '../database.ts';
import { checkAddColumn } from './add-column.ts';
import { checkEffects } from './effects.ts';
import type { Finding } from './finding.ts';
import { failed, runIn } from './function.ts';
import type { LocatedMigration } from './located.ts';
import { Facts } from './rows/facts.ts';
import { Migrated } from './rows/migrated.ts';
import { checkRows } from './rows/rows.ts';
import { judgeStatement } from './statements.ts';

/** A database without rows. */
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

  /**
   * Runs the function of a migration.
   *
   * @param migration the migration
   * @returns the statements by which it changed the schema
   * @throws what it throws
   */
  runFunction(migration: LocatedMigration): string[] {
    const defined = runIn(this.#database.sql, migration);
    try {
      for (const statement of defined) this.#strict?.exec(statement);
    } catch {
      this.#close();
    }
    return defined;
  }

  /** Enforces foreign keys again, as they are at the start of each migration. */
  enforce(): void {
    this.#database.sql.exec('PRAGMA foreign_keys = ON');
    this.#strict?.exec('PRAGMA foreign_keys = ON');
  }

  /** What of the schema no statement can use any more: views, and what sets a trigger off, each with SQLite's words. */
  broken(): Map<string, string> {
    const broken = new Map<string, string>();
    const ask = (thing: string, query: string): void => {
      try {
        this.#database.sql.exec(query);
      } catch (cause) {
        const { message } = cause as Error;
        // A trigger stands in for one kind of statement on a view only.
        if (!/^cannot modify .* because it is a view$/.test(message)) broken.set(thing, message);
      }
    };
    const found = [
      ...this.#database.sql.exec(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE type IN ('view', 'trigger')",
      ),
    ];
    for (const { type, name, tbl_name } of found) {
      const [thing, table] = [`${type} ${name}`, quote(String(tbl_name))];
      if (type === 'view') {
        ask(thing, `EXPLAIN SELECT * FROM ${table}`);
        continue;
      }
      const columns = this.#database.sql.exec(`PRAGMA table_info(${table})`);
      const set = Array.from(columns, ({ name: column }) => quote(String(column)));
      ask(thing, `EXPLAIN DELETE FROM ${table}`);
      ask(thing, `EXPLAIN INSERT INTO ${table} DEFAULT VALUES`);
      ask(thing, `EXPLAIN UPDATE ${table} SET ${set.map((one) => `${one} = ${one}`).join(', ')}`);
    }
    return broken;
  }

  /**
   * The references that lead nowhere: to a table that is not there, or to what is no key. Each by the table that has it.
   *
   * @param tables the tables to look at; undefined for all
   */
  references(tables: readonly string[] | undefined): Map<string, string> {
    const broken = new Map<string, string>();
    const listed =
      tables === undefined ? '' : ' AND lower(m.name) IN (SELECT value FROM json_each(?))';
    const found = this.#database.sql.exec(
      `SELECT m.name, group_concat(DISTINCT f."table") FILTER (WHERE p.name IS NULL) AS missing
        FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f
        LEFT JOIN sqlite_master AS p ON p.type = 'table' AND lower(p.name) = lower(f."table")
        WHERE m.type = 'table'${listed} GROUP BY m.name`,
      ...(tables === undefined ? [] : [JSON.stringify(tables.map((name) => name.toLowerCase()))]),
    );
    for (const { name, missing } of [...found]) {
      if (missing !== null) {
        broken.set(String(name), `no such table: main.${missing}`);
        continue;
      }
      try {
        this.#database.sql.exec(`EXPLAIN INSERT INTO ${quote(String(name))} DEFAULT VALUES`);
      } catch (cause) {
        const { message } = cause as Error;
        if (/^foreign key mismatch/.test(message)) broken.set(String(name), message);
      }
    }
    return broken;
  }

  /**
   * Why no row can be inserted into a table.
   *
   * @param table its name
   * @returns undefined where nothing stands against it that no value could change
   */
  refusesRows(table: string): string | undefined {
    try {
      this.#database.sql.exec(`EXPLAIN INSERT INTO ${quote(table)} DEFAULT VALUES`);
      return undefined;
    } catch (cause) {
      const { message } = cause as Error;
      return /(?:unknown|no such) function/.test(message) ? message : undefined;
    }
  }

  /** The database itself. */
  get sql(): SqlStorageLike {
    return this.#database.sql;
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

/** A rename reads all views and triggers, and what they name must be there: https://www.sqlite.org/lang_altertable.html */
function fixOf(message: string): string {
  const [, thing] = /^error in ((?:view|trigger) .*?)(?: after rename)?:/.exec(message) ?? [];
  return thing === undefined
    ? 'Correct the SQL by hand, if no object has run it. Where drizzle-kit wrote it so, it would write the same again.'
    : `Drop the ${thing} before the rebuild, and create it again after it.`;
}

const refused = (migration: LocatedMigration, position: number, cause: unknown): Finding => ({
  code: 'SQL_ERROR',
  severity: 'error',
  file: migration.file,
  line: migration.statements[position]?.line ?? 1,
  message: `SQLite refuses the statement: ${(cause as Error).message}.`,
  effect:
    `A new object that runs the history throws here, in ${migration.name}, at every wake; so does each object ` +
    'that lacks it. Nothing after it was rehearsed.',
  fix: fixOf((cause as Error).message),
});

const asText = (migration: LocatedMigration, position: number, message: string): Finding => ({
  code: 'NAME_READ_AS_TEXT',
  severity: 'error',
  file: migration.file,
  line: migration.statements[position]?.line ?? 1,
  message: `A name in double quotes is no column, so SQLite reads it as a text: ${message}.`,
  effect: 'Each row gets or is compared with the name itself, in silence.',
  fix: "Write what the column should get (drizzle-kit copies a column that the old table lacks): a value, or '…' for a text.",
});

/** The same history, some migrations behind: what a schema was before. Nothing runs in it until somebody asks. */
class Behind {
  #database: Database | undefined;
  #place = 0;

  constructor(private readonly migrations: readonly LocatedMigration[]) {}

  /** The database before a migration, by its place; places only go on. */
  before(place: number): Database {
    this.#database ??= openDatabase(':memory:');
    for (; this.#place < place; this.#place++) {
      const migration = this.migrations[this.#place];
      if (migration?.up) runIn(this.#database.sql, migration);
      for (const { statement } of migration?.statements ?? []) {
        if (judgeStatement(statement) === undefined) this.#database.sql.exec(statement);
      }
    }
    return this.#database;
  }

  close(): void {
    this.#database?.close();
  }
}

/** Whether a statement can leave behind a view or a trigger that needs what is gone. */
const CAN_BREAK = /^(?:drop|alter|create\s+(?:view|trigger))\b/i;

const brokenBy = (
  migration: LocatedMigration,
  position: number,
  thing: string,
  says: string,
): Finding => ({
  code: thing.startsWith('view') ? 'VIEW_BROKEN' : 'TRIGGER_BROKEN',
  severity: 'error',
  file: migration.file,
  line: migration.statements[position]?.line ?? 1,
  message: `After ${migration.name} the ${thing} cannot be used: ${says}.`,
  effect: thing.startsWith('view')
    ? 'Each query that reads it throws.'
    : 'Each statement that sets it off throws.',
  fix: 'Drop it and create it again in this migration, without what is gone.',
});

const referenceBroken = (
  migration: LocatedMigration,
  position: number,
  table: string,
  says: string,
): Finding => ({
  code: 'REFERENCE_BROKEN',
  severity: 'error',
  file: migration.file,
  line: migration.statements[position]?.line ?? 1,
  message: `After ${migration.name} a foreign key of ${shown(table)} leads nowhere: ${says}.`,
  effect: `Each INSERT into ${shown(table)}, and each UPDATE of what refers, throws while foreign keys are enforced.`,
  fix: says.startsWith('foreign key mismatch')
    ? 'Make what it refers to a PRIMARY KEY or UNIQUE in the new table, too.'
    : 'ALTER TABLE … RENAME takes references along: create the new table under another name, copy, drop the old one, and rename the new one. Or create the table that it refers to.',
});

const defaultBroken = (migration: LocatedMigration, table: string, says: string): Finding => ({
  code: 'DEFAULT_BROKEN',
  severity: 'error',
  file: migration.file,
  line: migration.statements[0]?.line ?? 1,
  message: `After ${migration.name} no row can be inserted into ${shown(table)} without all of its values: ${says}.`,
  effect: 'Such an INSERT throws in every object.',
  fix: 'Use a function that SQLite has, such as lower(hex(randomblob(16))).',
});

/** What one migration came to. */
interface Ran {
  /** The migration; a function with the statements by which it changed the schema. */
  readonly migration: LocatedMigration;
  readonly findings: Finding[];
  /** Whether it ran to its end. */
  readonly whole: boolean;
}

function runFunction(given: LocatedMigration, rehearsal: Rehearsal, reader: Reader): Ran {
  try {
    const statements = rehearsal
      .runFunction(given)
      .map((statement) => ({ statement, line: given.firstLine }));
    for (const [at, { statement }] of statements.entries()) reader.follow(statement, at);
    return { migration: { ...given, statements }, findings: [], whole: true };
  } catch (cause) {
    return { migration: given, findings: [failed(given, cause)], whole: false };
  }
}

/** Runs one migration, up to the first statement that SQLite refuses. */
function runOne(migration: LocatedMigration, rehearsal: Rehearsal, reader: Reader): Ran {
  if (migration.up) return runFunction(migration, rehearsal, reader);
  const findings: Finding[] = [];
  for (const [position, { statement }] of migration.statements.entries()) {
    if (judgeStatement(statement) !== undefined) continue;
    try {
      const message = rehearsal.run(statement);
      if (message !== undefined) findings.push(asText(migration, position, message));
    } catch (cause) {
      const all = [...findings, refused(migration, position, cause)];
      return { migration, findings: all, whole: false };
    }
    findings.push(...checkAddColumn(migration, position, reader));
    reader.follow(statement, position);
  }
  return { migration, findings, whole: true };
}

/** What cannot be used any more, as the history goes on. */
class Broken {
  #things = new Map<string, string>();
  /** Found where they began; a later migration may end them. */
  readonly #references = new Map<string, Finding>();

  constructor(private readonly rehearsal: Rehearsal) {}

  /**
   * Looks for references that lead nowhere.
   *
   * @param migration the migration that has just run
   * @param touched the tables that it created or touched
   * @returns the tables that have them, folded
   */
  lookAtReferences(migration: LocatedMigration, touched: readonly string[]): ReadonlySet<string> {
    const last = lastThatBreaks(migration);
    const some = [...touched, ...this.#references.keys()];
    const lost = this.rehearsal.references(last < 0 ? some : undefined);
    for (const [table, says] of lost) {
      if (this.#references.has(table)) continue;
      const place = last < 0 ? migration.statements.length - 1 : last;
      this.#references.set(table, referenceBroken(migration, place, table, says));
    }
    for (const table of this.#references.keys()) {
      if (!lost.has(table)) this.#references.delete(table);
    }
    return new Set(Array.from(lost.keys(), fold));
  }

  /** The references that lead nowhere in the end. */
  references(): Finding[] {
    return [...this.#references.values()];
  }

  /** The views and triggers that this migration has broken. */
  lookAtThings(migration: LocatedMigration): Finding[] {
    const last = lastThatBreaks(migration);
    if (last < 0) return [];
    const [before, now] = [this.#things, this.rehearsal.broken()];
    this.#things = now;
    return [...now]
      .filter(([thing]) => !before.has(thing))
      .map(([thing, says]) => brokenBy(migration, last, thing, says));
  }
}

const lastThatBreaks = ({ statements }: LocatedMigration): number =>
  statements.findLastIndex(({ statement }) => CAN_BREAK.test(statement));

/**
 * Runs the history in a database without rows, and follows it with the reader. It stops at the first statement that
 * SQLite refuses; statements that only the runtime refuses are left out.
 *
 * @param migrations the migrations with their statements, in the order in which they run
 * @returns what SQLite and the reader found
 */
export function rehearse(migrations: readonly LocatedMigration[]): Finding[] {
  const findings: Finding[] = [];
  const rehearsal = new Rehearsal();
  const reader = new Reader();
  const behind = new Behind(migrations);
  const broken = new Broken(rehearsal);
  const facts = new Facts();
  try {
    for (const [place, given] of migrations.entries()) {
      rehearsal.enforce();
      reader.begin();
      const ran = runOne(given, rehearsal, reader);
      const { migration } = ran;
      findings.push(...ran.findings);
      if (!ran.whole) break;
      // As they are at the start of the next one.
      rehearsal.enforce();
      const effects = reader.effects();
      const touched = effects.touched.map(({ name }) => name);
      const lost = broken.lookAtReferences(migration, touched);
      const before = (): SqlStorageLike => behind.before(place).sql;
      const previous = migrations[place - 1]?.file;
      const after = rehearsal.sql;
      const migrated = new Migrated(migration, effects, reader, before, after, facts, previous);
      const rows = checkRows(migrated);
      findings.push(...checkEffects(migration, effects, reader, rows, migrated, lost));
      findings.push(...broken.lookAtThings(migration));
      for (const table of touched) {
        const says = rehearsal.refusesRows(table);
        if (says !== undefined) findings.push(defaultBroken(migration, table, says));
      }
    }
    return [...findings, ...broken.references()];
  } finally {
    rehearsal.close();
    behind.close();
  }
}
