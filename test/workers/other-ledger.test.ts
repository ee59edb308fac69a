// A migrations table that a team's own code has kept: the option `adopt`.
import { describe, expect, it } from 'vitest';
import { durableUtils } from '../../src/adopt.ts';
import { inspect, type MigrateOptions, migrate } from '../../src/index.ts';
import { rolledBack } from '../../src/object/rolled-back.ts';
import {
  bundle0,
  bundle1,
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

const made = [make('a', 0), make('b', 1), make('c', 2), make('d', 3)] as const;
const bundle = bundle0(...made);
const RECORD = {
  m0000: 'CREATE TABLE a (x)',
  m0001: 'CREATE TABLE b (x)',
  m0002: 'CREATE TABLE c (x)',
  m0003: 'CREATE TABLE d (x)',
} as const;

/** As Cloudflare's documentation shows it: https://developers.cloudflare.com/durable-objects/best-practices/rules-of-durable-objects/ */
function ownRunner(ctx: DurableObjectState, count: number): void {
  const { sql } = ctx.storage;
  sql.exec(
    "CREATE TABLE IF NOT EXISTS _sql_schema_migrations (id INTEGER PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT (datetime('now')))",
  );
  const [row] = sql.exec('SELECT max(id) AS id FROM _sql_schema_migrations');
  for (let id = Number(row?.id ?? 0) + 1; id <= count; id++) {
    sql.exec((made[id - 1] as { sql: string }).sql);
    sql.exec('INSERT INTO _sql_schema_migrations (id) VALUES (?)', id);
  }
}
const numbered: MigrateOptions = {
  adopt: {
    table: '_sql_schema_migrations',
    key: ({ id }: { id: number }) => `m000${id - 1}`,
  },
};

const history = (ctx: DurableObjectState): string[] =>
  ledger(ctx).map(({ tag, origin }) => `${tag ?? '-'} ${origin}`);

describe('a ledger of the object’s own', () => {
  it('is adopted by key, and dropped', () =>
    inObject((ctx) => {
      ownRunner(ctx, 3);
      ctx.storage.sql.exec('INSERT INTO a VALUES (1)');
      const result = migrate(ctx, bundle, numbered);
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001', 'm0002']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0003']);
      expect(history(ctx)).toEqual([
        '20261122120000_a adopted',
        '20261122120100_b adopted',
        '20261122120200_c adopted',
        '20261122120300_d applied',
      ]);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'b', 'c', 'd']);
      expect(rows(ctx, 'SELECT * FROM a')).toEqual([{ x: 1 }]);
    }));

  it('reads one row, and writes none, where there is nothing to do', () =>
    inObject((ctx) => {
      ownRunner(ctx, 3);
      for (const drizzle of ['mirror', 'retire'] as const) {
        migrate(ctx, bundle, { ...numbered, drizzle });
        const { target, seen, rows: count } = watched(ctx);
        expect(migrate(target, bundle, { ...numbered, drizzle }).upToDate).toBe(true);
        expect(count()).toEqual({ read: 1, written: 0 });
        expect(seen.statements).toHaveLength(1);
      }
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'b', 'c', 'd']);
    }));

  it('is kept as it is with mirror, so that the old code finds it, and no ledger of Drizzle’s is made', () =>
    inObject((ctx) => {
      ownRunner(ctx, 2);
      const before = rows(ctx, 'SELECT * FROM _sql_schema_migrations');
      const options = { ...numbered, drizzle: 'mirror' } as const;
      expect(migrate(ctx, cut0(bundle, 2), options).applied).toEqual([]);
      expect(rows(ctx, 'SELECT * FROM _sql_schema_migrations')).toEqual(before);
      expect(tables(ctx)).toEqual(['__migrations', '_sql_schema_migrations', 'a', 'b']);
      // The old code comes back, and its table grows on.
      ownRunner(ctx, 3);
      const result = migrate(ctx, bundle, options);
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0002']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0003']);
      expect(history(ctx)).toEqual([
        '20261122120000_a adopted',
        '20261122120100_b adopted',
        '20261122120200_c adopted',
        '20261122120300_d applied',
      ]);
      // Older code of ours: what it lacks both ledgers have.
      const ahead = migrate(ctx, cut0(bundle, 2), options);
      expect(ahead.upToDate).toBe(true);
      expect(ahead.ahead.map(({ tag }) => tag)).toEqual(['20261122120200_c', '20261122120300_d']);
    }));

  it('keeps it also for a record without tags', () =>
    inObject((ctx) => {
      ownRunner(ctx, 2);
      const result = migrate(ctx, RECORD, { ...numbered, drizzle: 'mirror' });
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(history(ctx)).toEqual(['- adopted', '- adopted', '- applied', '- applied']);
      expect(tables(ctx)).toContain('_sql_schema_migrations');
      // Ahead of older code, which its own rows must not hide.
      const { m0003, ...older } = RECORD;
      expect(migrate(ctx, older, { ...numbered, drizzle: 'mirror' }).ahead).toHaveLength(1);
    }));

  it('is nothing in a new object, and in one that Drizzle has', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, cut0(bundle, 2));
      const result = migrate(ctx, bundle, { ...numbered, drizzle: 'mirror' });
      expect(result.adopted).toHaveLength(2);
      expect(result.drizzleLedger).toBe('mirrored');
      await inObject((fresh) => {
        expect(migrate(fresh, bundle, numbered).applied).toHaveLength(4);
      });
    }));

  it('adds up with Drizzle’s', () =>
    inObject(async (ctx) => {
      ownRunner(ctx, 2);
      ctx.storage.sql.exec(
        `CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);
         INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', ${made[1].when}), ('', ${made[2].when}); CREATE TABLE c (x)`,
      );
      expect(migrate(ctx, bundle, numbered).applied.map(({ key }) => key)).toEqual(['m0003']);
      expect(history(ctx)).toEqual([
        '20261122120100_b drizzle',
        '20261122120200_c drizzle',
        '20261122120000_a adopted',
        '20261122120300_d applied',
      ]);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'b', 'c', 'd']);
    }));

  it('goes by tags, names of files and counts, in any order, and twice', () => {
    const cases: [string, (row: { n: number; name: string }, keys: readonly string[]) => never][] =
      [
        ['tags', ({ n }) => Object.keys(bundle1(...made).migrations)[n] as never],
        ['names', ({ name }) => name as never],
        ['a count', ({ n }, keys) => keys.slice(0, n + 1) as never],
      ];
    return Promise.all(
      cases.map(([, key]) =>
        inObject((ctx) => {
          ctx.storage.sql.exec(
            `CREATE TABLE own (n, name); CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x);
             INSERT INTO own VALUES (2, '0002_c'), (0, '0000_a'), (1, '0001_b'), (1, '0001_b')`,
          );
          const result = migrate(ctx, bundle, { adopt: { table: 'own', key } });
          expect(result.adopted.map((one) => one.key)).toEqual(['m0000', 'm0001', 'm0002']);
          expect(result.applied.map((one) => one.key)).toEqual(['m0003']);
          expect(result.outOfOrder).toEqual([]);
        }),
      ),
    );
  });

  it('judges what lies before by the same rules as ever', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE own (k); INSERT INTO own VALUES (1); CREATE TABLE b (x)');
      const dropping = bundle0(make('a', 0, 'CREATE TABLE a (x); DELETE FROM b'), made[1]);
      const adopt = { table: 'own', key: ({ k }: { k: number }) => `m000${k}` };
      const error = thrown(() => migrate(ctx, dropping, { adopt }));
      expect(error.message).toContain('[SKIPPED_MIGRATION] m0000 (20261122120000_a) was never');
      expect(error).toMatchObject({ table: 'own', keys: ['m0000'] });
      expect(migrate(ctx, bundle0(made[0], made[1]), { adopt }).outOfOrder).toHaveLength(1);
    }));

  it('drops it where the ledger has all of it already, and not where the object is ahead', () =>
    inObject((ctx) => {
      ownRunner(ctx, 2);
      migrate(ctx, cut0(bundle, 2), { ...numbered, drizzle: 'mirror' });
      expect(inspect(ctx, cut0(bundle, 2), numbered).actions).toEqual([
        {
          action: 'retire',
          key: null,
          tag: null,
          reason: '__migrations has all of _sql_schema_migrations',
        },
      ]);
      migrate(ctx, cut0(bundle, 2), numbered);
      expect(tables(ctx)).toEqual(['__migrations', 'a', 'b']);
    }));

  it('is told of by inspect, which changes nothing', () =>
    inObject((ctx) => {
      ownRunner(ctx, 1);
      const before = dump(ctx);
      const { actions } = inspect(ctx, cut0(bundle, 2), numbered);
      expect(actions.map(({ action, key, reason }) => `${action} ${key}: ${reason}`)).toEqual([
        'create ledger null: there is no __migrations',
        'adopt m0000: _sql_schema_migrations has it',
        'apply m0001: no ledger has it',
        'retire null: __migrations has all of _sql_schema_migrations',
      ]);
      expect(dump(ctx)).toEqual(before);
    }));

  it('drops nothing if a migration fails', () =>
    inObject((ctx) => {
      ownRunner(ctx, 1);
      const before = dump(ctx);
      const failing = bundle0(
        made[0],
        make('e', 1, 'CREATE TABLE e (x); INSERT INTO nowhere VALUES (1)'),
      );
      expect(thrown(() => migrate(ctx, failing, numbered)).message).toContain('[MIGRATION_FAILED]');
      expect(dump(ctx)).toEqual(before);
    }));

  it('goes on in the wakes of a real object', async () => {
    const stub = newObject();
    await wake(stub, (ctx) => ownRunner(ctx, 2));
    const first = await wake(stub, (ctx) => migrate(ctx, bundle, numbered));
    expect(first.adopted).toHaveLength(2);
    const second = await wake(stub, (ctx) => migrate(ctx, bundle, numbered));
    expect(second.upToDate).toBe(true);
  });
});

it('is found in a key by the preflight of an object too, which takes nothing away', () =>
  inObject((ctx) => {
    const adopt = durableUtils({ ids: [1, 2, 3, 4] });
    for (const { sql } of made.slice(0, 2)) ctx.storage.sql.exec(sql);
    ctx.storage.kv.put('__sql_migrations_lastID', 2);
    const result = migrate(rolledBack(ctx.storage), bundle, { adopt });
    expect([result.adopted.length, result.applied.length]).toEqual([2, 2]);
    expect(tables(ctx)).toEqual(['a', 'b']);
    expect(ctx.storage.kv.get('__sql_migrations_lastID')).toBe(2);
    expect(migrate(ctx, bundle, { adopt }).adopted).toHaveLength(2);
    expect([...ctx.storage.kv.list()]).toEqual([]);
    const { kv, ...without } = { ...watched(ctx).target.storage };
    expect(thrown(() => migrate(without, cut0(bundle, 3), { adopt })).message).toContain(
      '[INVALID_TARGET] The history stands in a key, and this storage has no `kv` to read it with',
    );
  }));

describe('refused, and nothing is changed', () => {
  const row = '{"k":7}';
  const PREFIX = `[INVALID_OPTION] The \`key\` of ${row} in own`;
  const TAKES = ': it takes a key, a tag or a list of them.';
  const cases: [string, (row: never, keys: readonly string[]) => unknown, string][] = [
    [
      'a row that is no migration',
      () => 'm0007',
      '[UNKNOWN_ROW] own has 1 row(s) that match no migration: m0007. Bring the migration back, or correct `adopt`.',
    ],
    ['undefined', () => undefined, `${PREFIX} is undefined${TAKES}`],
    ['null', () => null, `${PREFIX} is null${TAKES}`],
    ['a number', () => 3, `${PREFIX} is 3${TAKES}`],
    ['a promise', async () => 'm0000', `${PREFIX} is {}${TAKES}`],
    [
      'what is thrown',
      () => {
        throw new Error('no');
      },
      `[INVALID_OPTION] The \`key\` of ${row} in own cannot be read: no`,
    ],
    [
      'a file of another number',
      () => '0001_a',
      '[UNKNOWN_ROW] own has 1 row(s) that match no migration: 0001_a. Bring the migration back, or correct `adopt`.',
    ],
  ];
  it.each(cases)('%s', (_, key, message) =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE own (k); INSERT INTO own VALUES (7)');
      const before = dump(ctx);
      const options = { adopt: { table: 'own', key: key as never }, unknown: 'ignore' } as const;
      expect(thrown(() => migrate(ctx, bundle, options)).message).toBe(message);
      expect(inspect(ctx, bundle, options).refusal?.message).toBe(message);
      expect(dump(ctx)).toEqual(before);
    }),
  );

  it('a view, and an option that is none', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE t (k); CREATE VIEW own AS SELECT * FROM t');
      const key = () => 'm0000';
      const say = (adopt: unknown, more: object = {}) =>
        thrown(() => migrate(ctx, bundle, { adopt, ...more } as never)).message;
      expect(say({ table: 'own', key })).toBe(
        '[NOT_A_LEDGER] own is no table (view), so it is no ledger. Name another table with the option `adopt`.',
      );
      expect(say({ table: 'own' })).toBe(
        '[INVALID_OPTION] The option `adopt` is {"table":"own"}: it takes { table, key: (row) => … }, or an adopter of drizzle-offramp/adopt.',
      );
      expect(say({ table: '_cf_KV', key })).toContain('[INVALID_OPTION] The option `adopt`');
      expect(say('own')).toContain('[INVALID_OPTION] The option `adopt`');
      expect(say({ table: '__Migrations', key })).toBe(
        '[INVALID_TABLE_NAME] The options `table` and `adopt` are both "__migrations". Name another one with the option `table`.',
      );
    }));

  it('a table of the name of ours, until ours has another', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec(
        'CREATE TABLE __migrations (version INTEGER PRIMARY KEY, name TEXT); INSERT INTO __migrations VALUES (0, NULL); CREATE TABLE a (x)',
      );
      const key = ({ version }: { version: number }) => `m000${version}`;
      const adopt = { table: '__migrations', key };
      expect(thrown(() => migrate(ctx, bundle, { adopt })).message).toContain(
        '[INVALID_TABLE_NAME]',
      );
      expect(thrown(() => migrate(ctx, bundle)).message).toContain('[NOT_A_LEDGER]');
      const result = migrate(ctx, bundle, { adopt, table: '__offramp' });
      expect(result.adopted.map((one) => one.key)).toEqual(['m0000']);
      expect(tables(ctx)).toEqual(['__offramp', 'a', 'b', 'c', 'd']);
    }));
});
