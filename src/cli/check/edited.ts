// What an edit of a migration comes to: whether the old text can stand in objects with rows, and what schema both leave.
import { capitals } from '../../base/storage.ts';
import { namesIn, splitStatements } from '../../sql/statements.ts';
import { differences, type Structure, structureOf } from '../../testing/structure.ts';
import { type Database, openDatabase } from '../database.ts';
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

const needing = new WeakMap<readonly Known[], ReadonlySet<number>>();

/**
 * Whether a migration throws in each object that has rows where it needs none.
 *
 * @param migrations a history
 * @param place the migration's place in it
 */
export function needsEmpty(migrations: readonly Known[], place: number): boolean {
  let places = needing.get(migrations);
  if (places === undefined) {
    const found = rehearse(migrations.map(locate));
    const files = found.filter(({ code }) => NEEDS_EMPTY.includes(code)).map(({ file }) => file);
    places = new Set(files.map(Number));
    needing.set(migrations, places);
  }
  return places.has(place);
}

function run(database: Database, { sql }: Known): void {
  for (const statement of splitStatements(sql)) {
    if (judgeStatement(statement) === undefined) database.sql.exec(statement);
  }
}

/** All that is in a database, as it is written: a name and a text each. */
const everything = (database: Database): Map<string, { table: string; sql: string }> =>
  new Map(
    Array.from(
      database.sql.exec('SELECT type, name, tbl_name, sql FROM sqlite_master'),
      ({ type, name, tbl_name, sql }) => [
        JSON.stringify([type, name]),
        { table: String(tbl_name), sql: String(sql) },
      ],
    ),
  );

/** The structure of a few things of a database. */
function structureOfAll(all: ReturnType<typeof everything>, keys: readonly string[]): Structure {
  const database = openDatabase(':memory:');
  try {
    const tables = new Set(keys.map((key) => all.get(key)?.table));
    for (const { table, sql } of all.values()) {
      if (tables.has(table) && sql !== 'null') database.sql.exec(sql);
    }
    return structureOf(database.sql, []);
  } finally {
    database.close();
  }
}

/** The history as it is, up to a place that only goes on: so many edits cost no more than one run. */
export class Edits {
  #database: Database | undefined;
  #place = 0;

  /** All names that each migration may mean. */
  readonly #names: readonly ReadonlySet<string>[];

  /** @param migrations the history as it is */
  constructor(private readonly migrations: readonly Known[]) {
    this.#names = migrations.map(({ sql }) => new Set(namesIn(sql)));
  }

  /**
   * Whether the schema in the end is the same with the old text of a migration as with the new one.
   *
   * @param place the migration's place in the history
   * @param old the migration with its old text
   * @returns false also where SQLite refuses one of them
   */
  leaveOneSchema(place: number, old: Known): boolean {
    try {
      return this.#compare(place, old);
    } catch {
      this.#close();
      return false;
    }
  }

  #compare(place: number, old: Known): boolean {
    const database = this.#before(place);
    const now = this.migrations[place] as Known;
    const [a, b] = [[old], [now]].map((some) =>
      this.#undone(database, some, () => everything(database)),
    ) as [ReturnType<typeof everything>, ReturnType<typeof everything>];
    const differing = [...new Set([...a.keys(), ...b.keys()])].filter(
      (key) => a.get(key)?.sql !== b.get(key)?.sql,
    );
    if (differing.length === 0) return true;
    const things = differing.flatMap((key) =>
      [a.get(key) ?? b.get(key)].filter((one) => one !== undefined),
    );
    const names = [
      ...differing.map((key) => String(JSON.parse(key)[1])),
      ...things.map(({ table }) => table),
    ].map(capitals);
    // What no later migration names stays as it differs now.
    const isNamed = this.#names.slice(place + 1).some((all) => names.some((name) => all.has(name)));
    if (!isNamed)
      return (
        differences(structureOfAll(a, differing), structureOfAll(b, differing), 'is new').length ===
        0
      );
    const structure = (one: Known) =>
      this.#undone(database, [one, ...this.migrations.slice(place + 1)], () =>
        structureOf(database.sql, []),
      );
    return differences(structure(old), structure(now), 'is new').length === 0;
  }

  /** The database before a migration. */
  #before(place: number): Database {
    if (this.#place > place) this.#close();
    this.#database ??= openDatabase(':memory:');
    while (this.#place < place) run(this.#database, this.migrations[this.#place++] as Known);
    return this.#database;
  }

  /** What is seen once some migrations have run, all of which is undone. */
  #undone<T>(database: Database, some: readonly Known[], look: () => T): T {
    database.sql.exec('SAVEPOINT edit');
    try {
      for (const migration of some) run(database, migration);
      return look();
    } finally {
      database.sql.exec('ROLLBACK TO edit');
      database.sql.exec('RELEASE edit');
    }
  }

  #close(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#place = 0;
  }
}
