// What the planner decides where two rules meet. Each rule by itself is in adoption.test.ts and runner.test.ts.
import { describe, expect, it } from 'vitest';
import { history, inspect, migrate } from '../../src/index.ts';
import { canonicalTag } from '../../src/input/bundles.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  ledger,
  type Made,
  make,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  thrown,
} from './harness.ts';

const [one, two, three, four] = [
  make('one', 0),
  make('two', 1),
  make('three', 2),
  make('four', 3),
] as const;
const [drop2, drop3] = [
  make('drop', 1, 'DROP TABLE one'),
  make('again', 2, 'DROP TABLE one'),
] as const;
const tagOf = (made: Made): string => canonicalTag(made.when, made.tag);

describe('the time in the ledger', () => {
  const times = (ctx: DurableObjectState) => history(ctx).map(({ created_at }) => created_at);

  it('is the exact `when`, wherever it is known', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one));
      migrate(ctx, bundle1(one, two));
      expect(times(ctx)).toEqual([one.when, two.when - 123]);
      migrate(ctx, bundle0(one, two, three));
      expect(times(ctx)).toEqual([one.when, two.when - 123, three.when]);
    }));

  it('is that of the migration for a row of 1.x, if the migration has the milliseconds', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one));
      migrate(ctx, bundle0(one));
      expect(times(ctx)).toEqual([one.when]);
    }));

  it("is the tag's for a row of do-orm's, and nothing without a tag", () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (version INTEGER PRIMARY KEY)');
      ctx.storage.sql.exec('INSERT INTO __migrations VALUES (0), (1)');
      migrate(ctx, { m0000: { tag: tagOf(one), sql: one.sql }, m0001: two.sql });
      expect(times(ctx)).toEqual([one.when - 123, null]);
    }));
});

describe('older code', () => {
  it('hears of what it does not know: a migration that was adopted, and one without a tag', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      migrate(ctx, bundle0(one, two));
      expect(migrate(ctx, bundle0(one)).ahead.map(({ tag }) => tag)).toEqual([tagOf(two)]);
      await ctx.storage.deleteAll();
      migrate(ctx, { m0000: one.sql, m0001: two.sql, m0002: three.sql });
      const error = thrown(() => migrate(ctx, { m0000: one.sql }, { ahead: 'error' }));
      expect(error.message).toBe(
        '[AHEAD] __migrations has version 1, version 2, which the code lacks. Deploy ' +
          "the newer code again, or pass ahead: 'report' to run on the newer schema.",
      );
      expect(error).toMatchObject({ code: 'AHEAD', table: '__migrations' });
    }));

  it('is told of all that it lacks, if it has something new itself', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, two, three));
      const error = thrown(() => migrate(ctx, bundle0(one, four)));
      expect(error.message).toContain(`__migrations has ${tagOf(two)}, ${tagOf(three)}, which the`);
      expect(error).toMatchObject({ keys: [tagOf(two), tagOf(three)], table: '__migrations' });
    }));

  it('takes a row of Drizzle for known if our ledger has it, by its time or by its name', () =>
    inObject(async (ctx) => {
      const mirror = { drizzle: 'mirror' } as const;
      const expected = { upToDate: true, unknown: [], ahead: [{ tag: tagOf(two) }] };
      migrate(ctx, bundle0(one, two), mirror);
      expect(migrate(ctx, bundle0(one), mirror)).toMatchObject(expected);
      await ctx.storage.deleteAll();
      migrate(ctx, bundle1(one, two), mirror);
      expect(migrate(ctx, bundle1(one), mirror)).toMatchObject(expected);
    }));

  it('does not take a row of Drizzle for known because our ledger has another', () =>
    inObject((ctx) => {
      const other = make('other', 5);
      migrate(ctx, bundle1(one));
      runDrizzle1(ctx, bundle1(other));
      const error = thrown(() => migrate(ctx, bundle1(one, two)));
      expect(error).toMatchObject({ code: 'UNKNOWN_ROW', keys: [tagOf(other)] });
    }));

  it('does not take a row of Drizzle for known because neither has a name or a time', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: one.sql, m0001: two.sql });
      runDrizzle1(ctx, bundle1(make('other', 5)));
      ctx.storage.sql.exec('UPDATE __drizzle_migrations SET name = NULL, created_at = NULL');
      const error = thrown(() => migrate(ctx, bundle1(one, two)));
      expect(error).toMatchObject({ code: 'UNKNOWN_ROW', keys: ['a row without a time'] });
    }));
});

describe('several migrations that were skipped', () => {
  /** Drizzle has `one` and `four` only. */
  const skip = (ctx: DurableObjectState) => runDrizzle0(ctx, bundle0(one, four));

  it('are refused together, but for those that only add', () =>
    inObject(async (ctx) => {
      await skip(ctx);
      const error = thrown(() => migrate(ctx, bundle0(one, drop2, drop3, four)));
      expect(error.message).toBe(
        `[SKIPPED_MIGRATION] m0001 (${tagOf(drop2)}), m0002 (${tagOf(drop3)}) was never applied in this object, though m0003 (${tagOf(four)}) ` +
          'was. Applied now, it may not leave what a new object has:\n' +
          `  m0001 (${tagOf(drop2)}): "DROP TABLE one" does more than add\n` +
          `  m0002 (${tagOf(drop3)}): "DROP TABLE one" does more than add\n` +
          "Write a new migration with what it should have done and pass skipped: 'ignore', or pass skipped: 'apply' if " +
          'it is safe to run now.',
      );
      expect(error).toMatchObject({ keys: ['m0001', 'm0002'], table: '__drizzle_migrations' });
      const mixed = bundle0(one, two, drop3, four);
      expect(thrown(() => migrate(ctx, mixed))).toMatchObject({ keys: ['m0002'] });
    }));

  it('are written off together, while what is new is run', () =>
    inObject(async (ctx) => {
      await skip(ctx);
      const five = make('five', 4);
      const result = migrate(ctx, bundle0(one, drop2, drop3, four, five), { skipped: 'ignore' });
      expect(result.ignored.map(({ key }) => key)).toEqual(['m0001', 'm0002']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0004']);
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0003']);
      expect(ledger(ctx).map(({ origin }) => origin)).toEqual([
        'drizzle',
        'drizzle',
        'ignored',
        'ignored',
        'applied',
      ]);
      expect(tables(ctx)).toEqual(['__migrations', 'five', 'four', 'one']);
    }));

  it('are no part of what was applied before a failure', () =>
    inObject(async (ctx) => {
      await skip(ctx);
      const failing = bundle0(one, drop2, four, make('oops', 4, 'OOPS'));
      const attempt = () => thrown(() => migrate(ctx, failing, { skipped: 'ignore' })).message;
      expect(attempt()).toContain('State: 2 migration(s) were applied before this attempt');
      migrate(ctx, bundle0(one, drop2, four), { skipped: 'ignore' });
      expect(attempt()).toContain('State: 2 migration(s) were applied before this attempt');
    }));

  it('are told of our ledger where the object has both', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle0(one, four), { drizzle: 'mirror' });
      const error = thrown(() => migrate(ctx, bundle0(one, drop2, four), { drizzle: 'mirror' }));
      expect(error).toMatchObject({ code: 'SKIPPED_MIGRATION', table: '__migrations' });
    }));
});

describe('drift', () => {
  it('is told of each migration', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, two, three));
      const edit = (made: Made) => ({ ...made, sql: `${made.sql}; SELECT 1` });
      const edited = bundle0(edit(one), two, edit(three));
      const error = thrown(() => migrate(ctx, edited, { drift: 'error' }));
      expect(error.message).toBe(
        `[DRIFT] The SQL of m0000 (${tagOf(one)}), m0002 (${tagOf(three)}) has changed since it was applied in this object. ` +
          "Restore it and write a new migration, or pass drift: 'warn' if both do the same.",
      );
      expect(error).toMatchObject({ keys: ['m0000', 'm0002'] });
    }));

  it('cannot be seen in a row that has no checksum', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (version INTEGER PRIMARY KEY)');
      ctx.storage.sql.exec('INSERT INTO __migrations VALUES (0)');
      expect(migrate(ctx, { m0000: one.sql }, { drift: 'error' }).drift).toEqual([]);
    }));
});

describe('a record', () => {
  const record = (...made: Made[]) =>
    Object.fromEntries(made.map(({ sql }, i) => [`m000${i}`, sql]));

  it('of just as many as Drizzle ran takes them all', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      const result = migrate(ctx, record(one, two));
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result).toMatchObject({ applied: [], drizzleLedger: 'retired' });
      expect(tables(ctx)).toEqual(['__migrations', 'one', 'two']);
    }));

  it('takes over an object in which a person has dropped one of its tables', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      ctx.storage.sql.exec('DROP TABLE one');
      expect(migrate(ctx, record(one, two)).adopted).toHaveLength(2);
    }));

  it("does not take over another class's rows because it writes into a table that the object has", () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      const before = dump(ctx);
      const code = record(three, make('clear', 3, 'DELETE FROM one'));
      expect(thrown(() => migrate(ctx, code))).toMatchObject({ code: 'OTHER_HISTORY' });
      expect(dump(ctx)).toEqual(before);
    }));

  it("of which a part has tags drops a ledger of Drizzle's that came back with an older deploy", () =>
    inObject(async (ctx) => {
      const mixed = {
        m0000: { tag: tagOf(one), when: one.when, sql: one.sql },
        m0001: two.sql,
      };
      migrate(ctx, mixed);
      await runDrizzle0(ctx, bundle0());
      ctx.storage.sql.exec(
        `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', ${one.when})`,
      );
      const result = migrate(ctx, { ...mixed, m0002: three.sql });
      expect(result.drizzleLedger).toBe('retired');
      expect(tables(ctx)).toEqual(['__migrations', 'one', 'three', 'two']);
    }));

  it('of fewer keeps the other rows if told so', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two, three));
      const result = migrate(ctx, record(one, two), { unknown: 'ignore' });
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result.unknown).toEqual([
        { rowid: 3, tag: null, created_at: three.when, checksum: null },
      ]);
      expect(ledger(ctx)).toHaveLength(3);
    }));

  it('of which a part has tags is matched by these', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(two));
      const mixed = {
        m0000: { tag: tagOf(one), when: one.when, sql: one.sql },
        m0001: { tag: tagOf(two), when: two.when, sql: two.sql },
        m0002: three.sql,
      };
      const result = migrate(ctx, mixed);
      expect(result.adopted).toEqual([{ key: 'm0001', tag: tagOf(two) }]);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0000', 'm0002']);
    }));

  it('may hold the same text twice', () =>
    inObject((ctx) => {
      const log = make('log', 1, 'INSERT INTO one VALUES (1)');
      migrate(ctx, record(one, log));
      expect(migrate(ctx, record(one, log, log)).applied).toEqual([{ key: 'm0002', tag: null }]);
      expect(migrate(ctx, record(one, log, log, two)).drift).toEqual([]);
      expect(rows(ctx, 'SELECT count(*) AS times FROM one')).toEqual([{ times: 2 }]);
    }));

  it('that was ejected goes on from tags, and back, by text where the order is another', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, three));
      migrate(ctx, bundle0(one, two, three));
      expect(migrate(ctx, record(one, two, three))).toMatchObject({ applied: [], drift: [] });
      expect(migrate(ctx, bundle0(one, two, three))).toMatchObject({ applied: [], drift: [] });
    }));
});

describe('a ledger without rows', () => {
  it("of do-orm's gets our columns, though the code has no migration yet", () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (version INTEGER PRIMARY KEY)');
      expect(inspect(ctx, {}).actions).toMatchObject([{ action: 'upgrade ledger' }]);
      expect(migrate(ctx, {}).upToDate).toBe(false);
      expect(history(ctx)).toEqual([]);
      expect(migrate(ctx, {}).upToDate).toBe(true);
    }));

  it("keeps a row of Drizzle's that came later, where nothing else is to be done", () =>
    inObject(async (ctx) => {
      const options = { drizzle: 'mirror', unknown: 'ignore' } as const;
      migrate(ctx, {}, options);
      await runDrizzle0(ctx, bundle0(one));
      expect(migrate(ctx, {}, options)).toMatchObject({ upToDate: false, drizzleLedger: null });
      expect(ledger(ctx)).toEqual([{ version: 0, tag: null, origin: 'drizzle' }]);
    }));
});

describe('a row that was kept', () => {
  it('is neither ahead nor drift, and keeps its name and its time', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one, two));
      migrate(ctx, bundle1(one), { unknown: 'ignore' });
      expect(history(ctx)[1]).toMatchObject({
        tag: tagOf(two),
        created_at: two.when - 123,
        checksum: null,
        origin: 'drizzle',
      });
      expect(migrate(ctx, bundle1(one, three), { ahead: 'error' }).applied).toHaveLength(1);
      expect(inspect(ctx, bundle1(one, two, three)).result).toMatchObject({ drift: [], ahead: [] });
    }));

  it('does not stand for a migration by its number', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      migrate(ctx, bundle0(one), { unknown: 'ignore' });
      const before = dump(ctx);
      expect(inspect(ctx, bundle0(one, three)).actions).toMatchObject([
        { action: 'apply', tag: tagOf(three) },
      ]);
      expect(dump(ctx)).toEqual(before);
    }));
});
