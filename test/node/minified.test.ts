// A Worker is minified more often than not, and over RPC an error may keep nothing but its name and message.
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import type * as Api from '../../src/index.ts';
import type { RehearsalError } from '../../src/testing/report.ts';

const root = join(import.meta.dirname, '../..');

async function minified(): Promise<typeof Api & { RehearsalError: typeof RehearsalError }> {
  const contents =
    "export * from './src/index.ts'; export { RehearsalError } from './src/testing/report.ts';";
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`);
}

const api = await minified();

describe('an error of a minified Worker', () => {
  it('has the name of a class that has lost its own', () => {
    expect(api.InputError.name).not.toBe('InputError');
  });

  it.each([
    [
      'OfframpError',
      'STORAGE_FAILED',
      () => new api.OfframpError('STORAGE_FAILED', 'Such a thing.'),
    ],
    ['InputError', 'KEY_GAP', () => new api.InputError('KEY_GAP', 'Such a thing.')],
    ['AdoptionError', 'DRIFT', () => new api.AdoptionError('DRIFT', 'Such a thing.', 't')],
    [
      'ForeignKeyError',
      'FOREIGN_KEY_VIOLATION',
      () => new api.ForeignKeyError('FOREIGN_KEY_VIOLATION', 'Such a thing.', []),
    ],
    ['RewindError', 'TOO_OLD', () => new api.RewindError('TOO_OLD', 'Such a thing.', 'm0000')],
    ['RehearsalError', 'HAS_RISKS', () => new api.RehearsalError('HAS_RISKS', 'Such a thing.')],
  ])('says its class and code: %s', (name, code, make) => {
    const error = make();
    expect(error).toMatchObject({ name, code });
    expect(String(error)).toBe(`${name}: [${code}] Such a thing.`);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name,
      code,
      message: `[${code}] Such a thing.`,
    });
  });

  it('says them where it is thrown, and the code once', () => {
    const statement = 'SELECT 1';
    const error = new api.MigrationError({
      migration: { key: 'm0007', tag: null },
      statement,
      statementIndex: 0,
      appliedBefore: 7,
      cause: new Error('no such luck'),
    });
    expect(String(error)).toBe(
      'MigrationError: [MIGRATION_FAILED] Migration m0007 failed; everything was rolled back.\n' +
        '  Statement 1: SELECT 1\n  Error: no such luck\n  State: 7 migration(s) were applied before this attempt',
    );
    expect(() => api.migrate(null as never, {})).toThrow(
      /^\[INVALID_TARGET\] The target is of type Null, without SQL storage\. [^[]*$/,
    );
  });
});
