// What `onEvent` hears: every thing that was found or done, after the commit; every refusal, wherever it comes from; and
// of each call that did something a summary, so that one data point a wake is enough.
import { describe, expect, it, vi } from 'vitest';
import {
  history,
  type MigrateEvent,
  type MigrateOptions,
  type MigrateSummary,
  migrate,
} from '../../src/index.ts';
import { migrate as dropIn } from '../../src/migrator.ts';
import { bundle0, dump, inObject, make, runDrizzle0, thrown, watched } from './harness.ts';

const [one, two, three] = [make('one', 0), make('two', 1), make('three', 2)];
const ref = (key: string, tag: string) => ({ key, tag });

/** Drizzle has skipped `two`. */
const skipped = async (ctx: DurableObjectState) => {
  await runDrizzle0(ctx, bundle0(one, three));
  await ctx.storage.sync();
};

const heard = (
  target: unknown,
  input: unknown,
  options: object = {},
  call: (target: never, input: never, options: MigrateOptions) => unknown = migrate,
): MigrateEvent[] => {
  const events: MigrateEvent[] = [];
  const onEvent = (event: MigrateEvent) => events.push(event);
  try {
    call(target as never, input as never, { ...options, onEvent });
  } catch {
    // The refusal is among the events.
  }
  return events;
};

const summary = (expected: Partial<MigrateSummary>): MigrateSummary => ({
  type: 'summary',
  outcome: 'migrated',
  error: undefined,
  code: undefined,
  adopted: 0,
  fromBaseline: 0,
  applied: 0,
  outOfOrder: 0,
  ignored: 0,
  unknown: 0,
  ahead: 0,
  drift: 0,
  violations: 0,
  unchecked: 0,
  drizzleLedger: null,
  milliseconds: expect.any(Number),
  ...expected,
});

describe('a call that did something', () => {
  it('tells of what was adopted, applied in order and out of it, and of the ledger', () =>
    inObject(async (ctx) => {
      await skipped(ctx);
      const bundle = bundle0(one, two, three, make('four', 3));
      expect(heard(ctx, bundle)).toEqual([
        { type: 'adopted', migration: ref('m0000', '20261122120000_one') },
        { type: 'adopted', migration: ref('m0002', '20261122120200_three') },
        { type: 'outOfOrder', migration: ref('m0001', '20261122120100_two') },
        { type: 'applied', migration: ref('m0003', '20261122120300_four') },
        { type: 'retired' },
        summary({ adopted: 2, applied: 2, outOfOrder: 1, drizzleLedger: 'retired' }),
      ]);
    }));

  it('tells of a ledger that is mirrored, where something is written there', () =>
    inObject(async (ctx) => {
      const mirror = { drizzle: 'mirror' };
      await runDrizzle0(ctx, bundle0(one));
      expect(heard(ctx, bundle0(one), mirror)).toEqual([
        { type: 'adopted', migration: ref('m0000', '20261122120000_one') },
        summary({ adopted: 1 }),
      ]);
      expect(heard(ctx, bundle0(one, two), mirror)).toEqual([
        { type: 'applied', migration: ref('m0001', '20261122120100_two') },
        { type: 'mirrored' },
        summary({ applied: 1, drizzleLedger: 'mirrored' }),
      ]);
      expect(heard(ctx, bundle0(one, two))).toEqual([
        { type: 'retired' },
        summary({ drizzleLedger: 'retired' }),
      ]);
      expect(heard(ctx, bundle0(one, two), mirror)).toEqual([
        { type: 'mirrored' },
        summary({ drizzleLedger: 'mirrored' }),
      ]);
    }));

  it('tells of what was ignored, unknown and in drift', () =>
    inObject(async (ctx) => {
      await skipped(ctx);
      const ignoring = heard(ctx, bundle0(one, two, three), { skipped: 'ignore' });
      expect(ignoring).toContainEqual({
        type: 'ignored',
        migration: ref('m0001', '20261122120100_two'),
      });
      expect(ignoring.at(-1)).toEqual(
        summary({ adopted: 2, ignored: 1, drizzleLedger: 'retired' }),
      );
      const edited = { ...one, sql: `${one.sql}; SELECT 1` };
      expect(heard(ctx, bundle0(edited, two, three), { drift: 'ignore' })).toEqual([
        { type: 'drift', migration: ref('m0000', '20261122120000_one') },
        summary({ drift: 1 }),
      ]);
    }));

  it('tells of an unknown row', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      expect(heard(ctx, bundle0(one), { unknown: 'ignore' })).toEqual([
        { type: 'adopted', migration: ref('m0000', '20261122120000_one') },
        {
          type: 'unknown',
          row: { rowid: 2, tag: null, created_at: two.when, checksum: null },
        },
        { type: 'retired' },
        summary({ adopted: 1, unknown: 1, drizzleLedger: 'retired' }),
      ]);
    }));

  it('and has only written down that the object is up to date, tells that', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one));
      ctx.storage.sql.exec('UPDATE __migrations SET head = NULL');
      expect(heard(ctx, bundle0(one))).toEqual([summary({})]);
    }));

  it('tells after the commit', () =>
    inObject((ctx) => {
      const seen: unknown[] = [];
      migrate(ctx, bundle0(one), {
        onEvent: ({ type }) => seen.push([type, history(ctx).length]),
      });
      expect(seen).toEqual([
        ['applied', 1],
        ['summary', 1],
      ]);
    }));

  it('through the drop-in, too', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one));
      const told: MigrateEvent[] = [];
      await dropIn(ctx, bundle0(one, two), { onEvent: (event) => told.push(event) });
      expect(told.map(({ type }) => type)).toEqual(['adopted', 'applied', 'retired', 'summary']);
    }));
});

describe('a call that found nothing to do', () => {
  it('tells nothing, and is one statement and one row', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, two));
      const { target, seen, rows } = watched(ctx);
      expect(heard(target, bundle0(one, two))).toEqual([]);
      expect(seen.statements).toHaveLength(1);
      expect(rows()).toEqual({ read: 1, written: 0 });
    }));

  it('tells what the object is ahead by, each time, and no summary', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(one, two, three));
      const expected = [
        { type: 'ahead', migration: ref('m0001', '20261122120100_two') },
        { type: 'ahead', migration: ref('m0002', '20261122120200_three') },
      ];
      expect(heard(ctx, bundle0(one))).toEqual(expected);
      expect(heard(ctx, bundle0(one))).toEqual(expected);
    }));
});

describe('a call that throws', () => {
  const codeOf = (events: MigrateEvent[]): unknown[] =>
    events.map((event) => [event.type, 'error' in event && event.error?.code]);

  it('tells of a refusal and of a failure, with the error', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one, two));
      const refused = heard(ctx, bundle0(one));
      expect(refused).toEqual([
        { type: 'refused', error: expect.objectContaining({ code: 'UNKNOWN_ROW' }) },
        summary({
          outcome: 'refused',
          code: 'UNKNOWN_ROW',
          error: expect.objectContaining({ code: 'UNKNOWN_ROW' }),
        }),
      ]);
      const failed = heard(ctx, bundle0(one, two, make('three', 2, 'OOPS')));
      expect(failed).toEqual([
        {
          type: 'failed',
          error: expect.objectContaining({ code: 'MIGRATION_FAILED', key: 'm0002' }),
        },
        summary({
          outcome: 'failed',
          code: 'MIGRATION_FAILED',
          error: expect.objectContaining({ key: 'm0002' }),
        }),
      ]);
    }));

  it('fails where a migration breaks a reference', () =>
    inObject((ctx) => {
      const broken = {
        m0000: 'CREATE TABLE p (id PRIMARY KEY); CREATE TABLE c (id, p REFERENCES p)',
        m0001: 'PRAGMA foreign_keys=OFF; INSERT INTO c VALUES (1, 1)',
      };
      expect(codeOf(heard(ctx, broken))).toEqual([
        ['failed', 'FOREIGN_KEY_VIOLATION'],
        ['summary', 'FOREIGN_KEY_VIOLATION'],
      ]);
    }));

  it.each<[string, unknown, string]>([
    ['.sql that was not loaded as text', { m0000: {} }, 'SQL_NOT_TEXT'],
    ['a gap', { m0001: 'SELECT 1' }, 'KEY_GAP'],
    ['no migrations', undefined, 'INVALID_INPUT'],
    [
      'a getter that throws',
      {
        get m0000() {
          throw new Error('not now');
        },
      },
      'INVALID_INPUT',
    ],
  ])('tells of an input that is refused: %s', (_, input, code) =>
    inObject((ctx) => {
      const before = dump(ctx);
      const expected = [
        ['refused', code],
        ['summary', code],
      ];
      expect(codeOf(heard(ctx, input))).toEqual(expected);
      expect(codeOf(heard(ctx, input, {}, dropIn))).toEqual(expected);
      expect(dump(ctx)).toEqual(before);
    }),
  );

  const evil = {
    get storage() {
      throw new Error('not now');
    },
  };
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'INVALID_TARGET'],
    ['env', { OBJECT: {} }, 'INVALID_TARGET'],
    ['a D1 database', { prepare: () => {} }, 'D1_DATABASE'],
    ['an object without SQLite', { storage: { transactionSync: () => {} } }, 'NOT_SQLITE'],
    ['what cannot be read', evil, 'INVALID_TARGET'],
  ])('tells of a target that is refused: %s', (_, target, code) => {
    const expected = [
      ['refused', code],
      ['summary', code],
    ];
    expect(codeOf(heard(target, bundle0(one)))).toEqual(expected);
    expect(codeOf(heard(target, bundle0(one), {}, dropIn))).toEqual(expected);
  });

  it.each<[string, object, string]>([
    ['that there is not', { tables: 'x' }, 'INVALID_OPTION'],
    ['with a wrong value', { drift: true }, 'INVALID_OPTION'],
    ['with a table that cannot be', { drizzleTable: '_cf_KV' }, 'INVALID_TABLE_NAME'],
  ])('tells of an option %s', (_, options, code) =>
    inObject((ctx) => {
      expect(codeOf(heard(ctx, bundle0(one), options))).toEqual([
        ['refused', code],
        ['summary', code],
      ]);
    }),
  );

  it.each<[string, unknown]>([
    ['a text', { onEvent: 'log' }],
    ['nothing', { onEvent: null }],
    [
      'not to be read',
      Object.defineProperty({}, 'onEvent', { enumerable: true, get: () => thrower() }),
    ],
  ])('has only its error where `onEvent` is %s', (_, options) =>
    inObject((ctx) => {
      const said = vi.spyOn(console, 'error').mockImplementation(() => {});
      const error = thrown(() => migrate(ctx, bundle0(one), options as MigrateOptions));
      expect(error).toMatchObject({ name: 'InputError', code: 'INVALID_OPTION' });
      said.mockRestore();
    }),
  );
});

function thrower(): never {
  throw new Error('not now');
}

describe('an `onEvent` that throws', () => {
  it.each<[string, (error: Error) => unknown]>([
    [
      'at once',
      (error) => {
        throw error;
      },
    ],
    ['later', (error) => Promise.reject(error)],
  ])('%s is logged, once for each event, and breaks nothing', (_, raise) =>
    inObject(async (ctx) => {
      const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
      const broken = new Error('no such dataset');
      const result = migrate(ctx, bundle0(one), { onEvent: () => raise(broken) });
      expect(result.applied).toHaveLength(1);
      expect(history(ctx)).toHaveLength(1);
      await ctx.storage.sync();
      const line = ['drizzle-offramp: onEvent threw', broken];
      expect(logged.mock.calls).toEqual([line, line]);
      const error = thrown(() =>
        migrate(ctx, { m0001: 'SELECT 1' }, { onEvent: () => raise(broken) }),
      );
      expect(error).toMatchObject({ code: 'KEY_GAP' });
      await ctx.storage.sync();
      expect(logged.mock.calls).toEqual([line, line, line, line]);
      logged.mockRestore();
    }),
  );

  it('is called on the options, as a method is', () =>
    inObject((ctx) => {
      const options = {
        seen: [] as string[],
        onEvent(this: { seen: string[] }, { type }: MigrateEvent) {
          this.seen.push(type);
        },
      };
      const { seen, ...rest } = options;
      const heardBy = Object.assign(Object.create({ seen }), rest);
      migrate(ctx, bundle0(one), heardBy);
      expect(seen).toEqual(['applied', 'summary']);
    }));
});
