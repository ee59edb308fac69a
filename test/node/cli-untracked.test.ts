// The command line for objects without a ledger: `convert --untracked` and what `status` says of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { loadDefault } from '../../src/cli/load.ts';
import { type MigrationRecord, migrate } from '../../src/index.ts';
import { tables, writeForm0 } from './corpus.ts';
import { useProjects } from './projects.ts';

const { at, read, run } = useProjects('untracked');
const write = (file: string, text: string): void => writeFileSync(at(file), text);

/** The module's text from the end of its record on. */
const tail = (): string => read().slice(read().lastIndexOf('\n}') + 1);
const head = (): string[] => read().split('\n').slice(1, 4);

const load = async (): Promise<MigrationRecord> =>
  (await loadDefault(at('migrations.ts'))) as MigrationRecord;

/** What `migrate` adopts in a database with these tables. */
async function adopted(statements: string): Promise<number> {
  const database = openDatabase(':memory:');
  try {
    database.sql.exec(statements);
    return migrate(database, await load(), { untracked: 'match' }).adopted.length;
  } finally {
    database.close();
  }
}

describe('convert --untracked', () => {
  it('writes the schemas, keeps them when the folder grows, and says so', async () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    expect(run('convert', 'drizzle', '--untracked').status).toBe(0);
    expect(head()).toEqual([
      "import { defineMigrations } from 'drizzle-offramp';",
      "import { schemas } from 'drizzle-offramp/adopt';",
      '',
    ]);
    expect(tail()).toMatch(/^\}, 'm0001 [0-9a-f]{64}', schemas\('[\w-]{33} a b'\)\);\n$/);
    expect(await adopted('CREATE TABLE A (ID TEXT)')).toBe(1);
    const before = read();
    expect(run('convert', 'drizzle').stdout).toBe(
      'migrations.ts is up to date: 2 migrations from drizzle.\n',
    );
    expect(read()).toBe(before);

    writeForm0(at('drizzle'), tables('a', 'b', 'c'));
    expect(run('convert', 'drizzle', '--check')).toMatchObject({ status: 1 });
    expect(run('convert', 'drizzle').stdout).toBe(
      'Wrote migrations.ts: 3 migrations from drizzle.\n  + m0002  20261122180200_c\n',
    );
    expect(tail()).toMatch(/^\}, 'm0002 [0-9a-f]{64}', schemas\('[\w-]{44} a b c'\)\);\n$/);
    expect(await adopted('CREATE TABLE a (id text); CREATE TABLE b (id text)')).toBe(2);

    // What somebody has changed by hand is put right.
    write('migrations.ts', read().replace(/schemas\('[\w-]{5}/, "schemas('xxxxx"));
    expect(run('convert', 'drizzle').stdout).toBe(
      'Wrote migrations.ts: 3 migrations from drizzle.\n  ~ its fingerprint and schemas\n',
    );
  });

  it('is written into a module that stands, and goes on beside entries of `new`', async () => {
    writeForm0(at('drizzle'), tables('a'));
    expect(run('convert', 'drizzle').status).toBe(0);
    expect(run('convert', 'drizzle', '--untracked').stdout).toContain(
      '~ its fingerprint and schemas',
    );
    expect(run('new', 'by_hand').status).toBe(0);
    expect(tail()).toMatch(/^\}, undefined, schemas\('[\w-]{22} a'\)\);\n$/);
    write('migrations.ts', read().replace(/-- drizzle-offramp new.*/, 'CREATE TABLE own (x);'));
    expect(run('convert', 'drizzle').status).toBe(0);
    expect(tail()).toMatch(/^\}, undefined, schemas\('[\w-]{33} a own'\)\);\n$/);
    expect(await adopted('CREATE TABLE a (id text)')).toBe(1);
  });

  it('needs a history that runs in an empty database, and the call that carries it', () => {
    writeForm0(at('drizzle'), [
      { ...(tables('a')[0] as never as object), sql: 'DROP TABLE nowhere;' } as never,
    ]);
    expect(run('convert', 'drizzle', '--untracked').stderr).toBe(
      'error: m0000 cannot be run in an empty database, so that nobody can tell the schema after it: no such table: nowhere\n',
    );
    writeForm0(at('other'), tables('a'));
    run('convert', 'other');
    write(
      'migrations.ts',
      read()
        .replace('defineMigrations({', '{')
        .replace(/\}, 'm0000.*/, '};'),
    );
    expect(run('convert', 'other', '--untracked').stderr).toContain(
      '--untracked writes into the call of defineMigrations({ … }), and the record is not exported by it.',
    );
  });
});

describe('status', () => {
  const object = (...statements: string[]): void => {
    const folder = at('.wrangler/state/v3/do/worker-Inbox');
    mkdirSync(folder, { recursive: true });
    const database = new DatabaseSync(join(folder, `${'0'.repeat(63)}1.sqlite`));
    for (const statement of statements) database.exec(statement);
    database.close();
  };
  const one = (...args: string[]) =>
    JSON.parse(run('status', '--module', 'migrations.ts', '--json', ...args).stdout).objects[0];

  it('says which migrations the schema tells, and how it differs from the nearest', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle', '--untracked');
    object('CREATE TABLE a (id text, more int)', 'CREATE INDEX mine ON a (id)');
    expect(one().state).toBe('failing');
    const { state, problem } = one('--untracked', 'match');
    expect(state).toBe('refused');
    expect(problem).toBe(
      '[UNKNOWN_SCHEMA] This object has tables of the migrations and no ledger, and its schema is not the one after any of ' +
        'them. Compare the two with `npx drizzle-offramp status`, and write code that makes the schema one of the history.\n' +
        '  The nearest is the schema after m0000, with 2 differences:\n' +
        '    has   column a.more INT\n' +
        '    has   index mine on a (id BINARY)',
    );
  });

  it('goes by what the class passes', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    run('convert', 'drizzle', '--untracked');
    object('CREATE TABLE a (id text)');
    const worker = (options: string): void =>
      write(
        'worker.ts',
        `import migrations from './migrations';\nexport class Inbox { constructor(ctx) { migrate(ctx, migrations, { ${options} }); } }\n`,
      );
    worker("untracked: 'match'");
    expect(one()).toMatchObject({
      state: 'pending',
      actions: [
        { action: 'create ledger' },
        { action: 'adopt', key: 'm0000' },
        { action: 'apply', key: 'm0001' },
      ],
    });
    worker("untracked: { at: 'm0001' }");
    expect(one().problem).toContain(
      'its schema is not the one after m0001 (20261122180100_b), but',
    );
    worker("adopt: { table: 'own', key: (row) => row.key }");
    expect(one()).toMatchObject({
      state: 'not-compared',
      problem:
        'its class passes the option `adopt`, and only the Worker can ask that. Ask the object: `drizzle-offramp object`',
    });
  });
});
