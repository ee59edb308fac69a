import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { loadDefault } from '../../src/cli/load.ts';
import type { MigrationEntry } from '../../src/index.ts';
import { COMMAND, type Run } from './command.ts';
import {
  corpus,
  type Made,
  PREFIXES,
  START,
  tables,
  tagOf,
  textOf,
  writeBundle0,
  writeForm0,
  writeForm1,
} from './corpus.ts';
import { useProjects } from './projects.ts';

const { at, read, run } = useProjects('convert');
const write = (file: string, text: string): void => writeFileSync(at(file), text);
const convert = (...args: string[]): Run => run('convert', ...args);
const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What the module exports, as Node reads it. */
const load = async (file = 'migrations.ts'): Promise<Record<string, MigrationEntry | string>> =>
  (await loadDefault(at(file))) as Record<string, MigrationEntry | string>;

/** The module's keys with the names of their migrations. */
const names = async (): Promise<string[]> =>
  Object.entries(await load()).map(
    ([key, entry]) => `${key} ${typeof entry === 'string' ? 'by hand' : entry.tag?.slice(15)}`,
  );

function remake(write: (folder: string, migrations: readonly Made[]) => void, made: Made[]): void {
  rmSync(at('drizzle'), { recursive: true, force: true });
  write(at('drizzle'), made);
}

/** The fingerprint that the module carries, by its definition: of every tag (or key) and checksum, in order. */
const fingerprint = (...lines: [tag: string, sql: string][]): string =>
  checksum(lines.map(([tag, sql]) => `${tag} ${checksum(sql)}\n`).join(''));

const ok = (stdout: string): Run => ({ status: 0, stdout, stderr: '' });
const failed = (...lines: string[]): Run => ({
  status: 2,
  stdout: '',
  stderr: lines.map((line) => `error: ${line}\n`).join(''),
});

describe('a new module', () => {
  it('says what was written, and is this', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    expect(convert('drizzle')).toEqual(
      ok(
        'Wrote migrations.ts: 2 migrations from drizzle.\n' +
          '  + m0000  20261122180000_a\n' +
          '  + m0001  20261122180100_b\n',
      ),
    );
    expect(read()).toBe(`\
// Written by \`drizzle-offramp convert\` from ./drizzle. Keys never change; convert again after \`drizzle-kit generate\`.
import { defineMigrations } from 'drizzle-offramp';

export default defineMigrations({
  m0000: {
    tag: '20261122180000_a',
    when: 1795370400123,
    checksum: '${checksum('CREATE TABLE a (id text);\n')}',
    sql: \`\\
CREATE TABLE a (id text);
\`,
  },
  m0001: {
    tag: '20261122180100_b',
    when: 1795370460123,
    checksum: '${checksum('CREATE TABLE b (id text);\n')}',
    sql: \`\\
CREATE TABLE b (id text);
\`,
  },
}, 'm0001 ${fingerprint(
      ['20261122180000_a', 'CREATE TABLE a (id text);\n'],
      ['20261122180100_b', 'CREATE TABLE b (id text);\n'],
    )}');
`);
  });

  for (const prefix of Object.keys(PREFIXES)) {
    it(`has every text of a 0.x folder as it is (prefix ${prefix})`, async () => {
      const made = corpus(prefix);
      writeForm0(at('drizzle'), made);
      expect(convert('drizzle')).toMatchObject({ status: 0, stderr: '' });
      expect(Object.values(await load())).toEqual(
        made.map((migration) => ({
          tag: tagOf(migration),
          when: migration.when,
          checksum: checksum(textOf(migration)),
          sql: textOf(migration),
        })),
      );
    });
  }

  it('has every text of a 1.x folder as it is, and no `when`', async () => {
    const made = corpus();
    writeForm1(at('drizzle'), made);
    expect(convert('drizzle')).toMatchObject({ status: 0, stderr: '' });
    expect(Object.values(await load())).toEqual(
      made.map((migration) => ({
        tag: tagOf(migration),
        checksum: checksum(textOf(migration)),
        sql: textOf(migration),
      })),
    );
  });

  it('is the same for Babel as for the quick way of reading it', async () => {
    writeForm0(at('drizzle'), corpus());
    convert('drizzle');
    // A type is something that the quick way leaves to Babel.
    const source = read().replace(/\);\n$/, ' as Record<string, object>);\n');
    write('typed.ts', source);
    expect(await load('typed.ts')).toEqual(await load());
  });

  for (const [form, writeFolder] of Object.entries({ '0.x': writeForm0, '1.x': writeForm1 })) {
    it(`can be empty (${form}), and grow`, async () => {
      writeFolder(at('drizzle'), []);
      expect(convert('drizzle')).toEqual(ok('Wrote migrations.ts: 0 migrations from drizzle.\n'));
      expect(read()).toMatch(/\n\nexport default defineMigrations\(\{\}\);\n$/);
      writeFolder(at('drizzle'), tables('a'));
      convert('drizzle');
      expect(await names()).toEqual(['m0000 a']);
      expect(read()).toMatch(
        /defineMigrations\(\{\n {2}m0000: \{\n[\s\S]*\n {2}\},\n\}, 'm0000 [0-9a-f]{64}'\);\n$/,
      );
    });
  }
});

describe('converting again', () => {
  it('writes nothing if nothing changed', () => {
    writeForm0(at('drizzle'), corpus());
    convert('drizzle');
    const first = read();
    expect(convert('drizzle')).toEqual(
      ok('migrations.ts is up to date: 10 migrations from drizzle.\n'),
    );
    expect(read()).toBe(first);
  });

  it('appends, and leaves every byte before it', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    convert('drizzle');
    const first = read();
    writeForm0(at('drizzle'), tables('a', 'b', 'c'));
    expect(convert('drizzle')).toEqual(
      ok('Wrote migrations.ts: 3 migrations from drizzle.\n  + m0002  20261122180200_c\n'),
    );
    const start = first.slice(0, first.lastIndexOf('}, '));
    expect(read().startsWith(`${start}  m0002: {\n    tag: '20261122180200_c',\n`)).toBe(true);
  });

  it('puts the fingerprint right, in any layout', async () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    convert('drizzle');
    const first = read();
    const carried = / *'m0001 [0-9a-f]{64}'\)/;
    const upToDate = ok('migrations.ts is up to date: 2 migrations from drizzle.\n');
    write('migrations.ts', first.replace(carried, `\n  'm0001 ${'0'.repeat(64)}',\n)`));
    expect(convert('drizzle', '--check')).toEqual({
      ...ok('migrations.ts is out of date:\n  ~ its fingerprint\nRun `drizzle-offramp convert`.\n'),
      status: 1,
    });
    expect(convert('drizzle').stdout).toBe(
      'Wrote migrations.ts: 2 migrations from drizzle.\n  ~ its fingerprint\n',
    );
    expect(read()).toBe(first);
    write('migrations.ts', first.replace(/, 'm0001 [0-9a-f]{64}'/, ''));
    convert('drizzle');
    expect(read()).toBe(first);
    expect(convert('drizzle', '--check')).toEqual(upToDate);
    // Without the call there is nothing that could carry it.
    const bare = first
      .replace(/import.*\n/, '')
      .replace('defineMigrations(', '')
      .replace(/, 'm0001 [0-9a-f]{64}'\)/, '');
    write('migrations.ts', bare);
    expect(convert('drizzle')).toEqual(upToDate);
    expect(read()).toBe(bare);
  });

  it('gives the next key to one that lands in the middle of the folder', async () => {
    const [a, b, c] = tables('a', 'b', 'c') as [Made, Made, Made];
    writeForm1(at('drizzle'), [a, c]);
    convert('drizzle');
    writeForm1(at('drizzle'), [b]);
    convert('drizzle');
    expect(await names()).toEqual(['m0000 a', 'm0001 c', 'm0002 b']);
    expect(convert('drizzle', '--check')).toEqual(
      ok('migrations.ts is up to date: 3 migrations from drizzle.\n'),
    );
  });

  it('changes nothing after `drizzle-kit up`, though two of a second change places', () => {
    const made = tables('zebra', 'ant').map((migration, i) => ({ ...migration, when: START + i }));
    writeForm0(at('drizzle'), made);
    convert('drizzle');
    const first = read();
    remake(writeForm1, made);
    expect(convert('drizzle', '--check')).toEqual(
      ok('migrations.ts is up to date: 2 migrations from drizzle.\n'),
    );
    expect(read()).toBe(first);
  });

  it('keeps a changed `when` as `was`, once', async () => {
    const made = tables('a', 'b');
    writeForm0(at('drizzle'), made);
    convert('drizzle');
    const late = made.map((migration, i) =>
      i === 0 ? { ...migration, when: START + 7000 } : migration,
    );
    writeForm0(at('drizzle'), late);
    expect(convert('drizzle')).toEqual(
      ok(
        'Wrote migrations.ts: 2 migrations from drizzle.\n' +
          `  ~ m0000  20261122180007_a  was ${START}\n`,
      ),
    );
    expect(await load()).toMatchObject({
      m0000: { tag: '20261122180007_a', when: START + 7000, was: [START] },
    });
    expect(convert('drizzle', '--check')).toMatchObject({ status: 0 });
    writeForm0(at('drizzle'), made);
    convert('drizzle');
    expect(await load()).toMatchObject({ m0000: { when: START, was: [START + 7000] } });
  });

  it('keeps the second of a 1.x folder that got another time', async () => {
    const made = tables('a', 'b');
    writeForm1(at('drizzle'), made);
    convert('drizzle');
    remake(
      writeForm1,
      made.map((migration) => ({ ...migration, when: migration.when + 5000 })),
    );
    convert('drizzle');
    expect(await load()).toEqual({
      m0000: {
        tag: '20261122180005_a',
        was: [START - 123],
        checksum: checksum('CREATE TABLE a (id text);\n'),
        sql: 'CREATE TABLE a (id text);\n',
      },
      m0001: expect.objectContaining({ tag: '20261122180105_b' }),
    });
  });

  it('takes over a new name', async () => {
    const made = tables('a');
    writeForm0(at('drizzle'), made);
    convert('drizzle');
    remake(
      writeForm0,
      made.map((migration) => ({ ...migration, name: 'renamed' })),
    );
    expect(convert('drizzle').stdout).toBe(
      'Wrote migrations.ts: 1 migration from drizzle.\n  ~ m0000  20261122180000_renamed\n',
    );
    expect(await names()).toEqual(['m0000 renamed']);
  });

  it('keeps what people wrote into the module: entries, comments, layout, CRLF', async () => {
    writeForm0(at('drizzle'), tables('a'));
    convert('drizzle');
    const edited = read()
      .replace(
        /\n\}, 'm0000 [0-9a-f]{64}'\);\n/,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template in the module.
        "\n  // by hand,\n  m0001: `CREATE TABLE hand (x /* } ${1 + '}'} */)` // last\n});\n",
      )
      .replaceAll('\n', '\r\n');
    write('migrations.ts', edited);
    writeForm0(at('drizzle'), tables('a', 'b'));
    expect(convert('drizzle').stdout).toBe(
      'Wrote migrations.ts: 2 migrations from drizzle, 1 written by hand.\n  + m0002  20261122180100_b\n',
    );
    expect(await names()).toEqual(['m0000 a', 'm0001 by hand', 'm0002 b']);
    expect((await load()).m0002).toMatchObject({ sql: 'CREATE TABLE b (id text);\n' });
    const [start] = edited.split(' // last');
    expect(read().startsWith(`${start}, // last\r\n  m0002: {\r\n`)).toBe(true);
    // One that a person still writes on has no checksum, so the module carries no fingerprint.
    expect(read().endsWith('  },\r\n});\r\n')).toBe(true);
    expect(read().replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('gives a plain record its tags back, by the SQL', async () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    write(
      'migrations.ts',
      "export default { m0000: 'CREATE TABLE a (id text);\\n', m0001: 'CREATE TABLE b (id text);\\n' };\n",
    );
    expect(convert('drizzle')).toEqual(
      failed(
        'migrations.ts: its first line does not say that `drizzle-offramp convert` wrote it. Name another module with ' +
          '--out, or pass --force to make it the module of drizzle.',
      ),
    );
    expect(convert('drizzle', '--force')).toMatchObject({ status: 0, stderr: '' });
    expect(await names()).toEqual(['m0000 a', 'm0001 b']);
    expect(convert('drizzle', '--check')).toEqual(
      ok('migrations.ts is up to date: 2 migrations from drizzle.\n'),
    );
  });

  for (const flags of [[], ['--plain'], ['--sql-files'], ['--sql-files', '--plain']]) {
    it(`does not undo eject ${flags.join(' ')} unless it is forced to`, async () => {
      writeForm0(at('drizzle'), tables('a', 'b'));
      convert('drizzle');
      const converted = await load();
      run('eject', ...flags);
      const ejected = read();
      for (const mode of [[], ['--check']]) {
        expect(convert('drizzle', ...mode)).toEqual(
          failed(
            'migrations.ts: it was ejected: people write on it, and it needs no folder any more. Name another module ' +
              'with --out, or pass --force to make it the module of drizzle.',
          ),
        );
      }
      expect(read()).toBe(ejected);
      expect(convert('drizzle', '--force')).toMatchObject({ status: 0, stderr: '' });
      expect(await load()).toEqual(converted);
      expect(read()).toMatch(
        /^\/\/ Written by `drizzle-offramp convert` from \.\/drizzle\. [^\n]*\nimport /,
      );
      expect(convert('drizzle', '--check')).toMatchObject({ status: 0 });
    });
  }
});

describe('what has no right answer', () => {
  beforeEach(() => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    convert('drizzle');
  });

  const EDITED =
    'drizzle/0001_b.sql:1: its SQL is not that of m0001 (20261122180100_b) in migrations.ts:13. Objects that ran it ' +
    'will not run it again: restore it and write a new migration, or pass --accept-edit m0001 if both do the same.';

  it('is an edited migration, unless the edit is accepted', async () => {
    const first = read();
    write('drizzle/0001_b.sql', 'CREATE TABLE b (id text, x);');
    expect(convert('drizzle')).toEqual(failed(EDITED));
    expect(convert('drizzle', '--check')).toEqual({ ...failed(EDITED), status: 1 });
    expect(read()).toBe(first);
    expect(convert('drizzle', '--accept-edit', 'm0001')).toEqual(
      ok(
        'Wrote migrations.ts: 2 migrations from drizzle.\n' +
          '  ! m0001  20261122180100_b  its SQL was edited, as accepted\n',
      ),
    );
    expect((await load()).m0001).toMatchObject({ sql: 'CREATE TABLE b (id text, x);' });
    expect(convert('drizzle', '--check')).toMatchObject({ status: 0 });
  });

  it('is a removed migration', () => {
    remake(writeForm0, tables('a'));
    expect(convert('drizzle')).toEqual(
      failed(
        'migrations.ts:13: m0001 (20261122180100_b) is no longer in drizzle. Objects have it: restore it there, from ' +
          'version control.',
      ),
    );
  });

  it('is an edit of a key that there is not', () => {
    expect(convert('drizzle', '--accept-edit', 'm0007')).toEqual(
      failed('--accept-edit m0007: there is no m0007 in migrations.ts.'),
    );
  });
});

describe('--check', () => {
  it('writes nothing, and says what is out of date', () => {
    writeForm0(at('drizzle'), tables('a'));
    convert('drizzle');
    const first = read();
    writeForm0(at('drizzle'), tables('a', 'b'));
    expect(convert('drizzle', '--check')).toEqual({
      status: 1,
      stdout:
        'migrations.ts is out of date:\n  + m0001  20261122180100_b\nRun `drizzle-offramp convert`.\n',
      stderr: '',
    });
    expect(read()).toBe(first);
  });
});

describe('--json', () => {
  it('is the whole result', () => {
    writeForm0(at('drizzle'), tables('a'));
    write('drizzle/0007_extra.sql', 'SELECT 1');
    const { status, stdout, stderr } = convert('drizzle', '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      modules: [
        {
          folder: 'drizzle',
          form: '0.x',
          module: 'migrations.ts',
          migrations: 1,
          byHand: 0,
          upToDate: false,
          written: true,
          changes: [{ key: 'm0000', tag: '20261122180000_a', change: 'added' }],
          problems: [
            {
              code: 'EXTRA_FILE',
              file: 'drizzle/0007_extra.sql',
              line: 1,
              message:
                'The journal has no entry for this file, so no object gets it. Remove it, or restore its entry.',
            },
          ],
        },
      ],
    });
  });

  it('is also what an error is', () => {
    const said = (...args: string[]) => {
      const { status, stdout, stderr } = run(...args);
      return { status, stderr, ...(JSON.parse(stdout) as object) };
    };
    expect(said('convert', 'drizle', '--json')).toEqual({
      status: 2,
      stderr: '',
      version: 1,
      error: {
        message: 'drizle does not exist. Run `drizzle-kit generate`, or name another folder.',
      },
    });
    expect(said('convert', '--fast', '--json')).toEqual({
      status: 2,
      stderr: '',
      version: 1,
      error: { message: "unknown option '--fast'" },
    });
    expect(said('check', 'drizle', '--format=json')).toMatchObject({ status: 2, version: 1 });
  });
});

describe('a folder with something wrong', () => {
  const JOURNAL = 'drizzle/meta/_journal.json';

  it('is refused with the file and the line of each thing', () => {
    writeForm0(at('drizzle'), tables('a', 'b', 'c'));
    write(JOURNAL, read(JOURNAL).replace(String(START + 60_000), '"soon"'));
    rmSync(at('drizzle/0002_c.sql'));
    writeFileSync(at('drizzle/0000_a.sql'), Buffer.from([0x41, 0xff]));
    expect(convert('drizzle')).toEqual(
      failed(
        'drizzle/0000_a.sql:1: The file is not UTF-8: save it in that encoding.',
        `${JOURNAL}:12: Entry "0001_b" has when: "soon", which is no time in milliseconds. Restore the value that ` +
          'drizzle-kit wrote: it tells which objects have the migration.',
        `${JOURNAL}:19: Entry "0002_c" has no SQL: there is no drizzle/0002_c.sql. Restore the file, or remove the ` +
          'entry if no object has it.',
      ),
    );
  });

  for (const [what, find, replace, line] of [
    ['a conflict', '    {\n      "idx": 1', '<<<<<<< HEAD\n    {\n      "idx": 1', 12],
    ['a missing comma', '"idx": 1,', '"idx": 1', 14],
  ] as const) {
    it(`is a journal with ${what}`, () => {
      writeForm0(at('drizzle'), tables('a', 'b'));
      write(JOURNAL, read(JOURNAL).replace(find, replace));
      const { status, stdout, stderr } = convert('drizzle');
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr.split(' (')[0]).toBe(`error: ${JOURNAL}:${line}: The journal is not JSON`);
    });
  }

  it('is a migration made twice in a second under one name', () => {
    const [made] = tables('a') as [Made];
    writeForm0(at('drizzle'), [made, { ...made, prefix: '0001', when: START + 1 }]);
    expect(convert('drizzle')).toEqual(
      failed(
        `${JOURNAL}:12: "0000_a" (line 5) and "0001_a" are both "20261122180000_a": made in the same second under ` +
          'the same name. Rename one of them, in the journal and its file.',
      ),
    );
  });

  it('is none of drizzle-kit', () => {
    mkdirSync(at('drizzle'));
    expect(convert('drizzle')).toEqual(
      failed(
        'drizzle:1: There is neither meta/_journal.json (drizzle-kit 0.x) nor a folder such as ' +
          '20261122175044_kind_aqueduct/ (1.x) in it: is it the `out` of drizzle.config.ts?',
      ),
    );
  });

  it('is not there', () => {
    expect(convert('drizle')).toEqual(
      failed('drizle does not exist. Run `drizzle-kit generate`, or name another folder.'),
    );
  });

  it('only warns of a file that is too many, and of an idx that two branches took', async () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    write(JOURNAL, read(JOURNAL).replace('"idx": 1', '"idx": 0'));
    write('drizzle/0007_extra.sql', 'SELECT 1');
    expect(convert('drizzle')).toMatchObject({
      status: 0,
      stderr:
        'warning: drizzle/0007_extra.sql:1: The journal has no entry for this file, so no object gets it. Remove it, ' +
        'or restore its entry.\n' +
        `warning: ${JOURNAL}:12: Entries "0000_a" (line 5) and "0001_b" both have idx 0, so migrations.js can hold ` +
        'only one of them. Two branches were merged: give the later one the next free idx.\n',
    });
    expect(await names()).toEqual(['m0000 a', 'm0001 b']);
  });
});

describe('where the folder and the module are', () => {
  it('is what drizzle.config.ts says, which need not find drizzle-kit', async () => {
    writeForm0(at('db'), tables('a'));
    write(
      'drizzle.config.ts',
      "import { defineConfig } from 'drizzle-kit';\nexport default defineConfig({ dialect: 'sqlite', out: './db' });\n",
    );
    expect(convert()).toMatchObject({ status: 0, stderr: '' });
    expect(await names()).toEqual(['m0000 a']);
  });

  it('is ./drizzle if a config says nothing, and a module of its own for each of several', () => {
    for (const name of ['inbox', 'archive']) {
      writeForm0(at(name, 'drizzle'), tables(name));
      write(`${name}.config.json`, JSON.stringify({ out: `./${name}/drizzle` }));
    }
    writeForm0(at('drizzle'), []);
    write('drizzle.config.js', 'module.exports = {};');
    const configs = ['inbox.config.json', 'archive.config.json', 'drizzle.config.js'];
    expect(convert(...configs.flatMap((name) => ['--config', name]))).toEqual(
      ok(
        'Wrote inbox/migrations.ts: 1 migration from inbox/drizzle.\n' +
          '  + m0000  20261122180000_inbox\n' +
          'Wrote archive/migrations.ts: 1 migration from archive/drizzle.\n' +
          '  + m0000  20261122180000_archive\n' +
          'Wrote migrations.ts: 0 migrations from drizzle.\n',
      ),
    );
  });

  /** Two folders side by side, each with a config. */
  function writeTwo(config = (name: string): string => `${name}.config.json`): string[] {
    return ['inbox', 'archive'].map((name) => {
      writeForm0(at('drizzle', name), tables(name));
      write(config(name), JSON.stringify({ out: `drizzle/${name}`, driver: 'durable-sqlite' }));
      return config(name);
    });
  }

  it('is named by the folder where two would be one', () => {
    const configs = writeTwo().flatMap((name) => ['-c', name]);
    expect(convert(...configs)).toEqual(
      ok(
        'Wrote drizzle/inbox-migrations.ts: 1 migration from drizzle/inbox.\n' +
          '  + m0000  20261122180000_inbox\n' +
          'Wrote drizzle/archive-migrations.ts: 1 migration from drizzle/archive.\n' +
          '  + m0000  20261122180000_archive\n',
      ),
    );
    expect(read('drizzle/inbox-migrations.ts').split('\n')[0]).toBe(
      '// Written by `drizzle-offramp convert` from ./inbox. Keys never change; convert again after `drizzle-kit generate`.',
    );
    expect(convert(...configs, '--check')).toMatchObject({ status: 0, stderr: '' });
    expect(convert(...configs, '--out', 'x.ts')).toEqual(
      failed('--out names one module, and there are several folders: convert them one by one.'),
    );
    expect(convert('drizzle/inbox', ...configs)).toEqual(
      failed('Pass either a folder or --config, not both.'),
    );
  });

  it('is never that of another folder', () => {
    writeTwo();
    expect(convert('drizzle/inbox').stdout).toContain('Wrote drizzle/migrations.ts: ');
    expect(convert('drizzle/archive').stdout).toContain('Wrote drizzle/archive-migrations.ts: ');
    expect(convert('drizzle/inbox')).toEqual(
      ok('drizzle/migrations.ts is up to date: 1 migration from drizzle/inbox.\n'),
    );
    expect(convert('drizzle/archive', '--out', 'drizzle/migrations.ts')).toEqual(
      failed(
        'drizzle/migrations.ts: it was made from another folder, drizzle/inbox. Name another module with --out, or pass ' +
          '--force to make it the module of drizzle/archive.',
      ),
    );
  });

  it('is that of all configs for Durable Objects, and it says which', () => {
    writeTwo((name) => `drizzle-${name}.config.json`);
    write(
      'drizzle.config.json',
      JSON.stringify({ out: 'd1', driver: 'd1-http', dialect: 'sqlite' }),
    );
    write('drizzle.config.d.ts', '');
    write('drizzle-old.config.json.bak', '');
    const note =
      'note: drizzle-archive.config.json, drizzle-inbox.config.json are for Durable Objects, and not ' +
      'drizzle.config.json (d1-http). Name others with --config.\n';
    expect(convert()).toMatchObject({
      status: 0,
      stderr: note,
      stdout: expect.stringContaining('Wrote drizzle/inbox-migrations.ts'),
    });
    expect(run('check')).toMatchObject({ stderr: note });
    expect(JSON.parse(run('check', '--json').stdout).folders).toEqual([
      'drizzle/archive',
      'drizzle/inbox',
    ]);
  });

  it('is left alone where one of several was ejected and nobody names it', () => {
    writeTwo((name) => `drizzle-${name}.config.json`);
    convert();
    run('eject', 'drizzle/inbox-migrations.ts');
    expect(convert('--check')).toEqual({
      status: 0,
      stderr: 'note: drizzle/inbox-migrations.ts: ejected, and left alone.\n',
      stdout: 'drizzle/archive-migrations.ts is up to date: 1 migration from drizzle/archive.\n',
    });
    expect(convert('--config', 'drizzle-inbox.config.json')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('drizzle/inbox-migrations.ts: it was ejected: '),
    });
  });

  it('is told by a migrations.js, as drivers are often wrong', () => {
    writeForm0(at('do'), tables('a'));
    writeBundle0(at('do'), tables('a'));
    write('drizzle.config.json', JSON.stringify({ out: 'd1', driver: 'd1-http' }));
    write('drizzle.do.config.json', JSON.stringify({ out: 'do', driver: 'd1-http' }));
    write('drizzle-pg.config.json', JSON.stringify({ out: 'pg', dialect: 'postgresql' }));
    expect(convert()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Wrote migrations.ts: 1 migration from do.\n'),
      stderr:
        'note: drizzle.do.config.json is for Durable Objects, and not drizzle.config.json (d1-http), ' +
        'drizzle-pg.config.json (postgresql). Name others with --config.\n',
    });
  });

  it('is not that of another database, and is asked for where nothing tells', () => {
    writeForm0(at('drizzle'), tables('a'));
    write('drizzle.config.json', JSON.stringify({ driver: 'd1-http' }));
    expect(convert()).toEqual(
      failed(
        'drizzle.config.json (d1-http): it is not for Durable Objects, by its driver ("durable-sqlite") or by a ' +
          'migrations.js in its `out`. Name it with --config drizzle.config.json if it is, or the folder of migrations.',
      ),
    );
    expect(convert('--config', 'drizzle.config.json')).toMatchObject({ status: 0, stderr: '' });
    write('drizzle-pg.config.json', JSON.stringify({ out: 'pg', dialect: 'postgresql' }));
    expect(convert()).toEqual(
      failed(
        'drizzle.config.json (d1-http), drizzle-pg.config.json (postgresql): none of them is for Durable Objects, by its ' +
          'driver ("durable-sqlite") or by a migrations.js in its `out`. Name the one that is with --config, or the ' +
          'folder of migrations.',
      ),
    );
    write('drizzle.config.json', JSON.stringify({ dialect: 'sqlite' }));
    write('drizzle-b.config.json', JSON.stringify({ out: 'b' }));
    expect(convert()).toEqual(
      failed(
        'There are several configs, and nothing says which of them is for Durable Objects: drizzle.config.json (sqlite), ' +
          'drizzle-b.config.json. Name it with --config, or set driver: "durable-sqlite" in it.',
      ),
    );
  });

  it('is found without what a config imports for other things', async () => {
    writeForm0(at('db'), tables('a'));
    // What is written out is not run, and what must be run gets nothing of wrangler.
    for (const out of ["'./db'", "['.', 'db'].join('/')"]) {
      write(
        'drizzle.config.ts',
        `import { getPlatformProxy } from 'wrangler';
import { defineConfig } from 'drizzle-kit';
const { env } = await getPlatformProxy<{ URL: string }>();
export default defineConfig({ dialect: 'sqlite', out: ${out}, dbCredentials: { url: \`\${env.URL}\` } });
`,
      );
      rmSync(at('migrations.ts'), { force: true });
      expect(convert()).toMatchObject({ status: 0, stderr: '' });
      expect(await names()).toEqual(['m0000 a']);
    }
  });

  it('is asked for if nobody says it', () => {
    expect(convert()).toEqual(
      failed(
        'There is none of drizzle.config.ts, drizzle.config.js, drizzle.config.json here, nor another ' +
          'drizzle*.config.*. Name the folder of migrations, or a config with --config.',
      ),
    );
    expect(convert('-c', 'x.ts')).toEqual(failed('x.ts: there is no such file.'));
  });

  it('is told of a config or module that cannot be read, with its line', () => {
    write('drizzle.config.ts', 'export default {\n  out: ,\n};\n');
    expect(convert().stderr).toBe('error: drizzle.config.ts:2: ParseError: Unexpected token\n');
    write('drizzle.config.ts', 'export default { out: 7 };\n');
    expect(convert().stderr).toBe(
      "error: drizzle.config.ts: it must export a config, with `out` (if any) a path: export default defineConfig({ out: './drizzle' }).\n",
    );
    writeForm0(at('drizzle'), []);
    write('migrations.ts', 'export const x = 1;\n');
    expect(convert('drizzle').stderr).toBe(
      'error: migrations.ts: it does not export a record of migrations by default, written out as { m0000: … }. Name ' +
        'another module if this one is something else.\n',
    );
    write('migrations.ts', "export default { m0001: 'SELECT 1' };\n");
    expect(convert('drizzle').stderr).toBe(
      'error: migrations.ts: [KEY_GAP] Migrations must be sequential: expected version 0, got 1 (m0001). Add the missing ' +
        'one, or rename m0001.\n',
    );
  });
});

describe('--watch', () => {
  it('converts on every change, and goes on after an error', async () => {
    writeForm0(at('drizzle'), tables('a'));
    const child = spawn(process.execPath, [COMMAND, 'convert', 'drizzle', '--watch'], {
      cwd: at(),
    });
    let printed = '';
    child.stdout.on('data', (data) => {
      printed += data;
    });
    child.stderr.on('data', (data) => {
      printed += data;
    });
    const until = (text: string): Promise<void> =>
      expect.poll(() => printed, { timeout: 20_000 }).toContain(text);
    try {
      await until('Wrote migrations.ts: 1 migration from drizzle.');
      write('drizzle/0000_a.sql', 'OTHER');
      await until('error: drizzle/0000_a.sql:1: its SQL is not that of m0000');
      writeForm0(at('drizzle'), tables('a', 'b'));
      await until('Wrote migrations.ts: 2 migrations from drizzle.');
    } finally {
      child.kill();
    }
    expect(await names()).toEqual(['m0000 a', 'm0001 b']);
  });

  it('does not go with --check', () => {
    expect(convert('--watch', '--check')).toEqual(
      failed('Pass either --watch or --check, not both.'),
    );
  });
});

describe('the program', () => {
  it('breaks no line inside a word, and gives no colours to a terminal that has none', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    convert('drizzle');
    vi.stubEnv('COLUMNS', '60');
    vi.stubEnv('TERM', 'dumb');
    try {
      expect(convert('drizle').stderr).toBe(
        'error: drizle does not exist. Run `drizzle-kit generate`, or\nname another folder.\n',
      );
      expect(run('eject', '--plain').stdout).toBe(`\
Wrote migrations.ts: 2 migrations as a record, without tags,
in one file.
Tried in 11 states of an object: it does what the converted
module did.

Can be removed
  drizzle  folder of drizzle-kit

What this gives up
  A migration is known by its number and its SQL alone:
  - Each object must have woken under drizzle-offramp once
    before you deploy this (\`drizzle-offramp status\` for the
    local ones): Drizzle's ledger is matched by count, and
    Drizzle may have skipped a migration.
  - A merge that gives a migration another number and edits
    its SQL makes it unknown.
  - drizzle: 'mirror' is refused.
  Without --plain each migration keeps its tag, and none of
  this holds.

The next migration
  drizzle-offramp new <name> --module migrations.ts
`);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('tells its version, and shows an example of each command', () => {
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
    );
    expect(run('--version')).toEqual(ok(`${version}\n`));
    for (const name of ['convert', 'check', 'status', 'eject', 'new']) {
      const { status, stdout } = run(name, '--help');
      expect({ name, status }).toEqual({ name, status: 0 });
      expect(stdout).toContain(`
Example:
  $ drizzle-offramp ${name} `);
    }
  });

  it('ends with 2 for what it does not know', () => {
    expect(run('migrate')).toEqual(failed("unknown command 'migrate'"));
    expect(run('convert', '--fast')).toEqual(failed("unknown option '--fast'"));
    expect(run()).toMatchObject({ status: 2, stdout: '' });
  });
});
