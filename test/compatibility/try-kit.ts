// drizzle-kit: two migrations that it writes itself, a table rebuild among them where it knows how, then `check`, `convert` and a Worker with
// what came of it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { ask, workerOf } from './inbox.ts';
import type { Project } from './project.ts';

const SCHEMA_1 = `\
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const lists = sqliteTable('lists', { id: integer('id').primaryKey(), title: text('title').notNull() });
export const items = sqliteTable('items', {
  id: integer('id').primaryKey(),
  list: integer('list').notNull().references(() => lists.id, { onDelete: 'cascade' }),
});
`;

/** A title may be left out now, and there is a column more. */
const SCHEMA_2 = SCHEMA_1.replace("title: text('title').notNull()", "title: text('title')").replace(
  '  id: integer',
  "  done: integer('done').notNull().default(0),\n  id: integer",
);

const importsOf = (path: string): string =>
  `import { migrate } from 'drizzle-offramp';\nimport migrations from '${path}';`;

/**
 * Tries a version of drizzle-kit.
 *
 * @param project an empty one
 * @param version the version
 * @param orm the version of drizzle-orm that goes with it
 */
export async function tryKit(project: Project, version: string, orm: string): Promise<string> {
  const minor = version.startsWith('0.') ? Number(version.split('.')[1]) : 100;
  // Before 0.21 the dialect is part of the command, and before 0.29 there is no driver for objects.
  const generated = minor < 21 ? ['generate:sqlite'] : ['generate'];
  const config = {
    ...{ schema: './schema.ts', out: './drizzle' },
    ...(minor < 21 ? { driver: 'better-sqlite' } : { dialect: 'sqlite' }),
    ...(minor < 29 ? {} : { driver: 'durable-sqlite' }),
  };
  project.write({ 'drizzle.config.ts': `export default ${JSON.stringify(config)};\n` });
  // An old drizzle-kit refuses a drizzle-orm that drizzle-offramp takes over from. Its folder outlives it.
  project.install('--legacy-peer-deps', `drizzle-kit@${version}`, `drizzle-orm@${orm}`);
  const generate = (schema: string): void => {
    project.write({ 'schema.ts': schema });
    project.run('drizzle-kit', ...generated);
    project.offramp('convert', 'drizzle', '--out', 'converted.ts');
  };
  const hasBundle = minor >= 29;
  const worker = (path: string): string => workerOf(importsOf(path), 'migrate(ctx, migrations);');
  const bundle = hasBundle ? './drizzle/migrations.js' : './converted.ts';

  generate(SCHEMA_1);
  assert.equal(existsSync(project.at('drizzle/migrations.js')), hasBundle);
  await ask(project, worker(bundle), [
    "INSERT INTO lists (id, title) VALUES (1, 'first')",
    'INSERT INTO items (id, list) VALUES (1, 1), (2, 1)',
  ]);
  generate(SCHEMA_2);
  const said = project.offramp('check', 'drizzle', '--no-sources');
  assert.match(said, /\n2 migrations in drizzle: 0 errors, /);
  const rows = [[{ n: 2 }], [{ title: 'first' }], [{ done: 0, n: 2 }], [{ n: 2 }]];
  const texts = [
    'SELECT count(*) AS n FROM items',
    'SELECT title FROM lists',
    'SELECT done, count(*) AS n FROM items GROUP BY done',
    'SELECT count(*) AS n FROM __migrations',
  ];
  assert.deepEqual(await ask(project, worker(bundle), texts), rows);
  // The same history, by its converted form: there is nothing left to do.
  assert.deepEqual(await ask(project, worker('./converted.ts'), texts), rows);
  project.offramp('convert', 'drizzle', '--out', 'converted.ts', '--check');
  const rebuilds = said.includes('REBUILD_WITH_CHILDREN');
  return [
    `drizzle-orm@${orm}`,
    ...(rebuilds ? [] : ['no rebuild']),
    ...(hasBundle ? [] : ['converted']),
  ].join(', ');
}
