import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Miniflare } from 'miniflare';
import { afterAll, describe, expect, it } from 'vitest';
import { refusalOfColumn } from '../../src/cli/check/add-column.ts';
import type { Finding } from '../../src/cli/check/finding.ts';
import { locateStatements } from '../../src/cli/check/located.ts';
import { folderAtRef, readModule } from '../../src/cli/check/past.ts';
import { toGithub, toText } from '../../src/cli/check/report.ts';
import { judgeStatement } from '../../src/cli/check/statements.ts';
import { checkAll, type Pasts } from '../../src/cli/check.ts';
import { openDatabase } from '../../src/cli/database.ts';
import { readFolder } from '../../src/cli/folder.ts';
import { type MigrationRecord, migrate } from '../../src/index.ts';
import { buildCommand } from './built.ts';

/** In milliseconds: processes and runtimes start slowly where others are at work. */
const SLOW = 60_000;

const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-test-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

interface Entry {
  idx?: number;
  when?: number;
  tag: string;
  sql: string;
}

/** 2026-11-22T18:00:00Z, and a minute later for each entry. */
const START = Date.UTC(2026, 10, 22, 18);
const MINUTE = 60_000;

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Writes a folder as drizzle-kit 0.x does. */
function writeFolder(path: string, entries: readonly Entry[]): string {
  rmSync(path, { recursive: true, force: true });
  const journal = entries.map(({ sql: _, ...entry }, idx) => ({
    idx,
    version: '6',
    when: START + idx * MINUTE,
    breakpoints: true,
    ...entry,
  }));
  write(
    join(path, 'meta/_journal.json'),
    JSON.stringify({ version: '7', dialect: 'sqlite', entries: journal }, null, 2),
  );
  for (const { tag, sql } of entries) write(join(path, `${tag}.sql`), sql);
  return path;
}

let folders = 0;
const newFolder = (entries: readonly Entry[]): string =>
  writeFolder(join(temporary, `project-${folders++}`, 'drizzle'), entries);

/** The findings of a folder, with paths from the folder. */
function find(entries: readonly Entry[], pasts?: Pasts): Finding[] {
  const path = newFolder(entries);
  return checkAll(readFolder(path), pasts).map((finding) => ({
    ...finding,
    file: finding.file.slice(path.length + 1),
  }));
}

/** The findings of one migration, or of the last of several, without what all of them share. */
const findIn = (...texts: string[]): Pick<Finding, 'code' | 'severity' | 'line' | 'message'>[] =>
  find(texts.map((sql, i) => ({ tag: `000${i}_x`, sql })))
    .filter(({ file }) => file === `000${texts.length - 1}_x.sql`)
    .map(({ code, severity, line, message }) => ({ code, severity, line, message }));

const codes = (...texts: string[]): string[] => findIn(...texts).map(({ code }) => code);

const A = 'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, y TEXT);';

describe('the example', () => {
  it('has one rebuild with children, and nothing else', () => {
    expect(checkAll(readFolder('drizzle'))).toEqual([
      {
        code: 'REBUILD_WITH_CHILDREN',
        severity: 'warning',
        file: 'drizzle/0007_optional_subject.sql',
        line: 12,
        message:
          '0007_optional_subject rebuilds conversations, to which rows of messages, attachments, conversation_labels ' +
          'and drafts refer.',
        effect:
          "Drizzle's migrator deletes every row of messages, attachments and conversation_labels that refers to it and " +
          'empties the references in drafts, without an error. drizzle-offramp keeps them all: it runs this with ' +
          'foreign keys disabled.',
        fix: "Replace Drizzle's migrator by drizzle-offramp before you deploy this migration, or with it.",
      },
    ]);
  });
});

describe('the journal', () => {
  const create = (tag: string, more: Partial<Entry> = {}): Entry => ({
    tag,
    sql: `CREATE TABLE t${tag.slice(0, 4)} (x);`,
    ...more,
  });

  it('names both entries where one is earlier than the one before', () => {
    const skips = find([create('0000_a'), create('0001_b'), create('0002_c', { when: START + 1 })]);
    expect(skips).toEqual([
      {
        code: 'OUT_OF_ORDER',
        severity: 'error',
        file: 'meta/_journal.json',
        line: 19,
        message:
          '0002_c (2026-11-22T18:00:00.001Z) comes after 0001_b (2026-11-22T18:01:00.000Z), but its `when` is earlier.',
        effect:
          "Drizzle's migrator skips 0002_c for ever, in silence, in each object that has 0001_b already.",
        fix:
          'If no object has it yet, set its `when` in the journal above all others. Else let drizzle-offramp run: it ' +
          'applies 0002_c out of order in each object that lacks it.',
      },
      expect.objectContaining({ code: 'SAME_SECOND', line: 19 }),
    ]);
  });

  it('compares with the newest before, not only with the one before', () => {
    const at = (minutes: number) => ({ when: START + minutes * MINUTE });
    const found = find([
      create('0000_a', at(9)),
      create('0001_b', at(1)),
      create('0002_c', at(2)),
      create('0003_d', at(10)),
    ]);
    expect(found.map(({ code, message }) => [code, message.slice(0, 6)])).toEqual([
      ['OUT_OF_ORDER', '0001_b'],
      ['OUT_OF_ORDER', '0002_c'],
    ]);
  });

  it('says what is refused where the late entry does more than add', () => {
    const found = find([
      { tag: '0000_a', sql: A },
      { tag: '0001_b', sql: 'ALTER TABLE a DROP COLUMN x;', when: START - MINUTE },
      { tag: '0002_c', sql: 'CREATE TABLE c (x);' },
    ]).find(({ code }) => code === 'OUT_OF_ORDER');
    expect(found?.fix).toBe(
      'If no object has it yet, set its `when` in the journal above all others. Else write a new migration with what ' +
        'it should have done: drizzle-offramp refuses an object (SKIPPED_MIGRATION) in which 0001_b was skipped.',
    );
  });

  it('tells equal times', () => {
    expect(find([create('0000_a'), create('0001_b', { when: START })])).toEqual([
      expect.objectContaining({
        code: 'EQUAL_WHEN',
        severity: 'error',
        line: 12,
        message: `0001_b has the same \`when\` as 0000_a: ${START}.`,
      }),
    ]);
  });

  it('tells a gap in the numbers', () => {
    expect(find([create('0000_a'), create('0002_c', { idx: 2 })])).toEqual([
      expect.objectContaining({
        code: 'IDX_GAP',
        severity: 'warning',
        file: 'meta/_journal.json',
        line: 12,
        message: '0002_c has idx 2 where 1 was expected.',
      }),
    ]);
  });

  it('tells missing and extra files, and repeated numbers', () => {
    const path = newFolder([create('0000_a'), create('0001_b'), create('0002_c', { idx: 1 })]);
    rmSync(join(path, '0000_a.sql'));
    write(join(path, '0009_extra.sql'), A);
    const found = checkAll(readFolder(path)).map(({ code, severity, line }) => [
      code,
      severity,
      line,
    ]);
    expect(found).toEqual(
      [
        ['EXTRA_FILE', 'warning', 1],
        ['MISSING_FILE', 'error', 5],
        ['REPEATED_IDX', 'error', 19],
        ['IDX_GAP', 'warning', 12],
        ['IDX_GAP', 'warning', 19],
      ].toSorted((a, b) => Number(a[2]) - Number(b[2])),
    );
  });

  it('has nothing to say of a 1.x folder', () => {
    const path = join(temporary, 'one');
    write(join(path, '20261122180000_b/migration.sql'), A);
    write(join(path, '20261122180000_a/migration.sql'), 'CREATE TABLE b (x);');
    expect(checkAll(readFolder(path))).toEqual([]);
  });
});

describe('statements', () => {
  it('finds the line of each, past comments, breakpoints and strings', () => {
    const sql = [
      '-- DROP TABLE a;',
      'DROP TABLE a;--> statement-breakpoint',
      '/* one',
      '   two */ CREATE TABLE b (x',
      "  DEFAULT 'x;",
      "y'); -- end --> statement-breakpoint SELECT 1;",
      '\tSELECT 2',
    ].join('\r\n');
    expect(locateStatements(`\ufeff${sql}`)).toEqual([
      { statement: 'DROP TABLE a', line: 2 },
      { statement: "CREATE TABLE b (x\r\n  DEFAULT 'x;\r\ny')", line: 4 },
      { statement: 'SELECT 1', line: 6 },
      { statement: 'SELECT 2', line: 7 },
    ]);
  });

  it('tells one that is too long', () => {
    const long = `INSERT INTO b VALUES (1, '${'é'.repeat(50_000)}', '')`;
    expect(findIn(A, `${A.replace('a ', 'b ')}\n${long};`)).toEqual([
      {
        code: 'STATEMENT_TOO_LONG',
        severity: 'error',
        line: 2,
        message: 'The statement has 100032 bytes; the runtime takes 100000.',
      },
    ]);
  });

  it('tells what the runtime refuses, and goes on with the rest', () => {
    const found = findIn(
      `BEGIN;\n${A}\nCOMMIT;\nCREATE TEMP TABLE t (x);\nPRAGMA user_version = 3;\nALTER TABLE a DROP COLUMN z;`,
    );
    expect(found).toEqual([
      {
        code: 'REFUSED_STATEMENT',
        severity: 'error',
        line: 1,
        message: 'BEGIN is refused in a Durable Object.',
      },
      {
        code: 'REFUSED_STATEMENT',
        severity: 'error',
        line: 3,
        message: 'COMMIT is refused in a Durable Object.',
      },
      {
        code: 'REFUSED_STATEMENT',
        severity: 'error',
        line: 4,
        message: 'Temporary tables, views and triggers are not authorized in a Durable Object.',
      },
      {
        code: 'UNAUTHORIZED_PRAGMA',
        severity: 'error',
        line: 5,
        message: 'PRAGMA user_version is not authorized in a Durable Object.',
      },
      {
        code: 'SQL_ERROR',
        severity: 'error',
        line: 6,
        message: 'SQLite refuses the statement: no such column: "z".',
      },
    ]);
  });

  it('tells an empty migration, and an empty piece of one', () => {
    expect(findIn('-- Custom SQL migration file, put your code below! --\n')).toEqual([
      {
        code: 'EMPTY_MIGRATION',
        severity: 'warning',
        line: 1,
        message: '0000_x has no statement.',
      },
    ]);
    expect(findIn(`${A}\n--> statement-breakpoint\n-- nothing\n`)).toEqual([
      {
        code: 'EMPTY_STATEMENT',
        severity: 'warning',
        line: 2,
        message: '0000_x has no statement before or after a breakpoint.',
      },
    ]);
  });

  it('stops at what SQLite refuses', () => {
    expect(findIn('CREATE TABLE a (x);\nCREATE TABEL b (x);\nCREATE TABLE a (x);')).toEqual([
      {
        code: 'SQL_ERROR',
        severity: 'error',
        line: 2,
        message: 'SQLite refuses the statement: near "TABEL": syntax error.',
      },
    ]);
  });

  it('tells a name in double quotes that SQLite reads as text', () => {
    expect(findIn(A, 'CREATE TABLE b (x);\nINSERT INTO b ("x") SELECT "z" FROM a;')).toEqual([
      {
        code: 'NAME_READ_AS_TEXT',
        severity: 'error',
        line: 2,
        message:
          'A name in double quotes is no column, so SQLite reads it as a text: no such column: "z".',
      },
    ]);
  });
});

describe('a column that is added', () => {
  it.each([
    ['ALTER TABLE a ADD z TEXT NOT NULL', 'Cannot add a NOT NULL column with default value NULL'],
    [
      'alter table "a b" add column `z` TEXT NOT NULL DEFAULT NULL',
      'Cannot add a NOT NULL column with default value NULL',
    ],
    [
      'ALTER TABLE [a] ADD z DEFAULT CURRENT_TIMESTAMP',
      'Cannot add a column with non-constant default',
    ],
    ["ALTER TABLE a ADD z TEXT NOT NULL DEFAULT ''", undefined],
    ['ALTER TABLE a ADD z TEXT', undefined],
    ['ALTER TABLE a ADD z TEXT AS (x) VIRTUAL', undefined],
    ['ALTER TABLE a RENAME TO b', undefined],
  ])('%s', (statement, refusal) => {
    expect(refusalOfColumn(statement)?.says).toBe(refusal);
  });

  it('is told with its table, unless that was made by the same migration', () => {
    const add = 'ALTER TABLE `a` ADD `z` text NOT NULL;';
    expect(
      find([
        { tag: '0000_a', sql: A },
        { tag: '0001_b', sql: `\n${add}` },
      ]),
    ).toEqual([
      {
        code: 'NOT_NULL_WITHOUT_DEFAULT',
        severity: 'error',
        file: '0001_b.sql',
        line: 2,
        message: '0001_b adds a column to a that is NOT NULL and has no default.',
        effect:
          'Each object with a row in a throws ("Cannot add a NOT NULL column with default value NULL") at every wake; ' +
          'an empty one, as in a test, does not.',
        fix: 'Give it a constant DEFAULT; or add it nullable, fill it, and make it NOT NULL in a later rebuild.',
      },
    ]);
    expect(codes(`${A} ${add}`)).toEqual([]);
    expect(codes(`${A} INSERT INTO a VALUES (1, 2, 3); ${add}`)).toEqual(['SQL_ERROR']);
  });
});

describe('a rebuild', () => {
  const off = 'PRAGMA foreign_keys=OFF;\n';
  const rebuild = (columns: string, copy: string): string =>
    `CREATE TABLE __new_a (${columns});\n${copy};\nDROP TABLE a;\nALTER TABLE __new_a RENAME TO a;`;
  const columns = 'id INTEGER PRIMARY KEY, x TEXT, y TEXT';
  const whole = rebuild(columns, 'INSERT INTO __new_a(id, x, y) SELECT id, x, y FROM a');

  it('passes where it copies all and nobody refers to it', () => {
    expect(codes(A, off + whole)).toEqual([]);
    expect(codes(A, off + rebuild(columns, 'INSERT INTO __new_a SELECT * FROM main.a'))).toEqual(
      [],
    );
  });

  const child = 'CREATE TABLE c (a REFERENCES a ON DELETE CASCADE);';

  it('is an error where children cascade and foreign keys stay on', () => {
    expect(
      find([
        { tag: '0000_a', sql: A + child },
        { tag: '0001_b', sql: whole },
      ]),
    ).toEqual([
      {
        code: 'REBUILD_WITH_FOREIGN_KEYS_ON',
        severity: 'error',
        file: '0001_b.sql',
        line: 3,
        message: '0001_b rebuilds a, to which rows of c refer.',
        effect:
          "Dropping a deletes every row of c that refers to it, without an error, with Drizzle's migrator and with " +
          'drizzle-offramp.',
        fix: 'Begin the migration with PRAGMA foreign_keys=OFF, which drizzle-offramp obeys.',
      },
    ]);
  });

  it('does then delete them, in the hands of drizzle-offramp too', () => {
    const database = openDatabase(':memory:');
    const rows = "INSERT INTO a VALUES (1, 'x', 'y'); INSERT INTO c VALUES (1);";
    migrate(database, { m0000: A + child + rows });
    migrate(database, { m0000: A + child + rows, m0001: whole });
    expect([...database.sql.exec('SELECT count(*) AS children FROM c')]).toEqual([{ children: 0 }]);
  });

  it('tells of a child that forbids it', () => {
    const [found] = find([
      { tag: '0000_a', sql: `${A} CREATE TABLE c (a REFERENCES a);` },
      { tag: '0001_b', sql: off + whole },
    ]);
    expect(found?.effect).toBe(
      "Drizzle's migrator throws where c has a row that refers to it. drizzle-offramp keeps them all: it runs this " +
        'with foreign keys disabled.',
    );
  });

  it('says nothing of children whose table is gone by then', () => {
    expect(codes(A + child, 'DROP TABLE c;', off + whole)).toEqual([]);
  });

  it.each([
    [
      'drops a column',
      rebuild('id INTEGER PRIMARY KEY, x TEXT', 'INSERT INTO __new_a SELECT id, x FROM a'),
      'REBUILD_DROPS_COLUMN',
      '0001_x rebuilds a and does not copy y.',
      3,
    ],
    [
      'filters rows',
      rebuild(columns, 'INSERT INTO __new_a SELECT * FROM a WHERE x > 1'),
      'REBUILD_FILTERS_ROWS',
      '0001_x rebuilds a and copies only some rows (WHERE).',
      3,
    ],
    [
      'copies no row',
      rebuild(columns, 'CREATE INDEX i ON __new_a (x)'),
      'REBUILD_WITHOUT_COPY',
      '0001_x replaces a and copies no row of it.',
      4,
    ],
    [
      'makes a column NOT NULL',
      rebuild(
        'id INTEGER PRIMARY KEY, x TEXT NOT NULL, y TEXT NOT NULL',
        `INSERT INTO __new_a(id, x, y) SELECT "id", "x", coalesce(y, '') FROM a`,
      ),
      'REBUILD_NOT_NULL',
      '0001_x rebuilds a, where x is NOT NULL now, and copies what may be NULL.',
      3,
    ],
    [
      'adds a column that nothing fills',
      rebuild(`${columns}, z NOT NULL`, 'INSERT INTO __new_a(id, x, y) SELECT id, x, y FROM a'),
      'NOT_NULL_WITHOUT_DEFAULT',
      '0001_x rebuilds a, where z is NOT NULL without a default, and the copy does not fill it.',
      3,
    ],
  ])('that %s', (_, sql, code, message, line) => {
    expect(findIn(A, off + sql)).toEqual([
      {
        code,
        severity: code.startsWith('NOT')
          ? 'error'
          : code === 'REBUILD_NOT_NULL'
            ? 'data'
            : 'warning',
        line,
        message,
      },
    ]);
  });

  const copied = (copy: string, more = columns): string[] => codes(A, off + rebuild(more, copy));

  it.each([
    'INSERT INTO __new_a SELECT id, x, y FROM a ORDER BY x',
    'REPLACE INTO __new_a SELECT id, x, y FROM a',
    'INSERT OR REPLACE INTO __new_a SELECT * FROM a',
    'INSERT OR IGNORE INTO __new_a SELECT * FROM a',
    'WITH old AS (SELECT * FROM a) INSERT INTO __new_a SELECT * FROM old',
    'INSERT INTO __new_a WITH old(n, b, c) AS (SELECT * FROM a) SELECT n, b, c FROM old',
    'INSERT INTO __new_a SELECT t.* FROM main.a AS t LIMIT -1',
    'INSERT INTO __new_a SELECT DISTINCT * FROM a',
    'INSERT INTO __new_a SELECT * FROM (SELECT * FROM a) WHERE true',
    'INSERT INTO __new_a SELECT a.* FROM a LEFT JOIN (SELECT 1 AS one) ON one = x',
    'INSERT INTO __new_a SELECT id, (SELECT 1 WHERE false) || x, y FROM a AS old',
    'INSERT INTO __new_a SELECT * FROM a WHERE true ON CONFLICT DO NOTHING',
  ])('loses no row by %s', (copy) => {
    expect(copied(copy)).toEqual([]);
  });

  it.each([
    ['INSERT INTO __new_a SELECT * FROM a WHERE x > 1', 'WHERE'],
    ['INSERT INTO __new_a SELECT * FROM a LIMIT 3', 'LIMIT'],
    ['INSERT INTO __new_a SELECT a.* FROM a, b', 'JOIN'],
    ['INSERT INTO __new_a SELECT a.* FROM a JOIN b USING (id)', 'JOIN'],
    ['INSERT INTO __new_a SELECT * FROM a GROUP BY x', 'GROUP BY'],
    ['INSERT INTO __new_a SELECT max(id), x, y FROM a', 'an aggregate'],
    ['INSERT INTO __new_a SELECT * FROM a EXCEPT SELECT 1, 2, 3', 'EXCEPT'],
    ['WITH old AS (SELECT * FROM a WHERE x) REPLACE INTO __new_a SELECT * FROM old', 'WHERE'],
  ])('loses rows by %s', (copy, cause) => {
    const b = 'CREATE TABLE b (id);';
    const found = findIn(A + b, off + rebuild(columns, copy));
    expect(found.find(({ code }) => code === 'REBUILD_FILTERS_ROWS')).toEqual({
      code: 'REBUILD_FILTERS_ROWS',
      severity: 'warning',
      line: 3,
      message: `0001_x rebuilds a and copies only some rows (${cause}).`,
    });
  });

  it('loses rows by REPLACE and OR IGNORE where the new table has a key that the old one has not', () => {
    const unique = 'id INTEGER PRIMARY KEY, x TEXT UNIQUE, y TEXT';
    expect(copied('REPLACE INTO __new_a SELECT * FROM a', unique)).toEqual([
      'REBUILD_FILTERS_ROWS',
    ]);
    const checked = 'id INTEGER PRIMARY KEY, x TEXT CHECK (x > 1), y TEXT';
    expect(copied('INSERT OR IGNORE INTO __new_a SELECT * FROM a', checked)).toEqual([
      'REBUILD_FILTERS_ROWS',
    ]);
    // REPLACE is for keys alone.
    expect(copied('REPLACE INTO __new_a SELECT * FROM a', checked)).toEqual(['NEW_CHECK']);
  });

  it('loses rows by a key that is computed, and says which', () => {
    const copy = 'INSERT OR IGNORE INTO __new_a(x, y, id) SELECT x, y, length(x) FROM a';
    const found = find([
      { tag: '0000_a', sql: A },
      { tag: '0001_x', sql: off + rebuild(columns, copy) },
    ]).find(({ query }) => query !== undefined);
    expect(found).toMatchObject({
      code: 'REBUILD_FILTERS_ROWS',
      severity: 'warning',
      message: '0001_x rebuilds a, and keeps only one of the rows with the same id (OR IGNORE).',
      query:
        'SELECT (length(x)), count(*) AS "rows" FROM a WHERE (length(x)) IS NOT NULL GROUP BY (length(x)) HAVING count(*) > 1',
    });
  });

  it.each([
    ["SELECT id, coalesce(x, 'y') FROM a", ['y']],
    ['SELECT id, coalesce(x, "y") FROM a', []],
    ["SELECT id, 'x' FROM a ORDER BY y, x", ['x and y']],
    ['SELECT id, (SELECT y FROM (SELECT 1 AS y)) FROM a WHERE true', ['x and y']],
    ['SELECT id, (SELECT y) FROM a', ['x']],
  ])('loses columns by %s', (select, lost) => {
    const sql = off + rebuild('id INTEGER PRIMARY KEY, x TEXT', `INSERT INTO __new_a ${select}`);
    const dropped = findIn(A, sql).filter(({ code }) => code === 'REBUILD_DROPS_COLUMN');
    expect(dropped.map(({ message }) => message)).toEqual(
      lost.map((names) => `0001_x rebuilds a and does not copy ${names}.`),
    );
  });

  it('loses its triggers, and its indexes, unless they are created again', () => {
    const things =
      'CREATE TRIGGER t AFTER UPDATE ON a BEGIN SELECT 1; END; CREATE INDEX i ON a (x);';
    expect(findIn(A + things, off + whole)).toEqual([
      {
        code: 'DROPS_TRIGGER',
        severity: 'warning',
        line: 4,
        message: '0001_x rebuilds a, and the old table takes along the trigger t.',
      },
      {
        code: 'REBUILD_DROPS_INDEX',
        severity: 'warning',
        line: 4,
        message: '0001_x rebuilds a, and the old table takes along the index i.',
      },
    ]);
    expect(codes(A + things, off + whole + things)).toEqual([]);
    expect(findIn(A + things, 'DROP TRIGGER t; DROP INDEX i;')).toEqual([
      {
        code: 'DROPS_TRIGGER',
        severity: 'warning',
        line: 1,
        message: '0001_x drops the trigger t of a.',
      },
    ]);
  });

  it('forgets the counter of AUTOINCREMENT, unless that is copied too', () => {
    const counting = 'id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT, y TEXT';
    const before = `CREATE TABLE a (${counting});`;
    const copy = 'INSERT INTO __new_a SELECT * FROM a';
    const [found, ...more] = find([
      { tag: '0000_a', sql: before },
      { tag: '0001_x', sql: off + rebuild(counting, copy) },
    ]);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      code: 'REBUILD_RESETS_AUTOINCREMENT',
      severity: 'data',
      line: 3,
      message: '0001_x rebuilds a, and its AUTOINCREMENT counts from the copied rows.',
    });
    const advice = /UPDATE .*(?=\.$)/.exec(found?.fix ?? '')?.[0];
    expect(codes(before, off + rebuild(counting, `${copy};\n${advice}`))).toEqual([]);
    // The advice does what it says.
    for (const [text, next] of [
      [copy, 2],
      [`${copy}; ${advice}`, 10],
    ] as const) {
      const database = openDatabase(':memory:');
      const rows = "INSERT INTO a VALUES (1, '', ''), (9, '', ''); DELETE FROM a WHERE id = 9;";
      const first = before + rows;
      migrate(database, { m0000: first });
      migrate(database, { m0000: first, m0001: rebuild(counting, text) });
      database.sql.exec("INSERT INTO a (x) VALUES ('next')");
      expect([...database.sql.exec('SELECT max(id) AS id FROM a')]).toEqual([{ id: next }]);
    }
  });
});

describe('what is dropped', () => {
  const off = 'PRAGMA foreign_keys=OFF;\n';
  const child = 'CREATE TABLE c (a REFERENCES a ON DELETE CASCADE);';
  const rows = "INSERT INTO a VALUES (1, 'x', 'y'); INSERT INTO c VALUES (1);";

  it('is told with its rows', () => {
    expect(findIn(A, 'DROP TABLE a;')).toEqual([
      { code: 'DROPS_TABLE', severity: 'warning', line: 1, message: '0001_x drops a.' },
    ]);
    expect(codes(A, 'CREATE TABLE b AS SELECT * FROM a; DROP TABLE a;')).toEqual([]);
    expect(codes(A, 'ALTER TABLE a RENAME TO b;')).toEqual([]);
    expect(
      findIn(
        A,
        'ALTER TABLE a ADD z; UPDATE a SET z = x;\nALTER TABLE a DROP COLUMN x;\nALTER TABLE a DROP y;',
      ),
    ).toEqual([
      {
        code: 'DROPS_COLUMN',
        severity: 'warning',
        line: 3,
        message: '0001_x drops the column y of a.',
      },
    ]);
    expect(findIn(A, "DELETE FROM a WHERE x = 'old';")).toEqual([
      { code: 'DELETES_ROWS', severity: 'warning', line: 1, message: '0001_x deletes rows of a.' },
    ]);
  });

  it('takes the children along, where foreign keys are enforced', () => {
    expect(findIn(A + child, 'DROP TABLE a;')).toEqual([
      {
        code: 'DROPS_PARENT',
        severity: 'error',
        line: 1,
        message: '0001_x drops a, to which rows of c refer.',
      },
      { code: 'DROPS_TABLE', severity: 'warning', line: 1, message: '0001_x drops a.' },
      {
        code: 'REFERENCE_BROKEN',
        severity: 'error',
        line: 1,
        message: 'After 0001_x a foreign key of c leads nowhere: no such table: main.a.',
      },
    ]);
    const database = openDatabase(':memory:');
    migrate(database, { m0000: A + child + rows });
    migrate(database, { m0000: A + child + rows, m0001: 'DROP TABLE a' });
    expect([...database.sql.exec('SELECT count(*) AS children FROM c')]).toEqual([{ children: 0 }]);
  });

  it('is refused where they are not, and a child refers to it', () => {
    const [found] = find([
      { tag: '0000_a', sql: A + child },
      { tag: '0001_b', sql: `${off}DROP TABLE a;` },
    ]);
    expect(found).toMatchObject({
      code: 'DROPS_PARENT',
      severity: 'error',
      effect:
        "Drizzle's migrator deletes every row of c that refers to it, without an error. drizzle-offramp runs this with " +
        'foreign keys disabled, and refuses each object (FOREIGN_KEY_VIOLATION) in which c has a row that refers to it.',
    });
    const database = openDatabase(':memory:');
    migrate(database, { m0000: A + child + rows });
    const object = {
      storage: database,
      blockConcurrencyWhile: <T>(run: () => Promise<T>) => run(),
    };
    expect(() => migrate(object, { m0000: A + child + rows, m0001: `${off}DROP TABLE a` })).toThrow(
      expect.objectContaining({ code: 'FOREIGN_KEY_VIOLATION' }),
    );
  });

  const object = (database: ReturnType<typeof openDatabase>) => ({
    storage: database,
    blockConcurrencyWhile: <T>(run: () => Promise<T>) => run(),
  });

  it('is more where rows are deleted or their keys changed, and others refer to them', () => {
    const effects = (statement: string, key = child) =>
      find([
        { tag: '0000_a', sql: A + key },
        { tag: '0001_b', sql: statement },
      ])
        .filter(({ code }) => code === 'CHANGES_CHILDREN')
        .map(({ effect }) => effect);
    expect(effects('DELETE FROM a WHERE id = 1;')).toEqual([
      'SQLite deletes the rows of c that refer to them, without an error.',
    ]);
    const strict = 'CREATE TABLE c (a REFERENCES a ON UPDATE CASCADE);';
    expect(effects('DELETE FROM a WHERE id = 1;', strict)).toEqual([
      'The statement throws where c has a row that refers to one of them.',
    ]);
    expect(effects('UPDATE a SET id = id + 1;', strict)).toEqual([]);
    expect(effects("UPDATE a SET x = '';")).toEqual([]);
    const refused =
      'drizzle-offramp runs this with foreign keys disabled, and refuses each object (FOREIGN_KEY_VIOLATION) in which a ' +
      'row of c is left without its parent.';
    expect(effects(`${off}UPDATE a SET id = id + 1;`, strict)).toEqual([refused]);
    const database = openDatabase(':memory:');
    const first = A + strict + rows;
    migrate(database, { m0000: first });
    expect(() =>
      migrate(object(database), { m0000: first, m0001: `${off}UPDATE a SET id = id + 1` }),
    ).toThrow(expect.objectContaining({ code: 'FOREIGN_KEY_VIOLATION' }));
  });

  it('can be the key that a child refers by', () => {
    const rebuild =
      'CREATE TABLE b (id INTEGER PRIMARY KEY, x, y);\nINSERT INTO b SELECT id + 1, x, y FROM a;\n' +
      'DROP TABLE a;\nALTER TABLE b RENAME TO a;';
    const found = find([
      { tag: '0000_a', sql: A + child },
      { tag: '0001_b', sql: off + rebuild },
    ]).find(({ code }) => code === 'REBUILD_WITH_CHILDREN');
    expect(found).toMatchObject({
      severity: 'error',
      effect:
        "Drizzle's migrator deletes every row of c that refers to it, without an error. drizzle-offramp runs this with " +
        'foreign keys disabled, and refuses each object (FOREIGN_KEY_VIOLATION) in which a row is left without its ' +
        'parent: the copy does not take all rows, or not their keys.',
    });
    const database = openDatabase(':memory:');
    const first = A + child + rows;
    migrate(database, { m0000: first });
    expect(() => migrate(object(database), { m0000: first, m0001: off + rebuild })).toThrow(
      expect.objectContaining({ code: 'FOREIGN_KEY_VIOLATION' }),
    );
  });

  it('is of no concern to children that go with it', () => {
    expect(codes(A + child, `${off}DROP TABLE a; DROP TABLE c;`)).toEqual([
      'DROPS_TABLE',
      'DROPS_TABLE',
    ]);
  });

  it('can be what a view or a trigger needs', () => {
    const view = 'CREATE TABLE o (v); CREATE VIEW w AS SELECT v FROM o;';
    const trigger = 'CREATE TRIGGER t AFTER UPDATE ON a BEGIN DELETE FROM o; END;';
    expect(findIn(A + view + trigger, 'DROP TABLE o;')).toEqual([
      { code: 'DROPS_TABLE', severity: 'warning', line: 1, message: '0001_x drops o.' },
      {
        code: 'VIEW_BROKEN',
        severity: 'error',
        line: 1,
        message: 'After 0001_x the view w cannot be used: no such table: main.o.',
      },
      {
        code: 'TRIGGER_BROKEN',
        severity: 'error',
        line: 1,
        message: 'After 0001_x the trigger t cannot be used: no such table: main.o.',
      },
    ]);
  });
});

describe('an edited history', () => {
  const entries = [
    { tag: '0000_a', sql: A },
    { tag: '0001_b', sql: 'CREATE TABLE b (x);\nCREATE TABLE c (x);' },
    { tag: '0002_c', sql: 'CREATE TABLE d (x);' },
  ];
  const past = {
    source: 'v1',
    isModule: false,
    migrations: entries.map(({ tag, sql }, i) => ({
      name: tag,
      tag: `20261122180${i}00_${tag.slice(5)}`,
      when: START + i * MINUTE,
      sql,
    })),
  };
  const compare = (now: readonly Entry[]) =>
    find(now, { base: past }).map(({ code, file, line, message }) => [code, file, line, message]);

  it('is none where nothing changed but the end', () => {
    expect(compare([...entries, { tag: '0003_d', sql: 'CREATE TABLE e (x);' }])).toEqual([]);
  });

  it('tells changed SQL with its line, and no other line ends', () => {
    const [a, b, c] = entries as [Entry, Entry, Entry];
    expect(
      compare([
        a,
        { ...b, sql: 'CREATE TABLE b (x);\nCREATE TABLE c (y);' },
        { ...c, sql: `${c.sql}` },
      ]),
    ).toEqual([['EDITED_SQL', '0001_b.sql', 2, 'The SQL of 0001_b is not that of v1.']]);
    expect(compare([a, { ...b, sql: b.sql.replace('\n', '\r\n') }, c])).toEqual([]);
  });

  it('tells a removed entry', () => {
    expect(compare(entries.slice(0, 2))).toEqual([
      ['REMOVED', 'meta/_journal.json', 1, '0002_c (20261122180200_c) of v1 is gone.'],
    ]);
  });

  it('tells a changed time', () => {
    const [a, b, c] = entries as [Entry, Entry, Entry];
    expect(compare([a, b, { ...c, when: START + 9 * MINUTE }])).toEqual([
      [
        'RESTAMPED',
        'meta/_journal.json',
        19,
        `The \`when\` of 0002_c is ${START + 9 * MINUTE}; in v1 it was ${START + 2 * MINUTE}.`,
      ],
    ]);
  });

  it('tells a new entry before an old one', () => {
    const [a, b, c] = entries as [Entry, Entry, Entry];
    const at = (entry: Entry, minutes: number) => ({ ...entry, when: START + minutes * MINUTE });
    const late = at({ tag: '0002_late', sql: 'CREATE TABLE e (x);' }, 1.5);
    expect(compare([a, at(b, 1), late, at({ ...c, tag: '0003_c' }, 2)])).toEqual([
      [
        'INSERTED',
        'meta/_journal.json',
        19,
        '0002_late is new since v1, and comes before 0003_c, which is not.',
      ],
    ]);
  });

  it('tells another order', () => {
    const [a, b, c] = entries as [Entry, Entry, Entry];
    const found = compare([a, { ...c, when: START + 2 * MINUTE }, { ...b, when: START + MINUTE }]);
    expect(found.filter(([code]) => code === 'REORDERED')).toEqual(
      [
        [
          'REORDERED',
          'meta/_journal.json',
          19,
          '0002_c came after 0001_b in v1, and now comes before it.',
        ],
      ].map(([code, file, , message]) => [code, file, 12, message]),
    );
  });

  const effect = (now: readonly Entry[], code: string): [string, string] | undefined => {
    const found = find(now, { base: past }).find((finding) => finding.code === code);
    return found && [found.severity, found.effect];
  };
  const theirs = 'One that only Drizzle 0.x has migrated';
  const ours = 'One that drizzle-offramp migrates already';

  it('does to objects what the planner says', () => {
    const [a, b, c] = entries as [Entry, Entry, Entry];
    const at = (entry: Entry, minutes: number) => ({ ...entry, when: START + minutes * MINUTE });
    expect(effect([a, b], 'REMOVED')).toEqual([
      'error',
      `Objects that have it keep what it did; new ones lack it. ${theirs} is refused (UNKNOWN_ROW). ${ours} is left as ` +
        'it is, and is refused (UNKNOWN_MIGRATION) once a migration is added.',
    ]);
    // An object that has the migration goes by its text where our ledger is, and by its time where only Drizzle's is.
    expect(effect([a, b, at(c, 9)], 'RESTAMPED')).toEqual([
      'error',
      "Drizzle's migrator runs it a second time in objects that have nothing newer. " +
        `${theirs} is refused (UNKNOWN_ROW). ${ours} goes on.`,
    ]);
    expect(effect([a, { ...b, sql: `${b.sql}\nCREATE TABLE e (x);` }, c], 'EDITED_SQL')).toEqual([
      'error',
      'Objects that have it keep what the old text did; new ones get the new text: two schemas. ' +
        `${theirs} goes on. ${ours} goes on, and drift is reported.`,
    ]);
    const late = { tag: '0002_late', sql: 'CREATE TABLE e (x);' };
    expect(
      effect([a, at(b, 1), at(late, 1.5), at({ ...c, tag: '0003_c' }, 2)], 'INSERTED'),
    ).toEqual([
      'error',
      "Drizzle's migrator skips it for ever, in silence, in each object that has 0003_c already. " +
        `${theirs} gets it out of order. ${ours} gets it out of order.`,
    ]);
    expect(effect([a, at(b, 1), at(late, 9), at({ ...c, tag: '0003_c' }, 2)], 'INSERTED')).toEqual([
      'warning',
      `${theirs} gets it out of order. ${ours} gets it out of order.`,
    ]);
    const changing = { tag: '0002_late', sql: 'DROP TABLE b;' };
    expect(
      effect([a, at(b, 1), at(changing, 1.5), at({ ...c, tag: '0003_c' }, 2)], 'INSERTED')?.[1],
    ).toContain(
      `${theirs} is refused (SKIPPED_MIGRATION). ${ours} is refused (SKIPPED_MIGRATION).`,
    );
  });

  it('does so in a real object, too', () => {
    const at = (minute: number, name: string, sql: string) => ({
      tag: `20261122180${minute}00_${name}`,
      when: START + minute * MINUTE,
      sql,
    });
    const [a, b, c] = entries.map(({ sql }, i) => at(i, 'abc'[i] as string, sql));
    const record = (...all: (typeof a)[]) =>
      Object.fromEntries(all.map((entry, i) => [`m000${i}`, entry])) as MigrationRecord;
    const database = openDatabase(':memory:');
    migrate(database, record(a, b, c));
    expect(migrate(database, record(a, b)).ahead).toHaveLength(1);
    expect(() => migrate(database, record(a, b, at(9, 'new', 'SELECT 1')))).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_MIGRATION' }),
    );
    expect(migrate(database, record(a, b, at(9, 'c', c?.sql ?? ''))).applied).toEqual([]);
  });

  it('is found against a git ref, with the index and the work tree untouched', async () => {
    const repository = join(temporary, 'repository');
    const folder = writeFolder(join(repository, 'app/drizzle'), entries);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        cwd: repository,
        encoding: 'utf8',
      });
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'one');
    write(join(folder, '0002_c.sql'), 'CREATE TABLE changed (x);');
    const before = git('status', '--porcelain');
    expect(
      checkAll(readFolder(folder), { base: (await folderAtRef(folder, 'HEAD')).past }).map(
        ({ code }) => code,
      ),
    ).toEqual(['EDITED_SQL']);
    expect(git('status', '--porcelain')).toBe(before);
    await expect(folderAtRef(folder, 'nothing')).rejects.toThrow(
      `${folder}: git cannot tell what it was at nothing: there is no such commit. In CI, fetch it first.`,
    );
  });

  it('is found against a converted module', async () => {
    const module = join(temporary, 'migrations.ts');
    write(
      module,
      `import { defineMigrations } from 'drizzle-offramp';\nexport default defineMigrations({ m0000: { tag: '20261122180000_a', when: ${START}, sql: 'CREATE TABLE other (x);' } });\n`,
    );
    expect(find(entries.slice(0, 1), { module: await readModule(module) })).toEqual([
      expect.objectContaining({
        code: 'EDITED_SQL',
        file: '0000_a.sql',
        line: 1,
        message: `The SQL of 0000_a is not that of ${module}.`,
      }),
    ]);
    const stale = find(entries, { module: await readModule(module) });
    expect(stale.filter(({ code }) => code === 'STALE_MODULE')).toEqual([
      expect.objectContaining({
        severity: 'error',
        message: expect.stringMatching(/^It lacks 0001_b and 1 more of .*_journal\.json\.$/),
      }),
    ]);
  });
});

describe('the report', () => {
  const finding: Finding = {
    code: 'A_CODE',
    severity: 'error',
    file: '/repo/a,b:c/x.sql',
    line: 7,
    message: '100% sure:\r\nyes, no.',
    effect: 'Effect.',
    fix: 'Fix.',
  };
  const result = {
    folders: ['drizzle'],
    migrations: 1,
    findings: [finding, { ...finding, severity: 'warning', line: 12, fix: null } as const],
    acknowledged: [],
    known: 0,
    base: undefined,
  };

  it('escapes annotations as GitHub asks', () => {
    expect(toGithub(result, '/repo')).toEqual([
      '::error file=a%2Cb%3Ac/x.sql,line=7,title=A_CODE::100%25 sure:%0D%0Ayes, no.%0AEffect.%0AFix.',
      '::warning file=a%2Cb%3Ac/x.sql,line=12,title=A_CODE::100%25 sure:%0D%0Ayes, no.%0AEffect.',
    ]);
  });

  it('groups by file', () => {
    expect(toText(result)).toBe(
      [
        '/repo/a,b:c/x.sql',
        '     7  error A_CODE  100% sure:\r\nyes, no.',
        '        effect  Effect.',
        '        fix     Fix.',
        '    12  warning A_CODE  100% sure:\r\nyes, no.',
        '        effect  Effect.',
        '',
        '1 migration in drizzle: 1 error, 1 warning.',
      ].join('\n'),
    );
  });
});

describe('the rules for statements', { timeout: SLOW }, () => {
  const object = `
    import { DurableObject } from 'cloudflare:workers';
    export class Probe extends DurableObject {
      ask(statements) {
        return statements.map((statement) => {
          try { [...this.ctx.storage.sql.exec(statement)]; return ''; }
          catch ({ message }) { return message; }
        });
      }
    }
    export default { fetch: async (request, env) => Response.json(await env.PROBE.getByName('a').ask(await request.json())) };`;

  /** All of https://www.sqlite.org/pragma.html */
  const pragmas = (
    'analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill case_sensitive_like ' +
    'cell_size_check checkpoint_fullfsync collation_list compile_options data_version database_list defer_foreign_keys ' +
    'encoding foreign_key_check foreign_key_list foreign_keys freelist_count fullfsync function_list hard_heap_limit ' +
    'ignore_check_constraints incremental_vacuum index_info index_list index_xinfo integrity_check journal_mode ' +
    'journal_size_limit legacy_alter_table locking_mode max_page_count mmap_size module_list optimize page_count ' +
    'page_size pragma_list query_only quick_check read_uncommitted recursive_triggers reverse_unordered_selects ' +
    'schema_version secure_delete shrink_memory soft_heap_limit synchronous table_info table_list table_xinfo ' +
    'temp_store threads trusted_schema user_version wal_autocheckpoint wal_checkpoint writable_schema'
  ).split(' ');

  it('are those of workerd', async () => {
    const refused = [
      ...[
        'BEGIN',
        'COMMIT',
        'END',
        'ROLLBACK',
        'SAVEPOINT a',
        'RELEASE a',
        'VACUUM',
        "VACUUM INTO 'x'",
      ],
      ...[
        "ATTACH 'x' AS y",
        'DETACH y',
        'CREATE TEMP TABLE x (a)',
        'CREATE TEMPORARY VIEW v AS SELECT 1',
      ],
      ...[
        'CREATE TABLE temp.x (a)',
        'CREATE TABLE _cf_x (a)',
        'ALTER TABLE t RENAME TO _cf_t',
        'SELECT sqlite_version()',
      ],
      ...['PRAGMA foreign_keys(t)', 'PRAGMA data_version = 1', 'PRAGMA page_size = 512'],
    ];
    const allowed = [
      ...[
        'CREATE TABLE t (a, b)',
        'CREATE TABLE main.u (a)',
        'CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT)',
        "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'n') WHERE name = 'n'",

        'CREATE VIRTUAL TABLE f USING fts5(a)',
      ],
      ...['ANALYZE', 'REINDEX', 'PRAGMA main.foreign_keys = OFF', 'PRAGMA "foreign_keys" = \'on\''],
      ...['PRAGMA foreign_key_check(t)', 'PRAGMA table_list', 'PRAGMA legacy_alter_table = yes'],
    ];
    const asked = pragmas.flatMap((name) => [
      `PRAGMA ${name}`,
      `PRAGMA ${name} = 1`,
      `PRAGMA ${name}(t)`,
    ]);
    const notNull = 'ALTER TABLE t ADD c NOT NULL';
    const sqlite = ['INSERT INTO t VALUES (1, 2)', notNull, 'SELECT "nothing" FROM t'];
    const statements = [...allowed, ...refused, ...asked, ...sqlite];
    const runtime = new Miniflare({
      cf: false,
      telemetry: { enabled: false },
      workers: [
        {
          config: {
            name: 'probe',
            compatibilityDate: '2026-10-01',
            manifest: {
              mainModule: 'worker.js',
              modulesRoot: temporary,
              modules: { 'worker.js': { type: 'esm', contents: object } },
            },
            env: { PROBE: { type: 'durable-object', worker: 'probe', exportName: 'Probe' } },
            exports: { Probe: { type: 'durable-object', storage: 'sqlite' } },
          },
        },
      ],
    });
    try {
      const body = JSON.stringify(statements);
      const response = await runtime.dispatchFetch('http://x/', { method: 'POST', body });
      const answers = (await response.json()) as string[];
      // SQLite's own errors, such as a table named 1 that there is not, are none of the runtime's.
      const refusal = /not authorized|To execute a transaction|cannot VACUUM/;
      const seen = statements.map((statement, i) => [statement, refusal.test(answers[i] ?? '')]);
      expect(statements.map((text) => [text, judgeStatement(text) !== undefined])).toEqual(seen);
      expect(refused.filter((text) => judgeStatement(text) === undefined)).toEqual([]);
      // What `check` advises for the counter of AUTOINCREMENT is taken, too.
      expect(answers[statements.findIndex((text) => text.includes('sqlite_sequence'))]).toBe('');
      expect(answers.slice(-3)).toEqual([
        '',
        `${refusalOfColumn(notNull)?.says}: SQLITE_ERROR`,
        '',
      ]);
    } finally {
      await runtime.dispose();
    }
  });
});

describe('the built command', { timeout: SLOW }, () => {
  const run = buildCommand();
  const project = join(temporary, 'command');
  const folder = join(project, 'drizzle');
  const config = "export default { out: './drizzle' };\n";
  const empty = { tag: '0001_b', sql: '-- nothing' };

  it('finds the folder of drizzle.config.ts, and ends with 0 where there are only warnings', () => {
    writeFolder(folder, [{ tag: '0000_a', sql: A }, empty]);
    write(join(project, 'drizzle.config.ts'), config);
    expect(run(project, 'check')).toEqual({
      status: 0,
      stdout: [
        'drizzle/0001_b.sql',
        '     1  warning EMPTY_MIGRATION  0001_b has no statement.',
        `        effect  Drizzle's migrator throws ("SQL code did not contain a statement") in every object, and the cause is lost. drizzle-offramp goes on.`,
        '        fix     Write its SQL before you deploy it: an object that has run it never runs it again.',
        '',
        '2 migrations in drizzle: 0 errors, 1 warning.',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(run(project, 'check', '--strict').status).toBe(1);
  });

  it('prints JSON and annotations, and ends with 1 for errors', () => {
    writeFolder(folder, [{ tag: '0000_a', sql: 'VACUUM;' }]);
    const finding = {
      code: 'REFUSED_STATEMENT',
      severity: 'error',
      file: 'drizzle/0000_a.sql',
      line: 1,
      message: 'VACUUM is refused in a Durable Object.',
      effect:
        'The statement throws in every object, so that no object wakes from the deploy on: nothing of the migration stands.',
      fix: 'Remove it: it cannot run in a transaction, and every write of an object is in one.',
    };
    const { status, stdout } = run(project, 'check', 'drizzle', '--json');
    expect([status, JSON.parse(stdout)]).toEqual([
      1,
      {
        version: 1,
        folders: ['drizzle'],
        migrations: 1,
        errors: 1,
        warnings: 0,
        data: 0,
        findings: [finding],
        acknowledged: [],
        known: 0,
      },
    ]);
    expect(run(project, 'check', 'drizzle', '--format', 'github')).toEqual({
      status: 1,
      stdout:
        `::error file=drizzle/0000_a.sql,line=1,title=REFUSED_STATEMENT::${finding.message}%0A${finding.effect}%0A${finding.fix}\n` +
        '1 migration in drizzle: 1 error, 0 warnings.\n',
      stderr: '',
    });
  });

  it('compares with the module beside the folder, and says so if it is none', () => {
    writeFolder(folder, [{ tag: '0000_a', sql: A }]);
    write(
      join(project, 'migrations.ts'),
      `export default { m0000: { tag: '20261122180000_a', sql: 'SELECT 1' } };`,
    );
    expect(run(project, 'check').stdout).toContain(
      'error EDITED_SQL  The SQL of 0000_a is not that of migrations.ts.',
    );
    write(join(project, 'migrations.ts'), 'export default 7;');
    expect(run(project, 'check')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(
        'migrations.ts: [INVALID_INPUT] The migrations are of type Number.',
      ),
    });
  });

  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd,
      encoding: 'utf8',
    });
  const json = (cwd: string, ...args: string[]) => {
    const { status, stdout, stderr } = run(cwd, 'check', '--json', ...args);
    const said = stdout === '' ? { findings: [], acknowledged: [], known: 0 } : JSON.parse(stdout);
    return { status, stderr, ...said } as {
      status: number;
      stderr: string;
      findings: Finding[];
      acknowledged: (Finding & { reason: string })[];
      known: number;
    };
  };
  const codesOf = (findings: readonly Finding[]) => findings.map(({ code }) => code);

  it('leaves out what is acknowledged, and says which acknowledgement fits nothing', () => {
    const known = join(temporary, 'acknowledged');
    writeFolder(join(known, 'drizzle'), [
      { tag: '0000_a', sql: `${A}CREATE TABLE b (x);` },
      { tag: '0001_b', sql: 'DROP TABLE a;' },
      { tag: '0002_c', sql: 'DROP TABLE b;' },
    ]);
    write(join(known, 'drizzle.config.ts'), config);
    const acknowledge = (...acknowledged: object[]) =>
      write(join(known, 'drizzle-offramp.json'), JSON.stringify({ acknowledged }, null, 2));
    const a = { code: 'DROPS_TABLE', in: '0001_b', reason: 'All objects have passed it.' };
    acknowledge(a);
    const first = json(known, '--strict');
    expect([first.status, codesOf(first.findings)]).toEqual([1, ['DROPS_TABLE']]);
    expect(first.acknowledged).toEqual([
      expect.objectContaining({ file: 'drizzle/0001_b.sql', reason: a.reason }),
    ]);
    const other = { ...a, in: 'drizzle/0002_c.sql' };
    acknowledge(a, other);
    expect(run(known, 'check', '--strict')).toEqual({
      status: 0,
      stdout: '3 migrations in drizzle: 0 errors, 0 warnings, 2 acknowledged.\n',
      stderr: '',
    });
    acknowledge(a, other, { ...a, code: 'DROPS_COLUMN' });
    expect(json(known, '--strict')).toMatchObject({
      status: 1,
      findings: [
        {
          code: 'ACKNOWLEDGED_NOTHING',
          severity: 'warning',
          file: 'drizzle-offramp.json',
          line: 14,
          message: 'There is no DROPS_COLUMN in 0001_b any more.',
          fix: 'Remove the entry.',
        },
      ],
    });
    acknowledge({ ...a, reason: ' ' });
    expect(run(known, 'check')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(
        'drizzle-offramp.json:4: entry 1 lacks a code, a place or a reason:',
      ),
    });
  });

  it('shows what is new since the base', () => {
    const repository = join(temporary, 'based');
    const old = [
      { tag: '0000_a', sql: `${A}CREATE TABLE b (x);` },
      { tag: '0001_b', sql: 'DROP TABLE a;' },
    ];
    writeFolder(join(repository, 'drizzle'), old);
    write(join(repository, 'drizzle.config.ts'), config);
    git(repository, 'init', '-q');
    git(repository, 'add', '.');
    git(repository, 'commit', '-qm', 'one');
    expect(json(repository, '--base', 'HEAD')).toMatchObject({ status: 0, findings: [], known: 1 });
    writeFolder(join(repository, 'drizzle'), [...old, { tag: '0002_c', sql: 'DROP TABLE b;' }]);
    const { findings, known } = json(repository, '--base', 'HEAD');
    expect([findings.map(({ file }) => file), known]).toEqual([['drizzle/0002_c.sql'], 1]);
    expect(run(repository, 'check', '--base', 'HEAD').stdout).toMatch(
      /3 migrations in drizzle: 0 errors, 1 warning, 1 older than HEAD\.\n$/,
    );
    writeFolder(join(repository, 'drizzle'), [{ tag: '0000_a', sql: 'CREATE TABLE c (x);' }]);
    expect(codesOf(json(repository, '--base', 'HEAD').findings)).toEqual(['EDITED_SQL', 'REMOVED']);
  });

  it('reads an ejected record, with the lines of its own file and of SQL files', () => {
    const ejected = join(temporary, 'ejected');
    const record = (second: string) =>
      [
        "import type { MigrationRecord } from 'drizzle-offramp';",
        "import m0002 from './migrations/m0002_drop.sql';",
        '',
        'export default {',
        "  m0000: 'CREATE TABLE a (x); CREATE TABLE b (x);',",
        '  // 20261122180000_b',
        '  m0001: {',
        '    sql: `CREATE TABLE c (x);',
        `${second}\`,`,
        '  },',
        '  m0002,',
        '} satisfies MigrationRecord;',
        '',
      ].join('\n');
    write(join(ejected, 'src/migrations.ts'), record('DROP TABLE a;'));
    write(join(ejected, 'src/migrations/m0002_drop.sql'), '\nDROP TABLE b;');
    const { status, findings } = json(ejected);
    expect(status).toBe(0);
    expect(findings.map(({ code, file, line, message }) => [code, file, line, message])).toEqual([
      ['DROPS_TABLE', 'src/migrations.ts', 9, 'm0001 drops a.'],
      ['DROPS_TABLE', 'src/migrations/m0002_drop.sql', 2, 'm0002 drops b.'],
    ]);
    expect(json(ejected, 'src/migrations.ts').findings).toEqual(findings);
    git(ejected, 'init', '-q');
    git(ejected, 'add', '.');
    git(ejected, 'commit', '-qm', 'one');
    expect(json(ejected, '--base', 'HEAD')).toMatchObject({ findings: [], known: 2 });
    write(join(ejected, 'src/migrations.ts'), record('DROP TABLE IF EXISTS a;'));
    expect(json(ejected, '--base', 'HEAD').findings).toEqual([
      expect.objectContaining({
        code: 'EDITED_SQL',
        file: 'src/migrations.ts',
        line: 9,
        message: 'The SQL of m0001 is not that of HEAD.',
      }),
    ]);
  });

  it('tells a schema that was changed and not generated, by what drizzle-kit says', () => {
    const app = join(temporary, 'schema');
    mkdirSync(app, { recursive: true });
    symlinkSync(join(import.meta.dirname, '../../node_modules'), join(app, 'node_modules'));
    const schema = (columns: string) =>
      write(
        join(app, 'src/schema.ts'),
        `import { int, sqliteTable, text } from 'drizzle-orm/sqlite-core';\nexport const a = sqliteTable('a', { id: int().primaryKey(), ${columns} });\n`,
      );
    write(
      join(app, 'drizzle.config.ts'),
      "export default { dialect: 'sqlite', driver: 'durable-sqlite', schema: './src/schema.ts', out: './drizzle' };\n",
    );
    schema("name: text('name')");
    const kit = join(app, 'node_modules/drizzle-kit/bin.cjs');
    execFileSync(process.execPath, [kit, 'generate'], { cwd: app, stdio: 'pipe' });
    expect(json(app, '--schema')).toMatchObject({ status: 0, findings: [] });
    schema("name: text('name'), email: text('e mail')");
    const before = readdirSync(join(app, 'drizzle'));
    expect(json(app, '--schema')).toMatchObject({
      status: 1,
      findings: [
        {
          code: 'NOT_GENERATED',
          severity: 'error',
          file: 'src/schema.ts',
          message: 'The schema has changes that no migration has: it adds the column a."e mail".',
          fix: 'Run `drizzle-kit generate`, and deploy what it writes.',
        },
      ],
    });
    expect(readdirSync(join(app, 'drizzle'))).toEqual(before);
    // Written at the same time, it could be of the same checkout; in CI, and where it is later, it is looked at unasked.
    const sameTime = new Date();
    for (const name of readdirSync(join(app, 'drizzle'))) {
      utimesSync(join(app, 'drizzle', name), sameTime, sameTime);
    }
    utimesSync(join(app, 'src/schema.ts'), sameTime, sameTime);
    const { CI } = process.env;
    delete process.env.CI;
    try {
      expect(json(app).status).toBe(0);
      const later = new Date(Date.now() + 60_000);
      utimesSync(join(app, 'src/schema.ts'), later, later);
      expect(json(app).status).toBe(1);
      process.env.CI = 'true';
      expect(json(app).status).toBe(1);
    } finally {
      if (CI === undefined) delete process.env.CI;
      else process.env.CI = CI;
    }
    expect(json(app, '--no-schema').status).toBe(0);
    schema("label: text('label')");
    expect(json(app, '--schema').findings).toEqual([
      expect.objectContaining({
        code: 'NOT_GENERATED',
        message:
          'The schema has changes that no migration has: something is renamed, or dropped and added.',
      }),
    ]);
  });

  it('ends with 2 where it cannot run', () => {
    expect(run(project, 'check', 'nowhere')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('nowhere does not exist.'),
    });
  });

  it('checks 1,000 migrations', () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({
      tag: `${String(i).padStart(4, '0')}_t`,
      sql: `CREATE TABLE t${i} (id INTEGER PRIMARY KEY, parent REFERENCES t${i} ON DELETE CASCADE);`,
    }));
    rmSync(join(project, 'migrations.ts'));
    writeFolder(folder, many);
    expect(run(project, 'check').stdout).toBe(
      '1000 migrations in drizzle: 0 errors, 0 warnings.\n',
    );
  });
});
