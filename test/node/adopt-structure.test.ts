// Which spellings of a schema are one structure to `untracked`, and which differences are seen.
import { describe, expect, it } from 'vitest';
import { namesOf, structureOf } from '../../src/adopt/structure.ts';
import { openDatabase } from '../../src/cli/database.ts';

function structure(text: string): string[] {
  const { sql, close } = openDatabase(':memory:');
  try {
    sql.exec(text);
    return structureOf(sql, new Set(namesOf(sql)));
  } finally {
    close();
  }
}

const P = 'CREATE TABLE p (id INTEGER PRIMARY KEY);';

describe('one structure', () => {
  it.each([
    [
      'types in capitals, quotes, white space',
      'CREATE TABLE T ("Id" integer, [b] varchar ( 10 ))',
      'create table t(`id` INTEGER,b VARCHAR(10))',
    ],
    ['order', 'CREATE TABLE t (a, b)', 'CREATE TABLE t (b, a)'],
    [
      'NOT NULL of a primary key',
      'CREATE TABLE t (a integer PRIMARY KEY NOT NULL)',
      'CREATE TABLE t (a integer PRIMARY KEY)',
    ],
    [
      '0 for false',
      'CREATE TABLE t (a DEFAULT false, b DEFAULT TRUE)',
      'CREATE TABLE t (a DEFAULT 0, b DEFAULT (1))',
    ],
    [
      'a text in double quotes',
      `CREATE TABLE t (a DEFAULT "it's")`,
      `CREATE TABLE t (a DEFAULT 'it''s')`,
    ],
    [
      'a reference without columns, and where it stands',
      `${P}CREATE TABLE t (a REFERENCES p)`,
      `${P}CREATE TABLE t (a, FOREIGN KEY ("a") REFERENCES "P"(id) ON DELETE NO ACTION)`,
    ],
    [
      'a column that was added',
      'CREATE TABLE t (a, b text DEFAULT 1)',
      'CREATE TABLE t (a); ALTER TABLE t ADD b text DEFAULT 1',
    ],
    [
      'a primary key at the end',
      'CREATE TABLE t (a text PRIMARY KEY)',
      'CREATE TABLE t (a text NOT NULL, PRIMARY KEY (a))',
    ],
    [
      'CHECK in other words',
      'CREATE TABLE t (a, CHECK ("a" > 0))',
      'CREATE TABLE t (a CONSTRAINT c CHECK(A>0))',
    ],
    [
      'a rebuild',
      'CREATE TABLE t (a)',
      'CREATE TABLE `__new_t` (a); ALTER TABLE `__new_t` RENAME TO `t`',
    ],
    [
      'IF NOT EXISTS',
      'CREATE TABLE t (a); CREATE INDEX i ON t (a)',
      'CREATE TABLE IF NOT EXISTS t (a); CREATE INDEX IF NOT EXISTS "i" ON "t" ("a")',
    ],
    [
      'a trigger and a view',
      `CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END`,
      `CREATE TABLE t (a); create view IF NOT EXISTS "v" as select "a" from t; CREATE TRIGGER "g" AFTER INSERT ON "t" BEGIN select 1; END`,
    ],
    [
      'a search',
      'CREATE VIRTUAL TABLE f USING fts5(a, content="")',
      'CREATE VIRTUAL TABLE IF NOT EXISTS `f` using FTS5("a", content="")',
    ],
  ])('%s', (_, one, other) => {
    expect(structure(one)).toEqual(structure(other));
  });
});

describe('another structure', () => {
  it.each([
    ['a column', 'CREATE TABLE t (a)', 'CREATE TABLE t (a, b)'],
    ['a type', 'CREATE TABLE t (a int)', 'CREATE TABLE t (a integer)'],
    ['NOT NULL', 'CREATE TABLE t (a)', 'CREATE TABLE t (a NOT NULL)'],
    ['a default', "CREATE TABLE t (a DEFAULT 'x')", "CREATE TABLE t (a DEFAULT 'X')"],
    ['a default and none', 'CREATE TABLE t (a DEFAULT NULL)', 'CREATE TABLE t (a)'],
    ['a primary key', 'CREATE TABLE t (a PRIMARY KEY)', 'CREATE TABLE t (a)'],
    [
      'AUTOINCREMENT',
      'CREATE TABLE t (a INTEGER PRIMARY KEY)',
      'CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)',
    ],
    [
      'WITHOUT ROWID',
      'CREATE TABLE t (a PRIMARY KEY)',
      'CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID',
    ],
    ['STRICT', 'CREATE TABLE t (a int)', 'CREATE TABLE t (a int) STRICT'],
    ['CHECK', 'CREATE TABLE t (a CHECK (a > 0))', 'CREATE TABLE t (a CHECK (a > 1))'],
    ['COLLATE', 'CREATE TABLE t (a COLLATE NOCASE)', 'CREATE TABLE t (a)'],
    ['UNIQUE', 'CREATE TABLE t (a UNIQUE)', 'CREATE TABLE t (a)'],
    [
      'an index',
      'CREATE TABLE t (a); CREATE INDEX i ON t (a)',
      'CREATE TABLE t (a); CREATE INDEX j ON t (a)',
    ],
    [
      'its order',
      'CREATE TABLE t (a, b); CREATE INDEX i ON t (a, b)',
      'CREATE TABLE t (a, b); CREATE INDEX i ON t (b, a)',
    ],
    [
      'its condition',
      'CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 1',
      'CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 2',
    ],
    [
      'its expression',
      'CREATE TABLE t (a); CREATE INDEX i ON t (lower(a))',
      'CREATE TABLE t (a); CREATE INDEX i ON t (upper(a))',
    ],
    [
      'ON DELETE',
      `${P}CREATE TABLE t (a REFERENCES p)`,
      `${P}CREATE TABLE t (a REFERENCES p ON DELETE CASCADE)`,
    ],
    [
      'DEFERRED',
      `${P}CREATE TABLE t (a REFERENCES p)`,
      `${P}CREATE TABLE t (a REFERENCES p DEFERRABLE INITIALLY DEFERRED)`,
    ],
    ['what is computed', 'CREATE TABLE t (a, b AS (a + 1))', 'CREATE TABLE t (a, b AS (a + 2))'],
    ['STORED', 'CREATE TABLE t (a, b AS (a) STORED)', 'CREATE TABLE t (a, b AS (a))'],
    ['ON CONFLICT', 'CREATE TABLE t (a UNIQUE ON CONFLICT REPLACE)', 'CREATE TABLE t (a UNIQUE)'],
    [
      'a view',
      'CREATE TABLE t (a); CREATE VIEW v AS SELECT 1 AS x',
      'CREATE TABLE t (a); CREATE VIEW v AS SELECT 2 AS x',
    ],
    [
      'a trigger',
      'CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END',
      'CREATE TABLE t (a)',
    ],
    ['a search', 'CREATE VIRTUAL TABLE f USING fts5(a)', 'CREATE VIRTUAL TABLE f USING fts5(a, b)'],
  ])('%s', (_, one, other) => {
    expect(structure(one)).not.toEqual(structure(other));
  });
});

it('can be read where a view names a table that is gone', () => {
  expect(structure('CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM gone')).toEqual([
    'column t.a',
    'table t',
    'view v: as select a from gone',
  ]);
});

it('is a line for each thing', () => {
  expect(
    structure(
      `${P}CREATE TABLE "Users" ("Id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, name text COLLATE nocase DEFAULT 'x' NOT NULL CHECK (name <> ''), p REFERENCES p ON DELETE CASCADE); CREATE UNIQUE INDEX "by_name" ON users (name DESC) WHERE p IS NOT NULL`,
    ),
  ).toEqual([
    "check of users (name < > '')",
    'column p.id INTEGER PRIMARY KEY 1',
    'column users.id INTEGER PRIMARY KEY 1',
    "column users.name TEXT NOT NULL DEFAULT 'x'",
    'column users.name collates nocase',
    'column users.p',
    'index by_name on users (( name desc ) where p is not null) UNIQUE',
    'reference users(p) to p(id) ON UPDATE NO ACTION ON DELETE CASCADE',
    'table p',
    'table users',
    'table users counts with autoincrement',
  ]);
});
