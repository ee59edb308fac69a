// drizzle-orm: an object that its migrator made is taken over, with a table rebuild pending; then the deploy is rolled back, deployed again
// without the mirror, and queried.
import assert from 'node:assert/strict';
import { ALL, ask, BEFORE, bundleOf, COUNT, ROWS_OF_USERS, workerOf } from './inbox.ts';
import type { Project } from './project.ts';

const MIGRATE =
  'ctx.blockConcurrencyWhile(async () => { await migrate(this.db, migrations, options); });';
const QUERY = 'this.db.all(sql.raw(text))';

const importsOf = (migrator: string, bundle: string, options: string): string => `\
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate } from '${migrator}';
import migrations from './${bundle}';
const options = ${options};`;

/** A Worker over the database of `drizzle()`. */
const workerWith = (migrator: string, bundle: string, options = '{}', query?: string): string =>
  workerOf(
    importsOf(migrator, bundle, options),
    `this.db = drizzle(ctx.storage); ${MIGRATE}`,
    query,
  );

const DRIZZLES = 'drizzle-orm/durable-sqlite/migrator';
const OURS = 'drizzle-offramp/durable-sqlite/migrator';
const LEDGER = 'SELECT count(*) AS n, max(origin) AS origin FROM __migrations';
const TABLE = "SELECT count(*) AS n FROM sqlite_master WHERE name = '__drizzle_migrations'";

/**
 * Tries a version of drizzle-orm.
 *
 * @param project an empty one
 * @param version the version
 * @param form the form of the bundle that its migrator takes
 */
export async function tryOrm(
  project: Project,
  version: string,
  form: '0.x' | '1.x',
): Promise<string> {
  project.write({ 'few.js': bundleOf(form, BEFORE), 'all.js': bundleOf(form) });
  project.install(`drizzle-orm@${version}`);
  const old = workerWith(DRIZZLES, 'few.js');
  await ask(project, old, ROWS_OF_USERS);
  const swapped = workerWith(OURS, 'all.js', "{ drizzle: 'mirror' }", QUERY);
  assert.deepEqual(await ask(project, swapped, [COUNT, LEDGER, TABLE]), [
    [{ rows: '112' }],
    [{ n: ALL, origin: 'drizzle' }],
    [{ n: 1 }],
  ]);
  // Drizzle's migrator finds a row for all that ran. If it ran the rebuild, the messages would be gone.
  const back = workerWith(DRIZZLES, 'all.js', '{}', QUERY);
  assert.deepEqual(await ask(project, back, [COUNT]), [[{ rows: '112' }]]);
  const retired = workerWith(OURS, 'all.js', '{}', QUERY);
  assert.deepEqual(await ask(project, retired, [COUNT, TABLE]), [[{ rows: '112' }], [{ n: 0 }]]);
  return `bundle of ${form}`;
}
