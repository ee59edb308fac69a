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
  // Before 0.21 the dialect is part of the command, and before 0.29 there is no driver for objects.
  const minor = version.startsWith('0.') ? Number(version.split('.')[1]) : 100;
  const isDriven = minor >= 29;
  const config = {
    schema: './schema.ts',
    out: './drizzle',
    ...(minor >= 21 ? { dialect: 'sqlite' } : { driver: 'better-sqlite' }),
    ...(isDriven ? { driver: 'durable-sqlite' } : {}),
  };
  project.write({ 'drizzle.config.ts': `export default ${JSON.stringify(config)};\n` });
  project.install(`drizzle-kit@${version}`, `drizzle-orm@${orm}`);
  const generate = (schema: string): void => {
    project.write({ 'schema.ts': schema });
    project.run('drizzle-kit', minor >= 21 ? 'generate' : 'generate:sqlite');
    console.log(project.run('find', 'drizzle'));
  };
  const worker = (): string => {
    project.offramp('convert', 'drizzle', '--out', 'converted.ts');
    return workerOf(
      importsOf(
        existsSync(project.at('drizzle/migrations.js'))
          ? './drizzle/migrations.js'
          : './converted.ts',
      ),
      'migrate(ctx, migrations);',
    );
  };
  generate(SCHEMA_1);
  await ask(project, worker(), [
    "INSERT INTO lists (id, title) VALUES (1, 'first')",
    'INSERT INTO items (id, list) VALUES (1, 1), (2, 1)',
  ]);
  generate(SCHEMA_2);
  console.log(
    project.run('cat', ...project.run('find', 'drizzle', '-name', '*.sql').trim().split('\n')),
  );
  console.log(project.offramp('check'));
  const texts = [
    'SELECT count(*) AS n FROM items',
    'SELECT title FROM lists',
    'SELECT count(*) AS n FROM __migrations',
  ];
  const rows = [[{ n: 2 }], [{ title: 'first' }], [{ n: 2 }]];
  assert.deepEqual(await ask(project, worker(), texts), rows);
  // The same history, by its converted form: there is nothing left to do.
  const converted = workerOf(importsOf('./converted.ts'), 'migrate(ctx, migrations);');
  assert.deepEqual(await ask(project, converted, texts), rows);
  console.log(project.offramp('convert', '--check'));
  return `drizzle-orm@${orm}`;
}
