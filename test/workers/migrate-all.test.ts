// Several histories in one object: one call, one transaction, one block of events.
import { describe, expect, it } from 'vitest';
import {
  type History,
  type MigrateEvent,
  migrate,
  migrateAll,
  migrateAllAsync,
} from '../../src/index.ts';
import {
  bundle0,
  cut0,
  dump,
  inObject,
  ledger,
  make,
  newObject,
  rows,
  runDrizzle0,
  tables,
  thrown,
  wake,
  watched,
} from './harness.ts';

const APP = bundle0(
  make('users', 0, 'CREATE TABLE users (id integer PRIMARY KEY, name text)'),
  make(
    'posts',
    1,
    'CREATE TABLE posts (id integer PRIMARY KEY, user integer REFERENCES users(id) ON DELETE CASCADE)',
  ),
);
const LIBRARY = {
  m0000:
    'CREATE TABLE queue (id integer PRIMARY KEY, body text); CREATE TABLE tries (id integer PRIMARY KEY, job integer REFERENCES queue(id) ON DELETE CASCADE)',
  m0001: `PRAGMA foreign_keys=OFF;
CREATE TABLE __new_queue (id integer PRIMARY KEY, body text NOT NULL);
INSERT INTO __new_queue SELECT id, body FROM queue;
DROP TABLE queue;
ALTER TABLE __new_queue RENAME TO queue;
PRAGMA foreign_keys=ON;`,
} as const;
const NAMES = { table: '__queue_migrations', drizzleTable: '__queue_drizzle' } as const;

const both = (app: number, library: number, more: object = {}): History[] => [
  { migrations: cut0(APP, app), options: more },
  {
    migrations: Object.fromEntries(Object.entries(LIBRARY).slice(0, library)),
    options: { ...NAMES, ...more },
  },
];

const fill = (ctx: DurableObjectState): void => {
  ctx.storage.sql.exec(
    "INSERT INTO users VALUES (1, 'a'); INSERT INTO queue VALUES (1, 'b'); INSERT INTO tries VALUES (1, 1)",
  );
};

describe('several histories in one object', () => {
  it('run in one transaction, each with a ledger of its own', () =>
    inObject((ctx) => {
      const { target, seen } = watched(ctx);
      const [app, library] = migrateAll(target, both(2, 2));
      expect([app?.applied.length, library?.applied.length]).toEqual([2, 2]);
      expect(seen.transactions).toBe(1);
      expect(tables(ctx)).toEqual([
        ...['__migrations', '__queue_migrations', 'posts', 'queue', 'tries', 'users'],
      ]);
      expect(ledger(ctx)).toHaveLength(2);
      expect(ledger(ctx, '__queue_migrations')).toHaveLength(2);
    }));

  it('read one row each where there is nothing to do', () =>
    inObject((ctx) => {
      migrateAll(ctx, both(2, 2));
      const { target, seen, rows: count } = watched(ctx);
      expect(migrateAll(target, both(2, 2)).map(({ upToDate }) => upToDate)).toEqual([true, true]);
      expect(count()).toEqual({ read: 2, written: 0 });
      expect(seen).toMatchObject({ transactions: 0, blocked: 0 });
      expect(seen.statements).toHaveLength(2);
    }));

  it('keep the rows of a rebuild in the second, and block events once', async () => {
    for (const call of ['sync', 'async'] as const) {
      const stub = newObject();
      await wake(stub, (ctx) => {
        migrateAll(ctx, both(1, 1));
        fill(ctx);
      });
      await wake(stub, (ctx) => {
        const { target, seen } = watched(ctx);
        if (call === 'sync') {
          expect(migrateAll(target, both(2, 2)).map(({ applied }) => applied.length)).toEqual([
            1, 1,
          ]);
          expect(seen).toMatchObject({ transactions: 1, blocked: 1 });
        } else
          ctx.blockConcurrencyWhile(async () => {
            await migrateAllAsync(ctx, both(2, 2));
          });
      });
      expect(await stub.query('SELECT * FROM tries')).toEqual([{ id: 1, job: 1 }]);
      expect(await stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    }
  });

  it('are all refused, or roll back, where one of them is', () =>
    inObject((ctx) => {
      migrateAll(ctx, both(1, 1));
      fill(ctx);
      const before = dump(ctx);
      const events: string[] = [];
      const onEvent = (event: MigrateEvent): void => {
        events.push(event.type === 'summary' ? `${event.outcome} ${event.code}` : event.type);
      };
      const failing = both(2, 1, { onEvent });
      failing[1] = {
        migrations: { ...LIBRARY, m0001: 'DROP TABLE nowhere' },
        options: { ...NAMES, onEvent },
      };
      expect(thrown(() => migrateAll(ctx, failing)).message).toContain(
        '[MIGRATION_FAILED] Migration m0001',
      );
      expect(dump(ctx)).toEqual(before);
      expect(events).toEqual([
        ...['failed', 'failed MIGRATION_FAILED', 'failed', 'failed MIGRATION_FAILED'],
      ]);
      const ahead = both(2, 0, { ahead: 'error' });
      expect(thrown(() => migrateAll(ctx, ahead)).message).toContain(
        '[AHEAD] __queue_migrations has',
      );
      expect(dump(ctx)).toEqual(before);
    }));

  it('tell each its own events', () =>
    inObject((ctx) => {
      const told: string[][] = [[], []];
      const histories = both(2, 1).map(({ migrations, options }, at) => ({
        migrations,
        options: {
          ...options,
          onEvent: (event: MigrateEvent) => {
            told[at]?.push(event.type);
          },
        },
      }));
      migrateAll(ctx, histories);
      expect(told).toEqual([
        ['applied', 'applied', 'summary'],
        ['applied', 'summary'],
      ]);
    }));

  it('take over what single calls and Drizzle have left', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, cut0(APP, 1));
      await ctx.storage.sync();
      migrate(ctx, { m0000: LIBRARY.m0000 }, NAMES);
      fill(ctx);
      await ctx.storage.sync();
      const [app, library] = migrateAll(ctx, both(2, 2));
      expect([app?.adopted.length, app?.applied.length, app?.drizzleLedger]).toEqual([
        1,
        1,
        'retired',
      ]);
      expect([library?.adopted.length, library?.applied.length]).toEqual([0, 1]);
      expect(rows(ctx, 'SELECT * FROM tries')).toEqual([{ id: 1, job: 1 }]);
      // And a single call goes on where it was.
      expect(migrate(ctx, APP).upToDate).toBe(true);
      expect(migrate(ctx, { ...LIBRARY }, NAMES).upToDate).toBe(true);
    }));

  it('wait for what was written before, with the call that can', () =>
    inObject(async (ctx) => {
      migrateAll(ctx, both(1, 1));
      fill(ctx);
      expect(thrown(() => migrateAll(ctx, both(2, 2))).message).toContain(
        '[FOREIGN_KEYS_AFTER_WRITE] m0001',
      );
      const results = await migrateAllAsync(ctx, both(2, 2));
      expect(results.map(({ applied }) => applied.length)).toEqual([1, 1]);
      expect(rows(ctx, 'SELECT * FROM tries')).toEqual([{ id: 1, job: 1 }]);
      expect((await migrateAllAsync(ctx, both(2, 2))).map(({ upToDate }) => upToDate)).toEqual([
        true,
        true,
      ]);
    }));

  it('need tables of their own', () =>
    inObject((ctx) => {
      const say = (...options: object[]) =>
        thrown(() =>
          migrateAll(
            ctx,
            options.map((one) => ({ migrations: { ...LIBRARY }, options: one })),
          ),
        ).message;
      expect(say({}, {})).toBe(
        '[INVALID_TABLE_NAME] The `table` of history 1 and the `table` of history 2 are both "__migrations". Each history ' +
          'needs tables of its own: name another one with the option `table`.',
      );
      expect(say({}, { table: 'own' })).toContain(
        'The `drizzleTable` of history 1 and the `drizzleTable` of history 2',
      );
      expect(say({}, { table: '__Drizzle_Migrations', drizzleTable: 'x' })).toContain(
        'The `drizzleTable` of history 1 and the `table` of history 2 are both "__Drizzle_Migrations"',
      );
      expect(thrown(() => migrateAll(ctx, { migrations: LIBRARY } as never)).message).toBe(
        '[INVALID_INPUT] The histories are no list. Pass [{ migrations, options }, …].',
      );
      expect(thrown(() => migrateAll(ctx, [undefined] as never)).message).toContain(
        '[INVALID_INPUT]',
      );
      expect(migrateAll(ctx, [])).toEqual([]);
      expect(tables(ctx)).toEqual([]);
    }));
});
