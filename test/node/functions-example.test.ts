// The example of the manual's page on functions, run as it is printed there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { loadDefault } from '../../src/cli/load.ts';
import { type MigrationRecord, migrate } from '../../src/index.ts';
import { blocksOf } from './manual.ts';

const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-functions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('splits the names of an object that is behind', async () => {
  const [example] = blocksOf('docs/guides/functions.md').filter(
    ({ language }) => language === 'ts',
  );
  const file = join(folder, 'migrations.ts');
  writeFileSync(file, example?.text ?? '');
  const record = (await loadDefault(file)) as MigrationRecord;
  const database = openDatabase(':memory:');
  migrate(database, { m0000: record.m0000 as string });
  database.sql.exec(
    "INSERT INTO people (name) VALUES ('Ada Lovelace'), ('Plato'), (' Ludwig van Beethoven')",
  );
  expect(migrate(database, record).applied.map(({ key }) => key)).toEqual(['m0001', 'm0002']);
  expect([...database.sql.exec('SELECT first, last FROM people')]).toEqual([
    { first: 'Ada', last: 'Lovelace' },
    { first: 'Plato', last: '' },
    { first: 'Ludwig', last: 'van Beethoven' },
  ]);
  expect(migrate(database, record).upToDate).toBe(true);
  database.close();
});
