// Migrations that are functions, on the command line: each command keeps them in their place, and runs them as an object
// does.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { loadDefault } from '../../src/cli/load.ts';
import { findRecord } from '../../src/cli/record-source.ts';
import { type MigrationRecord, migrate } from '../../src/index.ts';
import { type Made, tables, writeForm0, writeForm1 } from './corpus.ts';
import { useProjects } from './projects.ts';

const { at, read, run } = useProjects('functions');
const write = (file: string, text: string): void => writeFileSync(at(file), text);

/** A function as a person writes it, with all that is hard to tell apart in a text. */
const FUNCTION = `\
  m0001: {
    tag: '20261122180030_fill',
    revision: '1',
    up(sql) {
      // Don't stop at a quote, or at a brace: }
      const first = (text: string) => text.split(/['"\`}]/)[0] ?? text;
      for (const { id } of sql.exec<{ id: string }>('SELECT id FROM a')) {
        sql.exec(\`UPDATE a SET id = ? WHERE id = \${1 / 1 ? '?' : "}"}\`, first(id) + SUFFIX, id);
      }
    },
  },
`;
const HELPER = "const SUFFIX = '!';\n";

/** Writes a function into a converted module, behind its first migration. */
function insertFunction(): void {
  const source = read();
  const second = source.indexOf('  m0001: {');
  const end = second < 0 ? source.lastIndexOf('}') : second;
  const rest = source
    .slice(end)
    .replaceAll(/ {2}m000(\d): /g, (_, n) => `  m000${Number(n) + 1}: `);
  const text = source.slice(0, end) + FUNCTION + rest;
  // Whoever writes on a module takes out what it carries.
  write(
    'migrations.ts',
    text
      .replace(/, 'm\d{4} [0-9a-f]{64}'\)/, ')')
      .replace('export default', `${HELPER}\nexport default`),
  );
}

const load = async (file = 'migrations.ts') => (await loadDefault(at(file))) as MigrationRecord;

async function ids(record?: MigrationRecord): Promise<unknown[]> {
  const database = openDatabase(':memory:');
  try {
    const all = record ?? (await load());
    migrate(database, { m0000: all.m0000 as string });
    database.sql.exec('INSERT INTO a VALUES (?), (?)', 'x', "y'z");
    migrate(database, all);
    return [...database.sql.exec('SELECT id FROM a')].map(({ id }) => id);
  } finally {
    database.close();
  }
}

describe.for([
  ['0.x', writeForm0],
  ['1.x', writeForm1],
] as const)('a folder of %s that goes on beside a function', ([, writeFolder]) => {
  it('is converted around it: nothing else changes', async () => {
    writeFolder(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle');
    insertFunction();
    const before = read();
    expect(run('convert', 'drizzle').stdout).toBe(
      'migrations.ts is up to date: 2 migrations from drizzle, 1 written by hand.\n',
    );
    expect(run('convert', 'drizzle', '--check').status).toBe(0);
    writeFolder(at('drizzle'), tables('a', 'b', 'c'));
    expect(run('convert', 'drizzle').stdout).toContain('+ m0003  20261122180200_c\n');
    const after = read();
    expect(after.startsWith(before.slice(0, before.lastIndexOf('});')))).toBe(true);
    expect(after).toContain(FUNCTION);
    expect(Object.keys(await load())).toEqual(['m0000', 'm0001', 'm0002', 'm0003']);
    expect(await ids()).toEqual(['x!', 'y!']);
    expect(run('check', 'drizzle')).toMatchObject({ status: 0, stderr: '' });
  });

  it('may have an empty text where the module has the function', async () => {
    const [a, b] = tables('a', 'b') as [Made, Made];
    writeFolder(at('drizzle'), [a, { ...b, sql: '-- in the module' }]);
    run('convert', 'drizzle');
    const source = read();
    const place = source.indexOf('  m0001: {');
    const tag = /tag: '(\d{14}_b)'/.exec(source)?.[1] as string;
    write(
      'migrations.ts',
      `${HELPER}${source.slice(0, place)}${FUNCTION.replace('20261122180030_fill', tag)}});\n`,
    );
    const before = read();
    expect(run('convert', 'drizzle').status).toBe(0);
    // The first line says what the module is made from.
    expect(read()).toContain(FUNCTION.replace('20261122180030_fill', tag));
    expect(before).toContain(tag);
    expect(await ids()).toEqual(['x!', 'y!']);
  });
});

describe('check', () => {
  it('runs functions in memory, and finds one that throws where there is no row', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle');
    insertFunction();
    write(
      'migrations.ts',
      read().replace('const first =', "sql.exec('SELECT id FROM a').one();\n      const first ="),
    );
    const { status, stdout } = run('check', 'drizzle', '--json');
    expect(status).toBe(1);
    const { findings } = JSON.parse(stdout);
    expect(findings).toEqual([
      {
        code: 'FUNCTION_FAILED',
        severity: 'error',
        file: 'migrations.ts',
        line: 15,
        message:
          'The function m0001 throws: Expected exactly one result from SQL query, but got no results.',
        effect:
          'A new object that runs the history throws here, in m0001, at every wake. Nothing after it was rehearsed.',
        fix: 'Let the function do its work where its tables are empty, too; it is run in Node here, and in the Worker there.',
      },
    ]);
  });

  it.for([
    ["sql.exec('DROP TABLE __migrations')", 'names __migrations, the ledger'],
    ["sql.exec('PRAGMA foreign_keys=OFF')", 'sets foreign_keys, which only SQL can'],
    ["sql.exec('BEGIN')", 'BEGIN'],
    ["sql.exec('SELECT ?')", 'Wrong number of parameter bindings'],
    ["sql.exec('INSERT INTO nobody VALUES (1)')", 'no such table: nobody'],
    ['return Promise.resolve() as never', 'goes on after it has returned'],
  ] as const)('finds what no function may do: %s', ([line, words]) => {
    write(
      'migrations.ts',
      `export default {
  m0000: { tag: '20261122180000_a', sql: 'CREATE TABLE a (id text)' },
  m0001: {
    tag: '20261122180030_fill',
    revision: '1',
    up(sql) {
      ${line};
    },
  },
};
`,
    );
    const { stdout } = run('check', 'migrations.ts', '--json');
    const { findings } = JSON.parse(stdout);
    expect(
      findings.map(({ code, line: at }: { code: string; line: number }) => [code, at]),
    ).toEqual([['FUNCTION_FAILED', 3]]);
    expect(findings[0].message).toContain(words);
  });

  it('goes on with what a function did to the schema', () => {
    write(
      'migrations.ts',
      `export default {
  m0000: { tag: '20261122180000_a', sql: 'CREATE TABLE a (id text)' },
  m0001: { tag: '20261122180030_b', revision: '1', up: (sql) => sql.exec('ALTER TABLE a ADD b text') },
  m0002: { tag: '20261122180100_c', sql: 'CREATE INDEX i ON a (b)' },
};
`,
    );
    expect(run('check', 'migrations.ts')).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('new --function', () => {
  it('appends one that is refused until it is written', async () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    const { status, stdout } = run('new', 'fill', '--function');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Added m0001 \(\d{14}_fill\) to migrations.ts\.\nWrite its function there: /,
    );
    expect(read()).toMatch(
      / {2}m0001: \{\n {4}tag: '\d{14}_fill',\n {4}when: \d+,\n {4}revision: '-- drizzle-offramp new: write the function, then put 1 here\.',\n {4}up\(sql\) \{\n {6}\/\/ .*\n {4}\},\n {2}\},\n\}\);\n$/,
    );
    const record = await loadDefault(at('migrations.ts')).catch((error: Error) => error.message);
    expect(record).toContain('[NOT_WRITTEN] m0001 is not written yet. Write it, or remove m0001.');
    write('migrations.ts', read().replace(/revision: '.*'/, "revision: '1'"));
    expect(Object.keys(await load())).toEqual(['m0000', 'm0001']);
  });

  it('is refused for a record without tags', () => {
    write('migrations.ts', "export default { m0000: 'CREATE TABLE a (id text)' };\n");
    const { status, stderr } = run('new', 'fill', '--function');
    expect(status).toBe(2);
    expect(stderr).toContain(
      'migrations.ts: its migrations have no tags, and a function needs one.',
    );
  });
});

describe('eject', () => {
  it('takes a function along as it is written, with what it needs', async () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle');
    insertFunction();
    const { status, stdout, stderr } = run('eject', 'migrations.ts');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      'Wrote migrations.ts: 3 migrations as a record, each with its tag, in one file.',
    );
    const text = read();
    expect(text).toContain(`${HELPER}\nexport default {\n`);
    expect(text).toContain(FUNCTION);
    expect(text).not.toContain('defineMigrations');
    expect(await ids()).toEqual(['x!', 'y!']);
    expect(run('check', 'migrations.ts')).toMatchObject({ status: 0, stderr: '' });
  });

  it('writes no file for a function, and refuses --plain', async () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle');
    insertFunction();
    expect(run('eject', 'migrations.ts', '--plain').stderr).toBe(
      'error: migrations.ts: m0001 is a function, which needs its tag. Eject without --plain.\n',
    );
    expect(run('eject', 'migrations.ts', '--sql-files').stdout).toContain('with 2 .sql files');
    expect(read()).toContain(FUNCTION);
  });
});

describe('status', () => {
  it('tells what a function would do in the objects that are here', async () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    const record = await load();
    const folder = at('.wrangler/state/v3/do/worker-Inbox');
    mkdirSync(folder, { recursive: true });
    const database = openDatabase(join(folder, `${'a'.repeat(64)}.sqlite`));
    migrate(database, record);
    database.sql.exec("INSERT INTO a VALUES ('x')");
    database.close();
    insertFunction();
    expect(run('status').stdout).toContain('apply 1');
    write(
      'migrations.ts',
      read().replace('const first =', "sql.exec('SELECT 1 FROM b');\n      const first ="),
    );
    const { status, stdout } = run('status');
    expect(status).toBe(1);
    expect(stdout).toContain('no such table: b');
  });
});

describe('a record in a source', () => {
  it.for([
    ['a pattern with quotes', '/[\'"}{]/g'],
    ['a pattern behind an arrow', String.raw`(x) => /[/'\]]/.test(x)`],
    ['a pattern behind return', String.raw`() => { return /\/'/; }`],
    ['a division', `4 / 2 + 6 / 3`],
    ['a comment', `1 /* ' */ // "`],
  ] as const)('is found around %s', ([, code]) => {
    const source = `export default { m0000: { up(sql) { const x = ${code}\n; } }, m0001: 'x' };\n`;
    expect(findRecord(source)?.entries.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
  });
});
