// What a baseline cannot be made of, and what each refusal names. See test/workers/baseline.test.ts for the rest.
import { describe, expect, it } from 'vitest';
import { checkBaseline, makeBaseline } from '../../src/cli/baseline/make.ts';
import type { MigrationRecord } from '../../src/input/migration.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { recordOf } from '../histories.ts';

const migrationsOf = (...texts: string[]) => readMigrations(recordOf(texts)).migrations;

/** What the making of a baseline throws. */
function refusal(...texts: string[]): string {
  try {
    makeBaseline(migrationsOf(...texts));
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

const TIME_OR_CHANCE =
  'No baseline can be made here: each new object has other rows, as they depend on time or chance.\n';

describe('rows that depend on time or chance are refused with table and column', () => {
  for (const [what, value] of [
    ['CURRENT_TIMESTAMP', 'CURRENT_TIMESTAMP'],
    ['CURRENT_DATE', 'current_date'],
    ["datetime('now')", "datetime('now')"],
    ['date()', 'date()'],
    ['unixepoch()', 'unixepoch()'],
    ["unixepoch('subsec')", "unixepoch('subsec')"],
    ["strftime('%s')", "strftime('%s')"],
    ["a year, of strftime('%Y', 'now', …)", "strftime('%Y', 'now', '-400 days')"],
    ['julianday', "julianday('NOW')"],
    ['a UUID', 'lower(hex(randomblob(16)))'],
    ['random()', 'random()'],
    ['a coin', 'abs(random()) % 2'],
  ]) {
    it(`${what}, written out and as a default`, () => {
      for (const history of [
        ['CREATE TABLE t (id INTEGER PRIMARY KEY, at)', `INSERT INTO t VALUES (1, ${value})`],
        [
          `CREATE TABLE t (id INTEGER PRIMARY KEY, at DEFAULT (${value}))`,
          'INSERT INTO t (id) VALUES (1)',
        ],
      ]) {
        const message = refusal(...history);
        expect(message.slice(0, TIME_OR_CHANCE.length)).toBe(TIME_OR_CHANCE);
        expect(message.split('\n')[1]).toMatch(/^ {2}t\.at is .+ and .+$/);
      }
    });
  }

  it('what a function asks of the time and of chance', () => {
    for (const value of [() => Date.now(), () => new Date().toISOString(), () => Math.random()]) {
      const record: MigrationRecord = {
        m0000: {
          tag: '20261201090000_now',
          revision: '1',
          up(sql) {
            sql.exec('CREATE TABLE t (at)');
            sql.exec('INSERT INTO t VALUES (?)', value());
          },
        },
      };
      expect(() => makeBaseline(readMigrations(record).migrations)).toThrow('\n  t.at is ');
    }
  });

  it('but not a default that no row has taken, nor a time that is written out', () => {
    const history = [
      'CREATE TABLE t (id INTEGER PRIMARY KEY, at DEFAULT CURRENT_TIMESTAMP, x DEFAULT (random()))',
      "INSERT INTO t VALUES (1, datetime('2026-12-01', '+1 day'), 4)",
    ];
    expect(makeBaseline(migrationsOf(...history))).toMatchObject({ rows: 1, statements: 2 });
  });

  it('nor rows in the order that SQLite finds them in', () => {
    const history = [
      'CREATE TABLE k (a TEXT, b TEXT, c INTEGER, PRIMARY KEY (b, a)) WITHOUT ROWID',
      "INSERT INTO k VALUES ('1', '2', 3), ('0', '3', 1)",
      'CREATE INDEX k_c ON k (c, a)',
      'ANALYZE',
    ];
    expect(makeBaseline(migrationsOf(...history)).rows).toBe(2);
  });
});

describe('what cannot be written as SQL is refused by name', () => {
  for (const [what, message, ...history] of [
    [
      'a full-text table without content that has rows',
      'No baseline can be made here:\n  f has rows and no content: nobody can tell what they were made from',
      "CREATE VIRTUAL TABLE f USING fts5(a, content='')",
      "INSERT INTO f (rowid, a) VALUES (1, 'x')",
    ],
    [
      'the same where no row has a word',
      'No baseline can be made here:\n  f has rows and no content: nobody can tell what they were made from',
      "CREATE VIRTUAL TABLE f USING fts5(a, content='')",
      "INSERT INTO f (rowid, a) VALUES (1, '')",
    ],
    [
      'a full-text index that is not in step with its table',
      'The baseline of m0003 (20261201090003_m3) does not make what the history makes:\n  f finds other words',
      'CREATE TABLE n (id INTEGER PRIMARY KEY, t TEXT)',
      "CREATE VIRTUAL TABLE f USING fts5(t, content='n', content_rowid='id')",
      "INSERT INTO n VALUES (1, 'a b')",
      "INSERT INTO f (rowid, t) VALUES (1, 'other')",
    ],
    [
      'another virtual table',
      'No baseline can be made here:\n  f is a virtual table of fts4: only fts5 and rtree can be made again',
      'CREATE VIRTUAL TABLE f USING fts4(a)',
    ],
    [
      'a row that no statement can hold',
      'No baseline can be made here:\n  t.long has a row that is longer than one statement may be',
      'CREATE TABLE t (id INTEGER PRIMARY KEY, short TEXT, long BLOB)',
      "INSERT INTO t VALUES (1, 'x', zeroblob(50000))",
    ],
    [
      'rows of more columns than an INSERT can have',
      'No baseline can be made here:\n  t has rows of 101 columns: more than 100 cannot be inserted',
      `CREATE TABLE t (${Array.from({ length: 100 }, (_, i) => `c${i}`).join(', ')})`,
      'INSERT INTO t (c1) VALUES (1)',
    ],
    [
      'rows against a CHECK',
      'No baseline can be made of m0001 (20261201090001_m1): a new object cannot have the rows that the history leaves.\n' +
        '[MIGRATION_FAILED] The baseline of m0001 failed (20261201090001_m1); everything was rolled back.\n' +
        '  Statement 2: INSERT INTO "t" ("rowid", "a") VALUES\n(1, 5)\n' +
        '  Error: CHECK constraint failed: a < 3\n' +
        '  State: 0 migration(s) were applied before this attempt',
      'CREATE TABLE t (a INTEGER CHECK (a < 3))',
      'PRAGMA ignore_check_constraints = ON;\n--> statement-breakpoint\nINSERT INTO t VALUES (5)',
    ],
    [
      'a history that does not run',
      'No baseline can be made of m0001 (20261201090001_m1): the history does not run in a new object.\n' +
        '[MIGRATION_FAILED] Migration m0001 failed (20261201090001_m1); everything was rolled back.\n' +
        '  Statement 1: INSERT INTO none VALUES (1)\n' +
        '  Error: no such table: none\n' +
        '  State: 0 migration(s) were applied before this attempt',
      'CREATE TABLE t (a)',
      'INSERT INTO none VALUES (1)',
    ],
  ] as const) {
    it(what, () => {
      expect(refusal(...history)).toBe(message);
    });
  }

  it('a row that lacks what it refers to', () => {
    const message = refusal(
      'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER)',
      'INSERT INTO c VALUES (1, 9)',
      'CREATE TABLE p (id INTEGER PRIMARY KEY)',
      'ALTER TABLE c ADD q INTEGER REFERENCES p (id)',
      'PRAGMA foreign_keys=OFF;\n--> statement-breakpoint\nUPDATE c SET q = 9',
    );
    expect(message).toBe(
      'No baseline can be made of m0004 (20261201090004_m4): the history does not run in a new object.\n' +
        '[FOREIGN_KEY_VIOLATION] After the migrations 1 row(s) lack the row they refer to, so everything was rolled back; ' +
        'm0004 disabled foreign keys.\n  c row 1 has no p\n' +
        'Delete or fix these rows in the migration that removes their parents.',
    );
  });
});

describe('a history whose own tables are called as the ledgers are', () => {
  it('has a baseline for a class that names others', () => {
    const { text } = makeBaseline(
      migrationsOf('CREATE TABLE __migrations (x)', 'INSERT INTO __migrations VALUES (1)'),
    );
    expect(text.split('\n').slice(1)).toEqual([
      'CREATE TABLE __migrations (x);',
      '--> statement-breakpoint',
      'INSERT INTO "__migrations" ("rowid", "x") VALUES',
      '(1, 1);',
      '',
    ]);
  });
});

describe('a text that is no UTF-8', () => {
  it('is written by its bytes, and the same text read is another', () => {
    const { text } = makeBaseline(
      migrationsOf('CREATE TABLE t (x TEXT)', "INSERT INTO t VALUES (CAST(x'61ff62' AS TEXT))"),
    );
    expect(text).toContain("(1, CAST(X'61FF62' AS TEXT))");
  });
});

describe('checkBaseline', () => {
  const history = ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)'];
  const withBaseline = (baseline: string) =>
    readMigrations({
      ...recordOf(history),
      m0001: { ...recordOf(history).m0001, baseline },
    } as MigrationRecord).migrations;
  const { text } = makeBaseline(migrationsOf(...history).slice(0, 2));

  it('proves it, and says if there is nothing to prove', () => {
    expect(checkBaseline(withBaseline(text))).toBe(true);
    expect(checkBaseline(migrationsOf(...history))).toBe(false);
  });

  it('finds a row, a text or a header that was changed', () => {
    const of = (baseline: string): string => {
      try {
        return String(checkBaseline(withBaseline(baseline)));
      } catch (error) {
        return (error as Error).message;
      }
    };
    const other = 'The baseline of m0001 (20261201090001_m1) does not make what the history makes:';
    expect(of(text.replace('(1, 1)', '(1, 2)'))).toBe(`${other}\n  t.a is 1 and 2`);
    expect(of(text.replace('(1, 1)', '(1, 1), (2, 1)'))).toBe(`${other}\n  t has 1 and 2 row(s)`);
    expect(of(text.replace('CREATE TABLE t (a)', 'CREATE TABLE t (a )'))).toBe(
      `${other}\n  t is CREATE TABLE t (a) and CREATE TABLE t (a )`,
    );
    expect(of(text.slice(text.indexOf('\n') + 1))).toBe(
      'The baseline of m0001 (20261201090001_m1) was made of other migrations than those up to it. Run ' +
        '`npx drizzle-offramp convert --baseline m0001` again.',
    );
  });
});
