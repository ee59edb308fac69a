// Each library's own code makes the history, and the adopter of its name takes it over.
import { Storage } from '@cloudflare/actors/storage';
import * as SqliteClient from '@effect/sql-sqlite-do/SqliteClient';
import * as SqliteMigrator from '@effect/sql-sqlite-do/SqliteMigrator';
import { applyAlchemyFormat } from 'alchemy/AlchemyFormat';
import { SQLSchemaMigrations } from 'durable-utils/sql-migrations';
import * as Effect from 'effect/Effect';
import { SqlClient } from 'effect/sql/SqlClient';
import { Kysely, Migrator, sql } from 'kysely';
import { Kysely as Kysely29, sql as sql29 } from 'kysely-0.29';
import { Migrator as Migrator29 } from 'kysely-0.29/migration';
import { DODialect } from 'kysely-do';
import { SqliteDurableObject } from 'rwsdk/SqliteDurableObject';
import { describe, expect, it } from 'vitest';
import { alchemy, durableUtils, effect, kysely, rwsdk } from '../../src/adopt.ts';
import { inspect, migrate } from '../../src/index.ts';
import {
  counted,
  dump,
  fill,
  first,
  inObject,
  type Options,
  RECORD,
  rows,
  SQL,
  tables,
  thrown,
} from './harness.ts';

interface Library {
  readonly name: string;
  /** The library's own code, with the first of its migrations. */
  readonly run: (ctx: DurableObjectState, count: number) => Promise<unknown>;
  readonly options: Options;
  /** The tables that it leaves. */
  readonly leaves: readonly string[];
  /** What its history says of a migration that the code lacks. */
  readonly third: string;
}

const NAMES = ['001_users', '002_posts', '003_strict'];

/** Kysely's migrations are functions. */
const upsOf = (exec: (text: string, db: never) => Promise<unknown>, count: number): object =>
  Object.fromEntries(
    NAMES.slice(0, count).map((name, at) => [
      name,
      {
        up: async (db: never) => {
          for (const statement of (SQL[at] as string).split(';\n')) await exec(statement, db);
        },
      },
    ]),
  );

async function runKysely(made: { migrateToLatest(): Promise<{ error?: unknown }> }): Promise<void> {
  const { error } = await made.migrateToLatest();
  if (error) throw error;
}

const byName = {
  key: ({ name }: { name: string }, keys: readonly string[]) => keys[NAMES.indexOf(name)] ?? name,
};

const numbered = (count: number) =>
  SQL.slice(0, count).map((text, at) => ({ idMonotonicInc: at + 1, description: '', sql: text }));

/** What alchemy runs its migrations with: for D1 it is the API, here it is the object's storage. */
const executorOf = ({ storage }: DurableObjectState) => ({
  dialect: 'sqlite' as const,
  query: (text: string) => Effect.sync(() => storage.sql.exec(text).toArray() as never),
  batch: (statements: readonly string[]) =>
    Effect.sync(() => {
      for (const statement of statements) storage.sql.exec(statement);
    }),
});

const LIBRARIES: readonly Library[] = [
  {
    name: 'durable-utils',
    run: (ctx, count) =>
      new SQLSchemaMigrations({ doStorage: ctx.storage, migrations: numbered(count) }).runAll(),
    options: { adopt: durableUtils({ ids: [1, 2, 3] }) },
    leaves: [],
    third: '__sql_migrations_lastID has 1 row(s) that match no migration: 3.',
  },
  {
    name: '@cloudflare/actors',
    run: (ctx, count) => {
      const storage = new Storage(ctx.storage);
      storage.migrations = numbered(count);
      return storage.runMigrations();
    },
    options: { adopt: durableUtils({ ids: [1, 2, 3] }) },
    leaves: [],
    third: '__sql_migrations_lastID has 1 row(s) that match no migration: 3.',
  },
  {
    name: 'Kysely 0.28',
    run: (ctx, count) =>
      runKysely(
        new Migrator({
          db: new Kysely({ dialect: new DODialect({ ctx }) }),
          provider: {
            getMigrations: async () =>
              upsOf((text, db) => sql.raw(text).execute(db), count) as never,
          },
        }),
      ),
    options: { adopt: kysely(byName) },
    leaves: ['kysely_migration', 'kysely_migration_lock'],
    third: 'kysely_migration has 1 row(s) that match no migration: 003_strict.',
  },
  {
    name: 'Kysely 0.29',
    run: (ctx, count) =>
      runKysely(
        new Migrator29({
          db: new Kysely29({ dialect: new DODialect({ ctx }) as never }),
          provider: {
            getMigrations: async () =>
              upsOf((text, db) => sql29.raw(text).execute(db), count) as never,
          },
        }),
      ),
    options: { adopt: kysely(byName) },
    leaves: ['kysely_migration', 'kysely_migration_lock'],
    third: 'kysely_migration has 1 row(s) that match no migration: 003_strict.',
  },
  {
    name: 'RedwoodSDK',
    run: (ctx, count) =>
      new SqliteDurableObject(
        ctx,
        {},
        upsOf((text, db) => sql.raw(text).execute(db), count),
      ).initialize(),
    options: { adopt: rwsdk(byName), table: '__offramp_migrations' },
    leaves: ['__migrations', '__migrations_lock'],
    third: '__migrations has 1 row(s) that match no migration: 003_strict.',
  },
  {
    name: 'Effect',
    run: (ctx, count) =>
      Effect.runPromise(
        SqliteMigrator.run({
          loader: SqliteMigrator.fromRecord(
            Object.fromEntries(
              NAMES.slice(0, count).map((name, at) => [
                name,
                Effect.gen(function* () {
                  const client = yield* SqlClient;
                  for (const text of (SQL[at] as string).split(';\n')) yield* client.unsafe(text);
                }),
              ]),
            ),
          ),
        }).pipe(Effect.provide(SqliteClient.layer({ storage: ctx.storage }))),
      ),
    options: {
      adopt: effect({ key: ({ migration_id }, keys) => keys[migration_id - 1] ?? 'none' }),
    },
    leaves: ['effect_sql_migrations'],
    third: 'effect_sql_migrations has 1 row(s) that match no migration: none.',
  },
  {
    name: 'alchemy',
    run: (ctx, count) =>
      Effect.runPromise(
        applyAlchemyFormat({
          executor: executorOf(ctx),
          table: '__alchemy_migrations',
          records: Object.values(RECORD)
            .slice(0, count)
            .map(({ tag, sql: text }) => ({
              name: tag,
              hash: 'hash',
              createdAtMillis: Date.UTC(2026, 10, 1),
              statements: text.split(';\n'),
            })),
        }),
      ),
    options: { adopt: alchemy() },
    leaves: ['__alchemy_migrations'],
    third: '__alchemy_migrations has 1 row(s) that match no migration: 20261103000000_strict.',
  },
];

describe.each(LIBRARIES)('$name', ({ run, options, leaves, third }) => {
  const table = options.table ?? '__migrations';

  it('is taken over, and what it left is gone', () =>
    inObject(async (ctx) => {
      await run(ctx, 2);
      fill(ctx);
      expect(tables(ctx)).toEqual([...leaves, 'posts', 'users'].sort());
      // A promise of the library's is resolved in the turn of its last write.
      await ctx.storage.sync();
      const result = migrate(ctx, RECORD, options);
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0002']);
      expect(rows(ctx, 'SELECT * FROM posts')).toEqual([{ id: 1, user: 1 }]);
      expect(tables(ctx)).toEqual([table, 'posts', 'users']);
      expect([...ctx.storage.kv.list()]).toEqual([]);
      const { storage, read } = counted(ctx);
      expect(migrate(storage, RECORD, options).upToDate).toBe(true);
      expect(read()).toBe(1);
    }));

  it('comes back with mirror, and finds all that it had', () =>
    inObject(async (ctx) => {
      await run(ctx, 2);
      fill(ctx);
      await ctx.storage.sync();
      const before = rows(ctx, 'SELECT * FROM posts');
      const mirror = { ...options, drizzle: 'mirror' } as const;
      expect(migrate(ctx, first(2), mirror).adopted).toHaveLength(2);
      expect(tables(ctx)).toEqual([table, ...leaves, 'posts', 'users'].sort());
      await run(ctx, 2);
      expect(rows(ctx, 'SELECT * FROM posts')).toEqual(before);
      await ctx.storage.sync();
      expect(migrate(ctx, first(2), mirror).upToDate).toBe(true);
    }));

  it('is refused where it has what the code lacks, and nothing is changed', () =>
    inObject(async (ctx) => {
      await run(ctx, 3);
      await ctx.storage.sync();
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, first(2), options));
      expect(error.message).toContain(`[UNKNOWN_ROW] ${third} Bring the migration back`);
      expect(inspect(ctx, first(2), options).refusal?.message).toBe(error.message);
      expect(dump(ctx)).toEqual(before);
    }));

  it('is left as it was where a migration fails', () =>
    inObject(async (ctx) => {
      await run(ctx, 2);
      await ctx.storage.sync();
      const before = dump(ctx);
      const failing = {
        ...first(2),
        m0002: { tag: '20261104000000_no', sql: 'DROP TABLE nowhere' },
      };
      expect(thrown(() => migrate(ctx, failing, options)).message).toContain('[MIGRATION_FAILED]');
      expect(dump(ctx)).toEqual(before);
    }));

  it('is nothing in a new object', () =>
    inObject((ctx) => {
      expect(migrate(ctx, RECORD, options).applied).toHaveLength(3);
      expect(tables(ctx)).toEqual([table, 'posts', 'users']);
    }));
});

describe('what each library writes in other ways', () => {
  it('alchemy: older tables, and the names of files', () =>
    inObject(async (ctx) => {
      ctx.storage.sql.exec(
        `CREATE TABLE __alchemy_migrations (id TEXT PRIMARY KEY, applied_at TEXT);
         INSERT INTO __alchemy_migrations VALUES ('0000_users.sql', ''), ('20261102000000_posts/migration.sql', '')`,
      );
      ctx.storage.sql.exec(SQL[0]);
      ctx.storage.sql.exec(SQL[1]);
      expect(migrate(ctx, RECORD, { adopt: alchemy() }).adopted).toHaveLength(2);
    }));

  it('alchemy: also as Drizzle’s own table, which can be mirrored', () =>
    inObject(async (ctx) => {
      const alchemyRun = LIBRARIES.at(-1) as Library;
      await alchemyRun.run(ctx, 2);
      const options = { drizzleTable: '__alchemy_migrations', drizzle: 'mirror' } as const;
      const result = migrate(ctx, RECORD, options);
      expect([result.adopted.length, result.applied.length]).toEqual([2, 1]);
      // It finds the third in its table, and does not run it again.
      const before = rows(ctx, 'SELECT * FROM __alchemy_migrations');
      await alchemyRun.run(ctx, 3);
      expect(rows(ctx, 'SELECT * FROM __alchemy_migrations')).toEqual(before);
    }));

  it('durable-utils: another key, and numbers of its own', () =>
    inObject(async (ctx) => {
      const adopt = (ids: number[]) => durableUtils({ ids, keyName: 'migration' });
      ctx.storage.kv.put('migration', 20);
      ctx.storage.sql.exec(SQL[0]);
      ctx.storage.sql.exec(SQL[1]);
      const say = (ids: number[]) =>
        thrown(() => migrate(ctx, RECORD, { adopt: adopt(ids) })).message;
      expect(say([10, 30, 40])).toContain(
        '[UNKNOWN_ROW] migration has 1 row(s) that match no migration: 20.',
      );
      expect(say([10, 20, 20])).toBe(
        '[INVALID_OPTION] The `ids` of the option `adopt` are [10,20,20]: they must rise, one for each migration.',
      );
      expect(migrate(ctx, RECORD, { adopt: adopt([10, 20, 30]) }).adopted).toHaveLength(2);
      expect(ctx.storage.kv.get('migration')).toBe(undefined);
    }));

  it('Effect and Kysely: a table that is another’s', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec(
        'CREATE TABLE effect_sql_migrations (x); CREATE TABLE kysely_migration (name)',
      );
      expect(thrown(() => migrate(ctx, RECORD, { adopt: effect() })).message).toBe(
        '[NOT_A_LEDGER] effect_sql_migrations has no column "migration_id", so it is no ledger. Name another table with the option `adopt`.',
      );
      expect(thrown(() => migrate(ctx, RECORD, { adopt: kysely() })).message).toContain(
        'has no column "timestamp"',
      );
    }));

  it('RedwoodSDK: ours needs another name', () =>
    inObject((ctx) => {
      expect(thrown(() => migrate(ctx, RECORD, { adopt: rwsdk() })).message).toBe(
        '[INVALID_TABLE_NAME] The options `table` and `adopt` are both "__migrations". Name another one with the option `table`.',
      );
    }));
});
