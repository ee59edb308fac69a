// What `check` says of the rows that a migration depends on, held against SQLite: it throws where one of the queries
// finds a row, or nothing that was said has a query; and it does not throw where none of them finds any.
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAll } from '../../src/cli/check.ts';

const RUNS = 500 * Number(process.env.RANDOM_FACTOR ?? 1);

const OFF = 'PRAGMA foreign_keys=OFF';

/** A table of four columns, and what it demands of its rows. */
const table = fc.record({
  key: fc.constantFrom('id', 'id', 'id', 'x', 'x, y', 'none'),
  strict: fc.constantFrom(false, false, false, true),
  withoutRowid: fc.constantFrom(false, false, true),
  type: fc.constantFrom('TEXT', 'TEXT', 'INTEGER', 'NUMERIC', 'REAL', 'BLOB'),
  collate: fc.constantFrom('', '', ' COLLATE NOCASE'),
  notNull: fc.subarray(['x', 'y', 'n']),
  checks: fc.subarray(
    [
      "x IN ('p', 'q')",
      "x IN ('p', 'q', '1')",
      'n < 3',
      'n <= 3',
      'n BETWEEN 0 AND 3',
      "y <> '' AND n >= 0",
      "y <> ''",
    ],
    { maxLength: 2 },
  ),
  uniques: fc.subarray(['x', 'y', 'n', 'y, n', 'x, y'], { maxLength: 2 }),
  refers: fc.boolean(),
});

type Table = typeof table extends fc.Arbitrary<infer One> ? One : never;

function sqlOf(
  name: string,
  { key, strict, withoutRowid, type, collate, notNull, checks, uniques, refers }: Table,
): string {
  // SQLite would number it.
  const typed = type === 'INTEGER' && key === 'x' ? 'TEXT' : type;
  const is = (column: string): string => (notNull.includes(column) ? ' NOT NULL' : '');
  return (
    `CREATE TABLE ${name} (id INTEGER${key === 'id' ? ' PRIMARY KEY' : ''}, x ${typed}${collate}${is('x')}, y TEXT${is('y')}, ` +
    `n INTEGER${refers ? ' REFERENCES p(k)' : ''}${is('n')}${checks.map((check) => `, CHECK (${check})`).join('')}` +
    `${uniques.map((columns) => `, UNIQUE (${columns})`).join('')}${/x/.test(key) ? `, PRIMARY KEY (${key})` : ''})` +
    `${[...(strict && type !== 'NUMERIC' ? ['STRICT'] : []), ...(withoutRowid && key !== 'none' ? ['WITHOUT ROWID'] : [])].map((one, i) => `${i ? ',' : ''} ${one}`).join('')}`
  );
}

const value = fc.constantFrom<SQLInputValue>(
  null,
  null,
  '',
  'p',
  'P',
  'q',
  '1',
  '01',
  'abc',
  1,
  2,
  3,
  7,
  1.5,
  -1,
);
const row = fc.tuple(
  fc.integer({ min: 1, max: 6 }),
  value,
  value,
  fc.constantFrom<SQLInputValue>(null, 0, 1, 2, 3, 4, -1),
);

const VALUES = {
  id: ['id', 'id', 'id', 'id', 'coalesce(n, 9) + 1', 'NULL', 'id + 1'],
  x: [
    'x',
    'x',
    'x',
    'x',
    'y',
    'lower(x)',
    "coalesce(x, 'p')",
    "coalesce(x, y, 'q')",
    'CAST(x AS TEXT)',
    "'p' || x",
    "'p'",
    'CAST(x AS INTEGER)',
  ],
  y: [
    'y',
    'y',
    'y',
    'y',
    "ifnull(y, '')",
    'upper(y)',
    "CASE WHEN n > 1 THEN 'a' ELSE y END",
    'x',
    'hex(randomblob(9))',
  ],
  n: ['n', 'n', 'n', 'n', 'coalesce(n, 0)', 'abs(n)', 'id', 'NULL'],
};

const FORMS = [
  'FROM a',
  'FROM a',
  'FROM a',
  'FROM a AS t WHERE n IS NOT NULL',
  "FROM a WHERE x <> ''",
  'FROM a GROUP BY x',
  'FROM a GROUP BY x, y',
  'FROM (SELECT * FROM a)',
  'FROM a LEFT JOIN p ON p.k = a.n',
  'FROM a JOIN p ON p.k <> a.n',
  'FROM a LEFT JOIN p ON p.k = a.n WHERE p.k IS NULL',
  'FROM a ORDER BY x LIMIT 3',
];

const BEFORE = [
  "UPDATE a SET x = 'p' WHERE x IS NULL",
  "UPDATE a SET y = coalesce(y, '')",
  'UPDATE a SET n = NULL WHERE n NOT IN (SELECT k FROM p)',
  'DELETE FROM a WHERE x IS NULL',
  'DELETE FROM a WHERE rowid NOT IN (SELECT min(rowid) FROM a GROUP BY x)',
  'ALTER TABLE a ADD z TEXT',
  'ALTER TABLE a RENAME COLUMN y TO w',
];

const rebuild = fc
  .record({
    after: table,
    values: fc.record({
      id: fc.constantFrom(...VALUES.id),
      x: fc.constantFrom(...VALUES.x),
      y: fc.constantFrom(...VALUES.y),
      n: fc.constantFrom(...VALUES.n),
    }),
    columns: fc.subarray(['x', 'y', 'n'], { minLength: 1 }),
    form: fc.constantFrom(...FORMS),
    before: fc.subarray(BEFORE, { maxLength: 1 }),
    same: fc.boolean(),
  })
  .map(({ after, values, columns, form, before, same }) => (was: Table): string[] => {
    const all = ['id', ...columns] as ('id' | 'x' | 'y' | 'n')[];
    const renamed = (sql: string): string =>
      before.some((text) => text.includes('RENAME')) ? sql.replaceAll(/\by\b/g, 'w') : sql;
    // Most rebuilds change one thing.
    const made: Table = same ? { ...was, uniques: after.uniques, checks: after.checks } : after;
    const select = all.map((column) => renamed(values[column])).join(', ');
    return [
      OFF,
      ...before,
      sqlOf('__new_a', made),
      `INSERT INTO __new_a (${all.join(', ')}) SELECT ${select} ${renamed(form)}`,
      'DROP TABLE a',
      'ALTER TABLE __new_a RENAME TO a',
    ];
  });

const index = fc
  .record({
    columns: fc.constantFrom(
      'x',
      'y',
      'n',
      'y, n',
      'lower(x)',
      'x COLLATE NOCASE',
      'x COLLATE BINARY',
      'z',
      'z, x',
      'd, x',
    ),
    where: fc.constantFrom('', '', " WHERE y <> ''", ' WHERE n IS NOT NULL'),
    before: fc.subarray(BEFORE.slice(0, 5), { maxLength: 1 }),
  })
  .map(({ columns, where, before }) => (): string[] => [
    ...before,
    'ALTER TABLE a ADD z TEXT',
    "ALTER TABLE a ADD d TEXT NOT NULL DEFAULT 'd'",
    `CREATE UNIQUE INDEX u ON a (${columns})${where}`,
  ]);

const P = 'CREATE TABLE p (k INTEGER PRIMARY KEY)';

/** What `check` says of a migration behind a schema. */
function told(schema: readonly string[], statements: readonly string[]) {
  const migrations = [schema, statements].map((all, idx) => ({
    ...{
      tag: `2026112212000${idx}_m`,
      journalTag: `000${idx}_m`,
      when: Date.UTC(2026, 10, 22, 12, 0, idx),
    },
    ...{ idx, file: `000${idx}_m.sql`, line: 1, sql: all.join(';\n--> statement-breakpoint\n') },
  }));
  return checkAll({ path: '.', form: '0.x', journalFile: null, migrations, problems: [] }).filter(
    ({ file }) => file === '0001_m.sql',
  );
}

const THROWS = /^(NEW_|REBUILD_NOT_NULL|STRICT_TYPES|NOT_NULL_WITHOUT|COLUMN_NEEDS)/;

/** A database with a schema, and as many of the rows as it allows. */
function filled(
  schema: readonly string[],
  rows: readonly (readonly SQLInputValue[])[],
): DatabaseSync {
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });
  for (const sql of schema) database.exec(sql);
  database.exec('INSERT INTO p VALUES (0), (1), (2)');
  const insert = database.prepare('INSERT OR IGNORE INTO a (id, x, y, n) VALUES (?, ?, ?, ?)');
  for (const one of rows) {
    try {
      insert.run(...one);
    } catch {
      // It was not allowed.
    }
  }
  return database;
}

/** What a migration throws, or would be refused for. */
function errorOf(database: DatabaseSync, statements: readonly string[]): string | undefined {
  try {
    database.exec(OFF);
    for (const sql of statements) database.exec(sql);
    const violations = database.prepare('PRAGMA foreign_key_check').all();
    return violations.length > 0 ? 'FOREIGN KEY constraint failed' : undefined;
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** What is wrong with what was said. */
function wrong(
  schema: readonly string[],
  rows: readonly (readonly SQLInputValue[])[],
  statements: readonly string[],
  seen: Record<string, number>,
): string[] {
  const findings = told(schema, statements);
  // What SQLite refuses whatever the rows are is told, and no matter of rows.
  if (findings.some(({ code }) => code === 'SQL_ERROR')) return [];
  const changes = statements.filter((sql) => /^(UPDATE|DELETE)/.test(sql));
  const tried = filled(schema, rows);
  const isRefused = errorOf(tried, changes) !== undefined;
  tried.close();
  // An UPDATE that the table itself refuses.
  if (isRefused) return [];
  const about = findings.filter(({ code }) => THROWS.test(code));
  const database = filled(schema, rows);
  try {
    const found = about.filter(
      ({ query }) => query !== undefined && database.prepare(query).all().length > 0,
    );
    const isAsked = about.every(({ query }) => query !== undefined);
    const error = errorOf(database, statements);
    const count = (what: string, isSo: boolean): void => {
      if (isSo) seen[what] = (seen[what] ?? 0) + 1;
    };
    count('threw', error !== undefined);
    count('silent', error === undefined);
    count('found', error !== undefined && found.length > 0);
    count('none', error === undefined && about.length === 0);
    if (error !== undefined) {
      if (about.length === 0) return [`nobody said that it throws ${error}`];
      return isAsked && found.length === 0 ? [`no query found why it throws ${error}`] : [];
    }
    // Which rows an UPDATE or a DELETE before it leaves the schema does not tell.
    if (changes.length > 0) return [];
    return found.map(({ code, query }) => `${code} found a row: ${query}`);
  } finally {
    database.close();
  }
}

describe('the rows that a migration depends on', { timeout: 600_000 }, () => {
  it('are those that make it throw, and no others', () => {
    const seen: Record<string, number> = {};
    fc.assert(
      fc.property(
        table,
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.oneof({ weight: 3, arbitrary: rebuild }, index),
        (was, rows, toStatements) => {
          const schema = [P, sqlOf('a', was)];
          const statements = toStatements(was);
          const text = [...schema, ...statements, JSON.stringify(rows)].join(';\n');
          expect(wrong(schema, rows, statements, seen), text).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
    // Else it would say little.
    const enough = ['threw', 'silent', 'found', 'none'].filter(
      (what) => (seen[what] ?? 0) > RUNS / 20,
    );
    expect(enough).toEqual(['threw', 'silent', 'found', 'none']);
  });
});
