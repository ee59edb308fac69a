// `convert --baseline`, `--drop-replaced` and what becomes of a baseline as the folder grows.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { loadDefault } from '../../src/cli/load.ts';
import type { RunStatus } from '../../src/fleet/protocol.ts';
import { type MigrateOptions, type MigrationRecord, migrate } from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import type { Run } from './command.ts';
import { type Made, tables, writeForm0, writeForm1 } from './corpus.ts';
import { canGo } from './fleet-reports.ts';
import { useProjects } from './projects.ts';
import { splitCommand, transcriptsOf } from './transcripts.ts';

const { at, read, run } = useProjects('baseline');
const write = (file: string, text: string): void => writeFileSync(at(file), text);
const convert = (...args: string[]): Run => run('convert', ...args);

const load = async (file = 'migrations.ts'): Promise<MigrationRecord> =>
  (await loadDefault(at(file))) as MigrationRecord;
const fingerprint = async (file?: string): Promise<string> =>
  readMigrations(await load(file)).fingerprint;

/** The fields of each entry, in order. */
const fieldsOf = async (file?: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(await load(file)).map(([key, entry]) => [
      key,
      typeof entry === 'string' ? 'text' : Object.keys(entry).join(' '),
    ]),
  );

const FOLDER: readonly Made[] = [
  ...tables('a', 'b', 'c'),
  {
    prefix: '0003',
    name: 'rows',
    when: tables('a')[0]?.when ?? 0,
    sql: "INSERT INTO a VALUES ('x')",
  },
].map((one, i) => ({ ...one, when: (tables('a')[0]?.when ?? 0) + i * 60_000 }));
const more = (...names: string[]): Made[] => [
  ...FOLDER,
  ...names.map((name, i) => ({
    prefix: `000${i + 4}`,
    name,
    when: (FOLDER[3]?.when ?? 0) + (i + 1) * 60_000,
    sql: `CREATE TABLE ${name} (id text);\n`,
  })),
];

/** What a new object has after `migrate`: its tables, how many came from a baseline, and the rows of `a`. */
async function made(file?: string, options?: MigrateOptions): Promise<unknown> {
  const database = openDatabase(':memory:');
  try {
    const { fromBaseline, applied } = migrate(database, await load(file), options);
    const { sql } = database;
    return {
      tables: Array.from(
        sql.exec("SELECT name FROM sqlite_master WHERE name NOT GLOB '*__*' ORDER BY name"),
        ({ name }) => name,
      ).join(' '),
      rows: [...sql.exec('SELECT * FROM a')].length,
      fromBaseline: fromBaseline.length,
      applied: applied.length,
    };
  } finally {
    database.close();
  }
}

/** A folder that is converted, with a baseline. */
function start(key = 'm0002', folder: readonly Made[] = FOLDER): void {
  writeForm0(at('drizzle'), folder);
  expect(convert('drizzle').status).toBe(0);
  expect(convert('drizzle', '--baseline', key)).toMatchObject({ status: 0, stderr: '' });
}

describe('convert --baseline', () => {
  it('puts the script on that entry, keeps all SQL and the fingerprint, and says what it did', async () => {
    writeForm0(at('drizzle'), FOLDER);
    convert('drizzle');
    const before = await fingerprint();
    const all = await made();
    expect(convert('drizzle', '--baseline', 'm0002')).toEqual({
      status: 0,
      stdout:
        'Wrote the baseline of m0002 (20261122180200_c) into migrations.ts: 221 bytes with 0 rows, for 3 migrations.\n' +
        '  A new object runs it instead of these. Other objects run what they lack, as before.\n',
      stderr: '',
    });
    const tail = read().slice(read().indexOf('  m0002'));
    expect(tail.replaceAll(/[0-9a-f]{64}/g, '…')).toBe(`\
  m0002: {
    tag: '20261122180200_c',
    when: 1795370520123,
    checksum: '…',
    baseline: \`\\
-- drizzle-offramp baseline …
CREATE TABLE a (id text);
--> statement-breakpoint
CREATE TABLE b (id text);
--> statement-breakpoint
CREATE TABLE c (id text);
\`,
    sql: \`\\
CREATE TABLE c (id text);
\`,
  },
  m0003: {
    tag: '20261122180300_rows',
    when: 1795370580123,
    checksum: '…',
    sql: \`INSERT INTO a VALUES ('x')\`,
  },
}, 'm0003 …');
`);
    expect(await fingerprint()).toBe(before);
    expect(await made()).toEqual({ ...(all as object), fromBaseline: 3, applied: 1 });
    expect(convert('drizzle').stdout).toBe(
      'migrations.ts is up to date: 4 migrations from drizzle.\n',
    );
    expect(convert('drizzle', '--check')).toEqual({
      status: 0,
      stdout:
        'migrations.ts is up to date: 4 migrations from drizzle.\n' +
        'The baseline of m0002 in migrations.ts makes what its history makes.\n',
      stderr: '',
    });
  });

  it('takes a tag, the first and the last migration, and a folder of 1.x', async () => {
    writeForm1(at('drizzle'), FOLDER);
    convert('drizzle');
    for (const [name, replaced, rows] of [
      ['20261122180100_b', 2, 0],
      ['m0000', 1, 0],
      ['m0003', 4, 1],
    ] as const) {
      const { status, stdout } = convert('drizzle', '--baseline', name);
      expect([status, stdout]).toEqual([0, expect.stringContaining(` with ${rows} row`)]);
      expect(await made()).toMatchObject({ fromBaseline: replaced, rows: 1, tables: 'a b c' });
      expect(read().match(/drizzle-offramp baseline/g)?.length).toBe(1);
    }
    expect(JSON.parse(convert('--json', 'drizzle', '--baseline', 'm0001').stdout)).toEqual({
      version: 1,
      module: 'migrations.ts',
      baseline: { key: 'm0001', tag: '20261122180100_b', replaced: 2, bytes: 170, rows: 0 },
    });
  });

  it('refuses what no baseline can be made of, and writes nothing', () => {
    writeForm0(at('drizzle'), [
      ...FOLDER,
      {
        prefix: '0004',
        name: 'now',
        when: (FOLDER[3]?.when ?? 0) + 1000,
        sql: 'INSERT INTO a VALUES (CURRENT_TIMESTAMP)',
      },
    ]);
    convert('drizzle');
    const before = read();
    const { status, stderr } = convert('drizzle', '--baseline', 'm0004');
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^error: No baseline can be made here: each new object has other rows, as they depend on time or chance\.\n {2}a\.id is '.*' and '.*'\nerror: Take a baseline before the migration that writes them\.\n$/,
      ),
    ]);
    expect(convert('drizzle', '--baseline', 'm0009')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'error: --baseline m0009: there is no m0009 in migrations.ts.\n',
    });
    expect(read()).toBe(before);
  });

  it('refuses one after which a new object could not run the rest', () => {
    const sql = [
      'CREATE TABLE c (id INTEGER PRIMARY KEY, d INTEGER REFERENCES d (id) ON DELETE CASCADE)',
      'CREATE TABLE d (id INTEGER PRIMARY KEY, c INTEGER REFERENCES c (id) ON DELETE CASCADE)',
      'INSERT INTO c VALUES (1, NULL); INSERT INTO d VALUES (1, 1); UPDATE c SET d = 1',
      'CREATE TABLE e (d INTEGER REFERENCES d (id) ON DELETE CASCADE); INSERT INTO e VALUES (1)',
      // It deletes the others by cascade, where foreign keys are enforced.
      'DELETE FROM c',
    ];
    writeForm0(
      at('drizzle'),
      sql.map((text, i) => ({
        prefix: `000${i}`,
        name: `m${i}`,
        when: (FOLDER[0]?.when ?? 0) + i * 1000,
        sql: text.replaceAll('; ', ';--> statement-breakpoint\n'),
      })),
    );
    convert('drizzle');
    const before = read();
    const { status, stderr } = convert('drizzle', '--baseline', 'm0003');
    expect([status, stderr.split('\n')[0], stderr.split('\n')[1]]).toEqual([
      2,
      'error: A new object that begins with the baseline of m0003 (20261122180003_m3) cannot run what comes after it, though ' +
        'it can run the history. Take another migration.',
      expect.stringContaining('[FOREIGN_KEY_VIOLATION]'),
    ]);
    expect(read()).toBe(before);
    expect(convert('drizzle', '--baseline', 'm0004').status).toBe(0);
  });

  it('warns of one that is large', () => {
    writeForm0(at('drizzle'), [
      ...tables('a'),
      ...[0, 1].map((i) => ({
        prefix: `000${i + 1}`,
        name: `rows${i}`,
        when: (FOLDER[3]?.when ?? 0) + 1000 + i * 1000,
        sql: `INSERT INTO a VALUES ${Array.from({ length: 3000 }, (_, n) => `('row ${n} of ${i}')`).join(', ')}`,
      })),
    ]);
    convert('drizzle');
    expect(convert('drizzle', '--baseline', 'm0002').stderr).toBe(
      'warning: The baseline is longer than 100000 bytes, and each Worker that imports it is as much larger.\n',
    );
  });

  it('needs one module, which must be there', () => {
    writeForm0(at('drizzle'), FOLDER);
    expect(convert('drizzle', '--baseline', 'm0000').stderr).toBe(
      'error: migrations.ts is not there: only a module can have a baseline. Run `npx drizzle-offramp convert` first.\n',
    );
    for (const [args, message] of [
      [['--baseline', 'm0', '--check'], 'Pass either --baseline or --check, not both.'],
      [
        ['--baseline', 'm0', '--drop-replaced'],
        'Pass either --baseline or --drop-replaced, not both.',
      ],
      [['--yes'], '--yes is for --drop-replaced.'],
      [['--fleet', 'x'], '--fleet is for --drop-replaced.'],
    ] as const) {
      expect(convert(...args)).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\n` });
    }
  });
});

describe('convert --drop-replaced', () => {
  it('wants to know that no object needs the SQL', () => {
    start();
    const before = read();
    expect(convert('drizzle', '--drop-replaced')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'error: An object that lacks one of the 3 migrations up to m0002 is refused once the SQL is gone, and no sweep of ' +
        'the fleet was looked at. Pass --fleet with what `npx drizzle-offramp fleet status --json` prints after a full ' +
        'sweep with this code, or --yes if you know that each object has them.\n',
    });
    expect(read()).toBe(before);
  });

  it('says what a sweep showed, and goes by it', async () => {
    start();
    const run = canGo().run as RunStatus;
    const sweep = (changed: Partial<RunStatus>): Run => {
      write('sweep.json', JSON.stringify({ answer: { run: { ...run, ...changed } } }));
      return convert('drizzle', '--drop-replaced', '--fleet', 'sweep.json');
    };
    const counts =
      'Run 4 of INBOX (all objects, begun 2026-11-24 20:00:00 UTC): 9958793 of 10000000 objects up to date, 0 failed.\n';
    const refused =
      'error: An object that lacks one of the 3 migrations up to m0002 is refused once the SQL is gone, and this sweep does ' +
      'not show that none does. ';
    const of = await fingerprint();
    expect(sweep({})).toMatchObject({
      status: 2,
      stdout: `${counts}  It was of other migrations than the module has.\n`,
      stderr: expect.stringContaining(refused),
    });
    for (const [changed, line] of [
      [{ state: 'running' }, 'It is not through.'],
      [{ verdict: null }, 'It was a preflight, which migrates nothing.'],
      [
        {
          verdict: {
            drizzleCanGo: false,
            obstacles: [
              { code: 'PART_OF_THE_FLEET', objects: null, text: 'Only a part was swept.' },
            ],
          },
        },
        'Only a part was swept.',
      ],
    ] as const) {
      expect(sweep({ fingerprint: of, ...changed } as Partial<RunStatus>)).toMatchObject({
        status: 2,
        stdout: `${counts}  ${line}\n`,
      });
    }
    expect(sweep({ fingerprint: of })).toMatchObject({
      status: 0,
      stdout: `${counts}Took the SQL of 3 migrations out of migrations.ts: 123 bytes less.\n`,
    });
    write('sweep.json', '{}');
    expect(convert('drizzle', '--drop-replaced', '--fleet', 'sweep.json').stderr).toBe(
      'error: --fleet sweep.json: it is not what `npx drizzle-offramp fleet status --json` prints of a run.\n',
    );
  });

  it('takes the SQL away and nothing else: names, times, checksums and the fingerprint stay', async () => {
    start();
    const [before, all] = [await fingerprint(), await made()];
    expect(convert('drizzle', '--drop-replaced', '--yes')).toEqual({
      status: 0,
      stdout: 'Took the SQL of 3 migrations out of migrations.ts: 123 bytes less.\n',
      stderr: '',
    });
    expect(await fieldsOf()).toEqual({
      m0000: 'tag when checksum',
      m0001: 'tag when checksum',
      m0002: 'tag when checksum baseline',
      m0003: 'tag when checksum sql',
    });
    expect(await fingerprint()).toBe(before);
    expect(await made()).toEqual(all);
    expect(convert('drizzle').stdout).toBe(
      'migrations.ts is up to date: 4 migrations from drizzle.\n',
    );
    expect(convert('drizzle', '--drop-replaced', '--yes').stdout).toBe(
      'Took the SQL of 0 migrations out of migrations.ts: 0 bytes less.\n',
    );
  });

  it('stays as it is while the folder grows, and is proved with the SQL of the folder', async () => {
    start();
    convert('drizzle', '--drop-replaced', '--yes');
    writeForm0(at('drizzle'), more('d'));
    expect(convert('drizzle').stdout).toBe(
      'Wrote migrations.ts: 5 migrations from drizzle.\n  + m0004  20261122180400_d\n',
    );
    expect(Object.values(await fieldsOf())[0]).toBe('tag when checksum');
    expect(await made()).toMatchObject({ fromBaseline: 3, applied: 2, tables: 'a b c d' });
    expect(convert('drizzle', '--check')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(
        'The baseline of m0002 in migrations.ts makes what its history makes.',
      ),
    });
    write('migrations.ts', read().replace('CREATE TABLE b (id text)', 'CREATE TABLE b (id int)'));
    expect(convert('drizzle', '--check')).toMatchObject({
      status: 1,
      stderr:
        'warning: migrations.ts: The baseline of m0002 (20261122180200_c) does not make what the history makes:\n' +
        '  b is CREATE TABLE b (id text) and CREATE TABLE b (id int)\n',
    });
    const { modules } = JSON.parse(convert('drizzle', '--check', '--json').stdout);
    expect(modules[0].baseline).toMatchObject({ key: 'm0002', proved: false });
    expect(modules[0].baseline.problem).toContain('b is CREATE TABLE b (id text) and');
  });

  it('needs a baseline, and one that stands for these migrations', () => {
    writeForm0(at('drizzle'), FOLDER);
    convert('drizzle');
    expect(convert('drizzle', '--drop-replaced', '--yes').stderr).toBe(
      'error: migrations.ts has no baseline. Write one first: `npx drizzle-offramp convert --baseline <key>`.\n',
    );
    convert('drizzle', '--baseline', 'm0001');
    write('migrations.ts', read().replace(/baseline [0-9a-f]{4}/, 'baseline 0000'));
    expect(convert('drizzle', '--drop-replaced', '--yes').stderr).toBe(
      'error: The baseline of m0001 in migrations.ts was made of other migrations than those up to it. Run ' +
        '`npx drizzle-offramp convert --baseline m0001` again.\n',
    );
    expect(convert('drizzle', '--check').status).toBe(1);
  });
});

describe('a baseline that is moved', () => {
  it('takes the place of the earlier one, whose SQL stays away', async () => {
    start('m0001', more('d', 'e'));
    const before = await fingerprint();
    convert('drizzle', '--drop-replaced', '--yes');
    expect(convert('drizzle', '--baseline', 'm0004').status).toBe(0);
    expect(await fieldsOf()).toEqual({
      m0000: 'tag when checksum',
      m0001: 'tag when checksum',
      m0002: 'tag when checksum sql',
      m0003: 'tag when checksum sql',
      m0004: 'tag when checksum baseline sql',
      m0005: 'tag when checksum sql',
    });
    expect(await made()).toEqual({ tables: 'a b c d e', rows: 1, fromBaseline: 5, applied: 1 });
    expect(convert('drizzle', '--check').status).toBe(0);
    convert('drizzle', '--drop-replaced', '--yes');
    expect((await fieldsOf()).m0003).toBe('tag when checksum');
    expect(await made()).toEqual({ tables: 'a b c d e', rows: 1, fromBaseline: 5, applied: 1 });
    expect(await fingerprint()).toBe(before);
    expect(convert('drizzle', '--baseline', 'm0002').stderr).toBe(
      'error: --baseline m0002: migrations.ts has a baseline at m0004, and SQL before that was dropped. Take a later ' +
        'migration.\n',
    );
  });

  it('can be taken away by hand while the SQL is there, and is refused in words after that', async () => {
    start();
    const module = read();
    write('migrations.ts', module.replace(/ {4}baseline: `[^`]*`,\n/, ''));
    expect(await made()).toMatchObject({ fromBaseline: 0, applied: 4 });
    expect(convert('drizzle').stdout).toContain('up to date');
    write('migrations.ts', module);
    convert('drizzle', '--drop-replaced', '--yes');
    write('migrations.ts', read().replace(/ {4}baseline: `[^`]*`,\n/, ''));
    await expect(made()).rejects.toThrow(
      '[SQL_NOT_TEXT] The SQL of 20261122180000_a is of type Undefined, not text, and no baseline replaces it. ',
    );
  });
});

describe('a baseline under migrations that are renamed', () => {
  // Another second, so that the tag is another one.
  const moved = FOLDER.map((one, i) => (i === 1 ? { ...one, when: one.when + 5000 } : one));

  for (const drop of [false, true]) {
    it(`stands for them as before, ${drop ? 'without' : 'with'} their SQL`, async () => {
      start();
      if (drop) convert('drizzle', '--drop-replaced', '--yes');
      writeForm0(at('drizzle'), moved);
      expect(convert('drizzle', '--check').status).toBe(1);
      expect(convert('drizzle')).toMatchObject({ status: 0, stderr: '' });
      expect((await fieldsOf()).m0001).toBe(`tag when was checksum${drop ? '' : ' sql'}`);
      expect(await made()).toEqual({ tables: 'a b c', rows: 1, fromBaseline: 3, applied: 1 });
      expect(convert('drizzle', '--check').status).toBe(0);
    });
  }

  it('is proved again where an edit was accepted', async () => {
    start();
    const edited = (sql: string): Made[] =>
      FOLDER.map((one, i) => (i === 1 ? { ...one, sql } : one));
    writeForm0(at('drizzle'), edited('CREATE TABLE b (id text); -- the same\n'));
    expect(convert('drizzle', '--accept-edit', 'm0001')).toMatchObject({ status: 0, stderr: '' });
    expect(await made()).toMatchObject({ fromBaseline: 3 });
    expect(convert('drizzle', '--check').status).toBe(0);
    writeForm0(at('drizzle'), edited('CREATE TABLE b (id int);\n'));
    expect(convert('drizzle', '--accept-edit', 'm0001').stderr).toBe(
      'warning: migrations.ts: The baseline of m0002 (20261122180200_c) does not make what the history makes:\n' +
        '  b is CREATE TABLE b (id int) and CREATE TABLE b (id text)\n',
    );
    expect(convert('drizzle', '--check').status).toBe(1);
    convert('drizzle', '--baseline', 'm0002');
    expect(convert('drizzle', '--check').status).toBe(0);
  });
});

describe('records that people write', () => {
  it('are ejected with the baseline, with their SQL or without, and in files', async () => {
    start();
    const before = await fingerprint();
    const all = await made();
    expect(run('eject', '--out', 'ejected.ts')).toMatchObject({ status: 0, stderr: '' });
    expect(run('eject', '--out', 'filed.ts', '--sql-files')).toMatchObject({ status: 0 });
    convert('drizzle', '--drop-replaced', '--yes');
    expect(run('eject', '--out', 'dropped.ts')).toMatchObject({ status: 0, stderr: '' });
    for (const file of ['ejected.ts', 'filed.ts', 'dropped.ts']) {
      expect(await fingerprint(file)).toBe(before);
      expect(await made(file)).toEqual(all);
    }
    expect(run('eject', '--out', 'plain.ts', '--plain').stderr).toBe(
      'error: migrations.ts: it has a baseline, which knows the migrations by their tags. Eject without --plain.\n',
    );
    expect(run('convert', 'ejected.ts', '--check').stdout).toBe(
      'The baseline of m0002 in ejected.ts makes what its history makes.\n',
    );
    expect(run('convert', 'dropped.ts', '--check')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('cannot be proved here: SQL that it replaces was dropped'),
    });
  });

  it('lose the imports of texts that are dropped', async () => {
    writeForm0(at('drizzle'), FOLDER);
    convert('drizzle');
    run('eject', '--sql-files');
    expect(convert('migrations.ts', '--baseline', 'm0001').status).toBe(0);
    expect(convert('migrations.ts', '--drop-replaced', '--yes').status).toBe(0);
    expect(read().match(/^import m.*$/gm)).toEqual([
      "import m0002 from './migrations/m0002_c.sql';",
      "import m0003 from './migrations/m0003_rows.sql';",
    ]);
    expect(await fieldsOf()).toEqual({
      m0000: 'tag when checksum',
      m0001: 'tag when baseline checksum',
      m0002: 'tag when sql',
      m0003: 'tag when sql',
    });
    expect(await made()).toMatchObject({ tables: 'a b c', fromBaseline: 2 });
  });

  it('may be texts alone, in a class of its own, with quotes, CRLF and a function', async () => {
    write(
      'own.ts',
      [
        "import { defineMigrations } from 'drizzle-offramp';",
        'export default defineMigrations({',
        '  m0000: `CREATE TABLE a (id text)`,',
        "  'm0001': 'CREATE TABLE b (id text)',",
        '  m0002: {',
        "    tag: '20261201090000_rows',",
        "    revision: '1',",
        '    up(sql) {',
        "      sql.exec('INSERT INTO a VALUES (?)', 'from a function');",
        '    },',
        '  },',
        "  m0003: { sql: 'CREATE TABLE c (id text)' }, // the last",
        '});',
        '',
      ].join('\r\n'),
    );
    const before = await fingerprint('own.ts');
    for (const [key, replaced] of [
      ['m0001', 2],
      ['m0002', 3],
      ['m0003', 4],
    ] as const) {
      expect(convert('own.ts', '--baseline', key)).toMatchObject({ status: 0, stderr: '' });
      expect(await fingerprint('own.ts')).toBe(before);
      expect(await made('own.ts')).toEqual({
        tables: 'a b c',
        rows: 1,
        fromBaseline: replaced,
        applied: 4 - replaced,
      });
      expect(convert('own.ts', '--check').status).toBe(0);
      expect(readFileSync(at('own.ts'), 'utf8')).not.toMatch(/[^\r]\n/);
    }
    expect(convert('own.ts', '--drop-replaced', '--yes').stderr).toBe(
      'error: own.ts:3: m0000 has no tag, so that only its SQL tells what it is. Give it one first.\n',
    );
  });
});

describe('docs/guides/baseline.md', () => {
  it('shows what its commands print, one after the other', () => {
    cpSync(join(import.meta.dirname, '../../drizzle'), at('drizzle'), { recursive: true });
    convert('drizzle');
    const transcripts = transcriptsOf('docs/guides/baseline.md', 'convert');
    expect(transcripts.map(({ command }) => command)).toEqual([
      'convert --baseline m0008',
      'convert --check',
      'convert --drop-replaced --yes',
    ]);
    for (const { command, output } of transcripts) {
      const [, ...flags] = splitCommand(command);
      const { stdout, stderr } = convert('drizzle', ...flags);
      expect([stdout.trimEnd(), stderr]).toEqual([output, '']);
    }
  });
});
