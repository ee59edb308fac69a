// What `check` says of rows, held against SQLite: the query finds the rows that make a migration fail, or that it loses
// or changes, and no others; and with drizzle-offramp it does so with them, and not without.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkAll } from '../../src/cli/check.ts';
import { openDatabase } from '../../src/cli/database.ts';
import { migrate } from '../../src/index.ts';

interface Case {
  readonly schema: string;
  readonly migration: string;
  /** Rows that it takes. */
  readonly good: string;
  /** Rows that it does not take, as the query finds them. */
  readonly bad: string;
  readonly found: readonly object[];
  readonly code: string;
  /** What drizzle-offramp throws; undefined where it goes on, and what is in the table then is `after`. */
  readonly throws?: RegExp;
  readonly after?: readonly object[];
}

const folderOf = (...texts: readonly string[]) =>
  ({
    path: '.',
    form: '0.x',
    journalFile: null,
    problems: [],
    migrations: texts.map((sql, idx) => ({
      tag: `2026112212000${idx}_m`,
      journalTag: `000${idx}_m`,
      when: Date.UTC(2026, 10, 22, 12, 0, idx),
      idx,
      file: `000${idx}_m.sql`,
      line: 1,
      sql,
    })),
  }) as const;

/** What is found in the last of some migrations. */
const find = (...texts: readonly string[]) =>
  checkAll(folderOf(...texts)).filter(({ file }) => file === `000${texts.length - 1}_m.sql`);

const codes = (...texts: readonly string[]): string[] => find(...texts).map(({ code }) => code);

/** An object with a schema and rows. */
function filled(schema: string, rows: readonly string[]) {
  const storage = openDatabase(':memory:');
  const object = { storage, blockConcurrencyWhile: <T>(run: () => Promise<T>) => run() };
  migrate(object, { m0000: schema });
  storage.sql.exec('PRAGMA foreign_keys = OFF');
  for (const text of rows) if (text !== '') storage.sql.exec(text);
  storage.sql.exec('PRAGMA foreign_keys = ON');
  return { storage, object };
}

const OFF = 'PRAGMA foreign_keys=OFF;\n';
/** A rebuild of `a`, as drizzle-kit writes it. */
const rebuild = (columns: string, names: string, select: string, into = 'INSERT INTO'): string =>
  `${OFF}CREATE TABLE __new_a ${columns};\n${into} __new_a(${names}) ${select};\nDROP TABLE a;\n` +
  'ALTER TABLE __new_a RENAME TO a;\nPRAGMA foreign_keys=ON;';

const A = 'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, y TEXT);';
const UNIQUE = /UNIQUE constraint failed/;

const CASES: Record<string, Case> = {
  'a unique index': {
    schema: A,
    migration: 'CREATE UNIQUE INDEX u ON a (x);',
    good: "INSERT INTO a VALUES (1, 'p', ''), (2, 'q', ''), (3, NULL, ''), (4, NULL, '')",
    bad: "INSERT INTO a VALUES (5, 'q', ''), (6, 'Q', '')",
    code: 'NEW_UNIQUE',
    found: [{ x: 'q', rows: 2 }],
    throws: UNIQUE,
  },
  'a unique index over two columns': {
    schema: A,
    migration: 'CREATE UNIQUE INDEX u ON a (y, x);',
    good: "INSERT INTO a VALUES (1, 'p', 'r'), (2, 'q', 'r'), (3, NULL, 'r'), (4, NULL, 'r')",
    bad: "INSERT INTO a VALUES (5, 'q', 'r')",
    code: 'NEW_UNIQUE',
    found: [{ x: 'q', y: 'r', rows: 2 }],
    throws: UNIQUE,
  },
  'a unique index over an expression, of some rows': {
    schema: A,
    migration: "CREATE UNIQUE INDEX u ON a (lower(x)) WHERE y <> 'gone';",
    good: "INSERT INTO a VALUES (1, 'p', 'r'), (2, 'P', 'gone'), (3, 'q', NULL), (4, 'q', NULL)",
    bad: "INSERT INTO a VALUES (5, 'P', 'r')",
    code: 'NEW_UNIQUE',
    found: [{ 'lower("x")': 'p', rows: 2 }],
    throws: /UNIQUE constraint failed: index 'u'/,
  },
  'a unique index that compares in another way': {
    schema: 'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT UNIQUE);',
    migration: 'CREATE UNIQUE INDEX u ON a (x COLLATE NOCASE);',
    good: "INSERT INTO a VALUES (1, 'p'), (2, 'q')",
    bad: "INSERT INTO a VALUES (3, 'Q')",
    code: 'NEW_UNIQUE',
    found: [{ '"x" COLLATE NOCASE': 'q', rows: 2 }],
    throws: UNIQUE,
  },
  'a unique index with a column that is new and the same in all rows': {
    schema: A,
    migration: "ALTER TABLE a ADD org TEXT DEFAULT 'one';\nCREATE UNIQUE INDEX u ON a (org, x);",
    good: "INSERT INTO a VALUES (1, 'p', ''), (2, 'q', '')",
    bad: "INSERT INTO a VALUES (3, 'q', '')",
    code: 'NEW_UNIQUE',
    found: [{ x: 'q', rows: 2 }],
    throws: UNIQUE,
  },
  'a rebuild with UNIQUE': {
    schema: A,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, x TEXT UNIQUE, y TEXT)',
      '"id", "x", "y"',
      'SELECT "id", "x", "y" FROM "a"',
    ),
    good: "INSERT INTO a VALUES (1, 'p', ''), (2, 'q', ''), (3, NULL, ''), (4, NULL, '')",
    bad: "INSERT INTO a VALUES (5, 'p', '')",
    code: 'NEW_UNIQUE',
    found: [{ x: 'p', rows: 2 }],
    throws: UNIQUE,
  },
  'a rebuild after which an index is unique': {
    schema: `${A}CREATE INDEX i ON a (x);`,
    migration: `${rebuild('(id INTEGER PRIMARY KEY, x TEXT)', 'id, x', 'SELECT id, y FROM a WHERE y <> 0')}
      CREATE UNIQUE INDEX i ON a (x);`,
    good: "INSERT INTO a VALUES (1, 'p', 'r'), (2, 'p', 's'), (3, 'p', '0'), (4, 'p', '0')",
    bad: "INSERT INTO a VALUES (5, 'q', 'r')",
    code: 'NEW_UNIQUE',
    found: [{ y: 'r', rows: 2 }],
    throws: UNIQUE,
  },
  'a shorter primary key': {
    schema: 'CREATE TABLE a (x TEXT, y TEXT, PRIMARY KEY (x, y));',
    migration: rebuild('(x TEXT PRIMARY KEY, y TEXT)', 'x, y', 'SELECT x, y FROM a'),
    good: "INSERT INTO a VALUES ('p', 'r'), ('q', 'r')",
    bad: "INSERT INTO a VALUES ('p', 's')",
    code: 'NEW_UNIQUE',
    found: [{ x: 'p', rows: 2 }],
    throws: UNIQUE,
  },
  'texts that become one number': {
    schema: 'CREATE TABLE a (x TEXT PRIMARY KEY);',
    migration: rebuild('(x NUMERIC PRIMARY KEY)', 'x', 'SELECT x FROM a'),
    good: "INSERT INTO a VALUES ('1'), ('2'), ('b'), ('B')",
    bad: "INSERT INTO a VALUES ('01')",
    code: 'NEW_UNIQUE',
    found: [expect.objectContaining({ rows: 2 })],
    throws: UNIQUE,
  },
  'two tables that are put into one': {
    schema: `${A}CREATE TABLE b (id INTEGER PRIMARY KEY, x TEXT);`,
    migration: `CREATE TABLE c (id INTEGER PRIMARY KEY, x TEXT);
      INSERT INTO c SELECT id, x FROM a; INSERT INTO c SELECT id, x FROM b;`,
    good: "INSERT INTO a VALUES (1, '', ''), (2, '', ''); INSERT INTO b VALUES (3, '')",
    bad: "INSERT INTO b VALUES (2, '')",
    code: 'NEW_UNIQUE',
    found: [{ key1: 2, rows: 2 }],
    throws: UNIQUE,
  },
  'a copy by a computed key': {
    schema: A,
    migration: rebuild('(x TEXT PRIMARY KEY)', 'x', 'SELECT lower(trim(x)) FROM a'),
    good: "INSERT INTO a VALUES (1, 'p', ''), (2, 'q', '')",
    bad: "INSERT INTO a VALUES (3, ' P', '')",
    code: 'NEW_UNIQUE',
    found: [{ '(lower(trim(x)))': 'p', rows: 2 }],
    throws: UNIQUE,
  },
  'a copy from a join': {
    schema: `${A}CREATE TABLE b (a_id INTEGER, z TEXT);`,
    migration: `CREATE TABLE c (id INTEGER PRIMARY KEY, z TEXT);
      INSERT INTO c SELECT a.id, b.z FROM a JOIN b ON b.a_id = a.id;`,
    good: "INSERT INTO a VALUES (1, '', ''), (2, '', ''); INSERT INTO b VALUES (1, 'r'), (7, 's')",
    bad: "INSERT INTO b VALUES (1, 't')",
    code: 'NEW_UNIQUE',
    found: [{ id: 1, rows: 2 }],
    throws: UNIQUE,
  },
  'OR IGNORE over a new key': {
    schema: A,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, x TEXT UNIQUE, y TEXT)',
      'id, x, y',
      'SELECT * FROM a',
      'INSERT OR IGNORE INTO',
    ),
    good: "INSERT INTO a VALUES (1, 'p', ''), (2, 'q', '')",
    bad: "INSERT INTO a VALUES (3, 'q', '')",
    code: 'REBUILD_FILTERS_ROWS',
    found: [{ x: 'q', rows: 2 }],
    after: [{ id: 1 }, { id: 2 }],
  },
  'OR REPLACE over a new key': {
    schema: A,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, x TEXT UNIQUE, y TEXT)',
      'id, x, y',
      'SELECT * FROM a',
      'REPLACE INTO',
    ),
    good: "INSERT INTO a VALUES (1, 'p', ''), (2, 'q', '')",
    bad: "INSERT INTO a VALUES (3, 'q', '')",
    code: 'REBUILD_FILTERS_ROWS',
    found: [{ x: 'q', rows: 2 }],
    after: [{ id: 1 }, { id: 3 }],
  },
  'NOT NULL over what may be NULL': {
    schema: A,
    migration: rebuild(
      "(id INTEGER PRIMARY KEY, x TEXT NOT NULL, y TEXT NOT NULL DEFAULT '')",
      '"id", "x", "y"',
      `SELECT "id", "x", coalesce("y", '') FROM "a"`,
    ),
    good: "INSERT INTO a VALUES (1, 'p', NULL), (2, '', '')",
    bad: "INSERT INTO a VALUES (3, NULL, '')",
    code: 'REBUILD_NOT_NULL',
    found: [{ id: 3, x: null, y: '' }],
    throws: /NOT NULL constraint failed/,
  },
  'NOT NULL over what is computed': {
    schema: A,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, z TEXT NOT NULL)',
      'id, z',
      "SELECT id, x ->> '$.z' FROM a",
    ),
    good: `INSERT INTO a VALUES (1, '{"z":1}', NULL)`,
    bad: "INSERT INTO a VALUES (3, '{}', '')",
    code: 'REBUILD_NOT_NULL',
    found: [{ id: 3, x: '{}', y: '' }],
    throws: /NOT NULL constraint failed/,
  },
  'a new CHECK': {
    schema: A,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, x TEXT, y TEXT, CONSTRAINT "c" CHECK ("__new_a"."x" IN (\'p\', \'q\') AND length("__new_a"."y") < 3))',
      '"id", "x", "y"',
      'SELECT "id", "x", "y" FROM "a"',
    ),
    good: "INSERT INTO a VALUES (1, 'p', NULL), (2, 'q', ''), (3, NULL, 'ab')",
    bad: "INSERT INTO a VALUES (4, 'P', ''), (5, 'p', 'abc')",
    code: 'NEW_CHECK',
    found: [expect.objectContaining({ id: 4 }), expect.objectContaining({ id: 5 })],
    throws: /CHECK constraint failed/,
  },
  'a CHECK of a computed value in a column of no type': {
    schema: A,
    migration: rebuild(
      "(id INTEGER PRIMARY KEY, z BLOB CHECK (z IN ('p', 'q')))",
      'id, z',
      'SELECT id, lower(x) FROM a',
    ),
    good: "INSERT INTO a VALUES (1, 'P', ''), (2, 'q', '')",
    bad: "INSERT INTO a VALUES (3, 'r', '')",
    code: 'NEW_CHECK',
    found: [{ id: 3, x: 'r', y: '' }],
    throws: /CHECK constraint failed/,
  },
  'a CHECK that allows less': {
    schema: "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT CHECK (x IN ('p', 'q')), y TEXT);",
    migration: rebuild(
      "(id INTEGER PRIMARY KEY, z TEXT CHECK (z IN ('p')), y TEXT)",
      'id, z, y',
      'SELECT id, x, y FROM a',
    ),
    good: "INSERT INTO a VALUES (1, 'p', NULL)",
    bad: "INSERT INTO a VALUES (2, 'q', NULL)",
    code: 'NEW_CHECK',
    found: [{ id: 2, x: 'q', y: null }],
    throws: /CHECK constraint failed/,
  },
  'a CHECK of a column that is added': {
    schema: A,
    migration: "ALTER TABLE a ADD z TEXT CHECK (x <> '' OR z IS NOT NULL);",
    good: "INSERT INTO a VALUES (1, 'p', NULL)",
    bad: "INSERT INTO a VALUES (2, '', NULL)",
    code: 'NEW_CHECK',
    found: [{ id: 2, x: '', y: null }],
    throws: /CHECK constraint failed/,
  },
  'a CHECK that OR IGNORE passes over': {
    schema: A,
    migration: rebuild(
      "(id INTEGER PRIMARY KEY, x TEXT CHECK (x <> ''), y TEXT)",
      'id, x, y',
      'SELECT * FROM a',
      'INSERT OR IGNORE INTO',
    ),
    good: "INSERT INTO a VALUES (1, 'p', NULL)",
    bad: "INSERT INTO a VALUES (2, '', NULL)",
    code: 'REBUILD_FILTERS_ROWS',
    found: [{ id: 2, x: '', y: null }],
    after: [{ id: 1 }],
  },
  'a new reference': {
    schema: `CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE a (id INTEGER PRIMARY KEY, p_id INTEGER);`,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p(id) ON DELETE CASCADE)',
      'id, p_id',
      'SELECT id, p_id FROM a',
    ),
    good: 'INSERT INTO p VALUES (1); INSERT INTO a VALUES (1, 1), (2, NULL)',
    bad: 'INSERT INTO a VALUES (3, 7)',
    code: 'NEW_FOREIGN_KEY',
    found: [{ id: 3, p_id: 7 }],
    throws: /FOREIGN_KEY_VIOLATION/,
  },
  'a new reference with foreign keys on': {
    schema: `CREATE TABLE p (id TEXT PRIMARY KEY COLLATE NOCASE); CREATE TABLE a (id INTEGER PRIMARY KEY, p_id TEXT);`,
    migration: `CREATE TABLE b (id INTEGER PRIMARY KEY, p TEXT REFERENCES p);
      INSERT INTO b SELECT id, p_id FROM a; DROP TABLE a; ALTER TABLE b RENAME TO a;`,
    good: "INSERT INTO p VALUES ('x'); INSERT INTO a VALUES (1, 'X'), (2, NULL)",
    bad: "INSERT INTO a VALUES (3, 'y')",
    code: 'NEW_FOREIGN_KEY',
    found: [{ id: 3, p_id: 'y' }],
    throws: /FOREIGN KEY constraint failed/,
  },
  'a reference to two columns of a table that is rebuilt as well': {
    schema: `CREATE TABLE p (k INTEGER, l INTEGER, PRIMARY KEY (k, l)); CREATE TABLE a (id INTEGER PRIMARY KEY, k INTEGER, l INTEGER);`,
    migration: `${OFF}CREATE TABLE q (m INTEGER, n INTEGER, PRIMARY KEY (m, n)); INSERT INTO q SELECT k, l FROM p; DROP TABLE p;
      ALTER TABLE q RENAME TO p;${rebuild(
        '(id INTEGER PRIMARY KEY, k INTEGER, l INTEGER, FOREIGN KEY (k, l) REFERENCES p)',
        'id, k, l',
        'SELECT id, k, l FROM a',
      )}`,
    good: 'INSERT INTO p VALUES (1, 2); INSERT INTO a VALUES (1, 1, 2), (2, NULL, 5)',
    bad: 'INSERT INTO a VALUES (3, 2, 1)',
    code: 'NEW_FOREIGN_KEY',
    found: [{ id: 3, k: 2, l: 1 }],
    throws: /FOREIGN_KEY_VIOLATION/,
  },
  'a STRICT table': {
    schema: 'CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, r REAL, t TEXT, b BLOB);',
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, n INTEGER, r REAL, t TEXT, b BLOB) STRICT',
      'id, n, r, t, b',
      'SELECT id, n, r, t, b FROM a',
    ),
    good: `INSERT INTO a VALUES (1, 1, 1, 'x', x'00'), (2, '12', '1.5', 7, NULL), (3, 2.0, NULL, NULL, NULL)`,
    bad: `INSERT INTO a (id, n) VALUES (4, 'abc'), (5, 1.5), (6, x'31')`,
    code: 'STRICT_TYPES',
    found: [4, 5, 6].map((id) => expect.objectContaining({ id })),
    throws: /cannot store/,
  },
  'texts that become numbers': {
    schema: A,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, x INTEGER, y TEXT)',
      'id, x, y',
      'SELECT id, x, y FROM a',
    ),
    good: "INSERT INTO a VALUES (1, '12', ''), (2, 'abc', ''), (3, NULL, ''), (4, '-3', '')",
    bad: "INSERT INTO a VALUES (5, '00712', ''), (6, '1e3', '')",
    code: 'CHANGES_VALUES',
    found: [expect.objectContaining({ id: 5 }), expect.objectContaining({ id: 6 })],
    after: [1, 2, 3, 4, 5, 6].map((id) => ({ id })),
  },
  'a CAST': {
    schema: A,
    migration: rebuild(
      '(id INTEGER PRIMARY KEY, x INTEGER, y TEXT)',
      'id, x, y',
      'SELECT id, CAST(x AS INTEGER), y FROM a WHERE id > 0',
    ),
    good: "INSERT INTO a VALUES (1, '12', ''), (3, NULL, '')",
    bad: "INSERT INTO a VALUES (2, 'abc', ''), (-1, 'abc', '')",
    code: 'CHANGES_VALUES',
    found: [{ id: 2, x: 'abc', y: '' }],
    after: [1, 2, 3].map((id) => ({ id })),
  },
  'an UPDATE of every row': {
    schema: A,
    migration: "UPDATE a SET x = 'new';",
    good: "INSERT INTO a VALUES (1, NULL, ''), (2, 'new', '')",
    bad: "INSERT INTO a VALUES (3, 'old', '')",
    code: 'OVERWRITES_COLUMN',
    found: [{ id: 3, x: 'old', y: '' }],
    after: [1, 2, 3].map((id) => ({ id })),
  },
  'a generated column that is NOT NULL': {
    schema: A,
    migration: 'ALTER TABLE a ADD z TEXT AS (x || y) NOT NULL;',
    good: "INSERT INTO a VALUES (1, 'p', 'q')",
    bad: "INSERT INTO a VALUES (2, NULL, 'q')",
    code: 'REBUILD_NOT_NULL',
    found: [{ id: 2, x: null, y: 'q' }],
    throws: /NOT NULL constraint failed/,
  },
  'what is read as JSON': {
    schema: A,
    migration: "ALTER TABLE a ADD z TEXT; UPDATE a SET z = json_extract(x, '$.z');",
    good: `INSERT INTO a VALUES (1, '{"z":1}', ''), (2, NULL, '')`,
    bad: "INSERT INTO a VALUES (3, 'z', '')",
    code: 'READS_JSON',
    found: [{ id: 3, x: 'z', y: '' }],
    throws: /malformed JSON/,
  },
  'an index over JSON': {
    schema: A,
    migration: "CREATE INDEX i ON a (x ->> '$.z');",
    good: "INSERT INTO a VALUES (1, '{}', '')",
    bad: "INSERT INTO a VALUES (3, 'z', '')",
    code: 'READS_JSON',
    found: [{ id: 3, x: 'z', y: '' }],
    throws: /malformed JSON/,
  },
  'rows that are inserted with a key': {
    schema: 'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, y TEXT, UNIQUE (x, y));',
    migration: "INSERT INTO a (x, y) VALUES ('p', 'q'), ('p', 'r'), ('s', NULL);",
    good: "INSERT INTO a VALUES (1, 'p', 's'), (2, 's', NULL)",
    bad: "INSERT INTO a VALUES (3, 'p', 'r')",
    code: 'INSERTS_KEY',
    found: [{ id: 3, x: 'p', y: 'r' }],
    throws: UNIQUE,
  },
  'rows that are inserted and refer to others': {
    schema:
      'CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (7); CREATE TABLE a (id INTEGER PRIMARY KEY, p_id REFERENCES p);',
    migration: 'INSERT INTO a (p_id) VALUES (7), (NULL);',
    good: 'INSERT INTO p VALUES (8)',
    bad: 'DELETE FROM p WHERE id = 7',
    code: 'INSERTS_REFERENCE',
    found: [{ parent: 'missing' }],
    throws: /FOREIGN KEY constraint failed/,
  },
  'an UPDATE by a function that gives one result for several': {
    schema: 'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT);',
    migration: "UPDATE a SET x = CASE x WHEN 'p' THEN 'q' WHEN 'r' THEN 'r' END;",
    good: "INSERT INTO a VALUES (1, 'r'), (2, NULL)",
    bad: "INSERT INTO a VALUES (3, 'other')",
    code: 'CHANGES_VALUES',
    found: [{ id: 3, x: 'other' }],
    after: [1, 2, 3].map((id) => ({ id })),
  },
  'a counter that is reset': {
    schema: 'CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT);',
    migration: rebuild(
      '(id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)',
      'id, x',
      'SELECT id, x FROM a',
    ),
    good: "INSERT INTO a (x) VALUES ('p'), ('q')",
    bad: "INSERT INTO a (id, x) VALUES (9, 'r'); DELETE FROM a WHERE id = 9",
    code: 'REBUILD_RESETS_AUTOINCREMENT',
    found: [{ seq: 9 }],
    after: [{ id: 1 }, { id: 2 }],
  },
};

describe('the rows that a migration depends on', () => {
  it.each(Object.entries(CASES))('are those of %s', (_, one) => {
    const { schema, migration, good, bad } = one;
    const [said, ...more] = find(schema, migration).filter(({ code }) => code === one.code);
    expect(more).toEqual([]);
    const query = said?.query ?? '';
    const run = (...rows: readonly string[]) => {
      const { storage, object } = filled(schema, rows);
      const found = [...storage.sql.exec(query)];
      let error: unknown;
      try {
        migrate(object, { m0000: schema, m0001: migration });
      } catch (cause) {
        error = cause;
      }
      const after = error === undefined ? [...storage.sql.exec('SELECT * FROM sqlite_master')] : [];
      const rest = () => [...storage.sql.exec('SELECT id FROM a ORDER BY id')];
      return { found, error, after, rest };
    };
    const without = run(...good.split('; '));
    expect([without.found, without.error]).toEqual([[], undefined]);
    const { found, error, rest } = run(...good.split('; '), ...bad.split('; '));
    expect(found).toEqual(one.found);
    if (one.throws === undefined) expect([error, rest()]).toEqual([undefined, one.after]);
    else expect(String((error as Error | undefined)?.message)).toMatch(one.throws);
  });
});

describe('nothing depends on rows', () => {
  const B = 'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT NOT NULL, y TEXT UNIQUE);';
  const copy = (columns: string, select: string, names = 'id, x, y'): string =>
    rebuild(columns, names, select);
  const all = 'SELECT id, x, y FROM a';
  const P = 'CREATE TABLE p (id INTEGER PRIMARY KEY); ';
  const REFERS = '(id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p(id))';

  it.each<[what: string, schema: string, migration: string, also?: readonly string[]]>([
    [
      'a unique index with a column that is new and empty',
      A,
      'ALTER TABLE a ADD org TEXT; CREATE UNIQUE INDEX u ON a (org, x);',
    ],
    [
      'a unique index over rows of which all but one were deleted',
      A,
      'DELETE FROM a WHERE id NOT IN (SELECT min(id) FROM a GROUP BY x); CREATE UNIQUE INDEX u ON a (x);',
      ['DELETES_ROWS'],
    ],
    [
      'a unique index over values that were made apart',
      A,
      "UPDATE a SET x = x || '-' || id WHERE id NOT IN (SELECT min(id) FROM a GROUP BY x); CREATE UNIQUE INDEX u ON a (x);",
    ],
    ['a unique index over more than a key', B, 'CREATE UNIQUE INDEX u ON a (x, y);'],
    [
      'a copy of one row of each',
      A,
      rebuild('(x TEXT PRIMARY KEY, y TEXT)', 'x, y', 'SELECT x, max(y) FROM a GROUP BY x'),
      ['REBUILD_DROPS_COLUMN', 'REBUILD_FILTERS_ROWS'],
    ],
    [
      'a table of all values',
      A,
      'CREATE TABLE v (x TEXT PRIMARY KEY); INSERT INTO v SELECT DISTINCT x FROM a;',
    ],
    [
      'a rebuild with the keys that were there',
      `${B}CREATE UNIQUE INDEX u ON a (x, lower(y)) WHERE y <> '';`,
      `DROP INDEX u;${copy('(id INTEGER PRIMARY KEY, x TEXT NOT NULL, z TEXT UNIQUE)', all, 'id, x, z')}
        CREATE UNIQUE INDEX u ON a (x, lower(z)) WHERE z <> '';`,
    ],
    [
      'new numbers, and random keys',
      B,
      `CREATE TABLE c (id INTEGER PRIMARY KEY, u TEXT UNIQUE, y TEXT UNIQUE, n TEXT UNIQUE);
        INSERT INTO c (u, y, n) SELECT lower(hex(randomblob(16))), y, 'n-' || CAST(id AS TEXT) FROM a;`,
    ],
    [
      'rows for what has none yet',
      `${A}CREATE TABLE s (a_id INTEGER PRIMARY KEY REFERENCES a);`,
      'INSERT INTO s SELECT a.id FROM a LEFT JOIN s ON s.a_id = a.id WHERE s.a_id IS NULL;',
      ['NEW_UNIQUE'],
    ],
    [
      'NOT NULL over what was filled',
      A,
      `UPDATE a SET x = 'none' WHERE x IS NULL; UPDATE a SET y = coalesce(y, '');
        ${copy('(id INTEGER PRIMARY KEY, x TEXT NOT NULL, y TEXT NOT NULL)', all)}`,
    ],
    [
      'NOT NULL over what cannot be NULL',
      B,
      rebuild(
        "(id INTEGER PRIMARY KEY, x TEXT NOT NULL, y TEXT NOT NULL, z TEXT NOT NULL DEFAULT '', d INTEGER NOT NULL)",
        'id, x, y, d',
        "SELECT id, upper(x) || '', CASE WHEN y > '' THEN coalesce(y, x) ELSE x END, unixepoch() FROM a",
      ),
      ['CHANGES_VALUES'],
    ],
    [
      'NOT NULL over what is not copied where it is NULL',
      A,
      copy('(id INTEGER PRIMARY KEY, x TEXT NOT NULL, y TEXT)', `${all} WHERE x IS NOT NULL`),
      ['REBUILD_FILTERS_ROWS'],
    ],
    [
      'a CHECK that allows more',
      'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT CHECK ("a"."x" IN (\'p\', \'q\')), n INT CHECK (n >= 0 AND n < 10), m INT CHECK (m BETWEEN 1 AND 5));',
      rebuild(
        "(id INTEGER PRIMARY KEY, x TEXT CHECK (\"__new_a\".\"x\" IN ('q', 'p', 'r')), n INT CHECK (n <= 10), m INT CHECK (m BETWEEN 0 AND 5))",
        'id, x, n, m',
        'SELECT id, x, n, m FROM a',
      ),
    ],
    [
      'a CHECK of a column that is new',
      A,
      copy(
        "(id INTEGER PRIMARY KEY, x TEXT, y TEXT, z TEXT DEFAULT 'p' CHECK (z IN ('p', 'q')))",
        all,
      ),
    ],
    [
      'a reference that was there, to what is renamed and rebuilt',
      `${P}CREATE TABLE a ${REFERS};`,
      `${OFF}ALTER TABLE p RENAME COLUMN id TO k; ALTER TABLE p RENAME TO q;
        ${rebuild('(id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES q(k) ON DELETE CASCADE)', 'id, p_id', 'SELECT id, p_id FROM a')}`,
    ],
    [
      'a reference to what was made of the same rows',
      A,
      `${OFF}CREATE TABLE v (x TEXT PRIMARY KEY); INSERT INTO v SELECT DISTINCT x FROM a WHERE x IS NOT NULL;
        ${copy('(id INTEGER PRIMARY KEY, x TEXT REFERENCES v(x), y TEXT)', all)}`,
    ],
    [
      'a reference without what referred to nothing',
      `${P}CREATE TABLE a (id INTEGER PRIMARY KEY, p_id INTEGER);`,
      `DELETE FROM a WHERE p_id NOT IN (SELECT id FROM p);${rebuild(REFERS, 'id, p_id', 'SELECT id, p_id FROM a')}`,
      ['DELETES_ROWS'],
    ],
    [
      'a column that refers, and is new',
      `${P}${A}`,
      'ALTER TABLE a ADD p_id INTEGER REFERENCES p(id);',
    ],
    [
      'a STRICT table that was STRICT',
      'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, n INTEGER) STRICT;',
      rebuild(
        '(id INTEGER PRIMARY KEY, x TEXT, n REAL, z ANY) STRICT',
        'id, x, n',
        'SELECT id, x, n FROM a',
      ),
    ],
    [
      'numbers that become texts',
      'CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER UNIQUE);',
      rebuild('(id TEXT PRIMARY KEY, n TEXT UNIQUE)', 'id, n', 'SELECT id, n FROM a'),
    ],
    [
      'a value that is filled or computed without a loss',
      A,
      copy(
        '(id INTEGER PRIMARY KEY, x TEXT, y TEXT)',
        "SELECT id, coalesce(x, ''), 'y-' || y FROM a",
      ),
    ],
    [
      'a column that drizzle-kit 1.x adds, and rebuilds without it',
      A,
      `ALTER TABLE a ADD email text;
        ${copy("(id INTEGER PRIMARY KEY, x TEXT DEFAULT 'y', y TEXT, email TEXT UNIQUE)", all)}`,
    ],
    [
      'an UPDATE of what is new',
      A,
      "ALTER TABLE a ADD z TEXT; UPDATE a SET z = 'new'; UPDATE a SET x = '' WHERE x IS NULL;",
    ],
    [
      'an UPDATE of what is kept elsewhere',
      A,
      "ALTER TABLE a ADD z TEXT; UPDATE a SET z = x; UPDATE a SET x = 'new';",
    ],
  ])('in %s', (_, schema, migration, also = []) => {
    expect(
      find(schema, migration)
        .map(({ code, message }) => (also.includes(code) ? '' : `${code} ${message}`))
        .filter(Boolean),
    ).toEqual([]);
    expect(codes(schema, migration)).toEqual(expect.arrayContaining([...also]));
  });
});

describe('what hangs on a table that is rebuilt', () => {
  const said = (schema: string, migration: string) =>
    find(schema, migration).map(({ code, severity, message }) => `${severity} ${code} ${message}`);
  const whole = rebuild(
    '(id INTEGER PRIMARY KEY, x TEXT, y TEXT)',
    'id, x, y',
    'SELECT id, x, y FROM a',
  );

  it('is its definition', () => {
    const schema =
      "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT COLLATE NOCASE DEFAULT 'q' CHECK (x <> ''), " +
      'y TEXT UNIQUE, "p id" INTEGER REFERENCES p, g TEXT AS (lower(x)), h TEXT AS (upper(x)) STORED) STRICT;';
    const columns = '(id INTEGER PRIMARY KEY, x TEXT, y TEXT, "p id" INTEGER, g TEXT)';
    const select = 'SELECT id, x, y, "p id", g FROM a';
    expect(said(schema, rebuild(columns, 'id, x, y, "p id", g', select))).toEqual([
      `warning REBUILD_LOSES_DEFINITION 0001_m rebuilds a without STRICT, COLLATE NOCASE of x, DEFAULT 'q' of x, the expression that g is computed by, ` +
        `the generated column h, UNIQUE (y), the reference of "p id" to p and CHECK (x <> '').`,
    ]);
  });

  it.each([
    [
      'meta/0000_snapshot.json',
      {
        tables: {
          a: {
            name: 'a',
            columns: {
              id: { name: 'id', primaryKey: true },
              x: { name: 'x', default: "'q'" },
              y: { name: 'y' },
            },
            foreignKeys: {
              a_p: { tableTo: 'p', columnsFrom: ['p'], columnsTo: ['id'], onDelete: 'cascade' },
            },
          },
        },
      },
    ],
    [
      'snapshot.json',
      {
        ddl: [
          { entityType: 'columns', table: 'b', name: 'y', default: "'r'" },
          { entityType: 'columns', table: 'a', name: 'x', default: "'q'" },
          { entityType: 'columns', table: 'a', name: 'y', default: null },
          {
            ...{ entityType: 'fks', table: 'a', columns: ['p'], tableTo: 'p', columnsTo: ['id'] },
            ...{ onDelete: 'CASCADE', onUpdate: 'NO ACTION' },
          },
        ],
      },
    ],
  ])('is not what drizzle-kit knew, by %s', (file, snapshot) => {
    const folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
    try {
      const P = 'CREATE TABLE p (id INTEGER PRIMARY KEY);';
      const columns =
        "(id INTEGER PRIMARY KEY, x TEXT DEFAULT 'q', y TEXT DEFAULT 'r', p INTEGER REFERENCES p(id) ON DELETE CASCADE)";
      const bare = '(id INTEGER PRIMARY KEY, x TEXT, y TEXT, p INTEGER)';
      const all = folderOf(
        `${P}CREATE TABLE a ${columns};`,
        rebuild(bare, 'id, x, y, p', 'SELECT id, x, y, p FROM a'),
      );
      const told = () =>
        checkAll({
          ...all,
          migrations: all.migrations.map((one) => ({ ...one, file: join(folder, one.file) })),
        }).flatMap(({ code, message }) => (code === 'REBUILD_LOSES_DEFINITION' ? message : []));
      expect(told()).toEqual([
        "0001_m rebuilds a without DEFAULT 'q' of x, DEFAULT 'r' of y and the reference of p to p.",
      ]);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), JSON.stringify(snapshot));
      expect(told()).toEqual(["0001_m rebuilds a without DEFAULT 'r' of y."]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is every row that is deleted before a copy, which is not to blame', () => {
    expect(
      said(
        A,
        `DELETE FROM a;${rebuild('(id INTEGER PRIMARY KEY, x TEXT, y TEXT)', 'id, x, y', 'SELECT id, x, y FROM a')}`,
      ),
    ).toEqual(['warning DELETES_ROWS 0001_m deletes all rows of a.']);
  });

  it('is a constraint that an index replaces, or a check that was changed, and is not lost', () => {
    const schema =
      "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT CHECK (x IN ('p')), y TEXT UNIQUE);";
    const columns = "(id INTEGER PRIMARY KEY, x TEXT CHECK (x IN ('p', 'q')), y TEXT)";
    const indexed = `${rebuild(columns, 'id, x, y', 'SELECT id, x, y FROM a')}CREATE UNIQUE INDEX u ON a (y);`;
    expect(said(schema, indexed)).toEqual([]);
  });

  it('is a trigger or an index under another name, and is not lost', () => {
    const trigger = (name: string) =>
      `CREATE TRIGGER ${name} AFTER UPDATE ON a BEGIN SELECT 1; END;`;
    expect(
      said(
        `${A}${trigger('t')}CREATE INDEX i ON a (x); CREATE INDEX k ON a (y);`,
        `${whole}${trigger('"t 2"')}CREATE INDEX j ON a (x, y); DROP INDEX IF EXISTS k;`,
      ),
    ).toEqual([]);
    expect(
      said(
        `${A}${trigger('t')}CREATE UNIQUE INDEX i ON a (x);`,
        `${whole}${trigger('t').replace('UPDATE', 'DELETE').replace(' t ', ' u ')}CREATE INDEX i2 ON a (x);`,
      ),
    ).toEqual([
      'warning DROPS_TRIGGER 0001_m rebuilds a, and the old table takes along the trigger t.',
      'warning REBUILD_DROPS_INDEX 0001_m rebuilds a, and the old table takes along the index i.',
    ]);
  });

  it('is what refers to it, which goes along with a new name', () => {
    const child = 'CREATE TABLE c (a_id INTEGER REFERENCES a(id));';
    const rows = "INSERT INTO a VALUES (1, '', ''); INSERT INTO c VALUES (1)";
    const renaming = `${OFF}ALTER TABLE a RENAME TO old; ${A} INSERT INTO a SELECT * FROM old; DROP TABLE old;`;
    const found = find(A + child, renaming);
    expect(found.map(({ code, severity }) => [code, severity])).toEqual([
      ['REBUILD_WITH_CHILDREN', 'warning'],
      ['REFERENCE_BROKEN', 'error'],
    ]);
    expect(found[1]?.message).toBe(
      'After 0001_m a foreign key of c leads nowhere: no such table: main.old.',
    );
    expect(found[0]?.effect).not.toContain('keeps them all');
    const { object } = filled(A + child, rows.split('; '));
    expect(() => migrate(object, { m0000: A + child, m0001: renaming })).toThrow(
      'FOREIGN_KEY_VIOLATION',
    );
  });

  it('is what refers to a key that is none any more', () => {
    const schema =
      'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT UNIQUE); CREATE TABLE c (a_x TEXT REFERENCES a(x));';
    const migration = rebuild('(id INTEGER PRIMARY KEY, x TEXT)', 'id, x', 'SELECT id, x FROM a');
    expect(codes(schema, migration)).toContain('REFERENCE_BROKEN');
    const { object, storage } = filled(schema, []);
    migrate(object, { m0000: schema, m0001: migration });
    storage.sql.exec('PRAGMA foreign_keys = ON');
    expect(() => storage.sql.exec("INSERT INTO c VALUES ('x')")).toThrow('foreign key mismatch');
  });

  it('is no broken reference where a later migration creates the table', () => {
    const child = 'CREATE TABLE c (a_id INTEGER REFERENCES a(id));';
    expect(checkAll(folderOf(child)).map(({ code }) => code)).toEqual(['REFERENCE_BROKEN']);
    expect(checkAll(folderOf(child, A))).toEqual([]);
  });

  it('is a view or a trigger of another table, which SQLite then does not rename', () => {
    const [view] = find(`${A}CREATE VIEW "a view" AS SELECT x FROM a;`, whole);
    expect([view?.code, view?.fix]).toEqual([
      'SQL_ERROR',
      'Drop the view a view before the rebuild, and create it again after it.',
    ]);
    const trigger =
      "CREATE TABLE b (x TEXT); CREATE TRIGGER t AFTER INSERT ON b BEGIN INSERT INTO a (x) VALUES (''); END;";
    expect(find(A + trigger, whole)[0]?.fix).toContain('Drop the trigger t before the rebuild');
  });

  it('is a search by numbers of rows that change', () => {
    const fts = (key: string) =>
      `CREATE TABLE a (id ${key} PRIMARY KEY, x TEXT); CREATE VIRTUAL TABLE f USING fts5(x, content='a');`;
    const copy = (key: string, names = 'id, x') =>
      rebuild(`(id ${key} PRIMARY KEY, x TEXT)`, names, `SELECT ${names} FROM a`);
    expect(codes(fts('TEXT'), copy('TEXT'))).toEqual(['REBUILD_RENUMBERS_ROWS']);
    expect(codes(fts('INTEGER'), copy('INTEGER'))).toEqual([]);
    expect(codes(fts('TEXT'), copy('TEXT', 'rowid, id, x'))).toEqual([]);
    const rows = [
      "INSERT INTO a VALUES ('p', 'one'), ('q', 'two')",
      "DELETE FROM a WHERE id = 'p'",
      "INSERT INTO f(f) VALUES ('rebuild')",
    ];
    const search = (migration: string) => {
      const { object, storage } = filled(fts('TEXT'), rows);
      migrate(object, { m0000: fts('TEXT'), m0001: migration });
      return [
        ...storage.sql.exec(
          "SELECT x FROM a WHERE rowid IN (SELECT rowid FROM f WHERE f MATCH 'two')",
        ),
      ];
    };
    expect(search(copy('TEXT'))).toEqual([]);
    expect(search(copy('TEXT', 'rowid, id, x'))).toEqual([{ x: 'two' }]);
  });

  it('is a trigger or a view that comes back and is another, and an index that kept rows apart', () => {
    const trigger = (more: string) =>
      `CREATE TRIGGER t AFTER UPDATE ON a ${more} BEGIN SELECT 1; END;`;
    expect(said(A + trigger(''), whole + trigger("WHEN new.x = ''"))).toEqual([
      'warning CHANGES_TRIGGER 0001_m rebuilds a, and creates the trigger t in another form than it had.',
    ]);
    const view = (columns: string) => `CREATE VIEW v AS SELECT ${columns} FROM a;`;
    expect(said(A + view('id, x, y'), `DROP VIEW v;${whole}${view('id, y')}`)).toEqual([
      'warning CHANGES_VIEW 0001_m creates the view v again without x.',
    ]);
    const inserts = 'CREATE TRIGGER i INSTEAD OF INSERT ON v BEGIN SELECT 1; END;';
    expect(said(A + view('id') + inserts, `DROP VIEW v; ${view('id, x')}`)).toEqual([
      'warning DROPS_TRIGGER 0001_m drops the view v, and with it the trigger i.',
    ]);
    const unique = 'CREATE UNIQUE INDEX u ON a (x);';
    expect(said(A + unique, 'DROP INDEX u;')).toEqual([
      'warning DROPS_UNIQUE 0001_m drops the index u of a, which was UNIQUE.',
    ]);
    expect(said(A + unique, 'CREATE UNIQUE INDEX w ON a (x); DROP INDEX u;')).toEqual([]);
    expect(said(A + unique, `${whole}CREATE UNIQUE INDEX u ON a (x, y);`)).toEqual([
      'warning REBUILD_LOSES_DEFINITION 0001_m rebuilds a without what the index u kept UNIQUE.',
    ]);
  });

  it('is what a reference does, and clauses that no pragma tells', () => {
    const P = 'CREATE TABLE p (id INTEGER PRIMARY KEY);';
    const table = (more: string, unique: string) =>
      `(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p ${more}, x TEXT UNIQUE ${unique})`;
    const schema = `${P}CREATE TABLE a ${table('ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED', 'ON CONFLICT REPLACE')};`;
    expect(said(schema, rebuild(table('', ''), 'id, p, x', 'SELECT id, p, x FROM a'))).toEqual([
      'warning REBUILD_LOSES_DEFINITION 0001_m rebuilds a without ON DELETE CASCADE of the reference of p to p, DEFERRABLE and ON CONFLICT REPLACE.',
    ]);
  });

  it('is a table that is renamed away and stays, with what refers to it', () => {
    const child = 'CREATE TABLE c (a_id INTEGER REFERENCES a(id));';
    const renaming = `ALTER TABLE a RENAME TO old; ${A} INSERT INTO a SELECT * FROM old;`;
    expect(said(A + child, renaming)).toEqual([
      'warning REFERENCE_MOVED After 0001_m c refers to old, as a is called now, and not to the new a.',
    ]);
  });

  it('is a trigger that the migration sets off', () => {
    const touch =
      'CREATE TRIGGER t AFTER UPDATE OF x ON a BEGIN UPDATE a SET y = 1 WHERE id = new.id; END;';
    expect(said(A + touch, 'UPDATE a SET x = x || 1;')).toEqual([
      'data FIRES_TRIGGER 0001_m sets off the trigger t of a, which sets y of a.',
    ]);
    expect(said(A + touch, `DROP TRIGGER t; UPDATE a SET x = x || 1; ${touch}`)).toEqual([]);
  });

  it('is a default that no row can get', () => {
    const [found] = find(A, 'CREATE TABLE b (id TEXT DEFAULT (uuid()));');
    expect([found?.code, found?.message]).toEqual([
      'DEFAULT_BROKEN',
      'After 0001_m no row can be inserted into b without all of its values: unknown function: uuid().',
    ]);
  });

  it('is a column of which only a part is kept', () => {
    const add = 'ALTER TABLE a ADD z TEXT;';
    const drop = 'ALTER TABLE a DROP COLUMN x;';
    expect(codes(A, `${add}UPDATE a SET z = x;${drop}`)).toEqual([]);
    expect(codes(A, `${add}UPDATE a SET z = coalesce(x, '') || '-' || y;${drop}`)).toEqual([]);
    expect(codes(A, `${add}UPDATE a SET z = x WHERE x IS NOT NULL;${drop}`)).toEqual([]);
    expect(codes(A, `${add}UPDATE a SET z = x WHERE y = 'q';${drop}`)).toEqual(['DROPS_COLUMN']);
    expect(codes(A, `${add}UPDATE a SET z = substr(x, 1, 3);${drop}`)).toEqual(['DROPS_COLUMN']);
  });

  it('is a column that gets the values of another', () => {
    const swap = rebuild('(id INTEGER PRIMARY KEY, y TEXT, x TEXT)', 'id, y, x', 'SELECT * FROM a');
    expect(said(A, swap)).toEqual([
      'warning SWAPS_COLUMNS 0001_m rebuilds a, and copies x into y and y into x.',
    ]);
    const renamed = rebuild(
      '(id INTEGER PRIMARY KEY, z TEXT, y TEXT)',
      'id, z, y',
      'SELECT * FROM a',
    );
    expect(said(A, renamed)).toEqual([]);
  });
});
