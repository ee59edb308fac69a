// The parser, held against SQLite; and what the reader says of what is hard to read.
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { normalized } from '../../src/reader/names.ts';
import { parse } from '../../src/reader/parser.ts';
import { Reader } from '../../src/reader/reader.ts';

/** SQL that readers of other grammars stumble over. Each runs after those before it. */
const AWKWARD = [
  'CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT COLLATE NOCASE DEFAULT (upper(\'x\')), "y z" ANY, n INT NOT NULL ON CONFLICT IGNORE DEFAULT -1) STRICT',
  "CREATE TABLE \"b.c\" ([k] TEXT, `v` BLOB DEFAULT x'00ff', w AS (v || k) STORED, PRIMARY KEY (k DESC), CHECK (k <> ';')) WITHOUT ROWID",
  "CREATE TABLE 'd' (a REFERENCES a ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY (a) REFERENCES a(id) MATCH FULL)",
  'CREATE TABLE abort (key, action, cascade, "order", rowid_, temp, "view", without)',
  'CREATE TABLE IF NOT EXISTS main.a (x)',
  "INSERT INTO a (x, n) VALUES ('it''s -- no comment', 0x1F), ('/* nor this */', 1e3), (NULL, .5 + 1.) ON CONFLICT DO NOTHING",
  "INSERT INTO a (x) SELECT 'x' WHERE true ON CONFLICT (id) DO UPDATE SET x = excluded.x WHERE excluded.x IS NOT a.x RETURNING *, x || 1 AS y",
  'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3), m AS NOT MATERIALIZED (SELECT * FROM n) INSERT INTO a (x) SELECT i FROM m',
  "UPDATE OR REPLACE a SET (x, n) = (SELECT 'y', 2), n = n + 1 FROM (SELECT 1 AS one) AS q WHERE q.one = a.id",
  'UPDATE a SET x = (SELECT max(y) FILTER (WHERE y > 1) OVER w FROM (SELECT 1 AS y) WINDOW w AS (PARTITION BY y ORDER BY y NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES))',
  "SELECT x ->> '$.a', x -> 'b', x IS NOT DISTINCT FROM 1, x NOT BETWEEN 1 AND 2, (1, 2) IN (VALUES (1, 2)), ~-+1, x NOTNULL, x ISNULL, 1 << 2 & 3 FROM a INDEXED BY sqlite_autoindex_none",
  "SELECT group_concat(x, ',' ORDER BY n DESC), count(*) FILTER (WHERE n), CASE x WHEN 1 THEN 2 ELSE 3 END, CAST(x AS NUMERIC(10, 2)), x GLOB '[a-z]*', x LIKE 'a\\%' ESCAPE '\\' FROM a GROUP BY 1 HAVING count(*) > 0",
  'SELECT * FROM a NATURAL LEFT OUTER JOIN "b.c" CROSS JOIN d USING (a), json_each(\'[1]\') AS j ON j.value',
  'SELECT 1 EXCEPT SELECT 2 UNION SELECT 3 INTERSECT SELECT 4 ORDER BY 1 LIMIT 2 OFFSET 1',
  'CREATE UNIQUE INDEX IF NOT EXISTS i ON a (lower(x) COLLATE BINARY DESC, n) WHERE n IS NOT NULL',
  "CREATE TRIGGER t INSTEAD OF UPDATE OF x ON v WHEN new.x <> old.x BEGIN SELECT RAISE(ABORT, 'no; END'); UPDATE a SET x = CASE WHEN 1 THEN 2 END; END",
  'CREATE VIEW v (x) AS WITH q AS (SELECT 1) SELECT * FROM q',
  'CREATE TRIGGER IF NOT EXISTS u AFTER DELETE ON a FOR EACH ROW BEGIN INSERT INTO d VALUES (NULL); DELETE FROM d WHERE a = old.id; END',
  "CREATE VIRTUAL TABLE f USING fts5(a, \"b c\", content='', tokenize = 'porter')",
  "INSERT INTO f(f) VALUES ('delete-all')",
  'ALTER TABLE a ADD COLUMN "new" TEXT REFERENCES d CHECK (length(new) < 10)',
  'ALTER TABLE a RENAME x TO "y.z"',
  'ALTER TABLE a DROP COLUMN new',
  'ALTER TABLE abort RENAME TO "re named"',
  'PRAGMA main.foreign_keys = OFF',
  'PRAGMA foreign_key_check(a)',
  'EXPLAIN QUERY PLAN SELECT 1',
  'CREATE TABLE überraschung (größe, 名前, "🧭")',
  'DELETE FROM a WHERE id IN (SELECT id FROM a ORDER BY id LIMIT 1) RETURNING id',
  'ANALYZE',
  'REINDEX a',
  'SELECT 1 -- the end',
  '/* before */ SELECT /* within */ 1',
];

describe('the parser', () => {
  const database = new DatabaseSync(':memory:');
  /** What names something that is not there, or comes too early, is no matter of grammar. */
  const isGrammar = (statement: string): boolean => {
    try {
      database.exec(statement);
      return true;
    } catch (cause) {
      return !/syntax error|incomplete input|unrecognized token/.test((cause as Error).message);
    }
  };

  it.each(AWKWARD)('reads %s', (statement) => {
    expect(isGrammar(statement)).toBe(true);
    expect(parse(statement)?.type).toMatch(/Stmt$/);
    expect(parse(`${statement};`)?.type).toBe(parse(statement)?.type);
  });

  it.each(['CREATE TABEL a (x)', 'SELECT FROM a', 'INSERT INTO a VALUES (1', "SELECT 'x", ''])(
    'does not read %s, nor does SQLite',
    (statement) => {
      expect(parse(statement)).toBeUndefined();
      if (statement !== '') expect(isGrammar(statement)).toBe(false);
    },
  );
});

describe('SQL in one spelling', () => {
  it.each([
    ['CHECK ("a"."x"  >\n1)', 'check ( x > 1 )'],
    ['"a b" . [c d] = \'A  B\'', '"c d" = \'A  B\''],
    ['x--comment\n+ 1.50', 'x + 1.50'],
    [null, ''],
  ])('%s', (sql, one) => {
    expect(normalized(sql)).toBe(one);
  });

  it('keeps whose column it is where that says something', () => {
    expect(normalized('new.x <> OLD."X"', false)).toBe('new . x <> old . x');
  });
});

describe('what is hard to read', () => {
  const A = 'CREATE TABLE a (id INTEGER PRIMARY KEY, x, y)';
  const read = (schema: readonly string[], ...statements: string[]) => {
    const reader = new Reader(schema);
    statements.forEach((statement, position) => {
      reader.follow(statement, position);
    });
    return reader.effects();
  };
  /** In which tables each column of `a` is found, as it is or as part of something. */
  const columns = (schema: readonly string[], ...statements: string[]) => {
    const effect = read(schema, ...statements).tables.get('a');
    return Object.fromEntries(
      (effect?.columns ?? []).map(({ name }) => [
        name,
        effect?.holders.flatMap(({ table, held }) =>
          [...held.values].flatMap(([now, { exact, sources }]) =>
            sources.has(name)
              ? [`${table.name}.${now}${exact === name ? '' : ' (made of it)'}`]
              : [],
          ),
        ),
      ]),
    );
  };

  it('is a table that is split in two', () => {
    expect(
      columns(
        [A],
        'CREATE TABLE b AS SELECT id, x FROM a',
        'CREATE TABLE c (id, z)',
        'INSERT INTO c (z, id) SELECT y, id FROM a',
        'DROP TABLE a',
      ),
    ).toEqual({ id: ['b.id', 'c.id'], x: ['b.x'], y: ['c.z'] });
  });

  it('is a column that moves into another table', () => {
    const schema = [A, 'CREATE TABLE b (a_id, z)'];
    const moved = 'UPDATE b SET z = (SELECT y FROM a WHERE a.id = b.a_id)';
    expect(columns(schema, moved, 'DROP TABLE a')).toEqual({
      id: ['b.z (made of it)'],
      x: [],
      y: ['b.z (made of it)'],
    });
    const joined = 'UPDATE b SET z = a.y FROM a WHERE a.id = b.a_id';
    expect(columns(schema, joined, 'DROP TABLE a').y).toEqual(['b.z (made of it)']);
  });

  it('is a trigger that keeps what is deleted', () => {
    const trigger = 'CREATE TRIGGER t AFTER DELETE ON a BEGIN INSERT INTO kept VALUES (old.x); END';
    const { x, y } = columns(
      [A, 'CREATE TABLE kept (x)', trigger],
      'DELETE FROM a',
      'DROP TABLE a',
    );
    expect([x, y]).toEqual([['kept.x'], []]);
  });

  it('is a copy through a view, a subquery and a common table expression', () => {
    const view = 'CREATE VIEW v (n, m) AS SELECT id, y FROM a';
    const copy =
      'INSERT INTO b WITH q(one, two) AS (SELECT m, n FROM v) SELECT two, one FROM (SELECT * FROM q)';
    expect(columns([A, view, 'CREATE TABLE b (k, l)'], copy, 'DROP TABLE a')).toEqual({
      id: ['b.k'],
      x: [],
      y: ['b.l'],
    });
  });

  it('is what is no SQL', () => {
    expect(read([A], 'SELEKT 1', 'SELECT 1').unread).toEqual([0]);
  });

  it('is a chain of references', () => {
    const { reaches } = read(
      [
        A,
        'CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a ON DELETE CASCADE)',
        'CREATE TABLE c (b REFERENCES b ON DELETE SET NULL, self REFERENCES c)',
        'CREATE TABLE d (b REFERENCES b(id) ON UPDATE CASCADE)',
      ],
      'DELETE FROM a WHERE x',
    );
    const names = (tables: readonly { readonly name: string }[] = []) =>
      tables.map(({ name }) => name);
    expect(reaches).toHaveLength(1);
    expect([
      names(reaches[0]?.deleted),
      names(reaches[0]?.emptied),
      names(reaches[0]?.blocking),
    ]).toEqual([['b'], ['c'], ['d']]);
  });
});
