// Every ledger here was written by the real drizzle-orm, 0.45 or 1.0.0-rc.5, except where a row is added that it would
// not write by itself.
import { describe, expect, it } from 'vitest';
import history0 from '../../drizzle/migrations.js';
import { sha256 } from '../../src/base/sha256.ts';
import { AdoptionError, defineMigrations, inspect, migrate } from '../../src/index.ts';
import history1 from '../.generated/up/drizzle/migrations.js';
import {
  bundle0,
  bundle1,
  cut0,
  cut1,
  dump,
  inObject,
  ledger,
  type Made,
  newObject,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  thrown,
  wake,
} from './harness.ts';

const length = history0.journal.entries.length;
const points = Array.from({ length: length + 1 }, (_, count) => count);

const noon = Date.UTC(2026, 10, 22, 12, 0, 0, 123);
const at = (minutes: number, millis = 0) => noon + minutes * 60_000 + millis;

const init: Made = {
  tag: '0000_init',
  when: at(0),
  sql: 'CREATE TABLE a (id INTEGER PRIMARY KEY)',
};
const left: Made = {
  tag: '0001_left',
  when: at(1),
  sql: 'CREATE TABLE l (id INTEGER PRIMARY KEY)',
};
const right: Made = { tag: '0002_right', when: at(2), sql: 'ALTER TABLE a ADD COLUMN r TEXT' };
const rebuild: Made = {
  tag: '0001_rebuild',
  when: at(1),
  sql: [
    'PRAGMA foreign_keys=OFF;',
    'CREATE TABLE `__new_a` (`id` integer PRIMARY KEY NOT NULL);',
    'INSERT INTO `__new_a`("id") SELECT "id" FROM `a`;',
    'DROP TABLE `a`;',
    'ALTER TABLE `__new_a` RENAME TO `a`;',
    'PRAGMA foreign_keys=ON;',
  ].join('--> statement-breakpoint\n'),
};

describe('the history of the example', () => {
  it.each(points)('is adopted from Drizzle 0.x with %i migrations', async (count) => {
    const stub = newObject();
    await inObject((ctx) => runDrizzle0(ctx, cut0(history0, count)), stub);
    const result = await wake(stub, (ctx) => migrate(ctx, history0));
    expect(result.adopted).toHaveLength(count);
    expect(result.applied).toHaveLength(length - count);
    expect(result.outOfOrder).toEqual([]);
    await inObject((ctx) => {
      expect(tables(ctx)).not.toContain('__drizzle_migrations');
      expect(ledger(ctx).map(({ version }) => version)).toEqual(points.slice(0, length));
      expect(migrate(ctx, history0).upToDate).toBe(true);
    }, stub);
  });

  it.each(points)('is adopted from Drizzle 1.x with %i migrations', async (count) => {
    const stub = newObject();
    await inObject((ctx) => runDrizzle1(ctx, cut1(history1, count)), stub);
    const result = await wake(stub, (ctx) => migrate(ctx, history1));
    expect(result.adopted).toHaveLength(count);
    expect(result.applied).toHaveLength(length - count);
    await inObject((ctx) => {
      expect(tables(ctx)).not.toContain('__drizzle_migrations');
      expect(ledger(ctx).map(({ tag }) => tag)).toEqual(Object.keys(history1.migrations).sort());
    }, stub);
  });

  it.each(points)(
    'is adopted from Drizzle 0.x with %i migrations after `drizzle-kit up`',
    async (count) => {
      const stub = newObject();
      await inObject((ctx) => runDrizzle0(ctx, cut0(history0, count)), stub);
      const result = await wake(stub, (ctx) => migrate(ctx, history1));
      expect(result.adopted).toHaveLength(count);
      expect(result.applied).toHaveLength(length - count);
    },
  );

  it('has the same schema however an object got it', async () => {
    const schema = (ctx: DurableObjectState) =>
      rows(
        ctx,
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT GLOB '__*migrations' AND name NOT GLOB '_cf_*' ORDER BY type, name",
      );
    const fresh = newObject();
    await wake(fresh, (ctx) => migrate(ctx, history0));
    const expected = await inObject(schema, fresh);
    expect(expected.length).toBeGreaterThan(10);
    for (const count of points) {
      const stub = newObject();
      await inObject((ctx) => runDrizzle0(ctx, cut0(history0, count)), stub);
      await wake(stub, (ctx) => migrate(ctx, history1));
      expect(await inObject(schema, stub)).toEqual(expected);
    }
  });

  it('goes on from one form of the bundle to the other, and back', async () => {
    const stub = newObject();
    await wake(stub, (ctx) => migrate(ctx, cut0(history0, 3)));
    const on = await wake(stub, (ctx) => migrate(ctx, history1));
    expect(on.adopted).toEqual([]);
    expect(on.applied).toHaveLength(length - 3);
    const back = await wake(stub, (ctx) => migrate(ctx, history0));
    expect(back).toMatchObject({ adopted: [], applied: [], ahead: [], drift: [] });
  });
});

describe("drizzle-kit's prefixes", () => {
  // As drizzle-kit 0.31 writes them for `migrations.prefix`, with breakpoints and without.
  it.each([
    ['index', '0000_yearly_2024', '0001_left'],
    ['timestamp', '20261122120000_yearly_2024', '20261122120100_left'],
    ['supabase', '20261122120000_yearly_2024', '20261122120100_left'],
    ['unix', '1795348800_yearly_2024', '1795348860_left'],
    ['none', '_yearly_2024', '_left'],
  ])('%s is one history with what `drizzle-kit up` makes of it', (_, first, second) =>
    inObject(async (ctx) => {
      const made = [
        { ...init, tag: first, sql: `${init.sql};\nCREATE TABLE also (x);` },
        { ...left, tag: second },
      ];
      const { journal, migrations } = bundle0(...made);
      const entries = journal.entries.map((entry) => ({ ...entry, breakpoints: false }));
      await runDrizzle0(ctx, cut0({ journal: { entries }, migrations }, 1));
      expect(migrate(ctx, { journal: { entries }, migrations }).adopted).toEqual([
        { key: 'm0000', tag: '20261122120000_yearly_2024' },
      ]);
      const up = {
        migrations: {
          '20261122120000_yearly_2024': made[0]?.sql ?? '',
          '20261122120100_left': left.sql,
        },
      };
      expect(migrate(ctx, up).upToDate).toBe(true);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'also', 'l']);
    }),
  );
});

describe('two migrations of one second', () => {
  const twins = [init, { ...left, when: at(0, 1) }, right] as const;

  it('are adopted with the 1.x bundle, where drizzle-orm 1.x itself throws', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init, twins[1]));
      expect(() => runDrizzle1(ctx, bundle1(...twins))).toThrow('Rollback');
      const result = migrate(ctx, bundle1(...twins));
      expect(result.adopted.map(({ tag }) => tag)).toEqual([
        '20261122120000_init',
        '20261122120000_left',
      ]);
      expect(result.applied.map(({ tag }) => tag)).toEqual(['20261122120200_right']);
    }));

  it('are refused there if only one of them ran', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init));
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, bundle1(...twins)));
      expect(error.message).toBe(
        '[AMBIGUOUS_ROW] __drizzle_migrations has 1 row(s) for the second 20261122120000, in which 2 migration(s) were made: ' +
          '20261122120000_init, 20261122120000_left. Nobody can tell which of them ran. Convert the migrations from ' +
          'the 0.x journal, which has the milliseconds.',
      );
      expect(error).toMatchObject({
        name: 'AdoptionError',
        code: 'AMBIGUOUS_ROW',
        table: '__drizzle_migrations',
        keys: ['20261122120000_init', '20261122120000_left'],
      });
      expect(dump(ctx)).toEqual(before);
      // The journal has the milliseconds.
      expect(migrate(ctx, bundle0(...twins)).adopted).toEqual([
        { key: 'm0000', tag: '20261122120000_init' },
      ]);
    }));

  it('with an equal `when` of which one ran: the first is taken for it, the other was skipped', () =>
    inObject(async (ctx) => {
      const same = { ...left, when: init.when };
      await runDrizzle0(ctx, bundle0(init));
      await runDrizzle0(ctx, bundle0(init, same, right));
      expect(tables(ctx)).toEqual(['__drizzle_migrations', 'a']);
      const result = migrate(ctx, bundle0(init, same, right));
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0002']);
      expect(result.outOfOrder.map(({ key }) => key)).toEqual(['m0001']);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'l']);
    }));
});

describe('a migration that Drizzle skipped', () => {
  /** Two branches: the object got `right` first, so Drizzle passes over `late`, whose `when` is older. */
  const skip = async (ctx: DurableObjectState, late: Made) => {
    await runDrizzle0(ctx, bundle0(init, right));
    await runDrizzle0(ctx, bundle0(init, late, right));
  };

  it('is passed over by Drizzle in silence', () =>
    inObject(async (ctx) => {
      await skip(ctx, left);
      expect(tables(ctx)).toEqual(['__drizzle_migrations', 'a']);
      await runDrizzle0(ctx, bundle0(init, left, right));
      expect(tables(ctx)).toEqual(['__drizzle_migrations', 'a']);
    }));

  it('is applied if it only adds', () =>
    inObject(async (ctx) => {
      await skip(ctx, left);
      const result = migrate(ctx, bundle0(init, left, right));
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0002']);
      expect(result.applied).toEqual([{ key: 'm0001', tag: '20261122120100_left' }]);
      expect(result.outOfOrder).toEqual(result.applied);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'l']);
      expect(ledger(ctx)).toEqual([
        { version: 0, tag: '20261122120000_init', origin: 'drizzle' },
        { version: 1, tag: '20261122120200_right', origin: 'drizzle' },
        { version: 2, tag: '20261122120100_left', origin: 'applied' },
      ]);
      expect(migrate(ctx, bundle0(init, left, right)).upToDate).toBe(true);
    }));

  it('is refused if it does more, and all stays as it was', () =>
    inObject(async (ctx) => {
      await skip(ctx, rebuild);
      ctx.storage.sql.exec("INSERT INTO a VALUES (1, 'kept')");
      await ctx.storage.sync();
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, bundle0(init, rebuild, right)));
      expect(error.message).toBe(
        '[SKIPPED_MIGRATION] m0001 (20261122120100_rebuild) was never applied in this object, though m0002 (20261122120200_right) was. ' +
          'Applied now, it may not leave what a new object has:\n' +
          '  m0001 (20261122120100_rebuild): "PRAGMA foreign_keys=OFF" does more than add\n' +
          "Write a new migration with what it should have done and pass skipped: 'ignore', or pass skipped: 'apply' if " +
          'it is safe to run now.',
      );
      expect(error).toMatchObject({
        name: 'AdoptionError',
        code: 'SKIPPED_MIGRATION',
        table: '__drizzle_migrations',
        keys: ['m0001'],
      });
      expect(dump(ctx)).toEqual(before);
    }));

  it('is written off with skipped: ignore, for good', () =>
    inObject(async (ctx) => {
      await skip(ctx, rebuild);
      const bundle = bundle0(init, rebuild, right);
      const result = migrate(ctx, bundle, { skipped: 'ignore' });
      expect(result).toMatchObject({ applied: [], ignored: [{ key: 'm0001' }] });
      expect(ledger(ctx)[2]).toEqual({
        version: 2,
        tag: '20261122120100_rebuild',
        origin: 'ignored',
      });
      expect(migrate(ctx, bundle).upToDate).toBe(true);
      const more = { tag: '0003_more', when: at(3), sql: 'CREATE TABLE m (x)' };
      expect(
        migrate(ctx, bundle0(init, rebuild, right, more)).applied.map(({ key }) => key),
      ).toEqual(['m0003']);
    }));

  it('is run with skipped: apply, whatever it does', async () => {
    const stub = newObject();
    await inObject((ctx) => skip(ctx, rebuild), stub);
    const result = await wake(stub, (ctx) =>
      migrate(ctx, bundle0(init, rebuild, right), { skipped: 'apply' }),
    );
    expect(result.outOfOrder.map(({ key }) => key)).toEqual(['m0001']);
    // What the message warns of: the column that came later is gone.
    expect(await stub.query("SELECT name FROM pragma_table_info('a')")).toEqual([{ name: 'id' }]);
  });

  it('is refused with skipped: error, even if it only adds', () =>
    inObject(async (ctx) => {
      await skip(ctx, left);
      const error = thrown<AdoptionError>(() =>
        migrate(ctx, bundle0(init, left, right), { skipped: 'error' }),
      );
      expect(error).toMatchObject({ code: 'SKIPPED_MIGRATION', keys: ['m0001'] });
      expect(tables(ctx)).toEqual(['__drizzle_migrations', 'a']);
    }));

  it('is applied out of order by the same rule where a folder lands in the middle of our own history', () =>
    inObject((ctx) => {
      migrate(ctx, bundle1(init, right));
      const result = migrate(ctx, bundle1(init, left, right));
      expect(result.outOfOrder).toEqual([{ key: 'm0001', tag: '20261122120100_left' }]);
      const error = thrown<AdoptionError>(() =>
        migrate(ctx, bundle1(init, { ...rebuild, when: at(1, 30_000) }, left, right)),
      );
      expect(error).toMatchObject({ code: 'SKIPPED_MIGRATION', table: '__migrations' });
    }));
});

describe('a ledger that knows more than the code', () => {
  it('is refused, from 0.x', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init, left, right));
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, bundle0(init)));
      expect(error.message).toBe(
        `[UNKNOWN_ROW] __drizzle_migrations has 2 row(s) that match no migration: created_at ${at(1)}, created_at ${at(2)}. Bring ` +
          'the migration back. If its `when` was changed, convert and name the old one under `was`: else it would run again. ' +
          "If it is gone for good, pass unknown: 'ignore' to keep the rows.",
      );
      expect(error).toMatchObject({
        code: 'UNKNOWN_ROW',
        keys: [`created_at ${at(1)}`, `created_at ${at(2)}`],
      });
      expect(dump(ctx)).toEqual(before);
    }));

  it('is refused, from 1.x, by name', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(init, left));
      const error = thrown<AdoptionError>(() => migrate(ctx, bundle1(init)));
      expect(error).toMatchObject({ code: 'UNKNOWN_ROW', keys: ['20261122120100_left'] });
    }));

  it('is kept with unknown: ignore, and found again when the code comes back', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init, left));
      const result = migrate(ctx, bundle0(init), { unknown: 'ignore' });
      expect(result).toMatchObject({
        adopted: [{ key: 'm0000' }],
        unknown: [{ tag: null, created_at: at(1), checksum: null }],
        ahead: [],
      });
      expect(ledger(ctx)).toEqual([
        { version: 0, tag: '20261122120000_init', origin: 'drizzle' },
        { version: 1, tag: null, origin: 'drizzle' },
      ]);
      expect(migrate(ctx, bundle0(init), { unknown: 'ignore' }).upToDate).toBe(true);
      // A row that was ignored once is settled: it does not stand in the way of what comes.
      expect(migrate(ctx, bundle0(init, { ...right, tag: '0001_right' })).applied).toHaveLength(1);
      expect(migrate(ctx, bundle0(init, left, right))).toMatchObject({
        applied: [],
        ahead: [],
        drift: [],
      });
    }));

  it('of our own is refused if the code also has something new: neither is the older one', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(init, left));
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, bundle0(init, right)));
      expect(error.message).toBe(
        '[UNKNOWN_MIGRATION] __migrations has 20261122120100_left, which the code lacks, and the code has m0001 (20261122120200_right), ' +
          "which the object lacks. Bring the migration back, or pass unknown: 'ignore' to keep the rows.",
      );
      expect(error).toMatchObject({ code: 'UNKNOWN_MIGRATION', keys: ['20261122120100_left'] });
      expect(dump(ctx)).toEqual(before);
      const result = migrate(ctx, bundle0(init, right), { unknown: 'ignore' });
      expect(result.applied).toEqual([{ key: 'm0001', tag: '20261122120200_right' }]);
    }));
});

describe('a row that bears the checksum, as no migrator of Drizzle for objects writes it', () => {
  const withHash = async (ctx: DurableObjectState) => {
    await runDrizzle0(ctx, bundle0(init, left));
    ctx.storage.sql.exec(
      'UPDATE __drizzle_migrations SET hash = ?, created_at = 7 WHERE created_at = ?',
      sha256(left.sql),
      left.when,
    );
  };

  it('stands for the migration of that text, whatever its time', () =>
    inObject(async (ctx) => {
      await withHash(ctx);
      const result = migrate(ctx, bundle0(init, left));
      expect(result).toMatchObject({ applied: [], unknown: [] });
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
    }));

  it('says nothing where two migrations have that text', () =>
    inObject(async (ctx) => {
      await withHash(ctx);
      const error = thrown(() => migrate(ctx, bundle0(init, left, { ...right, sql: left.sql })));
      expect(error).toMatchObject({ code: 'UNKNOWN_ROW', keys: ['created_at 7'] });
    }));

  it('is told by nothing if what it bears is no text and no time', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(init, left));
      ctx.storage.sql.exec(
        "UPDATE __drizzle_migrations SET name = x'00', hash = x'00', created_at = 'noon' WHERE id = 2",
      );
      expect(thrown(() => migrate(ctx, bundle1(init, left)))).toMatchObject({
        code: 'UNKNOWN_ROW',
        keys: ['a row without a time'],
      });
      const found = inspect(ctx, bundle1(init, left), { unknown: 'ignore' }).result.unknown;
      expect(found).toEqual([{ rowid: 2, tag: null, created_at: null, checksum: null }]);
    }));
});

describe('a restamped entry', () => {
  const restamped = { ...left, when: at(5) };
  const converted = defineMigrations({
    m0000: { tag: '20261122120000_init', when: init.when, sql: init.sql },
    m0001: { tag: '20261122120500_left', when: at(5), was: [left.when], sql: left.sql },
  });

  it('is refused, as its row matches nothing', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init, left));
      expect(thrown(() => migrate(ctx, bundle0(init, restamped)))).toMatchObject({
        code: 'UNKNOWN_ROW',
      });
    }));

  it('matches by the `when` that it had before', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init, left));
      const result = migrate(ctx, converted);
      expect(result.adopted.map(({ tag }) => tag)).toEqual([
        '20261122120000_init',
        '20261122120500_left',
      ]);
      expect(result.applied).toEqual([]);
    }));

  it('matches in our own ledger too', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(init, left));
      expect(migrate(ctx, converted)).toMatchObject({ applied: [], ahead: [], drift: [] });
      expect(migrate(ctx, bundle0(init, restamped))).toMatchObject({
        applied: [],
        ahead: [],
        drift: [],
      });
    }));

  it('that Drizzle ran twice counts once', () =>
    inObject(async (ctx) => {
      const again = { ...left, sql: 'CREATE TABLE IF NOT EXISTS l (id INTEGER PRIMARY KEY)' };
      await runDrizzle0(ctx, bundle0(init, again));
      await runDrizzle0(ctx, bundle0(init, { ...again, when: at(5) }));
      expect(rows(ctx, 'SELECT count(*) AS rows FROM __drizzle_migrations')).toEqual([{ rows: 3 }]);
      expect(migrate(ctx, converted).adopted).toHaveLength(2);
      expect(ledger(ctx)).toHaveLength(2);
    }));
});

describe('a renamed migration', () => {
  it('is the same by its time', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init, left));
      const renamed = { ...left, tag: '0001_port' };
      expect(migrate(ctx, bundle1(init, renamed))).toMatchObject({ applied: [], unknown: [] });
      expect(migrate(ctx, bundle1(init, left))).toMatchObject({ applied: [], ahead: [] });
    }));
});

describe('an object with both ledgers', () => {
  const tolerant = (made: Made): Made => ({
    ...made,
    sql: made.sql.replace('CREATE TABLE', 'CREATE TABLE IF NOT EXISTS'),
  });
  const third: Made = { tag: '0002_third', when: at(2), sql: 'CREATE TABLE IF NOT EXISTS t (x)' };
  const fourth: Made = { tag: '0003_fourth', when: at(3), sql: 'CREATE TABLE IF NOT EXISTS f (x)' };

  it('that went back to Drizzle for a while is reconciled by identity', () =>
    inObject(async (ctx) => {
      const [one, two] = [tolerant(init), tolerant(left)];
      await runDrizzle0(ctx, bundle0(one, two));
      migrate(ctx, bundle0(one, two));
      await runDrizzle0(ctx, bundle0(one, two, third));
      expect(tables(ctx)).toEqual(['__drizzle_migrations', '__migrations', 'a', 'l', 't']);
      const result = migrate(ctx, bundle0(one, two, third, fourth));
      expect(result.adopted).toEqual([{ key: 'm0002', tag: '20261122120200_third' }]);
      expect(result.applied).toEqual([{ key: 'm0003', tag: '20261122120300_fourth' }]);
      expect(ledger(ctx).map(({ origin }) => origin)).toEqual([
        'drizzle',
        'drizzle',
        'drizzle',
        'applied',
      ]);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'f', 'l', 't']);
    }));

  it('of 1.x, likewise', () =>
    inObject((ctx) => {
      const [one, two] = [tolerant(init), tolerant(left)];
      runDrizzle1(ctx, bundle1(one));
      migrate(ctx, bundle1(one, two));
      runDrizzle1(ctx, bundle1(one, two, third));
      const result = migrate(ctx, bundle1(one, two, third));
      expect(result).toMatchObject({ adopted: [{ tag: '20261122120200_third' }], applied: [] });
      expect(ledger(ctx).map(({ origin }) => origin)).toEqual(['drizzle', 'applied', 'drizzle']);
    }));

  it('that is ahead of this code is left alone', () =>
    inObject(async (ctx) => {
      const one = tolerant(init);
      migrate(ctx, bundle0(one, tolerant(left)));
      await runDrizzle0(ctx, bundle0(one));
      const before = dump(ctx);
      expect(migrate(ctx, bundle0(one))).toMatchObject({
        upToDate: true,
        ahead: [{ key: 'm0001' }],
      });
      expect(dump(ctx)).toEqual(before);
    }));
});

describe('a record without tags', () => {
  const record = (...made: Made[]) =>
    Object.fromEntries(made.map(({ sql }, i) => [`m000${i}`, sql]));

  it.each([
    ['0.x', (ctx: DurableObjectState) => runDrizzle0(ctx, bundle0(init, left))],
    ['1.x', (ctx: DurableObjectState) => runDrizzle1(ctx, bundle1(init, left))],
  ])('matches the rows of %s by count, in order', (_, deploy) =>
    inObject(async (ctx) => {
      await deploy(ctx);
      const result = migrate(ctx, record(init, left, right));
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0002']);
    }),
  );

  it('is refused if it holds fewer', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(init, left, right));
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, record(init)));
      expect(error.message).toBe(
        '[TOO_FEW_MIGRATIONS] __drizzle_migrations has 3 row(s), and the code has 1 migration(s). Without tags they are ' +
          'matched by count: pass all that Drizzle ran, in its order.',
      );
      expect(error).toMatchObject({ name: 'AdoptionError', code: 'TOO_FEW_MIGRATIONS' });
      expect(error).toBeInstanceOf(AdoptionError);
      expect(dump(ctx)).toEqual(before);
    }));

  it('that was a bundle once matches our ledger by checksum, in whatever order the object got them', () =>
    inObject((ctx) => {
      migrate(ctx, bundle1(init, right));
      const result = migrate(ctx, record(init, left, right));
      expect(result.applied).toEqual([{ key: 'm0001', tag: null }]);
      expect(result.drift).toEqual([]);
      expect(migrate(ctx, record(init, left, right)).upToDate).toBe(true);
    }));

  it('whose migrations were numbered anew by a merge runs each once, by its text', () =>
    inObject((ctx) => {
      const tagged = { tag: '20261122120000_init', sql: init.sql };
      migrate(ctx, { m0000: tagged, m0001: right.sql });
      const branch = { tag: '20261122120100_left', sql: left.sql };
      const result = migrate(ctx, { m0000: tagged, m0001: branch, m0002: right.sql });
      expect(result.outOfOrder).toEqual([{ key: 'm0001', tag: '20261122120100_left' }]);
      expect(result.drift).toEqual([]);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'l']);
    }));

  it('that was edited since is drift, not another migration', () =>
    inObject((ctx) => {
      migrate(ctx, bundle1(init, left));
      const edited = { ...left, sql: 'CREATE TABLE l (id INTEGER PRIMARY KEY, edited)' };
      const result = migrate(ctx, record(init, edited), { drift: 'ignore' });
      expect(result.applied).toEqual([]);
      expect(result.drift).toEqual([{ key: 'm0001', tag: null }]);
    }));
});
