// The examples of docs/guides/adopt.md, as they stand there.
import { describe, expect, it } from 'vitest';
import page from '../../docs/guides/adopt.md?raw';
import { printOf, writeSchemas } from '../../src/adopt/schemas.ts';
import { namesOf, structureOf } from '../../src/adopt/structure.ts';
import { kysely, schemas } from '../../src/adopt.ts';
import { defineMigrations, migrate, migrateAll } from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import own from './adopt-page.test.ts?raw';
import { inObject, ledger, rows, tables } from './harness.ts';

const RECORD = {
  m0000: 'CREATE TABLE users (id integer PRIMARY KEY)',
  m0001: 'CREATE TABLE posts (id integer PRIMARY KEY)',
} as const;

const origins = (ctx: DurableObjectState, table?: string): unknown[] =>
  ledger(ctx, table).map(({ origin }) => origin);

describe('docs/guides/adopt.md', () => {
  it('a ledger of your own', () =>
    inObject((ctx) => {
      const migrations = { ...RECORD };
      ctx.storage.sql.exec(
        `CREATE TABLE _sql_schema_migrations (id INTEGER PRIMARY KEY, applied_at TEXT);
         INSERT INTO _sql_schema_migrations (id) VALUES (1); ${RECORD.m0000}`,
      );
      migrate(ctx, migrations, {
        adopt: {
          table: '_sql_schema_migrations',
          key: (row, keys) => keys[row.id - 1] ?? `id ${row.id}`,
        },
      });
      expect(origins(ctx)).toEqual(['adopted', 'applied']);
      expect(tables(ctx)).toEqual(['__migrations', 'posts', 'users']);
    }));

  it('tables without a ledger', async () => {
    const text = await inObject(({ storage: { sql } }) => {
      const names = new Set<string>();
      const prints = Object.values(RECORD).map((statement) => {
        sql.exec(statement);
        for (const name of namesOf(sql)) names.add(name);
        return printOf(structureOf(sql, names));
      });
      return writeSchemas(readMigrations({ ...RECORD }).migrations, prints, [...names]);
    });
    await inObject((ctx) => {
      const migrations = defineMigrations({ ...RECORD }, '', schemas(text));
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS Users (Id INTEGER PRIMARY KEY NOT NULL)');
      migrate(ctx, migrations, { untracked: 'match' });
      expect(origins(ctx)).toEqual(['schema', 'applied']);
    });
  });

  it('other libraries', () =>
    inObject((ctx) => {
      const migrations = { ...RECORD };
      ctx.storage.sql.exec(
        `CREATE TABLE kysely_migration (name varchar(255) NOT NULL PRIMARY KEY, timestamp varchar(255) NOT NULL);
         INSERT INTO kysely_migration VALUES ('001_users', '2026-11-01T00:00:00.000Z'); ${RECORD.m0000}`,
      );
      const names = ['001_users', '002_posts'];

      migrate(ctx, migrations, {
        adopt: kysely({ key: (row, keys) => keys[names.indexOf(row.name)] ?? row.name }),
      });
      expect(origins(ctx)).toEqual(['adopted', 'applied']);
    }));

  it('several histories in one object', () =>
    inObject((ctx) => {
      const migrations = { ...RECORD };
      const queue = { m0000: 'CREATE TABLE jobs (id integer PRIMARY KEY)' };
      migrateAll(ctx, [
        { migrations },
        {
          migrations: queue,
          options: { table: '__queue_migrations', drizzleTable: '__queue_drizzle' },
        },
      ]);
      expect(origins(ctx, '__queue_migrations')).toEqual(['applied']);
      expect(rows(ctx, 'SELECT count(*) AS n FROM jobs')).toEqual([{ n: 0 }]);
    }));

  it('has no other code than this', () => {
    const known = new Set(own.split('\n').map((line) => line.trim()));
    const blocks = Array.from(page.matchAll(/```ts\n([\s\S]*?)```/g), ([, code = '']) => code);
    expect(blocks).toHaveLength(4);
    const lines = blocks.flatMap((code) => code.split('\n').map((line) => line.trim()));
    const isImport = (line: string): boolean => line.startsWith('import ');
    expect(lines.filter((line) => !isImport(line) && !known.has(line))).toEqual([]);
  });
});
