// What `check` reads out of the snapshots of drizzle-kit 1.x, as the real drizzle-kit writes them.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkAll } from '../../src/cli/check.ts';
import { readFolder } from '../../src/cli/folder.ts';
import { useProjects } from './projects.ts';

const { at } = useProjects('branches');
const modules = join(import.meta.dirname, '../../node_modules');
const ALIASES: Record<string, string> = {
  'drizzle-orm': 'drizzle-orm-1',
  'drizzle-kit': 'drizzle-kit-1',
};
const KIT = ['--preserve-symlinks', '--preserve-symlinks-main', 'node_modules/drizzle-kit/bin.cjs'];

beforeEach(() => {
  mkdirSync(at('node_modules'));
  for (const name of readdirSync(modules)) {
    symlinkSync(join(modules, ALIASES[name] ?? name), at(join('node_modules', name)));
  }
});

/** Has drizzle-kit 1.x generate a migration for a table `a` with these columns. */
function generate(name: string, columns: string, ...more: string[]): string {
  writeFileSync(
    at('schema.ts'),
    `import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
export const a = sqliteTable('a', { id: integer().primaryKey(), ${columns} });`,
  );
  const args = ['generate', '--dialect=sqlite', '--schema=schema.ts', '--out=drizzle'];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...KIT, ...args, `--name=${name}`, ...more],
    { cwd: at('.'), encoding: 'utf8' },
  );
  return stdout + stderr;
}

const found = (): string[] =>
  checkAll(readFolder(at('drizzle'))).flatMap(({ code, message, effect }) =>
    /BRANCHES_MERGED|PARENT_GONE/.test(code)
      ? `${code}: ${message} ${effect}`.replaceAll(/\d{14}_/g, '')
      : [],
  );

const folderOf = (name: string): string =>
  at(join('drizzle', readdirSync(at('drizzle')).find((one) => one.endsWith(`_${name}`)) as string));

/** Two branches from one schema, merged: each by its columns. */
function merge(left: string, right: string): void {
  generate('init', 'x: text()');
  cpSync(at('drizzle'), at('base'), { recursive: true });
  generate('left', left);
  cpSync(at('drizzle'), at('left'), { recursive: true });
  rmSync(at('drizzle'), { recursive: true });
  cpSync(at('base'), at('drizzle'), { recursive: true });
  // A name starts with the second.
  execFileSync('sleep', ['1']);
  generate('right', right);
  cpSync(at('left'), at('drizzle'), { recursive: true });
}

describe('the snapshots of a 1.x folder', { timeout: 120_000 }, () => {
  it('tell of branches that stand against each other, and not of others', () => {
    merge('x: text(), l: text()', 'x: text(), r: text()');
    expect(found()).toEqual([]);
    rmSync(at('drizzle'), { recursive: true });
    rmSync(at('base'), { recursive: true });
    rmSync(at('left'), { recursive: true });
    // A rebuild of the table on one side, a column of it on the other.
    merge('x: text().notNull()', 'x: text(), r: text()');
    expect(found()).toEqual([
      'BRANCHES_MERGED: left and right were made apart, from one schema: two branches were merged. drizzle-offramp refuses ' +
        'an object (SKIPPED_MIGRATION) that got right before left was deployed, and Drizzle runs it in another order than ' +
        'in a new object.',
    ]);
    // What drizzle-kit itself offers for that deletes migrations, and not in SQLite.
    expect(generate('merged', 'x: text().notNull(), r: text()', '--fix-conflicts')).toContain(
      '--fix-conflicts is supported only for postgresql. For sqlite, resolve the conflicts by hand',
    );
  });

  it('tell of a migration that was deleted', () => {
    generate('init', 'x: text()');
    generate('second', 'x: text(), y: text()');
    generate('third', 'x: text(), y: text(), z: text()');
    expect(found()).toEqual([]);
    rmSync(folderOf('second'), { recursive: true });
    expect(found()).toEqual([
      'PARENT_GONE: third was made after a migration that the folder does not have: it was deleted. drizzle-offramp refuses ' +
        'an object that has it: UNKNOWN_ROW where Drizzle ran it, and where drizzle-offramp did UNKNOWN_MIGRATION as soon ' +
        'as there is more to run. One that lacks it may lack what the next ones need.',
    ]);
  });
});
