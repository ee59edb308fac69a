// What Cloudflare bills, row by row: https://developers.cloudflare.com/durable-objects/platform/pricing/
import { drizzle as drizzle0 } from 'drizzle-orm/durable-sqlite';
import { migrate as migrate0 } from 'drizzle-orm/durable-sqlite/migrator';
import { drizzle as drizzle1 } from 'drizzle-orm-1/durable-sqlite';
import { migrate as migrate1 } from 'drizzle-orm-1/durable-sqlite/migrator';
import { describe, expect, it } from 'vitest';
import { type MigrationEntry, migrate } from '../../src/index.ts';
import { baselineHeader } from '../../src/input/baseline.ts';
import { entryOf } from '../../src/input/entry.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { doOrm } from './do-orm.ts';
import {
  bundle0,
  bundle1,
  inObject,
  type Made,
  newObject,
  runDrizzle0,
  runDrizzle1,
  watched,
} from './harness.ts';
import { BREAKPOINT } from './journal.ts';
import { statementsOf } from './random-baselines.ts';

const when = Date.UTC(2026, 10, 22, 12, 0, 0, 123);
/** The runtime takes no more than 100 columns in one table. */
const STEPS_PER_TABLE = 50;
const steps = (count: number): Made[] =>
  Array.from({ length: count }, (_, i) => {
    const table = `t${Math.floor(i / STEPS_PER_TABLE)}`;
    return {
      tag: `${String(i).padStart(4, '0')}_step`,
      when: when + i * 60_000,
      sql:
        i % STEPS_PER_TABLE === 0
          ? `CREATE TABLE ${table} (id INTEGER PRIMARY KEY)`
          : `ALTER TABLE ${table} ADD COLUMN c${i} TEXT`,
    };
  });
/** SQLite looks through the whole schema for a table that is dropped or asked after. */
const tablesOf = (size: number): number => Math.ceil(size / STEPS_PER_TABLE);
const record = (made: Made[]) =>
  Object.fromEntries(made.map(({ sql }, i) => [`m${String(i).padStart(4, '0')}`, sql]));

const forms = {
  'bundle 0.x': (made: Made[]) => bundle0(...made),
  'bundle 1.x': (made: Made[]) => bundle1(...made),
  record,
};
const sizes = [3, 30, 300];

describe.each(Object.entries(forms))('with a %s', (form, input) => {
  it.each(sizes)('of %i migrations, a wake with nothing to do reads one row', (size) =>
    inObject((ctx) => {
      const modes = form === 'record' ? ['retire'] : ['retire', 'mirror'];
      for (const drizzle of modes as ('retire' | 'mirror')[]) {
        migrate(ctx, input(steps(size)), { drizzle });
        const { target, rows } = watched(ctx);
        expect(migrate(target, input(steps(size)), { drizzle }).upToDate).toBe(true);
        expect(rows()).toEqual({ read: 1, written: 0 });
      }
    }),
  );

  it.each(sizes)(
    'of %i migrations, a fresh object costs N + 8 reads and N + 4 writes more than the SQL',
    async (size) => {
      const made = steps(size);
      const bare = await inObject((ctx) => {
        const { target, rows } = watched(ctx);
        target.storage.transactionSync(() => {
          for (const { sql } of made) target.storage.sql.exec(sql);
        });
        return rows();
      });
      const ours = await inObject((ctx) => {
        const { target, rows } = watched(ctx);
        migrate(target, input(made));
        return rows();
      });
      expect(ours.read - bare.read).toBeLessThanOrEqual(size + 8);
      expect(ours.written - bare.written).toBeLessThanOrEqual(size + 4);
    },
  );
});

describe('a new object with a baseline', () => {
  it('reads 3 % of the rows that 300 migrations read, and writes their rows in the ledger', async () => {
    const made = steps(300);
    const { migrations } = readMigrations(bundle0(...made));
    const record = Object.fromEntries(
      migrations.map((one) => [one.key, entryOf(one)] as const),
    ) as Record<string, MigrationEntry>;
    const statements = await statementsOf(record);
    const baseline = `${baselineHeader(migrations)}\n${statements?.join(BREAKPOINT)}`;
    const based = { ...record, m0299: { ...record.m0299, baseline } };
    const [history, ours] = await Promise.all(
      [record, based].map((input) =>
        inObject((ctx) => {
          const { target, rows } = watched(ctx);
          const { fromBaseline } = migrate(target, input);
          return { ...rows(), fromBaseline: fromBaseline.length };
        }),
      ),
    );
    expect(ours?.fromBaseline).toBe(300);
    expect(ours?.read).toBeLessThanOrEqual((history?.read ?? 0) * 0.03);
    expect(ours?.written).toBeLessThanOrEqual(300 + 2 * tablesOf(300) + 4);
  });
});

describe('adoption', () => {
  it.each(sizes)('of %i migrations reads each ledger once and writes N + 4 rows', async (size) => {
    const made = steps(size);
    for (const [deploy, input] of [
      [(ctx: DurableObjectState) => runDrizzle0(ctx, bundle0(...made)), bundle0(...made)],
      [(ctx: DurableObjectState) => runDrizzle1(ctx, bundle1(...made)), bundle1(...made)],
    ] as const) {
      const stub = newObject();
      await inObject(deploy, stub);
      const cost = await inObject((ctx) => {
        const { target, rows } = watched(ctx);
        expect(migrate(target, input).adopted).toHaveLength(size);
        return rows();
      }, stub);
      expect(cost.read).toBeLessThanOrEqual(size + 8 + tablesOf(size));
      expect(cost.written).toBeLessThanOrEqual(size + 4);
    }
  });
});

describe('beside it, on a wake with nothing to do', () => {
  it.each(sizes)('of %i migrations', (size) =>
    inObject(async (ctx) => {
      const made = steps(size);
      await runDrizzle0(ctx, bundle0(...made));
      const zero = watched(ctx);
      await migrate0(drizzle0(zero.target.storage as never), bundle0(...made) as never);
      expect(zero.rows().read).toBe(2 * size);

      await ctx.storage.deleteAll();
      runDrizzle1(ctx, bundle1(...made));
      const one = watched(ctx);
      migrate1(drizzle1(one.target.storage as never), bundle1(...made) as never);
      // A row for each migration, for each of the ledger's five columns, and for each table, the ledger too.
      expect(one.rows().read).toBe(size + 5 + tablesOf(size) + 1);

      await ctx.storage.deleteAll();
      doOrm(ctx.storage, record(made));
      const other = watched(ctx);
      doOrm(other.target.storage as never, record(made));
      // A row for each table and index of the schema (its own ledger is one of them), and one more.
      expect(other.rows().read).toBe(tablesOf(size) + 2);
    }),
  );
});
