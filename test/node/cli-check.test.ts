import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Miniflare } from 'miniflare';
import { afterAll, describe, expect, it } from 'vitest';
import { refusalOfColumn } from '../../src/cli/check/add-column.ts';
import { readCopy } from '../../src/cli/check/copy.ts';
import type { Finding } from '../../src/cli/check/finding.ts';
import { locateStatements } from '../../src/cli/check/located.ts';
import { readBase, readModule } from '../../src/cli/check/past.ts';
import { toGithub, toText } from '../../src/cli/check/report.ts';
import { judgeStatement } from '../../src/cli/check/statements.ts';
import { checkAll, type Pasts } from '../../src/cli/check.ts';
import { openDatabase } from '../../src/cli/database.ts';
import { readFolder } from '../../src/cli/folder.ts';
import { migrate } from '../../src/index.ts';
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
          '0007_optional_subject rebuilds conversations, to which rows of conversation_labels, messages, attachments ' +
          'and drafts refer.',
        effect:
          "Drizzle's migrator deletes every row of conversation_labels, messages and attachments and empties the " +
          'references in drafts, without an error; drizzle-offramp keeps them all: it runs this with foreign keys off.',
        wayOut: 'Swap the call of the migrator before you deploy this migration.',
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
        wayOut:
          'If no object has it yet, set its `when` in the journal above all others. Else leave it and let ' +
          'drizzle-offramp run: it only adds, so it is applied late in each object that lacks it.',
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
    const [found] = find([
      { tag: '0000_a', sql: A },
      { tag: '0001_b', sql: 'ALTER TABLE a DROP COLUMN x;', when: START - MINUTE },
    ]);
    expect(found?.wayOut).toBe(
      'If no object has it yet, set its `when` in the journal above all others. Else write a new migration with what ' +
        'it should have done: drizzle-offramp refuses to run 0001_b late, as it does more than add (see `skipped`).',
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
    const long = `INSERT INTO a VALUES (1, '${'é'.repeat(50_000)}', '')`;
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
    expect(refusalOfColumn(statement)).toBe(refusal);
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
        wayOut:
          'Give it a constant DEFAULT; or add it nullable, fill it, and make it NOT NULL in a later rebuild.',
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
          "Dropping a deletes every row of c, without an error, with Drizzle's migrator and with drizzle-offramp.",
        wayOut: 'Begin the migration with PRAGMA foreign_keys=OFF; which drizzle-offramp obeys.',
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
      "Drizzle's migrator throws where c has a row that refers to it; drizzle-offramp keeps them all: it runs this " +
        'with foreign keys off.',
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
      '0001_x makes x of a NOT NULL, and copies it as it is.',
      3,
    ],
    [
      'adds a column that nothing fills',
      rebuild(`${columns}, z NOT NULL`, 'INSERT INTO __new_a(id, x, y) SELECT id, x, y FROM a'),
      'NOT_NULL_WITHOUT_DEFAULT',
      '0001_x rebuilds a with z, NOT NULL and without a default, and the copy does not fill it.',
      3,
    ],
  ])('that %s', (_, sql, code, message, line) => {
    expect(findIn(A, off + sql)).toEqual([
      { code, severity: code.startsWith('NOT') ? 'error' : 'warning', line, message },
    ]);
  });

  it.each([
    ['INSERT INTO b SELECT DISTINCT x, y FROM a', 'DISTINCT'],
    ['INSERT OR IGNORE INTO b SELECT x, y FROM a', 'OR IGNORE'],
    ['INSERT INTO b SELECT x, y FROM a, c', 'JOIN'],
    ['INSERT INTO b SELECT x, (SELECT 1 FROM c WHERE 0) FROM a LIMIT 3', 'LIMIT'],
    ['INSERT INTO b SELECT x, (SELECT 1 FROM c WHERE 0) FROM a AS old', undefined],
  ])('reads %s', (statement, filter) => {
    expect(readCopy(statement)?.filter).toBe(filter);
  });

  it('reads names and values', () => {
    expect(
      readCopy('INSERT INTO `__new_a`("id", "x") SELECT "id", max(1, "x") FROM `main`.`a`'),
    ).toEqual({
      source: 'A',
      target: '__NEW_A',
      columns: ['ID', 'X'],
      values: [['"ID"'], ['MAX', '(', '1', ',', '"X"', ')']],
      filter: undefined,
    });
    expect(readCopy('INSERT INTO a VALUES (1)')).toBeUndefined();
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

  it('tells changed SQL with its line, and line ends alone', () => {
    const [a, b, c] = entries as [Entry, Entry, Entry];
    expect(
      compare([
        a,
        { ...b, sql: 'CREATE TABLE b (x);\nCREATE TABLE c (y);' },
        { ...c, sql: `${c.sql}` },
      ]),
    ).toEqual([['EDITED_SQL', '0001_b.sql', 2, 'The SQL of 0001_b is not that of v1.']]);
    expect(compare([a, { ...b, sql: b.sql.replace('\n', '\r\n') }, c])).toEqual([
      ['EDITED_SQL', '0001_b.sql', 1, 'The line ends of 0001_b are others than in v1.'],
    ]);
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

  it('is found against a git ref, with the index and the work tree untouched', () => {
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
      checkAll(readFolder(folder), { base: readBase(folder, 'HEAD') }).map(({ code }) => code),
    ).toEqual(['EDITED_SQL']);
    expect(git('status', '--porcelain')).toBe(before);
    expect(() => readBase(folder, 'nothing')).toThrow(
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
    wayOut: 'Way out.',
  };
  const result = {
    folders: ['drizzle'],
    migrations: 1,
    findings: [finding, { ...finding, severity: 'warning', line: 12, wayOut: null } as const],
  };

  it('escapes annotations as GitHub asks', () => {
    expect(toGithub(result, '/repo')).toEqual([
      '::error file=a%2Cb%3Ac/x.sql,line=7,title=A_CODE::100%25 sure:%0D%0Ayes, no.%0AEffect.%0AWay out.',
      '::warning file=a%2Cb%3Ac/x.sql,line=12,title=A_CODE::100%25 sure:%0D%0Ayes, no.%0AEffect.',
    ]);
  });

  it('groups by file', () => {
    expect(toText(result)).toBe(
      [
        '/repo/a,b:c/x.sql',
        '     7  error A_CODE  100% sure:\r\nyes, no.',
        '        effect   Effect.',
        '        way out  Way out.',
        '    12  warning A_CODE  100% sure:\r\nyes, no.',
        '        effect   Effect.',
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
      ...['CREATE TABLE temp.x (a)', 'CREATE TABLE _cf_x (a)', 'SELECT sqlite_version()'],
      ...['PRAGMA foreign_keys(t)', 'PRAGMA data_version = 1', 'PRAGMA page_size = 512'],
    ];
    const allowed = [
      ...[
        'CREATE TABLE t (a, b)',
        'CREATE TABLE main.u (a)',
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
      expect(answers.slice(-3)).toEqual(['', `${refusalOfColumn(notNull)}: SQLITE_ERROR`, '']);
    } finally {
      await runtime.dispose();
    }
  });
});

describe('the built command', { timeout: SLOW }, () => {
  const run = buildCommand('check');
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
        `        effect   Drizzle's migrator throws ("SQL code did not contain a statement") in every object, and the cause is lost. drizzle-offramp goes on.`,
        '        way out  Write its SQL before you deploy it: an object that has run it never runs it again.',
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
      wayOut: 'Remove it: it cannot run in a transaction, and every write of an object is in one.',
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
        findings: [finding],
      },
    ]);
    expect(run(project, 'check', 'drizzle', '--format', 'github')).toEqual({
      status: 1,
      stdout:
        `::error file=drizzle/0000_a.sql,line=1,title=REFUSED_STATEMENT::${finding.message}%0A${finding.effect}%0A${finding.wayOut}\n` +
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
