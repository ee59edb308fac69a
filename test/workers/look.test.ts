// Looking before leaping: inspect, history, rewind.
import { describe, expect, it } from 'vitest';
import { history, inspect, migrate, rewind } from '../../src/index.ts';
import { UP_TO_DATE } from '../../src/plan/result.ts';
import { BOOKMARK_DAYS, type RewindTarget } from '../../src/rewind.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  make,
  rows,
  runDrizzle0,
  runDrizzle1,
  thrown,
  watched,
} from './harness.ts';

const [one, two, three] = [make('one', 0), make('two', 1), make('three', 2)];

/** Drizzle has skipped `two`. */
const skipped = async (ctx: DurableObjectState) => {
  await runDrizzle0(ctx, bundle0(one, three));
  await ctx.storage.sync();
};

describe('ahead', () => {
  it('is refused with ahead: error', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, two));
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, bundle0(one), { ahead: 'error' }));
      expect(error.message).toBe(
        '[AHEAD] __migrations has 20261122120100_two, which the code lacks. Deploy the ' +
          "newer code again, or pass ahead: 'report' to run on the newer schema.",
      );
      expect(error).toMatchObject({
        name: 'AdoptionError',
        code: 'AHEAD',
        keys: ['20261122120100_two'],
      });
      expect(dump(ctx)).toEqual(before);
    }));
});

describe('inspect', () => {
  it('tells what migrate would do and why, and reads only', () =>
    inObject(async (ctx) => {
      await skipped(ctx);
      const bundle = bundle0(one, two, three, make('four', 3));
      const before = dump(ctx);
      const { target, seen, rows: counted } = watched(ctx);
      const inspection = inspect(target, bundle);
      expect(inspection).toEqual({
        upToDate: false,
        ledgers: { ours: 'none', drizzle: '0.x' },
        actions: [
          { action: 'create ledger', key: null, tag: null, reason: 'there is no __migrations' },
          {
            action: 'adopt',
            key: 'm0000',
            tag: '20261122120000_one',
            reason: '__drizzle_migrations has it',
          },
          {
            action: 'adopt',
            key: 'm0002',
            tag: '20261122120200_three',
            reason: '__drizzle_migrations has it',
          },
          {
            action: 'apply out of order',
            key: 'm0001',
            tag: '20261122120100_two',
            reason: 'it was skipped: a later migration is there, this one is not',
          },
          { action: 'apply', key: 'm0003', tag: '20261122120300_four', reason: 'no ledger has it' },
          {
            action: 'retire',
            key: null,
            tag: null,
            reason: '__migrations has all of __drizzle_migrations',
          },
        ],
        foreignKeys: 'enforced',
        result: expect.objectContaining({ upToDate: false }),
        refusal: undefined,
      });
      expect(counted().written).toBe(0);
      expect(seen.transactions).toBe(0);
      expect(
        seen.statements.every((text) => /^(SELECT|PRAGMA (table|index)_(list|info)\b)/.test(text)),
      ).toBe(true);
      expect(dump(ctx)).toEqual(before);
      expect(migrate(ctx, bundle)).toEqual(inspection.result);
    }));

  it('makes no table in a fresh object, and says what a rebuild needs', () =>
    inObject((ctx) => {
      const rebuild = 'PRAGMA foreign_keys=OFF; DROP TABLE one; PRAGMA foreign_keys=ON';
      expect(inspect(ctx, bundle0(one, make('two', 1, rebuild)))).toMatchObject({
        foreignKeys: 'off',
        ledgers: { ours: 'none', drizzle: 'none' },
      });
      expect(dump(ctx)).toEqual({ schema: [], rows: {} });
      migrate(ctx, bundle0(one));
      expect(inspect(ctx, bundle0(one, make('two', 1, rebuild))).foreignKeys).toBe('off');
    }));

  it('tells of a refusal instead of throwing it', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      const inspection = inspect(ctx, bundle0(one));
      expect(inspection).toMatchObject({
        upToDate: false,
        actions: [],
        ledgers: { drizzle: '0.x' },
      });
      expect(JSON.parse(JSON.stringify(inspection.refusal))).toMatchObject({
        name: 'AdoptionError',
        code: 'UNKNOWN_ROW',
        table: '__drizzle_migrations',
        message: expect.stringMatching(/^\[UNKNOWN_ROW\] __drizzle_migrations has 1 row/),
      });
    }));

  it('has nothing to tell of an object that is level, and knows a change that asks for nothing', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one));
      expect(inspect(ctx, bundle0(one))).toMatchObject({
        upToDate: true,
        actions: [],
        ledgers: { ours: 'drizzle-offramp', drizzle: 'none' },
      });
      expect(inspect(ctx, bundle0({ ...one, sql: `${one.sql};` })).actions).toEqual([
        {
          action: 'mark up to date',
          key: null,
          tag: null,
          reason: 'the code changed, and asks for nothing',
        },
      ]);
    }));

  it('gives the reason for what is kept, ignored, widened, mirrored and retired', () =>
    inObject(async (ctx) => {
      await skipped(ctx);
      ctx.storage.sql.exec('CREATE TABLE __migrations (version INTEGER PRIMARY KEY)');
      ctx.storage.sql.exec('INSERT INTO __migrations (version) VALUES (0)');
      const [zero, unknown] = [make('zero', 0), bundle0(make('zero', 0), two, make('four', 3))];
      const options = { skipped: 'ignore', unknown: 'ignore' } as const;
      expect(inspect(ctx, unknown, options).actions).toEqual([
        {
          action: 'upgrade ledger',
          key: null,
          tag: null,
          reason: '__migrations lacks tag, checksum, created_at, applied_at, origin, head',
        },
        {
          action: 'adopt',
          key: 'm0000',
          tag: '20261122120000_zero',
          reason: "do-orm's ledger has it",
        },
        {
          action: 'keep',
          key: null,
          tag: null,
          reason:
            'a row of __drizzle_migrations matches no migration, or one that another row matches',
        },
        { action: 'apply', key: 'm0001', tag: '20261122120100_two', reason: 'no ledger has it' },
        { action: 'apply', key: 'm0002', tag: '20261122120300_four', reason: 'no ledger has it' },
        {
          action: 'retire',
          key: null,
          tag: null,
          reason: '__migrations has all of __drizzle_migrations',
        },
      ]);
      const { actions } = inspect(ctx, bundle1(zero, two, three), {
        ...options,
        drizzle: 'mirror',
      });
      expect(actions.slice(2)).toEqual([
        {
          action: 'adopt',
          key: 'm0002',
          tag: '20261122120200_three',
          reason: '__drizzle_migrations has it',
        },
        {
          action: 'ignore',
          key: 'm0001',
          tag: '20261122120100_two',
          reason: "it was skipped, and the option says 'ignore'",
        },
        {
          action: 'mirror',
          key: null,
          tag: null,
          reason: '__drizzle_migrations lacks names or times that Drizzle goes by',
        },
        {
          action: 'mirror',
          key: null,
          tag: '20261122120100_two',
          reason: '__drizzle_migrations lacks its row',
        },
      ]);
    }));

  it('keeps the name of a row of 1.x that it does not know', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one, two));
      const { ledgers, actions } = inspect(ctx, bundle1(one), { unknown: 'ignore' });
      expect(ledgers).toEqual({ ours: 'none', drizzle: '1.x' });
      expect(actions[2]).toEqual({
        action: 'keep',
        key: null,
        tag: '20261122120100_two',
        reason:
          'a row of __drizzle_migrations matches no migration, or one that another row matches',
      });
    }));

  it('says that the names are missing where 0.x has left a row in a ledger of 1.x', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one));
      ctx.storage.sql.exec('UPDATE __drizzle_migrations SET name = NULL');
      expect(inspect(ctx, bundle1(one), { drizzle: 'mirror' }).actions.at(-1)).toEqual({
        action: 'mirror',
        key: null,
        tag: null,
        reason: '__drizzle_migrations lacks names or times that Drizzle goes by',
      });
    }));

  it('has nothing to do in an object that is ahead, and says so', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, two));
      expect(inspect(ctx, bundle0(one))).toMatchObject({
        upToDate: true,
        actions: [],
        ledgers: { ours: 'drizzle-offramp', drizzle: 'none' },
        result: { upToDate: true, applied: [], ahead: [{ tag: '20261122120100_two' }] },
        refusal: undefined,
      });
    }));

  it('tells of a table that is no ledger, of which it can say nothing else', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (id INTEGER PRIMARY KEY)');
      expect(inspect(ctx, bundle0(one))).toEqual({
        upToDate: false,
        ledgers: { ours: 'none', drizzle: 'none' },
        actions: [],
        foreignKeys: 'enforced',
        result: UP_TO_DATE,
        refusal: expect.objectContaining({ code: 'NOT_A_LEDGER', table: '__migrations' }),
      });
    }));

  it('tells what the storage throws as a refusal, wherever it comes from', () =>
    inObject((ctx) => {
      const broken = new Error('the disk is gone');
      const { storage } = watched(ctx).target;
      const failing = (fails: (query: string) => boolean): typeof storage => ({
        ...storage,
        sql: {
          exec(query, ...bindings) {
            if (fails(query)) throw broken;
            return storage.sql.exec(query, ...bindings);
          },
        },
      });
      const rebuild = 'PRAGMA foreign_keys=OFF; DROP TABLE one; PRAGMA foreign_keys=ON';
      const bundle = bundle0(one, make('two', 1, rebuild));
      const refusal = { code: 'STORAGE_FAILED', cause: broken };
      const early = failing(() => true);
      expect(inspect(early, bundle)).toMatchObject({ upToDate: false, refusal });
      const late = failing((query) => query.includes('table_list("__drizzle_migrations")'));
      expect(inspect(late, bundle)).toMatchObject({ upToDate: false, refusal });
    }));

  it('tells no drift twice, as migrate does', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one));
      const edited = bundle0({ ...one, sql: `${one.sql}; SELECT 1` });
      const drift = [{ key: 'm0000', tag: '20261122120000_one' }];
      expect(inspect(ctx, edited).result.drift).toEqual(drift);
      expect(migrate(ctx, edited, { drift: 'ignore' }).drift).toEqual(drift);
      expect(inspect(ctx, edited).result.drift).toEqual([]);
    }));

  it("sees do-orm's ledger, and what mirror would write", () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (version INTEGER PRIMARY KEY)');
      ctx.storage.sql.exec('INSERT INTO __migrations VALUES (0)');
      const { ledgers, actions } = inspect(ctx, bundle0(one, two), { drizzle: 'mirror' });
      expect(ledgers).toEqual({ ours: 'do-orm', drizzle: 'none' });
      expect(actions.find(({ action }) => action === 'mirror')?.reason).toBe(
        'there is no __drizzle_migrations',
      );
      expect(actions.map(({ action, tag }) => [action, tag])).toEqual([
        ['upgrade ledger', null],
        ['adopt', '20261122120000_one'],
        ['apply', '20261122120100_two'],
        ['mirror', null],
        ['mirror', '20261122120000_one'],
        ['mirror', '20261122120100_two'],
      ]);
    }));
});

describe('history', () => {
  it('is the ledger as data', () =>
    inObject(async (ctx) => {
      expect(history(ctx)).toEqual([]);
      await runDrizzle0(ctx, bundle0(one));
      migrate(ctx, bundle0(one, two));
      expect(history(ctx)).toMatchObject([
        { version: 0, tag: '20261122120000_one', created_at: one.when, origin: 'drizzle' },
        { version: 1, tag: '20261122120100_two', created_at: two.when, origin: 'applied' },
      ]);
      expect(history(ctx, { table: 'none' })).toEqual([]);
    }));
});

describe('rewind', () => {
  const bundle = bundle0(one, two, three);

  it('says so where there are no bookmarks, as in local development', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle);
      const applied = history(ctx)[1]?.applied_at as number;
      await expect(rewind(ctx, 'm0001', { migrations: bundle })).rejects.toMatchObject({
        name: 'RewindError',
        code: 'NO_BOOKMARKS',
        migration: 'm0001',
        message:
          `[NO_BOOKMARKS] The runtime gave no bookmark for ${new Date(applied - 1).toISOString()}: This Durable Object's storage ` +
          'back-end does not implement point-in-time recovery. Point-in-time recovery works only deployed, not in ' +
          'local development; nothing was armed.',
      });
    }));

  /** The documented contract of the platform's recovery, over the real storage. */
  const withBookmarks = ({ storage }: DurableObjectState) => {
    const calls: [string, unknown][] = [];
    const target: RewindTarget = {
      storage: {
        sql: storage.sql,
        transactionSync: (run) => storage.transactionSync(run),
        transaction: (closure) => storage.transaction(closure),
        getBookmarkForTime: async (time) => {
          calls.push(['getBookmarkForTime', time]);
          return 'before';
        },
        onNextSessionRestoreBookmark: async (bookmark) => {
          calls.push(['onNextSessionRestoreBookmark', bookmark]);
          return 'now';
        },
      },
    };
    return { target, calls };
  };

  it('arms a restore to just before the migration, and says what will be lost', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle0(one));
      const earlier = Date.now() - 60_000;
      ctx.storage.sql.exec('UPDATE __migrations SET applied_at = ?', earlier);
      migrate(ctx, bundle);
      const applied = history(ctx)[1]?.applied_at as number;
      const { target, calls } = withBookmarks(ctx);
      const armed = await rewind(target, 'm0001', { migrations: bundle });
      expect(calls).toEqual([
        ['getBookmarkForTime', applied - 1],
        ['onNextSessionRestoreBookmark', 'before'],
      ]);
      expect(armed).toMatchObject({
        time: applied - 1,
        bookmark: 'before',
        undo: 'now',
        undone: [{ tag: '20261122120100_two' }, { tag: '20261122120200_three' }],
        lost:
          `Everything this object wrote since ${new Date(applied - 1).toISOString()} will be lost, key-value data and ` +
          '2 migration(s) included: 20261122120100_two, 20261122120200_three.',
      });
      expect((await rewind(target, '20261122120000_one')).undone).toHaveLength(3);
      expect((await rewind(target, 'm0002')).undone).toHaveLength(2);
    }));

  it('goes back to a migration that has no tag, or none any more, by its number', () =>
    inObject(async (ctx) => {
      const record = { m0000: one.sql, m0001: two.sql };
      migrate(ctx, record, { table: 'ledger' });
      const { target } = withBookmarks(ctx);
      const armed = await rewind(target, 'm0001', { migrations: record, table: 'ledger' });
      expect(armed.lost).toMatch(/ 2 migration\(s\) included: version 0, version 1\.$/);
      expect((await rewind(target, 'm0001', { table: 'ledger' })).undone).toEqual(armed.undone);
    }));

  it('finds a migration by its tag where its number in the code is another than in the object', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle0(one, three));
      migrate(ctx, bundle);
      ctx.storage.sql.exec('UPDATE __migrations SET applied_at = applied_at + version * 10');
      const { target } = withBookmarks(ctx);
      const { undone } = await rewind(target, 'm0001', { migrations: bundle });
      expect(undone.map(({ tag }) => tag)).toEqual(['20261122120100_two']);
      expect((await rewind(target, 'm0001')).undone).toHaveLength(2);
    }));

  it('takes a tag for a tag, even if it ends like a key', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle0(one, make('m0001', 1, two.sql), three));
      const { target } = withBookmarks(ctx);
      expect((await rewind(target, '20261122120100_m0001')).bookmark).toBe('before');
    }));

  it('tells the migration and the cause where there are no bookmarks', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle);
      const { target } = withBookmarks(ctx);
      const getBookmarkForTime = async () => {
        throw 'no bookmarks';
      };
      const error = await rewind(
        { storage: { ...target.storage, getBookmarkForTime } },
        'm0002',
      ).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'NO_BOOKMARKS', cause: 'no bookmarks' });
      expect((error as Error).message).toContain('Z: no bookmarks Point-in-time recovery');
    }));

  it('refuses what was written off, and what is not known to have been applied when', () =>
    inObject(async (ctx) => {
      await skipped(ctx);
      migrate(ctx, bundle, { skipped: 'ignore' });
      const { target, calls } = withBookmarks(ctx);
      await expect(rewind(target, '20261122120100_two')).rejects.toMatchObject({
        code: 'NOT_APPLIED',
        migration: '20261122120100_two',
      });
      ctx.storage.sql.exec("UPDATE __migrations SET origin = 'repair'");
      await expect(rewind(target, '20261122120000_one')).rejects.toMatchObject({
        code: 'NOT_APPLIED',
      });
      ctx.storage.sql.exec("UPDATE __migrations SET applied_at = NULL, origin = 'applied'");
      await expect(rewind(target, '20261122120000_one')).rejects.toMatchObject({ code: 'ADOPTED' });
      expect(calls).toEqual([]);
    }));

  it('goes back as far as bookmarks are kept', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle);
      const { target } = withBookmarks(ctx);
      const limit = Date.now() - BOOKMARK_DAYS * 24 * 60 * 60 * 1000;
      ctx.storage.sql.exec('UPDATE __migrations SET applied_at = ?', limit + 60_000);
      expect((await rewind(target, 'm0000')).undone).toHaveLength(3);
      ctx.storage.sql.exec('UPDATE __migrations SET applied_at = ?', limit - 60_000);
      await expect(rewind(target, 'm0000')).rejects.toMatchObject({
        code: 'TOO_OLD',
        migration: 'm0000',
      });
    }));

  it('refuses what was not applied here, what was adopted, and what is too long ago', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one));
      migrate(ctx, bundle);
      const { target, calls } = withBookmarks(ctx);
      await expect(rewind(target, 'm0009')).rejects.toMatchObject({
        code: 'NOT_APPLIED',
        message:
          '[NOT_APPLIED] m0009 was not applied in this object, so there is nothing to go back to. See history(ctx).',
      });
      await expect(rewind(target, 'm0000')).rejects.toMatchObject({
        code: 'ADOPTED',
        message:
          '[ADOPTED] m0000 was adopted: it had been applied before drizzle-offramp kept the ledger, and nobody wrote down when. ' +
          'Use getBookmarkForTime() with a time you know.',
      });
      const old = Date.now() - (BOOKMARK_DAYS + 1) * 24 * 60 * 60 * 1000;
      ctx.storage.sql.exec('UPDATE __migrations SET applied_at = ? WHERE version = 1', old);
      await expect(rewind(target, 'm0001')).rejects.toMatchObject({
        code: 'TOO_OLD',
        message:
          `[TOO_OLD] m0001 was applied on ${new Date(old).toISOString()}, and bookmarks are kept for 30 days. Write a new ` +
          'migration that undoes it.',
      });
      expect(calls).toEqual([]);
      expect(rows(ctx, 'SELECT count(*) AS rows FROM __migrations')).toEqual([{ rows: 3 }]);
    }));
});
