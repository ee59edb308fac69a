// An object that begins with a baseline is what one is that ran the whole history.
import { describe, expect, inject, it } from 'vitest';
import {
  history,
  inspect,
  type MigrateEvent,
  type MigrationEntry,
  type MigrationRecord,
  migrate,
  rewind,
} from '../../src/index.ts';
import { baselineHeader } from '../../src/input/baseline.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { HISTORIES, recordOf } from '../histories.ts';
import {
  bundle0,
  deployOurs,
  dump,
  inObject,
  ledger,
  resultOf,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  thrown,
  wake,
  withObject,
} from './harness.ts';

/** All but the ledger, whose rows tell how each migration came. */
function contents(ctx: DurableObjectState): unknown {
  const { schema, rows: all } = dump(ctx) as { schema: { name: string }[]; rows: object };
  const sequences = tables(ctx).includes('sqlite_sequence')
    ? rows(ctx, 'SELECT name, seq FROM sqlite_sequence ORDER BY name')
    : [];
  return {
    schema: schema.filter(({ name }) => !name.includes('__migrations')),
    rows: { ...all, __migrations: undefined, sqlite_sequence: sequences },
  };
}

const keyAt = (at: number): string => `m${String(at).padStart(4, '0')}`;

describe('at every point, the baseline and the rest make what the history makes', () => {
  for (const [name, texts] of Object.entries(HISTORIES)) {
    it(name, async () => {
      const record = recordOf(texts);
      const expected = await inObject((ctx) => {
        migrate(ctx, record);
        return contents(ctx);
      });
      const made = inject('baselines')[name] ?? [];
      expect(made.length).toBe(texts.length);
      for (const [at, baseline] of made.entries()) {
        await inObject((ctx) => {
          const key = keyAt(at);
          const entry = record[key] as MigrationEntry;
          const result = migrate(ctx, { ...record, [key]: { ...entry, baseline } });
          expect(result.fromBaseline.length).toBe(at + 1);
          expect(result.applied.length).toBe(texts.length - at - 1);
          expect(contents(ctx), `the baseline of ${key}`).toEqual(expected);
          expect(migrate(ctx, record).upToDate).toBe(true);
        });
      }
    });
  }
});

const SEEDED = [
  'CREATE TABLE users (id INTEGER PRIMARY KEY, n INTEGER)',
  'INSERT INTO users VALUES (1, 1), (2, 2)',
  'UPDATE users SET n = n + 1',
  'ALTER TABLE users ADD name TEXT',
];
const seeded = recordOf(SEEDED);
const { migrations } = readMigrations(recordOf(SEEDED));
const BASELINE = `${baselineHeader(migrations.slice(0, 3))}
CREATE TABLE users (id INTEGER PRIMARY KEY, n INTEGER);
--> statement-breakpoint
INSERT INTO users (id, n) VALUES (1, 2), (2, 3);
`;
/** The baseline on the third migration, and the SQL of all. */
const based: MigrationRecord = {
  ...seeded,
  m0002: { ...(seeded.m0002 as MigrationEntry), baseline: BASELINE },
};
/** The same, after `convert --drop-replaced`. */
const dropped: MigrationRecord = Object.fromEntries(
  Object.entries(based).map(([key, entry], at) => {
    const { sql, ...rest } = entry as MigrationEntry;
    const checksum = migrations[at]?.checksum as string;
    return [key, { ...rest, checksum, ...(at > 2 && sql !== undefined && { sql }) }];
  }),
);
const bundle = bundle0(
  ...SEEDED.map((sql, i) => ({
    tag: `000${i}_m${i}`,
    when: Date.UTC(2026, 11, 1, 9, 0, i, 7),
    sql,
  })),
);
const USERS = [
  { id: 1, n: 2, name: null },
  { id: 2, n: 3, name: null },
];
const users = (ctx: DurableObjectState) => rows(ctx, 'SELECT * FROM users ORDER BY id');
const ORIGINS = ['baseline', 'baseline', 'baseline', 'applied'];

describe('a new object', () => {
  it('has a row for each migration that the baseline replaces, and the result and events tell which', () =>
    inObject((ctx) => {
      const events: MigrateEvent[] = [];
      const planned = inspect(ctx, dropped);
      expect(planned.actions).toEqual([
        { action: 'create ledger', key: null, tag: null, reason: 'there is no __migrations' },
        {
          action: 'apply baseline',
          key: 'm0002',
          tag: '20261201090002_m2',
          reason: 'the object is new: it stands for all up to this one',
        },
        { action: 'apply', key: 'm0003', tag: '20261201090003_m3', reason: 'no ledger has it' },
      ]);
      const result = migrate(ctx, dropped, { onEvent: (event) => events.push(event) });
      expect(result.fromBaseline).toEqual([
        { key: 'm0000', tag: '20261201090000_m0' },
        { key: 'm0001', tag: '20261201090001_m1' },
        { key: 'm0002', tag: '20261201090002_m2' },
      ]);
      expect(result.applied).toEqual([{ key: 'm0003', tag: '20261201090003_m3' }]);
      expect(planned.result).toEqual(result);
      expect(users(ctx)).toEqual(USERS);
      expect(history(ctx).map(({ origin }) => origin)).toEqual(ORIGINS);
      expect(events.map(({ type }) => type)).toEqual([
        'fromBaseline',
        'fromBaseline',
        'fromBaseline',
        'applied',
        'summary',
      ]);
      expect(events.at(-1)).toMatchObject({ outcome: 'migrated', fromBaseline: 3, applied: 1 });
    }));

  it('stays out of the slow path whichever of the three forms comes next', () =>
    withObject(async (stub) => {
      await deployOurs(stub, dropped);
      for (const form of [based, seeded, dropped]) {
        expect(resultOf(await deployOurs(stub, form)).upToDate).toBe(true);
      }
      const heads = await wake(stub, (ctx) => rows(ctx, 'SELECT head FROM __migrations'));
      expect(new Set(heads.map(({ head }) => head)).size).toBe(2);
    }));

  it('can go back to Drizzle under mirror, 0.x and 1.x, and nothing runs twice', () =>
    withObject(async (stub) => {
      await deployOurs(stub, dropped, { drizzle: 'mirror' });
      await wake(stub, (ctx) => runDrizzle0(ctx, bundle));
      await wake(stub, (ctx) => {
        expect(users(ctx)).toEqual(USERS);
      });
      const tagged = Object.fromEntries(
        migrations.map(({ tag }, at) => [tag as string, SEEDED[at] as string]),
      );
      await wake(stub, (ctx) => runDrizzle1(ctx, { migrations: tagged }));
      await wake(stub, (ctx) => {
        expect(users(ctx)).toEqual(USERS);
      });
      expect(resultOf(await deployOurs(stub, dropped, { drizzle: 'mirror' })).applied).toEqual([]);
    }));

  it('cannot be rewound to before it began', () =>
    inObject(async (ctx) => {
      migrate(ctx, dropped);
      const failing = rewind(ctx as never, 'm0001', { migrations: dropped });
      await expect(failing).rejects.toThrow(
        '[NOT_APPLIED] m0001 came with the baseline that this object began with, so there is nothing to go back to. See ' +
          'history(ctx).',
      );
    }));

  it('is rolled back whole if a statement of the baseline fails, and the error says that it is the baseline', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE users (x)');
      const before = dump(ctx);
      const error = thrown<Error>(() => migrate(ctx, dropped));
      expect(error.message).toBe(
        '[MIGRATION_FAILED] The baseline of m0002 failed (20261201090002_m2); everything was rolled back.\n' +
          '  Statement 1: CREATE TABLE users (id INTEGER PRIMARY KEY, n INTEGER)\n' +
          '  Error: table users already exists at offset 13: SQLITE_ERROR\n' +
          '  State: 0 migration(s) were applied before this attempt',
      );
      expect(error).toMatchObject({ key: 'm0002', isBaseline: true, statementIndex: 0 });
      expect(dump(ctx)).toEqual(before);
    }));

  it('says which statement failed, though tables and indexes are made in one call', () =>
    inObject((ctx) => {
      const broken = BASELINE.replace(
        '--> statement-breakpoint',
        '--> statement-breakpoint\nCREATE INDEX users_n ON users (n);\n--> statement-breakpoint\n' +
          'CREATE INDEX users_x ON users (x);\n--> statement-breakpoint',
      );
      const record = {
        ...dropped,
        m0002: { ...(dropped.m0002 as MigrationEntry), baseline: broken },
      };
      const before = dump(ctx);
      const error = thrown<Error>(() => migrate(ctx, record));
      expect(error).toMatchObject({
        statementIndex: 2,
        statement: 'CREATE INDEX users_x ON users (x)',
        isBaseline: true,
      });
      expect(error.message).toContain('Error: no such column: x at offset 31: SQLITE_ERROR');
      expect(dump(ctx)).toEqual(before);
    }));

  it('refuses a baseline that was made of other migrations', () =>
    inObject((ctx) => {
      const more = recordOf([...SEEDED.slice(0, 2), 'SELECT 1', ...SEEDED.slice(2)]);
      const late = { ...more, m0003: { ...(more.m0003 as MigrationEntry), baseline: BASELINE } };
      const before = dump(ctx);
      expect(thrown<Error>(() => migrate(ctx, late)).message).toBe(
        '[STALE_BASELINE] The baseline of m0003 (20261201090003_m3) was made of other migrations than the 4 up to it. Run ' +
          '`npx drizzle-offramp convert --baseline m0003` again, or take the baseline out.',
      );
      expect(dump(ctx)).toEqual(before);
    }));
});

describe('an object that is behind', () => {
  it('runs what it lacks while the SQL is there', () =>
    withObject(async (stub) => {
      await deployOurs(stub, { m0000: seeded.m0000 as MigrationEntry });
      expect(resultOf(await deployOurs(stub, based)).applied.length).toBe(3);
      await wake(stub, (ctx) => {
        expect(users(ctx)).toEqual(USERS);
        expect(ledger(ctx).map(({ origin }) => origin)).toEqual(ORIGINS.map(() => 'applied'));
      });
    }));

  for (const [who, before] of [
    [
      'ours',
      (ctx: DurableObjectState) => void migrate(ctx, { m0000: seeded.m0000 as MigrationEntry }),
    ],
    [
      'Drizzle',
      (ctx: DurableObjectState) =>
        runDrizzle0(
          ctx,
          bundle0({
            tag: '0000_m0',
            when: Date.UTC(2026, 11, 1, 9, 0, 0, 7),
            sql: SEEDED[0] as string,
          }),
        ),
    ],
  ] as const) {
    it(`is refused by name once it is gone, and left as it is (${who})`, () =>
      withObject(async (stub) => {
        await wake(stub, before);
        const untouched = await wake(stub, dump);
        const refused = await deployOurs(stub, dropped);
        expect(refused).toHaveProperty(
          'error.message',
          '[REPLACED_MIGRATION] This object lacks m0001 (20261201090001_m1), m0002 (20261201090002_m2), and the code has no ' +
            'SQL of them any more: a baseline replaced them, and it is for new objects only. Bring their SQL back (as it was ' +
            'before `convert --drop-replaced`) until this object has run them.',
        );
        expect(refused).toHaveProperty('error.keys', ['m0001', 'm0002']);
        expect(await wake(stub, dump)).toEqual(untouched);
        expect(resultOf(await deployOurs(stub, based)).applied.length).toBe(3);
      }));
  }

  it('is adopted from Drizzle where it has all', () =>
    withObject(async (stub) => {
      await wake(stub, (ctx) => runDrizzle0(ctx, bundle));
      const { adopted, fromBaseline } = resultOf(await deployOurs(stub, dropped));
      expect([adopted.length, fromBaseline.length]).toEqual([4, 0]);
      await wake(stub, (ctx) => {
        expect(users(ctx)).toEqual(USERS);
      });
    }));
});

describe('a branch that is merged late, once the SQL was dropped', () => {
  const second = (at: number, millis = 0): number => Date.UTC(2026, 11, 1, 9, 0, at, millis);
  const entry = (at: number, name: string, sql: string): MigrationEntry => ({
    tag: `202612010900${String(at).padStart(2, '0')}_${name}`,
    when: second(at, 7),
    sql,
  });

  it('runs out of order where it only adds: the baseline tells what there is', () =>
    withObject(async (stub) => {
      const more = entry(9, 'more', 'CREATE TABLE more (id INTEGER PRIMARY KEY)');
      await deployOurs(stub, { ...dropped, m0004: more });
      const late = entry(5, 'late', 'INSERT INTO users (id, n) VALUES (7, 7)');
      const { outOfOrder } = resultOf(
        await deployOurs(stub, { ...dropped, m0004: late, m0005: more }),
      );
      expect(outOfOrder).toEqual([{ key: 'm0004', tag: '20261201090005_late' }]);
      await wake(stub, (ctx) => {
        expect(users(ctx)).toEqual([...USERS, { id: 7, n: 7, name: null }]);
      });
    }));

  it('is refused where it rebuilds a table and is older than what nobody can read any more', () =>
    withObject(async (stub) => {
      await deployOurs(stub, dropped);
      const rebuild = entry(
        1,
        'rebuild',
        'CREATE TABLE __new_users (id INTEGER PRIMARY KEY, n INTEGER);--> statement-breakpoint\n' +
          'INSERT INTO __new_users SELECT id, n FROM users;--> statement-breakpoint\n' +
          'DROP TABLE users;--> statement-breakpoint\nALTER TABLE __new_users RENAME TO users;',
      );
      const before = await wake(stub, dump);
      const outcome = await deployOurs(stub, { ...dropped, m0004: rebuild });
      expect(outcome).toHaveProperty(
        'error.message',
        expect.stringContaining(
          '[SKIPPED_MIGRATION] m0004 (20261201090001_rebuild) was never applied in this object, though m0003 ' +
            '(20261201090003_m3) was. Applied now, it may not leave what a new object has:\n' +
            '  m0004 (20261201090001_rebuild): "DROP TABLE users" stands against "no SQL" of m0002 (20261201090002_m2)\n',
        ),
      );
      expect(await wake(stub, dump)).toEqual(before);
    }));
});

describe('an entry without SQL', () => {
  it('that no baseline replaces is refused as any other', () =>
    inObject((ctx) => {
      const record = { ...seeded, m0003: { tag: '20261201090003_m3' } };
      expect(thrown<Error>(() => migrate(ctx, record)).message).toContain('[SQL_NOT_TEXT]');
    }));
});
