import { describe, expect, it } from 'vitest';
import { defineMigrations, migrate } from '../../src/index.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  make,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  thrown,
  WHEN,
  watched,
} from './harness.ts';

const [one, two, three] = [make('one', 0), make('two', 1), make('three', 2)];
const twin = { ...make('twin', 0), when: WHEN + 1 };

const theirs = (ctx: DurableObjectState, columns: string) =>
  rows(ctx, `SELECT ${columns} FROM __drizzle_migrations ORDER BY rowid`);
const mirror = { drizzle: 'mirror' } as const;

describe('mirror', () => {
  it('adds the very rows that Drizzle 0.x writes', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two, three));
      const written = [
        rows(ctx, "SELECT sql FROM sqlite_master WHERE name = '__drizzle_migrations'"),
        theirs(ctx, '*'),
      ] as const;
      await ctx.storage.deleteAll();
      await runDrizzle0(ctx, bundle0(one));
      const { drizzleLedger } = migrate(ctx, bundle0(one, two, three), mirror);
      expect(drizzleLedger).toBe('mirrored');
      expect(theirs(ctx, '*')).toEqual(written[1]);
      expect(tables(ctx)).toEqual(['__drizzle_migrations', '__migrations', 'one', 'three', 'two']);
      expect(
        rows(ctx, "SELECT sql FROM sqlite_master WHERE name = '__drizzle_migrations'"),
      ).toEqual(written[0]);
    }));

  it('adds the rows that Drizzle 1.x writes, but for the end of the second', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one));
      migrate(ctx, bundle1(one, two), mirror);
      expect(theirs(ctx, 'id, hash, created_at, name')).toEqual([
        { id: 1, hash: '', created_at: WHEN - 123, name: '20261122120000_one' },
        { id: 2, hash: '', created_at: WHEN + 60_000 - 123 + 999, name: '20261122120100_two' },
      ]);
      expect(theirs(ctx, 'applied_at')[1]?.applied_at).toMatch(/^20\d\d-\d\d-\d\dT.*Z$/);
      expect(runDrizzle1(ctx, bundle1(one, two))).toBeUndefined();
      expect(theirs(ctx, 'id')).toHaveLength(2);
    }));

  it('makes the ledger again, whole, where it was retired', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one));
      migrate(ctx, bundle0(one, two));
      expect(tables(ctx)).not.toContain('__drizzle_migrations');
      const result = migrate(ctx, bundle0(one, two), mirror);
      expect(result).toMatchObject({ upToDate: false, adopted: [], applied: [] });
      expect(theirs(ctx, 'created_at')).toEqual([
        { created_at: one.when },
        { created_at: two.when },
      ]);
      await runDrizzle0(ctx, bundle0(one, two, three));
      expect(theirs(ctx, 'created_at')).toHaveLength(3);
    }));

  it('makes it in the form of the bundle, for an object that Drizzle has never seen', () =>
    inObject((ctx) => {
      migrate(ctx, bundle1(one, twin), mirror);
      expect(theirs(ctx, 'name')).toEqual([
        { name: '20261122120000_one' },
        { name: '20261122120000_twin' },
      ]);
      runDrizzle1(ctx, bundle1(one, twin, two));
      expect(tables(ctx)).toContain('two');
    }));

  it('brings a 0.x ledger to the 1.x form beside a 1.x bundle, also where two share a second', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, twin));
      expect(() => runDrizzle1(ctx, bundle1(one, twin, two))).toThrow('Rollback');
      migrate(ctx, bundle1(one, twin), mirror);
      expect(theirs(ctx, 'created_at, name')).toEqual([
        { created_at: one.when, name: '20261122120000_one' },
        { created_at: twin.when, name: '20261122120000_twin' },
      ]);
      migrate(ctx, bundle1(one, twin, two), mirror);
      runDrizzle1(ctx, bundle1(one, twin, two));
      expect(theirs(ctx, 'name')).toHaveLength(3);
      await runDrizzle0(ctx, bundle0(one, twin, two, three));
      expect(tables(ctx)).toContain('three');
      // 0.x left its row without a name: 1.x would run it again.
      migrate(ctx, bundle1(one, twin, two, three), mirror);
      expect(theirs(ctx, 'name').at(-1)).toEqual({ name: '20261122120200_three' });
      expect(runDrizzle1(ctx, bundle1(one, twin, two, three))).toBeUndefined();
    }));

  it.each([
    ['0.x', bundle0, two.when],
    ['1.x', bundle1, two.when - 123 + 999],
  ] as const)(
    'gives the newest row that Drizzle 1.x wrote a time that 0.x does not take for old, with a %s bundle',
    (_, bundle, created_at) =>
      inObject(async (ctx) => {
        runDrizzle1(ctx, bundle1(one, two));
        migrate(ctx, bundle(one, two), mirror);
        expect(theirs(ctx, 'created_at, name')).toEqual([
          { created_at: one.when - 123, name: '20261122120000_one' },
          { created_at, name: '20261122120100_two' },
        ]);
        await runDrizzle0(ctx, bundle0(one, two));
        await runDrizzle0(ctx, bundle0(one, two, three));
        expect(theirs(ctx, 'created_at')).toHaveLength(3);
        migrate(ctx, bundle(one, two, three), mirror);
        expect(runDrizzle1(ctx, bundle1(one, two, three))).toBeUndefined();
      }),
  );

  it('gives a name to the row that Drizzle 0.x wrote into a ledger that 1.x made', () =>
    inObject(async (ctx) => {
      runDrizzle1(ctx, bundle1(one));
      migrate(ctx, bundle0(one), mirror);
      await runDrizzle0(ctx, bundle0(one, two));
      expect(theirs(ctx, 'name').at(-1)).toEqual({ name: null });
      migrate(ctx, bundle0(one, two), mirror);
      expect(theirs(ctx, 'name').at(-1)).toEqual({ name: '20261122120100_two' });
      runDrizzle1(ctx, bundle1(one, two, three));
      expect(theirs(ctx, 'name')).toHaveLength(3);
    }));

  it('lets older code run, also where ours knows but the second of what it mirrored', () =>
    inObject((ctx) => {
      migrate(ctx, bundle1(one, two));
      migrate(ctx, bundle0(one, two), mirror);
      expect(theirs(ctx, 'created_at').at(-1)).toEqual({ created_at: two.when });
      const { ahead, upToDate } = migrate(ctx, bundle0(one), mirror);
      expect(upToDate).toBe(true);
      expect(ahead.map(({ tag }) => tag)).toEqual(['20261122120100_two']);
    }));

  it.each([
    [
      '1.x',
      (ctx: DurableObjectState) => migrate(ctx, bundle1(one), mirror),
      (ctx: DurableObjectState) => runDrizzle1(ctx, bundle1(one, twin)),
      '20261122120000_twin',
    ],
    [
      '0.x',
      (ctx: DurableObjectState) => {
        migrate(ctx, bundle1(one));
        migrate(ctx, bundle0(one), mirror);
      },
      (ctx: DurableObjectState) => runDrizzle0(ctx, bundle0(one, twin)),
      `created_at ${twin.when}`,
    ],
  ])('does not take what Drizzle %s ran for another of its second, and forget it', (...all) =>
    inObject(async (ctx) => {
      const [, ours, drizzles, unknown] = all;
      ours(ctx);
      await drizzles(ctx);
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, bundle0(one)));
      expect(error).toMatchObject({ code: 'UNKNOWN_ROW', keys: [unknown] });
      expect(dump(ctx)).toEqual(before);
      expect(migrate(ctx, bundle0(one, twin))).toMatchObject({
        adopted: [{ key: 'm0001' }],
        applied: [],
      });
    }),
  );

  it('costs no more on a wake with nothing to do', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, two), mirror);
      const { target, seen, rows: counted } = watched(ctx);
      expect(migrate(target, bundle0(one, two), mirror).upToDate).toBe(true);
      expect(seen.statements).toHaveLength(1);
      expect(counted()).toEqual({ read: 1, written: 0 });
    }));

  it('keeps the row of a migration that this code does not know', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      migrate(ctx, bundle0(one, two));
      migrate(ctx, bundle0(one, three), { ...mirror, unknown: 'ignore' });
      expect(theirs(ctx, 'created_at')).toEqual(
        [one, two, three].map(({ when: created_at }) => ({ created_at })),
      );
    }));

  it('does not write that row twice', () =>
    inObject((ctx) => {
      const bundle = bundle0(one, two);
      migrate(ctx, bundle, mirror);
      migrate(ctx, bundle0(one, three), { ...mirror, unknown: 'ignore' });
      const all = [one, two, three].map(({ when: created_at }) => ({ created_at }));
      expect(theirs(ctx, 'created_at')).toEqual(all);
      ctx.storage.sql.exec('DELETE FROM __drizzle_migrations WHERE created_at = ?', two.when);
      const four = make('four', 3);
      migrate(ctx, bundle0(one, three, four), { ...mirror, unknown: 'ignore' });
      expect(theirs(ctx, 'created_at').map(({ created_at }) => created_at)).toEqual(
        [one, three, two, four].map(({ when: created_at }) => created_at),
      );
    }));

  it('makes the table that Drizzle makes', () =>
    inObject(async (ctx) => {
      const columns = () => rows(ctx, "SELECT * FROM pragma_table_info('__drizzle_migrations')");
      await runDrizzle0(ctx, bundle0(one));
      const of0 = columns();
      await ctx.storage.deleteAll();
      migrate(ctx, bundle0(one), mirror);
      expect(columns()).toEqual(of0);
      await ctx.storage.deleteAll();
      runDrizzle1(ctx, bundle1(one));
      const of1 = columns();
      await ctx.storage.deleteAll();
      migrate(ctx, bundle1(one), mirror);
      expect(columns()).toEqual(of1);
    }));

  it('makes an empty ledger for a team that has no migration yet', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0());
      expect(migrate(ctx, bundle0(), mirror).upToDate).toBe(false);
      expect(tables(ctx)).toEqual(['__drizzle_migrations', '__migrations']);
      expect(migrate(ctx, bundle0(), mirror).upToDate).toBe(true);
    }));

  it('names the rows that 0.x has left in a ledger of 1.x', () =>
    inObject(async (ctx) => {
      const tolerant = { ...two, sql: 'CREATE TABLE IF NOT EXISTS two (x)' };
      runDrizzle1(ctx, bundle1(one));
      await runDrizzle0(ctx, bundle0({ ...one, when: WHEN - 123 }, tolerant));
      expect(migrate(ctx, bundle1(one, tolerant), mirror).drizzleLedger).toBe('mirrored');
      expect(theirs(ctx, 'id, name')).toEqual([
        { id: 1, name: '20261122120000_one' },
        { id: 2, name: '20261122120100_two' },
      ]);
    }));

  it('leaves a 1.x ledger as it is beside a 0.x bundle', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one));
      migrate(ctx, bundle0(one, two), mirror);
      expect(theirs(ctx, 'created_at, name')).toEqual([
        { created_at: WHEN - 123, name: '20261122120000_one' },
        { created_at: two.when, name: '20261122120100_two' },
      ]);
    }));

  it('writes the milliseconds that a 1.x bundle has lost and our ledger knows', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one));
      migrate(ctx, bundle1(one, two));
      migrate(ctx, bundle1(one, two), mirror);
      expect(theirs(ctx, 'created_at')).toEqual([
        { created_at: one.when },
        { created_at: two.when - 123 + 999 },
      ]);
    }));

  it('adds a row for a name that has changed, as 1.x goes by the name', () =>
    inObject((ctx) => {
      const renamed = { ...one, tag: '0000_uno' };
      runDrizzle1(ctx, bundle1(one));
      migrate(ctx, bundle1(renamed), mirror);
      expect(theirs(ctx, 'name')).toEqual([
        { name: '20261122120000_one' },
        { name: '20261122120000_uno' },
      ]);
      expect(runDrizzle1(ctx, bundle1(renamed))).toBeUndefined();
      expect(theirs(ctx, 'name')).toHaveLength(2);
      // Not once more with each deploy.
      migrate(ctx, bundle1(renamed, two), mirror);
      expect(theirs(ctx, 'name').map(({ name }) => name)).toEqual([
        '20261122120000_one',
        '20261122120000_uno',
        '20261122120100_two',
      ]);
    }));

  it('leaves a row alone that says no time, and that of nobody else', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one));
      ctx.storage.sql.exec(
        "INSERT INTO __drizzle_migrations (hash, created_at, name) VALUES ('', 'noon', 'by hand'), ('', '  ', 'too')",
      );
      const { unknown } = migrate(ctx, bundle1(one, two), { ...mirror, unknown: 'ignore' });
      expect(unknown.map(({ tag, created_at }) => [tag, created_at])).toEqual([
        ['by hand', null],
        ['too', null],
      ]);
      expect(theirs(ctx, 'name, created_at').slice(1)).toEqual([
        { name: 'by hand', created_at: 'noon' },
        { name: 'too', created_at: '  ' },
        { name: '20261122120100_two', created_at: two.when - 123 + 999 },
      ]);
    }));

  it('adds a row for a `when` that has changed, as 0.x goes by the `when`', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      const restamped = { ...two, when: three.when };
      const converted = defineMigrations({
        m0000: { tag: '20261122120000_one', when: one.when, sql: one.sql },
        m0001: { tag: '20261122120200_two', when: three.when, was: [two.when], sql: two.sql },
      });
      expect(migrate(ctx, converted, mirror).applied).toEqual([]);
      expect(theirs(ctx, 'created_at')).toEqual(
        [one, two, three].map(({ when: created_at }) => ({ created_at })),
      );
      await runDrizzle0(ctx, bundle0(one, restamped));
      expect(theirs(ctx, 'created_at')).toHaveLength(3);
    }));

  it('takes the 1.x form as soon as one migration has no `when`', () =>
    inObject((ctx) => {
      const record = {
        m0000: { tag: '20261122120000_one', when: one.when, sql: one.sql },
        m0001: { tag: '20261122120100_two', sql: two.sql },
      };
      migrate(ctx, record, mirror);
      expect(theirs(ctx, 'created_at, name')).toEqual([
        { created_at: one.when, name: '20261122120000_one' },
        { created_at: two.when - 123 + 999, name: '20261122120100_two' },
      ]);
    }));

  it('leaves out what was written by hand, without a tag', () =>
    inObject((ctx) => {
      const record = {
        m0000: { tag: '20261122120000_one', when: one.when, sql: one.sql },
        m0001: two.sql,
      };
      migrate(ctx, record, mirror);
      expect(theirs(ctx, 'created_at')).toEqual([{ created_at: one.when }]);
    }));

  it('is not reached with a row of ours that has no tag and matches nothing: its text may have been edited', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: one.sql, m0001: two.sql });
      const error = thrown(() =>
        migrate(ctx, bundle0(three, one), { ...mirror, unknown: 'ignore' }),
      );
      expect(error).toMatchObject({ code: 'UNKNOWN_MIGRATION', keys: ['version 1'] });
      expect(tables(ctx)).not.toContain('__drizzle_migrations');
    }));

  it('needs times, and a record without tags has none', () =>
    inObject((ctx) => {
      const error = thrown(() => migrate(ctx, { m0000: one.sql }, mirror));
      expect(error.message).toBe(
        "[INVALID_OPTION] drizzle: 'mirror' needs migrations with tags. Pass " +
          "drizzle-kit's migrations.js, or a converted module.",
      );
      expect(error).toMatchObject({ name: 'InputError', code: 'INVALID_OPTION', key: 'drizzle' });
      expect(tables(ctx)).toEqual([]);
    }));
});
