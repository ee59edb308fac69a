// Projects as strangers have them: what the command line must find in them, or say that it does not.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tables, writeForm0 } from './corpus.ts';
import { useProjects } from './projects.ts';

const { at, read, run } = useProjects('layouts');

function write(file: string, text: string): void {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), text);
}

/** A config of drizzle-kit for Durable Objects, as a project has it. */
const config = (out: string, more = "driver: 'durable-sqlite', "): string =>
  `export default { dialect: 'sqlite', ${more}out: '${out}' };\n`;

interface Finding {
  code: string;
  file: string;
  line: number;
  message: string;
  effect: string;
  fix: string | null;
}

function check(...args: string[]): {
  status: number | null;
  stderr: string;
  folders: string[];
  migrations: number;
  findings: Finding[];
} {
  const { status, stdout, stderr } = run('check', '--json', '--no-schema', ...args);
  return { status, stderr, ...(stdout === '' ? {} : JSON.parse(stdout)) };
}

describe('an ejected module', () => {
  /** Ejects four migrations and adds a fifth by hand. */
  function eject(sql: string): void {
    write('drizzle.config.ts', config('./src/db/drizzle'));
    writeForm0(at('src/db/drizzle'), tables('a', 'b', 'c', 'd'));
    run('convert');
    run('eject');
    run('new', 'more');
    const file = 'src/db/migrations.ts';
    write(file, read(file).replace(/`\\?\n?.*NOT_WRITTEN[^`]*`/, `\`${sql}\``));
  }

  it('may have more than the folder that is still there, and that is checked too', () => {
    eject('CREATE TABLE e (id text)');
    expect(check()).toMatchObject({ status: 0, migrations: 5, findings: [] });
    write(
      'src/db/migrations.ts',
      read('src/db/migrations.ts').replace('CREATE TABLE e (id text)', 'DROP TABLE a'),
    );
    expect(check()).toMatchObject({
      status: 0,
      findings: [{ code: 'DROPS_TABLE', file: 'src/db/migrations.ts' }],
    });
  });

  it('must have what the folder has', () => {
    eject('CREATE TABLE e (id text)');
    writeForm0(at('src/db/drizzle'), tables('a', 'b', 'c', 'd', 'f'));
    expect(check().findings).toMatchObject([
      { code: 'STALE_MODULE', message: 'It lacks 0004_f of src/db/drizzle/meta/_journal.json.' },
    ]);
  });

  it('is found where neither folder nor config is there any more, and beside a config of D1', () => {
    eject('DROP TABLE a');
    rmSync(at('src/db/drizzle'), { recursive: true });
    rmSync(at('drizzle.config.ts'));
    const found = {
      status: 0,
      stderr: '',
      folders: ['src/db/migrations.ts'],
      migrations: 5,
      findings: [{ code: 'DROPS_TABLE', file: 'src/db/migrations.ts' }],
    };
    expect(check()).toMatchObject(found);
    write('drizzle.config.ts', config('./d1', "driver: 'd1-http', "));
    expect(check()).toMatchObject(found);
    run('new', 'again', '--module', 'src/db/migrations.ts');
    expect(read('src/db/migrations.ts')).toContain('m0005');
  });
});

describe('a module that imports of something else would lead to', () => {
  it.each(['src/db/migrations/index.ts', 'src/db/migrations.js'])('is not written: %s', (file) => {
    write('drizzle.config.ts', config('./src/db/drizzle'));
    writeForm0(at('src/db/drizzle'), tables('a'));
    write(file, 'export default {};');
    write('src/index.ts', "import migrations from './db/migrations';");
    expect(run('convert', '--out', 'src/db/migrations.ts')).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: src/db/migrations.ts: imports of ${file} would lead to this module instead. Name another place with --out.\n`,
    });
    expect(run('convert')).toEqual({
      status: 0,
      stdout:
        'Wrote src/db/drizzle-migrations.ts: 1 migration from src/db/drizzle.\n  + m0000  20261122180000_a\n',
      stderr: `note: src/db/migrations.ts would take the place of ${file} in imports: src/db/drizzle-migrations.ts is written instead.\n`,
    });
    expect(run('eject', '--out', 'src/db/migrations.mts')).toMatchObject({ status: 2 });
    expect(run('convert', '--check')).toMatchObject({ status: 0, stderr: '' });
    expect(check()).toMatchObject({ status: 0, stderr: '', findings: [] });
  });

  it('is one beside a folder of that name', () => {
    write('drizzle.config.ts', config('./src/db/migrations'));
    writeForm0(at('src/db/migrations'), tables('a'));
    write('src/db/migrations/index.ts', 'export default {};');
    expect(run('convert').stdout).toContain('Wrote src/db/migrations-migrations.ts: ');
  });
});

describe('a folder of D1', () => {
  const d1 = (dir: string, more = ''): string =>
    `{ // comments\n "d1_databases": [{ "binding": "DB", ${dir} }]${more} }`;

  it.each([
    ['wrangler.jsonc', d1('"migrations_dir": "./drizzle"')],
    ['wrangler.json', `{ "env": { "a": ${d1('"migrations_dir": "drizzle/"')} } }`],
    ['wrangler.jsonc', d1('"migrations_pattern": "drizzle/*/migration.sql"')],
    [
      'wrangler.toml',
      'name = "x"\n[[d1_databases]]\nbinding = "DB"\nmigrations_dir = "drizzle"\n[[rules]]\n',
    ],
    ['wrangler.toml', 'd1_databases = [\n  { binding = "DB", migrations_dir = "drizzle" }\n]\n'],
  ])('is not taken for one of Durable Objects: %s %s', (name, text) => {
    write('drizzle.config.ts', config('./drizzle', ''));
    writeForm0(at('drizzle'), tables('a'));
    write(name, text);
    mkdirSync(at('.wrangler/state'), { recursive: true });
    for (const command of ['convert', 'check', 'status']) {
      expect(run(command)).toEqual({
        status: 2,
        stdout: '',
        stderr:
          "error: drizzle.config.ts (D1, as wrangler's config says): it is not for Durable Objects, by its driver " +
          '("durable-sqlite") or by a migrations.js in its `out`. Name it with --config drizzle.config.ts if it is, or ' +
          'the folder of migrations.\n',
      });
    }
    expect(check('--config', 'drizzle.config.ts')).toMatchObject({
      status: 0,
      folders: ['drizzle'],
    });
  });

  it('is asked about where it may be either', () => {
    write('drizzle.config.ts', config('./drizzle', ''));
    writeForm0(at('drizzle'), tables('a'));
    write('wrangler.jsonc', d1('"migrations_dir": "d1"', ', "durable_objects": {}'));
    expect(run('convert')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        "error: drizzle.config.ts (sqlite): nothing says whether it is for Durable Objects or for the D1 database of wrangler's " +
        'config. Name it with --config drizzle.config.ts if it is, or set driver: "durable-sqlite" in it.\n',
    });
  });

  it('is no obstacle to a config of Durable Objects beside it', () => {
    write('drizzle.config.ts', config('./drizzle', ''));
    write('drizzle-do.config.ts', config('./do'));
    writeForm0(at('do'), tables('a'));
    write('wrangler.jsonc', d1('"migrations_dir": "drizzle"'));
    expect(check()).toMatchObject({ status: 0, folders: ['do'] });
  });
});

describe('a bundle of the code that stands in the folder', () => {
  const made = tables('a', 'b', 'c');
  /** The folder, and beside its files the texts in TypeScript, as a script of the team writes it. */
  function inline(...numbers: number[]): void {
    write('drizzle.config.ts', config('./drizzle'));
    writeForm0(at('drizzle'), made);
    const texts = numbers.map((n) => `  m000${n}: ${JSON.stringify(made[n]?.sql)},\n`);
    write(
      'drizzle/index.ts',
      `import journal from './meta/_journal.json';\nexport const migrations = { journal, migrations: {\n${texts.join('')}} } as const;\n`,
    );
    write(
      'src/index.ts',
      "import { migrations } from '../drizzle';\nexport class Inbox { x = migrations; }\n",
    );
  }
  const state = '.wrangler/state/v3/do/worker-Inbox';

  it('is compared with the folder, and lacks an entry', () => {
    inline(0, 1);
    mkdirSync(at(state), { recursive: true });
    write(`${state}/${'a'.repeat(64)}.sqlite`, '');
    const { status, findings } = check();
    expect({ status, findings }).toMatchObject({
      status: 1,
      findings: [
        {
          code: 'MISSING_SQL',
          file: 'drizzle/index.ts',
          effect: 'drizzle-offramp refuses the whole bundle, so that no object wakes.',
        },
      ],
    });
    expect(run('status')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error: drizzle\/index\.ts: \[MISSING_SQL\] /),
    });
    inline(0, 1, 2);
    expect(check()).toMatchObject({ status: 0, stderr: '', findings: [] });
    expect(run('status').stdout).toContain('1 object against drizzle/index.ts: 1 pending.');
  });

  it('has a journal of its own that is older, or another text', () => {
    inline(0, 1, 2);
    const older = at('drizzle/index.ts');
    writeFileSync(
      older,
      `export default { journal: { entries: [{ idx: 0, when: ${made[0]?.when}, tag: '0000_a' }] },
  migrations: { m0000: 'CREATE TABLE a (id integer)' } };\n`,
    );
    expect(check().findings).toMatchObject([
      { code: 'EDITED_SQL', file: 'drizzle/0000_a.sql' },
      {
        code: 'STALE_MODULE',
        file: 'drizzle/index.ts',
        message: 'It lacks 0001_b and 1 more of drizzle/meta/_journal.json.',
        fix: 'Write that file anew from the folder, as it was written before: objects run what it says.',
      },
    ]);
  });

  it('is said not to be compared where it cannot be', () => {
    inline(0, 1, 2);
    write('drizzle/index.ts', "export const migrations = import.meta.glob('./*.sql');\n");
    expect(check().stderr).toMatch(
      /^note: drizzle\/index\.ts: the code imports it, and it was not compared with drizzle: /,
    );
    write('drizzle/index.ts', 'export const migrations = 1;\n');
    expect(check()).toMatchObject({
      status: 0,
      stderr:
        'note: drizzle/index.ts: the code imports it, and it was not compared with drizzle: it exports no { journal, migrations }.\n',
    });
  });
});

describe("a monorepo's root", () => {
  it('finds the folder of a config below it, and refuses where there are two', () => {
    write('apps/x/drizzle.config.ts', config('./drizzle'));
    writeForm0(at('apps/x/drizzle'), tables('a'));
    const options = ['--config', 'apps/x/drizzle.config.ts'];
    expect(check(...options)).toMatchObject({ status: 0, folders: ['apps/x/drizzle'] });
    expect(run('convert', ...options).stdout).toContain(
      'Wrote apps/x/migrations.ts: 1 migration from apps/x/drizzle.',
    );
    writeForm0(at('drizzle'), tables('b'));
    expect(run('check', ...options)).toEqual({
      status: 2,
      stdout: '',
      stderr:
        "error: apps/x/drizzle.config.ts: its `out` is drizzle from here, and apps/x/drizzle from the config's folder, and " +
        'both are there. Name the folder of migrations.\n',
    });
  });

  it('asks drizzle-kit there', () => {
    write(
      'apps/x/drizzle.config.ts',
      "export default { dialect: 'sqlite', driver: 'durable-sqlite', schema: './schema.ts', out: './drizzle' };\n",
    );
    symlinkSync(join(import.meta.dirname, '../../node_modules'), at('node_modules'));
    const schema = (columns: string): void =>
      write(
        'apps/x/schema.ts',
        `import { int, sqliteTable } from 'drizzle-orm/sqlite-core';\nexport const a = sqliteTable('a', { id: int()${columns} });\n`,
      );
    schema('');
    const kit = at('node_modules/drizzle-kit/bin.cjs');
    execFileSync(process.execPath, [kit, 'generate'], { cwd: at('apps/x'), stdio: 'pipe' });
    schema(', b: int()');
    const { stdout } = run('check', '--json', '--schema', '-c', 'apps/x/drizzle.config.ts');
    expect(JSON.parse(stdout).findings).toMatchObject([
      {
        code: 'NOT_GENERATED',
        file: 'apps/x/schema.ts',
        message: 'The schema has changes that no migration has: it adds the column a.b.',
      },
    ]);
  });
});

describe('an edit of a migration that throws on rows', () => {
  const made = tables('a', 'b', 'c').map((one, i) => ({
    ...one,
    sql:
      [
        'CREATE TABLE `Messages` (`id` integer PRIMARY KEY);',
        'ALTER TABLE messages ADD `text` text NOT NULL;',
      ][i] ?? one.sql,
  }));
  const edit = (sql: string, more = made[2]?.sql ?? ''): void =>
    writeForm0(
      at('drizzle'),
      made.map((one, i) => (i === 1 ? { ...one, sql } : i === 2 ? { ...one, sql: more } : one)),
    );
  const edited = (): Finding | undefined =>
    check().findings.find(({ code }) => code === 'EDITED_SQL');

  it('is not both asked for and forbidden', () => {
    write('drizzle.config.ts', config('./drizzle'));
    writeForm0(at('drizzle'), made);
    run('convert');
    expect(check().findings).toMatchObject([
      {
        code: 'NOT_NULL_WITHOUT_DEFAULT',
        message: '0001_b adds a column to Messages that is NOT NULL and has no default.',
        fix: 'Give it a constant DEFAULT; or add it nullable, fill it, and make it NOT NULL in a later rebuild.',
      },
    ]);
    edit("ALTER TABLE messages ADD `text` text DEFAULT '' NOT NULL;");
    expect(edited()?.fix).toBe(
      'No object with rows there has the old text: it throws in each. If the others may keep what it did, keep the new text, ' +
        'and take it with `drizzle-offramp convert --accept-edit m0001`. Else restore it from migrations.ts, and write a new ' +
        'migration.',
    );
    expect(edited()?.effect).toContain(': two schemas. ');
    // Another edit that leaves the fault in it.
    edit('ALTER TABLE messages ADD `other` text NOT NULL;');
    expect(edited()?.fix).toBe(
      'Restore it from migrations.ts, and write a new migration with the change.',
    );
  });

  it('claims no two schemas where a later migration rebuilds the table', () => {
    const rebuild = [
      'CREATE TABLE `__new_Messages` (`id` integer PRIMARY KEY, `text` text);',
      'INSERT INTO `__new_Messages`(`id`, `text`) SELECT `id`, `text` FROM `Messages`;',
      'DROP TABLE `Messages`;',
      'ALTER TABLE `__new_Messages` RENAME TO `Messages`;',
    ].join('--> statement-breakpoint\n');
    write('drizzle.config.ts', config('./drizzle'));
    edit(made[1]?.sql ?? '', rebuild);
    run('convert');
    edit("ALTER TABLE messages ADD `text` text DEFAULT '' NOT NULL;", rebuild);
    expect(edited()?.effect).toMatch(
      /^Objects that have it keep what the old text did; new ones get the new text, and all come to one schema in the end\. /,
    );
  });

  it('names a table that a migration only reads as it was created', () => {
    write('drizzle.config.ts', config('./drizzle'));
    edit(
      'ALTER TABLE messages ADD `text` text;',
      'CREATE TABLE `Copies` (`id` integer, `a` text NOT NULL);--> statement-breakpoint\n' +
        'INSERT INTO copies(`id`, `a`) SELECT `id`, `text` FROM messages;',
    );
    expect(check().findings).toMatchObject([
      {
        code: 'REBUILD_NOT_NULL',
        message:
          '0002_c copies rows of Messages into Copies, where a is NOT NULL, and copies what may be NULL.',
        fix: 'Fill it first (UPDATE Messages SET … WHERE … IS NULL), or copy coalesce(…, …).',
      },
    ]);
  });
});
