import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rehearse } from '../../src/cli/eject/rehearse.ts';
import { loadDefault } from '../../src/cli/load.ts';
import type { MigrationEntry } from '../../src/input/migration.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import type { Run } from './built.ts';
import { corpus, tables, tagOf, textOf, writeForm0 } from './corpus.ts';
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

const NEXT = `\

Before you deploy it
  Each object must have woken under drizzle-offramp once (\`drizzle-offramp status\` for the local ones): a plain
  record is matched with Drizzle's ledger by count, and Drizzle may have skipped a migration.
`;

const HEADER = `\
// Migrations of the Durable Object, in the order in which they run. Never change one that objects have run:
// append the next, with \`drizzle-offramp new <name>\` or by hand.
import type { MigrationRecord } from 'drizzle-offramp';
`;

describe('eject', () => {
  it('writes a plain record over the module, and tells what can go', () => {
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
Wrote migrations.ts: 2 migrations as a plain record, in one file.
Tried in 8 states of an object: it does what the converted module did.

Can be removed
  drizzle              folder of drizzle-kit
  drizzle.config.json  config of drizzle-kit
  drizzle-kit          in package.json

Still in use
  drizzle-orm  in package.json  used by src/inbox.ts
${NEXT}
The next migration
  drizzle-offramp new <name> --module migrations.ts
`,
    });
    expect(read()).toBe(`${HEADER}
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
    expect(readdirSync(at('drizzle')).sort()).toEqual(['0000_a.sql', '0001_b.sql', 'meta']);
  });

  it('names who still needs the folder, and who asks for what a plain record cannot do', () => {
    writeForm0(at('drizzle'), tables('a'));
    write('drizzle.config.json', '{}');
    for (const name of ['a', 'b', 'c', 'd']) {
      write(`src/${name}.ts`, "import migrations from '../drizzle/migrations';\n");
    }
    write('src/e.ts', "migrate(ctx, migrations, { drizzle: 'mirror' });\n");
    run('convert');
    const { status, stdout, stderr } = eject();
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr:
        "warning: src/e.ts passes drizzle: 'mirror', which a plain record cannot serve: it has no tags. Take the " +
        'option out before you deploy.\n',
    });
    expect(stdout).toContain(`
Still in use
  drizzle  folder of drizzle-kit  used by src/a.ts, src/b.ts, src/c.ts and 1 more
`);
  });

  for (const flags of [[], ['--sql-files']]) {
    it(`keeps every text of the corpus as it is ${flags.join()}`, async () => {
      const made = corpus();
      writeForm0(at('drizzle'), made);
      run('convert', 'drizzle', '--out', 'src/db.ts');
      expect(eject('src/db.ts', '--out', 'src/plain.ts', ...flags)).toMatchObject({
        status: 0,
        stderr: '',
      });
      expect(Object.values((await load('src/plain.ts')) as object)).toEqual(made.map(textOf));
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
          module: 'src/db.ts',
          migrations: 2,
          states: 8,
          files: ['src/db/m0000_a.sql', 'src/db/m0001_b.sql', 'src/db.ts'],
          removable: [],
          inUse: [],
          mirroring: [],
        },
        null,
        2,
      )}\n`,
    });
    expect(read('src/db.ts')).toBe(`${HEADER}\
import m0000 from './db/m0000_a.sql';
import m0001 from './db/m0001_b.sql';

export default {
  m0000,
  m0001,
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
        'The plain record was not written, since it could not be tried: the migrations do not run in an empty database ' +
          'here.\n' +
          '  [MIGRATION_FAILED] Migration 1 failed (m0001 20261122180100_two); everything was rolled back.\n' +
          '    Statement 1: CREATE TABLE a (id text)\n' +
          '    Error: table a already exists\n' +
          '    State: 1 migration(s) were applied before this attempt',
      ),
    );
    expect(read()).toBe(before);
  });

  it('writes nothing if two migrations with one text could be mistaken for each other', () => {
    // Both say nothing, as two files of `drizzle-kit generate --custom` do before they are written.
    const made = tables('a', 'b', 'c', 'd', 'e').map((migration, i) =>
      i === 2 || i === 4 ? { ...migration, sql: '-- nothing\n' } : migration,
    );
    writeForm0(at('drizzle'), made);
    run('convert', 'drizzle');
    const before = read();
    expect(eject()).toEqual(
      failed(
        'The plain record was not written: it would not be level in an object in which m0001 was skipped: the module ' +
          'says "apply: m0001, m0003, m0004; late: m0001; changed since: none; unknown: 0", the plain record "apply: ' +
          'm0002, m0003, m0004; late: none; changed since: m0001; unknown: 0". Without tags a migration is known by its ' +
          'number and its SQL, so two with the same SQL can be mistaken for each other: keep the converted module.',
      ),
    );
    expect(read()).toBe(before);
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

  it('tries every prefix with each ledger, and every gap that can be', () => {
    const plain = { m0000: SQL[0], m0001: SQL[1], m0002: SQL[2], m0003: SQL[3] } as Record<
      string,
      string
    >;
    expect(rehearse(listOf(...SQL), plain)).toEqual({ states: 10 });
  });

  it('sees a text that changed, a migration that is missing and one too many', () => {
    const [first = '', second = '', third = '', fourth = ''] = SQL;
    const attempt = (plain: Record<string, string>) => () => rehearse(listOf(...SQL), plain);
    expect(attempt({ m0000: first, m0001: second, m0002: third, m0003: `${fourth};` })).toThrow(
      'in an object with the first 4 migrations: the module says "apply: nothing; late: none; changed since: none; ' +
        'unknown: 0", the plain record "apply: nothing; late: none; changed since: m0003; unknown: 0"',
    );
    expect(attempt({ m0000: first, m0001: second, m0002: third })).toThrow(
      'in an object with the first 0 migrations: the module says "apply: m0000, m0001, m0002, m0003; late: none; ' +
        'changed since: none; unknown: 0", the plain record "apply: m0000, m0001, m0002; late: none; changed since: ' +
        'none; unknown: 0"',
    );
    expect(
      attempt({ m0000: first, m0001: second, m0002: third, m0003: 'CREATE INDEX j ON a (x)' }),
    ).toThrow(
      'in an object with the first 0 migrations: the plain record leaves another schema or other rows',
    );
  });
});

describe('new', () => {
  it('appends an entry to a plain record, with a place for its SQL', () => {
    write('migrations.ts', "export default {\n  m0000: 'CREATE TABLE a (x)' };\n");
    expect(run('new', 'add_tags')).toEqual({
      status: 0,
      stderr: '',
      stdout:
        'Added m0001 to migrations.ts.\nWrite its SQL before you deploy: an object that ran it will not run it again.\n',
    });
    expect(read()).toBe(`\
export default {
  m0000: 'CREATE TABLE a (x)',
  // add_tags
  m0001: \`
-- Write the SQL here before you deploy; each statement ends in a semicolon.
\`,
};
`);
  });

  it('appends to a converted module what convert then leaves alone', () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle', '--out', 'src/migrations.ts');
    const before = read('src/migrations.ts');
    expect(run('new', 'by-hand', '--json')).toEqual({
      status: 0,
      stderr: '',
      stdout: '{\n  "module": "src/migrations.ts",\n  "key": "m0001",\n  "sqlFile": null\n}\n',
    });
    const after = read('src/migrations.ts');
    expect(after.startsWith(before.slice(0, before.lastIndexOf('}, ')))).toBe(true);
    expect(after.endsWith('`,\n});\n')).toBe(true);
    expect(run('convert', 'drizzle', '--out', 'src/migrations.ts', '--check')).toMatchObject({
      status: 0,
    });
    expect(read('src/migrations.ts')).toBe(after);
  });

  it('makes a file and its import where the others are files', async () => {
    writeForm0(at('drizzle'), tables('a'));
    run('convert', 'drizzle');
    eject('--sql-files');
    expect(run('new', 'add_tags')).toMatchObject({
      status: 0,
      stdout:
        'Added m0001 to migrations.ts, with migrations/m0001_add_tags.sql.\n' +
        'Write its SQL before you deploy: an object that ran it will not run it again.\n',
    });
    const stub =
      '-- add_tags: write the SQL here before you deploy; each statement ends in a semicolon.\n';
    expect(read('migrations/m0001_add_tags.sql')).toBe(stub);
    expect(read()).toBe(`${HEADER}\
import m0000 from './migrations/m0000_a.sql';
import m0001 from './migrations/m0001_add_tags.sql';

export default {
  m0000,
  m0001,
} satisfies MigrationRecord;
`);
    expect(await load()).toEqual({ m0000: 'CREATE TABLE a (id text);\n', m0001: stub });
    write('migrations/m0002_again.sql', '');
    expect(run('new', 'again')).toEqual(
      failed(
        'migrations/m0002_again.sql: there is such a file already. Remove it, or name it otherwise.',
      ),
    );
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
