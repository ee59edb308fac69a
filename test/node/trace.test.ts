// What migrations do to each row of an object by their own statements: all else that is lost is damage.
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { defineMigrations } from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { fold } from '../../src/reader/names.ts';
import { readContents, textOf } from '../../src/testing/contents.ts';
import { compareRows } from '../../src/testing/damage.ts';
import { schemaOf } from '../../src/testing/look.ts';
import { trace } from '../../src/testing/trace.ts';

const TABLE = 'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, y TEXT)';
const ROWS = "INSERT INTO a VALUES (1, 'x1', 'y1'), (2, 'x2', 'y2'), (3, 'x3', 'y3')";

/** What of each row of a table the statements lose: `-` for a row, `=` with the values that it has now. */
async function lossesBy(
  statements: readonly string[],
  schema: readonly string[] = [TABLE, ROWS],
  table = 'a',
): Promise<string[]> {
  const database = openDatabase(':memory:');
  for (const sql of schema) database.sql.exec(sql);
  const { migrations } = readMigrations(defineMigrations({ m0000: statements.join(';\n') }));
  const before = readContents(database.sql, []);
  const options = { before, schema: schemaOf(database.sql), except: [] };
  const traced = await trace(database, migrations, options);
  expect(traced?.error).toBeUndefined();
  // All was taken back.
  expect(readContents(database.sql, [])).toEqual(before);
  const name = fold(table);
  const fate = traced?.fates.get(name);
  const after = traced?.tables?.find(
    (one) => fold(one.name) === (fate === undefined ? name : fate.name),
  );
  const own = before.find((one) => fold(one.name) === name);
  if (own === undefined) throw new Error(`there is no ${table}`);
  const { damaged } = compareRows(own, traced?.rows.get(name) ?? [], after, fate);
  return damaged.map(({ before: row, now }) =>
    now === undefined ? `- ${textOf(row ?? {})}` : `${row?.id} = ${textOf(now)}`,
  );
}

const rebuild = (copy: string, columns = 'id INTEGER PRIMARY KEY, x TEXT, y TEXT'): string[] => [
  'PRAGMA foreign_keys=OFF',
  `CREATE TABLE b (${columns})`,
  copy,
  'DROP TABLE a',
  'ALTER TABLE b RENAME TO a',
];

const GONE = [1, 2, 3].map((id) => `- {"id":${id},"x":"x${id}","y":"y${id}"}`);
const now = (column: string, value: (id: number) => string): string[] =>
  [1, 2, 3].map((id) => `${id} = {"${column}":${value(id)}}`);

describe('nothing is lost by', () => {
  it.each([
    ['a copy', rebuild('INSERT INTO b SELECT * FROM a')],
    ['a copy with ORDER BY', rebuild('INSERT INTO b SELECT * FROM a ORDER BY x')],
    ['REPLACE', rebuild('REPLACE INTO b SELECT id, x, y FROM a')],
    ['a copy by WITH', rebuild('WITH old AS (SELECT * FROM a) INSERT INTO b SELECT * FROM old')],
    [
      'CREATE TABLE AS',
      ['CREATE TABLE b AS SELECT * FROM a', 'DROP TABLE a', 'ALTER TABLE b RENAME TO a'],
    ],
    ['a rename of a column', ['ALTER TABLE a RENAME COLUMN x TO z']],
    [
      'a swap by name',
      [
        'ALTER TABLE a RENAME COLUMN x TO z',
        'ALTER TABLE a RENAME COLUMN y TO x',
        'ALTER TABLE a RENAME COLUMN z TO y',
      ],
    ],
    [
      'a rename in a copy',
      rebuild(
        'INSERT INTO b (id, z, y) SELECT id, x, y FROM a',
        'id INTEGER PRIMARY KEY, z TEXT, y TEXT',
      ),
    ],
    ['a dropped column', ['ALTER TABLE a DROP COLUMN x']],
    [
      'a column that the new table does not have',
      rebuild('INSERT INTO b SELECT id, y FROM a', 'id INTEGER PRIMARY KEY, y TEXT'),
    ],
    [
      'a value that the copy computes',
      rebuild("INSERT INTO b SELECT id, coalesce(x, 'none') || '!', 0 FROM a"),
    ],
    ['an UPDATE', ["UPDATE a SET x = 'new' WHERE id > 1"]],
    ['an UPDATE of the key', ['UPDATE a SET id = id + 100']],
    ['a DELETE', ['DELETE FROM a WHERE id = 2']],
    ['rows that a SELECT does not pick', rebuild('INSERT INTO b SELECT * FROM a WHERE id <> 2')],
    [
      'rows that a SELECT does not pick, with OR IGNORE',
      rebuild('INSERT OR IGNORE INTO b SELECT * FROM a WHERE id <> 2'),
    ],
    ['an upsert', ["INSERT INTO a VALUES (1, 'new', 'y') ON CONFLICT DO UPDATE SET x = 'new'"]],
    ['INSERT OR REPLACE', ["INSERT OR REPLACE INTO a VALUES (1, 'new', 'new')"]],
    [
      'another column in its place',
      [
        'ALTER TABLE a ADD z TEXT',
        "UPDATE a SET z = x || '!'",
        'ALTER TABLE a DROP COLUMN x',
        'ALTER TABLE a RENAME COLUMN z TO x',
      ],
    ],
    [
      'a table that is merged into another',
      [
        'CREATE TABLE c (x TEXT)',
        "INSERT INTO c VALUES ('c')",
        'INSERT INTO c SELECT x FROM a',
        'DROP TABLE a',
      ],
    ],
    ['another name for the table', ['ALTER TABLE a RENAME TO c']],
    [
      'a type that keeps the numbers',
      [...rebuild('INSERT INTO b SELECT * FROM a', 'id TEXT PRIMARY KEY, x TEXT, y TEXT')],
    ],
  ])('%s', async (_, statements) => {
    expect(await lossesBy(statements)).toEqual([]);
  });
});

describe('what a statement does not name is lost, whatever the others name', () => {
  it.each([
    ['rows that are not copied', rebuild('SELECT 1'), GONE],
    [
      'the same, with a DELETE of other rows',
      ['DELETE FROM a WHERE id > 1000', ...rebuild('SELECT 1')],
      GONE,
    ],
    [
      'the same, with a DELETE of one',
      ['DELETE FROM a WHERE id = 1', ...rebuild('SELECT 1')],
      GONE.slice(1),
    ],
    [
      'a column that the copy leaves out',
      rebuild('INSERT INTO b (id, x) SELECT id, x FROM a'),
      now('y', () => 'null'),
    ],
    [
      'a column that is filled up afterwards',
      [
        ...rebuild('INSERT INTO b (id, x) SELECT id, x FROM a'),
        "UPDATE a SET y = 'none' WHERE y IS NULL",
      ],
      now('y', () => '"none"'),
    ],
    [
      'a column that an upsert sets in another row',
      [
        ...rebuild('INSERT INTO b (id, x) SELECT id, x FROM a'),
        "INSERT INTO a VALUES (9, '', '') ON CONFLICT DO UPDATE SET y = ''",
      ],
      now('y', () => 'null'),
    ],
    [
      'columns that are mixed up',
      rebuild('INSERT INTO b SELECT id, y, x FROM a'),
      [1, 2, 3].map((id) => `${id} = {"x":"y${id}","y":"x${id}"}`),
    ],
    [
      'a column that gets another',
      rebuild('INSERT INTO b SELECT id, y, y FROM a'),
      now('x', (id) => `"y${id}"`),
    ],
    [
      'the same by CREATE TABLE AS',
      [
        'CREATE TABLE b AS SELECT id, y AS x, y FROM a',
        'DROP TABLE a',
        'ALTER TABLE b RENAME TO a',
      ],
      now('x', (id) => `"y${id}"`),
    ],
    [
      'a column that is dropped and comes again',
      ['ALTER TABLE a DROP COLUMN x', 'ALTER TABLE a ADD x TEXT'],
      now('x', () => 'null'),
    ],
    [
      'rows that a JOIN has no partner for',
      [
        'CREATE TABLE c (id INTEGER)',
        'INSERT INTO c VALUES (1)',
        ...rebuild('INSERT INTO b SELECT a.* FROM a JOIN c USING (id)'),
      ],
      GONE.slice(1),
    ],
    [
      'rows that a constraint of the new table refuses in silence',
      rebuild(
        'INSERT OR IGNORE INTO b SELECT * FROM a',
        "id INTEGER PRIMARY KEY, x TEXT CHECK (x <> 'x2'), y TEXT",
      ),
      GONE.slice(1, 2),
    ],
    [
      'the same, with rows that are not picked',
      rebuild(
        'INSERT OR IGNORE INTO b SELECT * FROM a WHERE id < 3',
        "id INTEGER PRIMARY KEY, x TEXT CHECK (x <> 'x2'), y TEXT",
      ),
      GONE.slice(1),
    ],
  ])('%s', async (_, statements, expected) => {
    expect(await lossesBy(statements)).toEqual(expected);
  });

  it('children that a DROP TABLE takes along, but not those of a DELETE', async () => {
    const schema = [
      TABLE,
      ROWS,
      'CREATE TABLE child (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id) ON DELETE CASCADE)',
      'INSERT INTO child VALUES (1, 1), (2, 2)',
    ];
    const [, ...enforced] = rebuild('INSERT INTO b SELECT * FROM a');
    expect(await lossesBy(['DELETE FROM a WHERE id = 1'], schema, 'child')).toEqual([]);
    expect(await lossesBy(['DELETE FROM a WHERE id = 1', ...enforced], schema, 'child')).toEqual([
      '- {"id":2,"a":2}',
    ]);
    expect(await lossesBy(rebuild('INSERT INTO b SELECT * FROM a'), schema, 'child')).toEqual([]);
  });
});

describe('a value is what it was', () => {
  const keep = async (literal: string, from: string, to: string): Promise<string[]> =>
    lossesBy(rebuild('INSERT INTO b SELECT * FROM a', `id INTEGER PRIMARY KEY, x ${to}, y TEXT`), [
      `CREATE TABLE a (id INTEGER PRIMARY KEY, x ${from}, y TEXT)`,
      `INSERT INTO a VALUES (1, ${literal}, '')`,
    ]);

  it.each([
    ["'12'", 'TEXT', 'INTEGER'],
    ["'-1.5'", 'TEXT', 'REAL'],
    ["'abc'", 'TEXT', 'INTEGER'],
    ['12', 'INTEGER', 'TEXT'],
    ['9007199254740993', 'INTEGER', 'TEXT'],
    ['12', 'INTEGER', 'REAL'],
    ['5.0', 'REAL', 'INTEGER'],
    ['5.0', 'REAL', 'TEXT'],
    ['1.5', 'REAL', 'TEXT'],
    ["X'00ff'", 'BLOB', 'TEXT'],
    ["'a' || char(0) || 'b'", 'TEXT', 'TEXT'],
    ['9e999', 'REAL', 'REAL'],
    ['NULL', 'TEXT', 'INTEGER'],
  ])('%s of %s in %s', async (literal, from, to) => {
    expect(await keep(literal, from, to)).toEqual([]);
  });

  it.each([
    ["'00712'", 'TEXT', 'INTEGER', '{"x":712}'],
    ["'1.10'", 'TEXT', 'NUMERIC', '{"x":1.1}'],
    ["'1.0'", 'TEXT', 'INTEGER', '{"x":1}'],
    ["'1e3'", 'TEXT', 'INTEGER', '{"x":1000}'],
    ['9007199254740993', 'INTEGER', 'REAL', '{"x":9007199254740992.0}'],
    ["'12345678901234567890'", 'TEXT', 'REAL', '{"x":1.2345678901234567e+19}'],
  ])('but %s of %s in %s is not', async (literal, from, to, expected) => {
    expect(await keep(literal, from, to)).toEqual([`1 = ${expected}`]);
  });
});
