import { drizzle } from 'drizzle-orm/durable-sqlite';
import { drizzle as drizzle1 } from 'drizzle-orm-1/durable-sqlite';
import { describe, expect, it } from 'vitest';
import { MigrationError } from '../../src/index.ts';
import { migrate } from '../../src/migrator.ts';
import { bundle0, bundle1, inObject, ledger, runDrizzle0, runDrizzle1, tables } from './harness.ts';

const when = Date.UTC(2026, 10, 22, 12);
const init = { tag: '0000_init', when, sql: 'CREATE TABLE a (x)' };
const more = { tag: '0001_more', when: when + 60_000, sql: 'CREATE TABLE b (x)' };
const broken = { tag: '0001_broken', when: when + 60_000, sql: 'OOPS' };

describe('the drop-in', () => {
  it('goes on from Drizzle 0.x, and has done its work before its first await', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init));
      const migrated = migrate(drizzle(ctx.storage), bundle0(init, more));
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'b']);
      await expect(migrated).resolves.toBeUndefined();
      expect(ledger(ctx).map(({ origin }) => origin)).toEqual(['drizzle', 'applied']);
    }));

  it('goes on from Drizzle 1.x, whose migrator is synchronous', () =>
    inObject(async (ctx) => {
      runDrizzle1(ctx, bundle1(init));
      await migrate(drizzle1(ctx.storage), bundle1(init, more));
      expect(ledger(ctx).map(({ origin }) => origin)).toEqual(['drizzle', 'applied']);
    }));

  it('throws at once, so that a call nobody awaits cannot fail unseen', () =>
    inObject(async (ctx) => {
      expect(() => migrate(drizzle(ctx.storage), bundle0(init, broken))).toThrow(MigrationError);
      const awaited = (async () => {
        await migrate(drizzle(ctx.storage), bundle0(init, broken));
      })();
      await expect(awaited).rejects.toThrow('Migration m0001 failed (20261122120100_broken)');
      expect(tables(ctx)).toEqual([]);
    }));

  it('takes the options of migrate', () =>
    inObject(async (ctx) => {
      await migrate(drizzle(ctx.storage), bundle0(init), { table: '__ours' });
      expect(tables(ctx)).toEqual(['__ours', 'a']);
    }));
});
