// Schemas that are compared, and what migrations say that they do to tables: both by their parts, whatever they are called.
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { readContents } from '../../src/testing/contents.ts';
import { fatesOf } from '../../src/testing/fate.ts';
import { differences, type Structure, structureOf } from '../../src/testing/structure.ts';

function structure(sql: string): Structure {
  const database = openDatabase(':memory:');
  database.sql.exec(sql);
  return structureOf(database.sql, []);
}

const compare = (found: string, wanted: string): string[] =>
  differences(structure(found), structure(wanted), 'is not in a new object');

/** Names that hold what separates names in a message, or in SQL. */
const NAMES = [
  'plain',
  'a.b',
  'a (b)',
  'a(b',
  'on x (y)',
  'of t (c)',
  'it"s',
  "it's",
  'a, b',
  'column x',
  ' ',
];

describe('the difference of two schemas', () => {
  it.each(NAMES)('is seen whatever the table is called: %s', (name) => {
    const table = `"${name.replaceAll('"', '""')}"`;
    const said = /^\w+$/.test(name) ? name : table;
    const create = (columns: string): string => `CREATE TABLE ${table} (${columns})`;
    expect(compare(create('x'), create('x TEXT'))).toEqual([
      `column ${said}.x is ; in a new object it is text`,
    ]);
    expect(compare(create('x'), create('x, "y z" TEXT'))).toEqual([
      `column ${said}."y z" is missing (text)`,
    ]);
    const index = `; CREATE INDEX i ON ${table} (x)`;
    expect(compare(create('x'), create('x') + index)).toEqual([
      `index i on ${said} is missing ((x BINARY))`,
    ]);
    expect(compare(create('x') + index, create('x'))).toEqual([
      `index i on ${said} is not in a new object`,
    ]);
    const reference = create(`x REFERENCES ${table} (x)`);
    expect(compare(create('x'), reference)).toEqual([
      `foreign key ${said}(x) to ${said}(x) is missing (ON UPDATE NO ACTION ON DELETE NO ACTION)`,
    ]);
    expect(compare('CREATE TABLE other (x)', `${create('x')}; CREATE TABLE other (x)`)).toEqual([
      `table ${said} is missing (table)`,
    ]);
  });

  it('does not mix up a table and its column with another table and its column', () => {
    const one = 'CREATE TABLE "a.b" (c TEXT); CREATE TABLE a ("b.c" INT)';
    const other = 'CREATE TABLE "a.b" (c INT); CREATE TABLE a ("b.c" TEXT)';
    expect(compare(one, other)).toEqual([
      'column a."b.c" is int; in a new object it is text',
      'column "a.b".c is text; in a new object it is int',
    ]);
  });

  it('is none where only the spelling differs', () => {
    const one = 'CREATE TABLE a (x INTEGER DEFAULT (1) CHECK (x > 0), y AS (x+1))';
    const other =
      'create table "a" (\n"x" integer DEFAULT ( 1 ) /* one */ CHECK ("a"."x">0), [y] AS ("x" + 1))';
    expect(compare(one, other)).toEqual([]);
  });

  it.each([
    ['new.x', 'old.x'],
    ["'New.x'", "'new.x'"],
  ])('is seen in a trigger: %s and %s', (one, other) => {
    const trigger = (value: string): string =>
      `CREATE TABLE a (x); CREATE TRIGGER t AFTER UPDATE ON a BEGIN UPDATE a SET x = ${value}; END`;
    expect(compare(trigger(one), trigger(other))).toEqual([
      expect.stringMatching(/^trigger t is .*; in a new object it is /),
    ]);
  });

  it.each([
    ['a collation', 'x TEXT', 'x TEXT COLLATE NOCASE'],
    ['what computes a column', 'x, y AS (x + 1)', 'x, y AS (x + 2)'],
    ['what is stored', 'x, y AS (x)', 'x, y AS (x) STORED'],
    [
      'when a reference is checked',
      'x REFERENCES a',
      'x REFERENCES a DEFERRABLE INITIALLY DEFERRED',
    ],
    ['AUTOINCREMENT', 'x INTEGER PRIMARY KEY', 'x INTEGER PRIMARY KEY AUTOINCREMENT'],
    ['a CHECK', 'x, CHECK (x > 1)', 'x, CHECK (x > 2)'],
  ])('is seen in %s', (_, one, other) => {
    expect(compare(`CREATE TABLE a (${one})`, `CREATE TABLE a (${other})`)).toHaveLength(1);
  });

  it('is not AUTOINCREMENT where only a text says so', () => {
    const [found] = structure("CREATE TABLE a (x DEFAULT ' autoincrement ')").values();
    expect(found).toEqual({ label: 'table a', what: 'table' });
  });
});

describe('what becomes of a table', () => {
  const fate = (statements: string[], schema = 'CREATE TABLE a (id INTEGER PRIMARY KEY, x, y)') => {
    const database = openDatabase(':memory:');
    database.sql.exec(schema);
    const sqls = Array.from(
      database.sql.exec('SELECT sql FROM sqlite_master ORDER BY rowid'),
      ({ sql }) => String(sql),
    );
    return fatesOf(readContents(database.sql, []), sqls, statements).get('a');
  };
  const rebuild = (copy: string, columns = 'id INTEGER PRIMARY KEY, x, y'): string[] => [
    `CREATE TABLE b (${columns})`,
    copy,
    'DROP TABLE a',
    'ALTER TABLE b RENAME TO a',
  ];
  const whole = {
    name: 'a',
    renamed: new Map(),
    changed: new Set(),
    losesRows: false,
    rebuilt: true,
  };

  it.each([
    'INSERT INTO b SELECT * FROM a ORDER BY x',
    'REPLACE INTO b SELECT id, x, y FROM a',
    'WITH old AS (SELECT * FROM a) INSERT INTO b SELECT * FROM old',
  ])('is a copy by %s', (copy) => {
    expect(fate(rebuild(copy))).toEqual(whole);
  });

  it.each([
    ['what is not understood', "INSERT INTO b SELECT value ->> 'id', 1, 2 FROM json_each('[]')"],
    ['nothing', 'SELECT 1'],
  ])('excuses no loss where the new table is filled by %s', (_, copy) => {
    expect(fate(rebuild(copy))).toEqual(whole);
  });

  it('excuses no column that is not copied, and one that is computed', () => {
    expect(fate(rebuild('INSERT INTO b (id, x) SELECT id, x FROM a'))).toEqual(whole);
    expect(fate(rebuild("INSERT INTO b SELECT id, coalesce(x, 'y'), 0 FROM a"))).toEqual({
      ...whole,
      changed: new Set(['x', 'y']),
    });
    expect(fate(rebuild('INSERT INTO b SELECT id, y, x FROM a'))).toEqual({
      ...whole,
      renamed: new Map([
        ['x', 'y'],
        ['y', 'x'],
      ]),
    });
  });

  it('is told where its own statements drop it', () => {
    expect(fate(['DROP TABLE a'])?.name).toBeUndefined();
    expect(fate(['ALTER TABLE a RENAME TO c'])).toMatchObject({ name: 'c', rebuilt: false });
  });
});

it('the ledgers are left out, and what is written down of their repairs', () => {
  const database = openDatabase(':memory:');
  database.sql.exec(
    'CREATE TABLE a (x); CREATE TABLE __migrations (x); CREATE TABLE __migrations_repairs (x)',
  );
  const except = ['__migrations', '__drizzle_migrations'];
  expect([...structureOf(database.sql, except).values()].map(({ label }) => label)).toEqual([
    'table a',
    'column a.x',
  ]);
  expect(readContents(database.sql, except).map(({ name }) => name)).toEqual(['a']);
});
