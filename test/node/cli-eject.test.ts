import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { millisOf, secondOf } from '../../src/base/time.ts';
import { compareRecords } from '../../src/cli/eject/compare.ts';
import { loadDefault } from '../../src/cli/load.ts';
import type { MigrationEntry, MigrationRecord } from '../../src/input/migration.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import type { Run } from './command.ts';
import { corpus, START, tables, tagOf, textOf, writeForm0, writeForm1 } from './corpus.ts';
import { useProjects } from './projects.ts';

const { at, read, run } = useProjects('eject');
const eject = (...args: string[]): Run => run('eject', ...args);
const load = (file = 'migrations.ts'): Promise<unknown> => loadDefault(at(file));

function write(file: string, text: string): void {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), text);
}

const failed = (message: string): Run => ({
  status: 2,
  stdout: '',
  stderr: `error: ${message}\n`,
});

const HEADER = `\
// Ejected from ./drizzle by \`drizzle-offramp eject\`: migrations in the order in which they run. Never change one that
// objects have run: append the next, with \`drizzle-offramp new <name>\` or by hand.
// A tag is what an object knows a migration by: it stays, whatever number a merge gives the migration.
import type { MigrationRecord } from 'drizzle-offramp';
`;

describe('eject', () => {
  it('writes a record with tags over the module, and tells what can go', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    write('drizzle.config.json', '{}');
    write(
      'package.json',
      '{ "devDependencies": { "drizzle-kit": "1" }, "dependencies": { "drizzle-orm": "1" } }',
    );
    write(
      'src/inbox.ts',
      "import { drizzle } from 'drizzle-orm/durable-sqlite';\nimport './migrations';\n",
    );
    write('node_modules/x/index.js', "import 'drizzle-kit';\n");
    run('convert');
    expect(eject()).toEqual({
      status: 0,
      stderr: '',
      stdout: `\
Wrote migrations.ts: 2 migrations as a record, each with its tag, in one file.
Tried in 13 states of an object: it does what the converted module did.

Can be removed
  drizzle              folder of drizzle-kit
  drizzle.config.json  config of drizzle-kit
  drizzle-kit          in package.json

Still in use
  drizzle-orm  in package.json  used by src/inbox.ts

The next migration
  drizzle-offramp new <name> --module migrations.ts
`,
    });
    expect(read()).toBe(`${HEADER}
export default {
  m0000: {
    tag: '20261122180000_a',
    when: 1795370400123,
    sql: \`\\
CREATE TABLE a (id text);
\`,
  },
  m0001: {
    tag: '20261122180100_b',
    when: 1795370460123,
    sql: \`\\
CREATE TABLE b (id text);
\`,
  },
} satisfies MigrationRecord;
`);
    expect(readdirSync(at('drizzle')).sort()).toEqual(['0000_a.sql', '0001_b.sql', 'meta']);
  });

  it('writes strings alone with --plain, and says what that gives up', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle');
    expect(eject('--plain')).toEqual({
      status: 0,
      stderr: '',
      stdout: `\
Wrote migrations.ts: 2 migrations as a record, without tags, in one file.
Tried in 11 states of an object: it does what the converted module did.

Can be removed
  drizzle  folder of drizzle-kit

What this gives up
  A migration is known by its number and its SQL alone:
  - Each object must have woken under drizzle-offramp once before you deploy this (\`drizzle-offramp status\` for the local ones): Drizzle's ledger is matched by count, and Drizzle may have skipped a migration.
  - A merge that gives a migration another number and edits its SQL makes it unknown.
  - drizzle: 'mirror' is refused.
  Without --plain each migration keeps its tag, and none of this holds.

The next migration
  drizzle-offramp new <name> --module migrations.ts
`,
    });
    expect(read()).toBe(`\
// Ejected from ./drizzle by \`drizzle-offramp eject\`: migrations in the order in which they run. Never change one that
// objects have run: append the next, with \`drizzle-offramp new <name>\` or by hand.
import type { MigrationRecord } from 'drizzle-offramp';

export default {
  // 20261122180000_a
  m0000: \`\\
CREATE TABLE a (id text);
\`,
  // 20261122180100_b
  m0001: \`\\
CREATE TABLE b (id text);
\`,
} satisfies MigrationRecord;
`);
  });

  it('keeps earlier times, has none where the folder is of 1.x, and leaves by hand what was', async () => {
    writeForm1(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    write('migrations.ts', read().replace("tag: '2026", "was: [5],\n    tag: '2026"));
    run('new', 'by_hand');
    write('migrations.ts', read().replace(/^-- drizzle-offramp new:.*$/m, 'CREATE TABLE b (x)'));
    write('migrations.ts', read().replace(/ {4}tag: '\d+_by_hand',\n/, ''));
    const { status, stdout } = eject();
    expect({ status, wrote: stdout.split('\n')[0] }).toEqual({
      status: 0,
      wrote:
        'Wrote migrations.ts: 2 migrations as a record, 1 with their tags, the others were written by hand and have none, in one file.',
    });
    expect(await load()).toEqual({
      m0000: { tag: '20261122180000_a', was: [5], sql: 'CREATE TABLE a (id text);\n' },
      m0001: 'CREATE TABLE b (x)\n',
    });
  });

  it('names who still needs the folder, and who asks for what strings alone cannot do', () => {
    writeForm0(at('drizzle'), tables('a'));
    write('drizzle.config.json', '{}');
    for (const name of ['a', 'b', 'c', 'd']) {
      write(`src/${name}.ts`, "import migrations from '../drizzle/migrations';\n");
    }
    write('src/e.ts', "migrate(ctx, migrations, { drizzle: 'mirror' });\n");
    run('convert');
    const converted = read();
    expect(eject()).toMatchObject({ status: 0, stderr: '' });
    write('migrations.ts', converted);
    const { status, stdout, stderr } = eject('--plain');
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr:
        "warning: src/e.ts passes drizzle: 'mirror', which a record without tags cannot serve. Take the option out " +
        'before you deploy.\n',
    });
    expect(stdout).toContain(`
Still in use
  drizzle  folder of drizzle-kit  used by src/a.ts, src/b.ts, src/c.ts and 1 more
`);
  });

  it('calls nothing removable that scripts, other configs, aliases or a second folder use', () => {
    for (const [name, driver] of [
      ['inbox', 'durable-sqlite'],
      ['archive', 'durable-sqlite'],
      ['d1', 'd1-http'],
    ]) {
      writeForm0(at('drizzle', name as string), tables(name as string));
      write(`drizzle-${name}.config.json`, JSON.stringify({ out: `drizzle/${name}`, driver }));
    }
    write(
      'package.json',
      JSON.stringify({
        scripts: {
          generate: 'drizzle-kit generate --config=drizzle-inbox.config.json',
          dev: 'wrangler dev',
        },
        devDependencies: { 'drizzle-kit': '1' },
      }),
    );
    write(
      'tsconfig.json',
      '{ // the source\n  "compilerOptions": { "paths": { "@/*": ["./src/*"], "#db/*": ["./drizzle/*"], }, } }',
    );
    write('src/inbox.ts', "import migrations from '#db/inbox/migrations';\n");
    write(
      'src/vite.ts',
      "import all from '~archive/archive/migrations.js';\nimport 'drizzle-orm';\n",
    );
    write('src/glob.ts', "const all = import.meta.glob('../drizzle/archive/*.sql');\n");
    run('convert', '-c', 'drizzle-inbox.config.json');
    run('convert', '-c', 'drizzle-archive.config.json');
    const note =
      'note: drizzle-archive.config.json, drizzle-inbox.config.json are for Durable Objects, and not drizzle-d1.config.json ' +
      '(d1-http). Name others with --config.\n';
    expect(eject()).toEqual({
      status: 2,
      stdout: '',
      stderr: `${note}error: There are several modules of migrations: drizzle/archive-migrations.ts, drizzle/migrations.ts. Name one of them.\n`,
    });
    expect(eject('drizzle/migrations.ts').stdout).toBe(`\
Wrote drizzle/migrations.ts: 1 migration as a record, each with its tag, in one file.
Tried in 6 states of an object: it does what the converted module did.

Still in use
  drizzle/inbox              folder of drizzle-kit  used by src/inbox.ts
  drizzle-inbox.config.json  config of drizzle-kit  used by package.json (generate)
  drizzle-kit                in package.json        used by drizzle-archive.config.json, drizzle-d1.config.json, package.json (generate)

The next migration
  drizzle-offramp new <name> --module drizzle/migrations.ts
`);
    expect(JSON.parse(eject('drizzle/archive-migrations.ts', '--json').stdout)).toMatchObject({
      removable: ['drizzle-archive.config.json'],
      inUse: [
        { what: 'drizzle/archive', kind: 'folder', usedBy: ['src/glob.ts', 'src/vite.ts'] },
        { what: 'drizzle-kit', kind: 'package' },
      ],
    });
  });

  it('does not eject twice', () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    eject();
    const ejected = read();
    expect(eject('--plain')).toEqual(
      failed(
        'migrations.ts is ejected already: write on it, with `drizzle-offramp new <name>` or by hand. For another form ' +
          'of it name another place with --out.',
      ),
    );
    expect(read()).toBe(ejected);
    expect(eject('--plain', '--out', 'plain.ts')).toMatchObject({ status: 0, stderr: '' });
  });

  for (const flags of [[], ['--sql-files'], ['--plain'], ['--plain', '--sql-files']]) {
    it(`keeps every text of the corpus as it is ${flags.join()}`, async () => {
      const made = corpus();
      writeForm0(at('drizzle'), made);
      run('convert', 'drizzle', '--out', 'src/db.ts');
      expect(eject('src/db.ts', '--out', 'src/plain.ts', ...flags)).toMatchObject({
        status: 0,
        stderr: '',
      });
      expect(Object.values((await load('src/plain.ts')) as object)).toEqual(
        made.map((migration) =>
          flags.includes('--plain')
            ? textOf(migration)
            : { tag: tagOf(migration), when: migration.when, sql: textOf(migration) },
        ),
      );
    });
  }

  it('writes the SQL beside the module, and the module imports it', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle', '--out', 'src/db.ts');
    expect(eject('src/db.ts', '--sql-files', '--json')).toEqual({
      status: 0,
      stderr: '',
      stdout: `${JSON.stringify(
        {
          version: 1,
          module: 'src/db.ts',
          migrations: 2,
          tagged: 2,
          states: 13,
          files: ['src/db/m0000_a.sql', 'src/db/m0001_b.sql', 'src/db.ts'],
          removable: ['drizzle'],
          inUse: [],
          mirroring: [],
        },
        null,
        2,
      )}\n`,
    });
    expect(read('src/db.ts')).toBe(`${HEADER.replace('./drizzle', '../drizzle')}\
import m0000 from './db/m0000_a.sql';
import m0001 from './db/m0001_b.sql';

export default {
  m0000: {
    tag: '20261122180000_a',
    when: 1795370400123,
    sql: m0000,
  },
  m0001: {
    tag: '20261122180100_b',
    when: 1795370460123,
    sql: m0001,
  },
} satisfies MigrationRecord;
`);
    expect(read('src/db/m0001_b.sql')).toBe('CREATE TABLE b (id text);\n');
  });

  it('writes JavaScript where the module is that', () => {
    writeForm0(at('drizzle'), []);
    run('convert', 'drizzle', '--out', 'migrations.js');
    expect(eject()).toMatchObject({ status: 0, stderr: '' });
    expect(read('migrations.js').split('\n').slice(2)).toEqual(['', 'export default {', '};', '']);
  });

  it('writes over nothing but the module', () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    write('plain.ts', 'export default 1;\n');
    expect(eject('migrations.ts', '--out', 'plain.ts')).toEqual(
      failed(
        'plain.ts: there is such a file already, and eject did not write it. Remove it, or name another place with --out.',
      ),
    );
    expect(read('plain.ts')).toBe('export default 1;\n');
  });

  it('says where it looked for a module', () => {
    expect(eject()).toEqual(
      failed(
        'There is no module of migrations at migrations.ts, src/migrations.ts, migrations.js, src/migrations.js: name ' +
          'it, or write one with `drizzle-offramp convert`.',
      ),
    );
    expect(eject('x.ts')).toEqual(
      failed('x.ts: there is no such module. `drizzle-offramp convert` writes one.'),
    );
  });

  it('writes nothing if the migrations do not run', () => {
    const [a, b] = tables('a', 'a');
    writeForm0(at('drizzle'), [
      { ...a, name: 'one' },
      { ...b, name: 'two' },
    ] as never);
    run('convert', 'drizzle');
    const before = read();
    expect(eject()).toEqual(
      failed(
        'The record was not written, since it could not be tried: the migrations do not run in an empty database here.\n' +
          '  [MIGRATION_FAILED] Migration m0001 failed (20261122180100_two); everything was rolled back.\n' +
          '    Statement 1: CREATE TABLE a (id text)\n' +
          '    Error: table a already exists\n' +
          '    State: 1 migration(s) were applied before this attempt',
      ),
    );
    expect(read()).toBe(before);
  });

  it('writes no strings alone if two migrations with one text could be mistaken for each other', () => {
    // Both say nothing, as two files of `drizzle-kit generate --custom` do before they are written.
    const made = tables('a', 'b', 'c', 'd', 'e').map((migration, i) =>
      i === 2 || i === 4 ? { ...migration, sql: '-- nothing\n' } : migration,
    );
    writeForm0(at('drizzle'), made);
    run('convert', 'drizzle');
    const before = read();
    expect(eject('--plain')).toEqual(
      failed(
        'The record was not written: it would not do the same in an object in which m0002 was skipped: the module ' +
          'says "apply: m0002; late: m0002; changed since: none; unknown: 0", the ejected record "apply: m0004; late: ' +
          'none; changed since: none; unknown: 0". Without tags a migration is known by its ' +
          'number and its SQL, so two with the same SQL can be mistaken for each other: eject without --plain, or keep ' +
          'the converted module.',
      ),
    );
    expect(read()).toBe(before);
    expect(eject()).toMatchObject({ status: 0, stderr: '' });
  });

  it('writes nothing if a text was edited under its checksum', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle');
    write('migrations.ts', read().replace('CREATE TABLE b (id text)', 'CREATE TABLE b (id int)'));
    expect(eject()).toEqual(
      failed(
        'The record was not written: it would not do the same in an object with the first 0 migrations: the ejected ' +
          'record leaves other rows in our ledger. Each migration keeps its tag, so the SQL of one is not what its ' +
          'checksum in the module says: run `drizzle-offramp convert`, which names it.',
      ),
    );
  });
});

describe('the rehearsal', () => {
  const listOf = (...sql: string[]) =>
    readMigrations(
      Object.fromEntries(
        tables(...sql.map((_, i) => `t${i}`)).map((made, i) => [
          `m000${i}`,
          { tag: tagOf(made), when: made.when, sql: sql[i] as string } satisfies MigrationEntry,
        ]),
      ),
    ).migrations;
  const REBUILD =
    'PRAGMA foreign_keys=OFF;CREATE TABLE __new_a (id text, x text);INSERT INTO __new_a SELECT id, x FROM a;' +
    'DROP TABLE a;ALTER TABLE __new_a RENAME TO a;PRAGMA foreign_keys=ON;';
  const SQL = [
    'CREATE TABLE a (id text)',
    'ALTER TABLE a ADD x text',
    REBUILD,
    'CREATE INDEX i ON a (x)',
  ];

  /** The record of these texts: strings alone, or as `eject` writes it. */
  const strings = (...sql: string[]): MigrationRecord =>
    Object.fromEntries(sql.map((text, i) => [`m000${i}`, text]));
  const tagged = (...sql: string[]): Record<string, MigrationEntry> =>
    Object.fromEntries(
      listOf(...sql).map(({ key, tag, when, sql }) => [
        key,
        { tag: tag as string, when: when as number, sql: sql as string },
      ]),
    );

  it('tries every prefix with each ledger, and every gap that can be', () => {
    // A new object and one after each of four, with three ledgers each; but the gaps of two are no state of an object.
    expect(compareRecords(listOf(...SQL), strings(...SQL))).toEqual({ states: 15 });
    // And in Drizzle's ledgers each of the first three was skipped, one or more later ones being there.
    expect(compareRecords(listOf(...SQL), tagged(...SQL))).toEqual({
      states: 15 + 2 * (2 + 2 + 1),
    });
  });

  it('sees a text that changed, a migration that is missing and one too many', () => {
    const [first = '', second = '', third = '', fourth = ''] = SQL;
    const attempt = (ejected: MigrationRecord) => () => compareRecords(listOf(...SQL), ejected);
    for (const form of [strings, tagged]) {
      expect(attempt(form(first, second, third, `${fourth}, x)`))).toThrow(
        'in an object with the first 0 migrations: the ejected record leaves another schema or other rows',
      );
      expect(attempt(form(first, second, third))).toThrow(
        'in an object with the first 0 migrations: the module says "apply: m0000 to m0003; late: none; ' +
          'changed since: none; unknown: 0", the ejected record "apply: m0000 to m0002; late: none; changed since: ' +
          'none; unknown: 0"',
      );
      expect(attempt(form(first, second, third, 'CREATE INDEX j ON a (x)'))).toThrow(
        'in an object with the first 0 migrations: the ejected record leaves another schema or other rows',
      );
    }
  });

  it('sees a name or a time that changed', () => {
    const record = tagged(...SQL);
    const change = (key: string, names: Partial<MigrationEntry>) => () =>
      compareRecords(listOf(...SQL), {
        ...record,
        [key]: { ...(record[key] as MigrationEntry), ...names },
      });
    expect(change('m0003', { tag: '20261122180300_other' })).toThrow(
      'in an object with the first 0 migrations: the ejected record leaves other rows in our ledger',
    );
    expect(change('m0003', { when: START + 3 * 60_000 + 1 })).toThrow(
      'in an object with the first 0 migrations: the ejected record leaves other rows in our ledger',
    );
    expect(change('m0003', { tag: '20261122180400_t3', when: START + 4 * 60_000 })).toThrow(
      'in an object with the first 0 migrations: the ejected record leaves other rows in our ledger',
    );
  });
});

describe('new', () => {
  const STUB =
    '-- drizzle-offramp new: write the SQL in place of this line. Until then migrate throws NOT_WRITTEN.\n';
  const MADE = /'(\d{14})_add_tags'/;
  /** The second that a new tag says, in milliseconds. */
  const madeAt = (text: string): number => millisOf(MADE.exec(text)?.[1] ?? '');

  it('appends a string to strings, with a place for its SQL', () => {
    write('migrations.ts', "export default {\n  m0000: 'CREATE TABLE a (x)' };\n");
    expect(run('new', 'add_tags')).toEqual({
      status: 0,
      stderr: '',
      stdout:
        'Added m0001 to migrations.ts.\nWrite its SQL there: until then migrate refuses it, in every object.\n',
    });
    expect(read()).toBe(`\
export default {
  m0000: 'CREATE TABLE a (x)',
  // add_tags
  m0001: \`\\
${STUB}\`,
};
`);
  });

  it('appends an entry with a tag, the time of now, to an ejected record', async () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    eject();
    const ejected = read();
    const before = Date.now();
    expect(run('new', 'add_tags').stdout).toMatch(
      /^Added m0001 \(\d{14}_add_tags\) to migrations.ts.\n/,
    );
    const { m0001 } = (await load()) as { m0001: MigrationEntry };
    expect(m0001).toEqual({
      tag: `${secondOf(m0001.when as number)}_add_tags`,
      when: expect.any(Number),
      sql: STUB,
    });
    expect(m0001.when).toBeGreaterThanOrEqual(before);
    expect(m0001.when).toBeLessThanOrEqual(Date.now());
    expect(read()).toBe(
      ejected.replace(
        '} satisfies',
        `  m0001: {
    tag: '${m0001.tag}',
    when: ${m0001.when},
    sql: \`\\
${STUB}\`,
  },
} satisfies`,
      ),
    );
  });

  it('gives no exact time where the others have none, and a later second than the last one', () => {
    write(
      'migrations.ts',
      "export default {\n  m0000: { tag: '29991122180000_add_tags', sql: 'CREATE TABLE a (x)' },\n};\n",
    );
    expect(run('new', 'add_tags').stdout).toContain('Added m0001 (29991122180001_add_tags) to');
    expect(read()).toBe(`\
export default {
  m0000: { tag: '29991122180000_add_tags', sql: 'CREATE TABLE a (x)' },
  m0001: {
    tag: '29991122180001_add_tags',
    sql: \`\\
${STUB}\`,
  },
};
`);
  });

  it('keeps milliseconds apart where the last one was made in the same second or later', async () => {
    const when = Date.UTC(2999, 10, 22, 18, 0, 0, 7);
    write(
      'migrations.ts',
      `export default {\n  m0000: { tag: '29991122180000_a', when: ${when}, sql: 'CREATE TABLE a (x)' },\n};\n`,
    );
    run('new', 'add_tags');
    const { m0001 } = (await load()) as { m0001: MigrationEntry };
    expect(m0001.tag).toBe('29991122180001_add_tags');
    expect(Math.floor(((m0001.when as number) - when + 7) / 1000)).toBe(1);
  });

  it('starts an empty record with a tag', () => {
    write('migrations.ts', 'export default {};\n');
    const before = Date.now() - 1000;
    run('new', 'add_tags');
    expect(read()).toMatch(MADE);
    expect(madeAt(read())).toBeGreaterThanOrEqual(before);
    expect(read()).not.toContain('when:');
  });

  it('is refused by migrate and by every command until it is written', async () => {
    write('migrations.ts', "export default {\n  m0000: 'CREATE TABLE a (x)' };\n");
    run('new', 'add_tags');
    const message = '[NOT_WRITTEN] m0001 is not written yet. Write it, or remove m0001.';
    const unwritten = (await load()) as MigrationRecord;
    expect(() => readMigrations(unwritten)).toThrow(
      expect.objectContaining({ code: 'NOT_WRITTEN', key: 'm0001', message }),
    );
    expect(run('new', 'another')).toEqual(failed(`migrations.ts: ${message}`));
    expect(eject()).toEqual(failed(`migrations.ts: ${message}`));
    for (const sql of [STUB.trim(), `\r\n${STUB}\r\n`, `\ufeff${STUB}`]) {
      expect(() => readMigrations({ m0000: sql })).toThrow(message.replaceAll('m0001', 'm0000'));
    }
    for (const sql of ['', '-- nothing to do', `${STUB}CREATE TABLE b (x)`, `${STUB}-- nothing`]) {
      expect(readMigrations({ m0000: sql }).migrations).toMatchObject([{ sql }]);
    }
  });

  it('appends to a converted module what convert then leaves alone', () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle', '--out', 'src/migrations.ts');
    const before = read('src/migrations.ts');
    const { status, stderr, stdout } = run('new', 'by-hand', '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      module: 'src/migrations.ts',
      key: 'm0001',
      tag: expect.stringMatching(/^\d{14}_by-hand$/),
      sqlFile: null,
    });
    const after = read('src/migrations.ts').replace(STUB, 'CREATE TABLE b (x);\n');
    write('src/migrations.ts', after);
    expect(after.startsWith(before.slice(0, before.lastIndexOf('}, ')))).toBe(true);
    expect(after.endsWith('`,\n  },\n});\n')).toBe(true);
    expect(run('convert', 'drizzle', '--out', 'src/migrations.ts', '--check')).toEqual({
      status: 0,
      stderr: '',
      stdout: 'src/migrations.ts is up to date: 1 migration from drizzle, 1 written by hand.\n',
    });
    expect(run('check', 'drizzle', '--module', 'src/migrations.ts')).toEqual({
      status: 0,
      stderr: '',
      stdout: '1 migration in drizzle: 0 errors, 0 warnings.\n',
    });
    expect(read('src/migrations.ts')).toBe(after);
  });

  it('makes a file and its import where the others are files', async () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    eject('--sql-files');
    const ejected = read();
    const { status, stdout } = run('new', 'add_tags');
    const { m0001 } = (await load()) as { m0001: MigrationEntry };
    const { tag, when } = m0001;
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout:
        `Added m0001 (${tag}) to migrations.ts, with migrations/m0001_add_tags.sql.\n` +
        'Write its SQL there: until then migrate refuses it, in every object.\n',
    });
    expect(read('migrations/m0001_add_tags.sql')).toBe(STUB);
    expect(read()).toBe(
      ejected
        .replace("a.sql';\n", "a.sql';\nimport m0001 from './migrations/m0001_add_tags.sql';\n")
        .replace(
          '} satisfies',
          `  m0001: {\n    tag: '${tag}',\n    when: ${when},\n    sql: m0001,\n  },\n} satisfies`,
        ),
    );
    expect(m0001.sql).toBe(STUB);
    write('migrations/m0001_add_tags.sql', 'CREATE TABLE b (x);\n');
    write('migrations/m0002_again.sql', '');
    expect(run('new', 'again')).toEqual(
      failed(
        'migrations/m0002_again.sql: there is such a file already. Remove it, or name it otherwise.',
      ),
    );
  });

  it('makes a file and its import for a record of strings', () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    eject('--sql-files', '--plain');
    run('new', 'add_tags');
    expect(read()).toBe(`\
// Ejected from ./drizzle by \`drizzle-offramp eject\`: migrations in the order in which they run. Never change one that
// objects have run: append the next, with \`drizzle-offramp new <name>\` or by hand.
import type { MigrationRecord } from 'drizzle-offramp';
import m0000 from './migrations/m0000_a.sql';
import m0001 from './migrations/m0001_add_tags.sql';

export default {
  m0000,
  m0001,
} satisfies MigrationRecord;
`);
  });

  it('refuses what is no name, and asks which module is meant', () => {
    write('migrations.ts', 'export default {};\n');
    for (const name of ['add tags', '1st', '../x', 'é']) {
      expect(run('new', name)).toEqual(
        failed(
          `"${name}" is no name for a migration: a letter, then letters, digits, _ and -, such as add_tags.`,
        ),
      );
    }
    write('src/migrations.ts', 'export default {};\n');
    expect(run('new', 'add_tags')).toEqual(
      failed(
        'There are several modules of migrations: migrations.ts, src/migrations.ts. Name one of them.',
      ),
    );
    expect(run('new')).toEqual(failed("missing required argument 'name'"));
  });
});
