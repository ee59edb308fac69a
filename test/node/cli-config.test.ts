import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { layOut } from '../../src/base/columns.ts';
import { readStatically } from '../../src/cli/config.ts';
import { originOf } from '../../src/cli/find-module.ts';
import { table, wrap } from '../../src/cli/output.ts';
import { isFile, isInside, readSources } from '../../src/cli/sources.ts';

describe('a config', () => {
  const durable = { dialect: 'sqlite', driver: 'durable-sqlite', out: './db' };
  const BODY =
    '{ dialect: \'sqlite\', driver: "durable-sqlite", out: `./db`, dbCredentials: { url: f() } }';

  it.each([
    ['of defineConfig', `export default defineConfig(${BODY});`, durable],
    ['of an object', `export default ${BODY} satisfies Config;`, durable],
    ['of a constant', `const config: Config = ${BODY};\nexport default config;`, durable],
    [
      'with quoted keys and comments',
      "export default { /* a */ 'out': './db', // b\n };",
      { out: './db' },
    ],
    ['with `as const`', "export default { driver: 'd1-http' as const };", { driver: 'd1-http' }],
    ['that says nothing', 'export default {};', {}],
    ['of a nested `out`', "export default { other: { out: './no' } };", {}],
  ])('is read without being run: %s', (_, source, settings) => {
    expect(readStatically(source)).toEqual(settings);
  });

  it.each([
    ['a spread', "export default { ...base, out: './db' };"],
    ['a name', 'export default { out };'],
    ['an expression', "export default { out: join('a', 'b') };"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template in the config.
    ['a template with a hole', "export default { out: `${'a'}/b` };"],
    ['a choice', "export default local ? { out: 'a' } : { out: 'b' };"],
    ['CommonJS', "module.exports = { out: './db' };"],
  ])('must be run: %s', (_, source) => {
    expect(readStatically(source)).toBeUndefined();
  });
});

describe('a module', () => {
  it.each([
    [
      '// Written by `drizzle-offramp convert` from ../drizzle. Keys never change; …\n',
      'convert',
      '/p/drizzle',
    ],
    [
      '// Written by `drizzle-offramp convert` from ./a.b/c d. Keys never change; …\r\n',
      'convert',
      '/p/src/a.b/c d',
    ],
    ['// Ejected from ./drizzle by `drizzle-offramp eject`: …\n', 'eject', '/p/src/drizzle'],
    ['// Written by `drizzle-offramp eject`: …\n', 'eject', undefined],
    ["import x from 'y'; // Written by hand\n", 'hand', undefined],
  ])('says where it comes from: %s', (source, by, folder) => {
    expect(originOf('/p/src/migrations.ts', source)).toEqual({ by, folder });
  });
});

describe('sources', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-sources-'));
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));
  const at = (path: string): string => join(temporary, path);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };

  it('are followed to where their imports lead', () => {
    write('tsconfig.json', '{ "extends": "./tsconfig.base" }');
    write(
      'tsconfig.base.json',
      '{ "compilerOptions": { "baseUrl": ".", "paths": { "~/*": ["lib/*"], "db": ["./drizzle/migrations.js"] } } }',
    );
    write('package.json', '{ "imports": { "#m/*": "./drizzle/*" } }');
    write('drizzle/migrations.js', '');
    write('node_modules/x/index.ts', "import '../../drizzle/migrations';");
    write(
      'src/a.ts',
      `import a, { b as c } from '../drizzle/migrations';
export * from '~/x';
import type { T } from "db";
const one = await import('#m/migrations.js');
const two = require('drizzle/migrations.js');
const three = import.meta.glob(['./*.sql']);
import './b.sql?raw';
import { z } from 'zod';
`,
    );
    const [, file] = readSources(temporary);
    expect(file?.file).toBe('src/a.ts');
    expect(file?.imports.map(({ specifier, path }) => [specifier, path])).toEqual([
      ['../drizzle/migrations', at('drizzle/migrations')],
      ['~/x', at('lib/x')],
      ['db', at('drizzle/migrations.js')],
      ['#m/migrations.js', at('drizzle/migrations.js')],
      ['drizzle/migrations.js', at('drizzle/migrations.js')],
      ['./*.sql', at('src/*.sql')],
      ['./b.sql?raw', at('src/b.sql')],
      ['zod', undefined],
    ]);
    expect(file?.imports[0]?.names.match(/\w+/g)).toEqual(['a', 'b', 'as', 'c']);
    expect(readSources(temporary, [at('drizzle')]).map((one) => one.file)).toEqual(['src/a.ts']);
  });

  it('tell a file with or without its extension, and what is inside a folder', () => {
    expect(isFile('/p/migrations.ts', '/p/migrations')).toBe(true);
    expect(isFile('/p/migrations.ts', '/p/migrations.js')).toBe(true);
    expect(isFile('/p/db/index.ts', '/p/db')).toBe(true);
    expect(isFile('/p/migrations.ts', '/p/migrations-old')).toBe(false);
    expect(isInside('/p/drizzle', '/p/drizzle/migrations')).toBe(true);
    expect(isInside('/p/drizzle', '/p/drizzle')).toBe(true);
    expect(isInside('/p/drizzle', '/p/drizzle-other/migrations')).toBe(false);
    expect(isInside('/p/drizzle', '/p/..drizzle')).toBe(false);
  });
});

describe('what is printed', () => {
  it('is broken between words only, and indented as it was', () => {
    expect(wrap('  - one two three', 10)).toEqual(['  - one', '    two', '    three']);
    expect(wrap('one  two', 8)).toEqual(['one  two']);
    expect(wrap('one  two', 7)).toEqual(['one', 'two']);
    expect(wrap('extraordinary word', 5)).toEqual(['extraordinary', 'word']);
    expect(wrap('\u001b[31mred\u001b[39m word', 8)).toEqual(['\u001b[31mred\u001b[39m word']);
    expect(wrap('', 1)).toEqual(['']);
  });

  it('is laid out in columns, of which the widest are broken', () => {
    expect(
      layOut([
        ['a', 'bb'],
        ['ccc', ''],
      ]),
    ).toEqual(['a    bb', 'ccc']);
    const rows = [['one two three', 'four five', 'six']];
    expect(table(['A', 'B', 'C'], rows, 100)).toBe(
      'A              B          C\none two three  four five  six',
    );
    expect(table(['A', 'B', 'C'], rows, 20)).toBe(
      'A        B     C\none two  four  six\nthree    five',
    );
    // No narrower than the words.
    expect(table([], rows, 5)).toBe('one    four  six\ntwo    five\nthree');
  });
});
