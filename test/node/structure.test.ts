// Schemas that are compared, by their parts, whatever they are called.
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
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
