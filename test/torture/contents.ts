import { copyFileSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** All that an object holds, but the times in its ledgers. */
export interface Contents {
  /** Tables, indexes and triggers as SQL, a line each. */
  schema: string;
  /** The rows of each table as SQL values, a line each, in order. */
  tables: Map<string, string>;
  /** What SQLite finds wrong with the file, or with the foreign keys. */
  faults: string[];
}

const LEDGERS = ['__migrations', '__drizzle_migrations'];

const quote = (name: string): string => `"${name}"`;

/** Everything in a database. */
export function contentsOf(database: DatabaseSync): Contents {
  const all = (query: string) => database.prepare(query).all();
  const schema = all(
    `SELECT type, name, sql FROM sqlite_schema
      WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY type, name`,
  );
  const tables = new Map<string, string>();
  for (const name of schema.filter(({ type }) => type === 'table').map(({ name }) => `${name}`)) {
    const columns = all(`PRAGMA table_info(${quote(name)})`)
      .map((column) => `${column.name}`)
      .filter((column) => !(LEDGERS.includes(name) && column === 'applied_at'));
    const row = columns.map((column) => `quote(${quote(column)})`).join(" || ', ' || ");
    const order = columns.map(quote).join(', ');
    const [result] = all(
      `SELECT group_concat(row, char(10)) AS rows FROM (
        SELECT ${row} AS row FROM ${quote(name)} ORDER BY ${order})`,
    );
    tables.set(name, `${result?.rows ?? ''}`);
  }
  const check = all('PRAGMA integrity_check').map(({ integrity_check }) => `${integrity_check}`);
  const orphans = all('PRAGMA foreign_key_check').length;
  return {
    schema: schema.map(({ name, sql }) => `${name}: ${`${sql}`.replace(/\s+/g, ' ')}`).join('\n'),
    tables,
    faults: [
      ...check.filter((line) => line !== 'ok'),
      ...(orphans > 0 ? [`${orphans} rows have lost their parent`] : []),
    ],
  };
}

/** The files of an object; the runtime's shared memory is not among them, as SQLite makes it anew. */
const filesOf = (file: string): string[] =>
  ['', '-wal'].map((end) => file + end).filter((path) => existsSync(path));

/** Changes whenever an object's files do. */
export const stampOf = (file: string): string =>
  filesOf(file)
    .map((path) => statSync(path, { bigint: true }))
    .map(({ size, mtimeNs }) => `${size} ${mtimeNs}`)
    .join();

/** Copies an object's files, to be those of another. */
export function copyObject(from: string, to: string): void {
  for (const file of filesOf(from)) copyFileSync(file, to + file.slice(from.length));
}

/** Reads an object from a copy, as SQLite recovers a file when it opens it, and the runtime shall have that to do. */
export function readObject(file: string, scratch: string): Contents {
  const copy = join(scratch, 'object.sqlite');
  copyObject(file, copy);
  // A new object may have no file yet: then this makes an empty one.
  const database = new DatabaseSync(copy);
  try {
    return contentsOf(database);
  } finally {
    database.close();
    for (const left of filesOf(copy)) rmSync(left);
  }
}

/** Without the two ledgers: what migrations have made. */
export function withoutLedgers({ schema, tables, faults }: Contents): Contents {
  const isLedgers = (name = '') => LEDGERS.includes(name);
  return {
    schema: schema
      .split('\n')
      .filter((line) => !isLedgers(line.split(':')[0]))
      .join('\n'),
    tables: new Map([...tables].filter(([name]) => !isLedgers(name))),
    faults,
  };
}

const linesOf = (rows: string | undefined): string[] => (rows ? rows.split('\n') : []);

export const countRows = (contents: Contents): number =>
  [...withoutLedgers(contents).tables.values()].reduce(
    (sum, rows) => sum + linesOf(rows).length,
    0,
  );

/** How many migrations have run, as each has left one row. */
export const countMigrations = ({ tables }: Contents): number => linesOf(tables.get('log')).length;

/** The rows, by the key in their first column, that were there and are not any more. */
export function lostRows(before: Contents, after: Contents): number {
  let lost = 0;
  for (const [table, rows] of withoutLedgers(before).tables) {
    const keyOf = (line: string) => line.split(', ')[0];
    const kept = new Set(linesOf(after.tables.get(table)).map(keyOf));
    lost += linesOf(rows).filter((line) => !kept.has(keyOf(line))).length;
  }
  return lost;
}

/** Where two contents differ, a line for each table; none if they are the same. */
export function differences(found: Contents, expected: Contents): string[] {
  const lines = [...found.faults];
  const compare = (what: string, is: string | undefined, be: string | undefined): void => {
    if (is === be) return;
    const [has, wants] = [linesOf(is), linesOf(be)];
    const at = wants.findIndex((line, index) => line !== has[index]);
    const first = at < 0 ? wants.length : at;
    const counts =
      be === undefined
        ? 'is there'
        : is === undefined
          ? 'is missing'
          : `has ${has.length} rows of ${wants.length}`;
    lines.push(
      `${what} ${counts}; first: found ${has[first] ?? 'nothing'}, expected ${wants[first] ?? 'nothing'}`,
    );
  };
  compare('the schema', found.schema, expected.schema);
  for (const table of new Set([...found.tables.keys(), ...expected.tables.keys()])) {
    compare(table, found.tables.get(table), expected.tables.get(table));
  }
  return lines;
}
