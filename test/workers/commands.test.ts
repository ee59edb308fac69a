// What __migrations answers, in objects that are well and in those that are refused.
import { env, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type InspectAnswer, migrate, type Repair, withMigrations } from '../../src/index.ts';
import { Deployed, Plain } from './deployed.ts';
import { doOrm } from './do-orm.ts';
import {
  bundle0,
  bundle1,
  dump,
  make,
  type Row,
  rows,
  runDrizzle0,
  runDrizzle1,
} from './harness.ts';
import { FAILING, ONE, REFUSED } from './refused.ts';
import { deployed } from './worker.ts';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  deployed.Class = undefined;
  vi.restoreAllMocks();
});

const [a, b, c] = [make('a', 0), make('b', 1), make('c', 2)];
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: Error & { code: string; fits: unknown }) => error,
  );

/** All tables but the ledgers, with their rows. */
const userData = (ctx: DurableObjectState) => {
  const { rows: all } = dump(ctx) as { rows: Record<string, Row[]> };
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !/^__(drizzle_)?migrations/.test(name)),
  );
};

const refused = async (
  before: (ctx: DurableObjectState) => unknown,
  ...deploy: Parameters<Deployed['deploy']>
) => {
  const object = new Deployed();
  await object.raw(before);
  await object.deploy(...deploy);
  return object;
};

describe('inspect', () => {
  it('of an object that is up to date', async () => {
    const object = await refused(() => {}, bundle0(a, b));
    await object.stub.query('INSERT INTO a VALUES (1)');
    const answer = await object.inspect();
    expect(answer).toEqual({
      id: object.id.toString(),
      name: null,
      state: 'up-to-date',
      built: true,
      refusal: null,
      drizzle: 'none',
      ours: 'drizzle-offramp',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      head: `${answer.fingerprint} retire __drizzle_migrations`,
      counts: { migrations: 2, ledger: 2, drizzle: 0, pending: 0, ahead: 0, unknown: 0, drift: 0 },
      actions: [],
      foreignKeys: 'enforced',
      pending: [],
      drift: [],
      rows: [],
      repairs: [],
      empty: false,
      woke: { adopted: 0, applied: 2, drizzleLedger: null },
      made: true,
      instance: {
        wokeAt: expect.any(Number),
        rows: { wake: answer.instance.rows.wake, answer: answer.instance.rows.answer },
        stays: 'not-asked',
      },
    } satisfies InspectAnswer);
    await object.evict();
    expect(await object.inspect()).toEqual({
      ...answer,
      woke: null,
      made: false,
      instance: {
        ...answer.instance,
        wokeAt: expect.any(Number),
        rows: { ...answer.instance.rows, wake: { read: 1, written: 0 } },
      },
    });
  });

  it('tells what the construction of the instance did', async () => {
    const object = await refused((ctx) => runDrizzle0(ctx, bundle0(a, b)), bundle0(a, b, c), {
      drizzle: 'mirror',
    });
    const woke = { adopted: 2, applied: 1, drizzleLedger: 'mirrored' };
    for (let look = 0; look < 2; look++) expect((await object.inspect()).woke).toEqual(woke);
    await object.evict();
    expect((await object.inspect()).woke).toBeNull();
    await object.deploy(bundle0(a, b, c, make('a', 3)));
    expect((await object.inspect()).woke).toBeNull();
  });

  it.each([
    ['that hands all on', (target: object) => new Proxy(target, {})],
    [
      'that binds methods',
      (target: object) =>
        new Proxy(target, {
          get(of, key) {
            const value = Reflect.get(of, key);
            return typeof value === 'function' ? value.bind(of) : value;
          },
        }),
    ],
  ] as const)('of a class whose constructor returns a proxy %s', async (_, around) => {
    const object = new Deployed();
    const Proxied = class extends Plain {
      constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
        super(ctx, environment);
        // biome-ignore lint/correctness/noConstructorReturn: that is what is tested.
        return around(this) as never;
      }
    };
    await object.deployClass(withMigrations(Proxied, ONE));
    expect(await object.stub.query('SELECT * FROM a')).toEqual([]);
    // It was used, though it was only read from, so that nothing is taken back.
    expect(await object.inspect()).toMatchObject({ state: 'up-to-date', built: true, made: true });
    expect(await object.stub.query('SELECT * FROM a')).toEqual([]);
  });

  it('of one that is ahead: nothing is wrong with it, and nothing is called for', async () => {
    const object = await refused((ctx) => migrate(ctx, bundle0(a, b)), bundle0(a));
    const answer = await object.inspect();
    expect(answer).toMatchObject({
      state: 'ahead',
      refusal: null,
      counts: { migrations: 1, ledger: 2, ahead: 1 },
      rows: [{ table: '__migrations', version: 1, tag: '20261122120100_b' }],
      repairs: [],
    });
    const error = await errorOf(object.repair({ kind: 'forget', version: 1 }));
    expect(error.message).toBe(
      '[INVALID_REPAIR] {"kind":"forget","version":1} does not fit: version 1 (20261122120100_b) of __migrations stands ' +
        'for a migration of another deploy, and nothing is wrong with that: the object is ahead of this code. Nothing was ' +
        'changed. No repair is called for.',
    );
  });

  it.each([
    ['0.x', (ctx: DurableObjectState) => runDrizzle0(ctx, bundle0(a, b))],
    ['1.x', (ctx: DurableObjectState) => runDrizzle1(ctx, bundle1(a, b))],
  ])(
    'tells that Drizzle %s keeps a ledger, and the nearest migrations of a row',
    async (form, before) => {
      const object = await refused(before, bundle0(a, { ...b, when: b.when + 5000 }, c));
      expect(await object.inspect()).toMatchObject({
        state: 'refused',
        built: false,
        drizzle: form,
        ours: 'none',
        head: null,
        refusal: { name: 'AdoptionError', code: 'UNKNOWN_ROW', table: '__drizzle_migrations' },
        counts: { migrations: 3, ledger: 0, drizzle: 2, pending: 2, unknown: 1 },
        rows: [
          {
            table: '__drizzle_migrations',
            version: null,
            nearest: [
              { key: 'm0001', tag: '20261122120105_b' },
              { key: 'm0002', tag: '20261122120200_c' },
              { key: 'm0000', tag: '20261122120000_a' },
            ],
          },
        ],
      });
    },
  );

  it('of one that drifted says so on each wake, and that it can be accepted', async () => {
    const edited = bundle0({ ...a, sql: 'CREATE TABLE a (x INTEGER)' }, b);
    const object = await refused((ctx) => migrate(ctx, bundle0(a)), edited);
    for (let wake = 0; wake < 2; wake++) {
      expect(await object.inspect()).toMatchObject({
        state: 'up-to-date',
        drift: [{ key: 'm0000', tag: '20261122120000_a' }],
        repairs: [{ repair: { kind: 'accept', migration: 'm0000' } }],
      });
      await object.evict();
    }
  });
});

describe('history', () => {
  it('is both ledgers and the repairs', async () => {
    const object = await refused((ctx) => runDrizzle0(ctx, bundle0(a, b, c)), bundle0(a, b), {
      drizzle: 'mirror',
    });
    const { record } = await object.repair({ kind: 'forget', created_at: c.when });
    const { rows: ours, drizzle, repairs, empty } = await object.history();
    expect(ours.map(({ tag, origin }) => [tag, origin])).toEqual([
      ['20261122120000_a', 'drizzle'],
      ['20261122120100_b', 'drizzle'],
    ]);
    expect(drizzle.map(({ created_at }) => created_at)).toEqual([a.when, b.when]);
    expect([repairs, empty]).toEqual([[record], false]);
    expect(record).toEqual({
      id: 1,
      at: expect.any(Number),
      by: 'ada',
      reason: 'a test',
      repair: { kind: 'forget', created_at: c.when },
      before: [{ rowid: 3, tag: null, created_at: c.when, checksum: null }],
    });
  });

  it('is refused where the ledger is none', async () => {
    const object = await refused((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (id)');
    }, ONE);
    expect((await errorOf(object.history())).code).toBe('NOT_A_LEDGER');
  });
});

describe('a repair', () => {
  it.each(REFUSED)(
    'of what is refused with %s: each that fits changes only the ledgers',
    async (code, ...what) => {
      const [before, migrations, options] = what;
      const { repairs } = await (await refused(before, migrations, options)).inspect();
      const none = /^(NOT_A|BROKEN)_LEDGER|FOREIGN|^INVALID|^S(QL|TATEMENT)_/.test(code);
      expect(repairs.length > 0).toBe(!none);
      for (const { repair, effect, leaves } of repairs) {
        const object = await refused(before, migrations, options);
        const [whole, data] = await object.raw((ctx) => [dump(ctx), userData(ctx)]);
        const dry = await object.repair(repair, { dryRun: true });
        expect(await object.raw(dump)).toEqual(whole);
        const done = await object.repair(repair);
        expect(done).toEqual({
          ...dry,
          repaired: true,
          record: { ...dry.record, at: expect.any(Number) },
          // It was another instance.
          after: { ...dry.after, name: null, instance: done.after.instance },
        });
        expect(effect).toMatch(/^[A-Z].*\.$/);
        expect(done.effect).toBe(effect);
        // What is left is known before, as far as a look can tell.
        expect(done.after.refusal?.code ?? null).toBe(leaves);
        expect(await object.raw(userData)).toEqual(data);
        const ahead = await object.inspect();
        expect(ahead.rows.length).toBeLessThanOrEqual(done.after.rows.length);
        expect((await object.history()).repairs).toEqual([done.record]);
      }
    },
  );

  it('is listed by what it leaves, and not where it is a guess that leaves the object refused', async () => {
    const listed = async (...of: Parameters<typeof refused>) =>
      (await (await refused(...of)).inspect()).repairs.map(({ repair, leaves }) => [
        ...Object.values(repair),
        leaves,
      ]);
    const d = make('d', 3);
    expect(await listed((ctx) => runDrizzle0(ctx, bundle0(a, b)), bundle0(a, c, d))).toEqual([
      ['forget', b.when, null, null],
    ]);
    // Each of two is not enough.
    expect(await listed((ctx) => runDrizzle0(ctx, bundle0(a, b, c)), bundle0(a, d))).toEqual([
      ['forget', b.when, null, 'UNKNOWN_ROW'],
      ['forget', c.when, null, 'UNKNOWN_ROW'],
    ]);
    // The wrong one of two that fit leaves what failed.
    expect(
      await listed(
        (ctx) => migrate(ctx, bundle0(a)),
        bundle0({ ...a, sql: 'CREATE TABLE a (x INTEGER)' }, { ...b, sql: 'CREATE TABLE a (y)' }),
      ),
    ).toEqual([
      ['mark-applied', 'm0001', null],
      ['accept', 'm0000', 'MIGRATION_FAILED'],
    ]);
  });

  it.each([
    ['retire', ['drizzle', 'drizzle', 'repair'], []],
    ['mirror', ['drizzle', 'drizzle', 'repair'], [a.when, c.when, b.when]],
  ] as const)(
    'comes behind what Drizzle ran, with drizzle: %s',
    async (drizzle, origins, times) => {
      const edited = { ...b, sql: 'DELETE FROM a' };
      const object = await refused(
        (ctx) => runDrizzle0(ctx, bundle0(a, c)),
        bundle0(a, edited, c),
        { drizzle },
      );
      const { effect } = await object.repair({ kind: 'mark-applied', migration: 'm0001' });
      expect(effect).toBe(
        'Adopts what __drizzle_migrations has first. Adds m0001 (20261122120100_b) to __migrations. It is never run in this ' +
          'object.',
      );
      for (let wake = 0; wake < 2; wake++) {
        const { rows: ours, drizzle: theirs } = await object.history();
        expect(ours.map(({ version, tag, origin }) => [version, tag, origin])).toEqual([
          [0, '20261122120000_a', origins[0]],
          [1, '20261122120200_c', origins[1]],
          [2, '20261122120100_b', origins[2]],
        ]);
        expect(theirs.map(({ created_at }) => created_at)).toEqual(times);
        await object.stub.query('SELECT * FROM a, c');
      }
    },
  );

  it('of a row that may stand for two comes behind what else Drizzle ran', async () => {
    const two = { ...b, tag: '0002_two', sql: 'CREATE TABLE two (x)' };
    const object = await refused(
      (ctx) => runDrizzle0(ctx, bundle0(a, b)),
      bundle1(a, { ...b, tag: '0001_one' }, two),
    );
    expect((await object.inspect()).refusal?.code).toBe('AMBIGUOUS_ROW');
    await object.repair({ kind: 'mark-applied', migration: '20261122120100_one' });
    expect((await object.history()).rows.map(({ tag, origin }) => [tag, origin])).toEqual([
      ['20261122120000_a', 'drizzle'],
      ['20261122120100_one', 'repair'],
      ['20261122120100_two', 'applied'],
    ]);
  });

  it.each<[string, Repair, unknown]>([
    ['UNKNOWN_ROW', { kind: 'forget', created_at: b.when }, []],
    ['UNKNOWN_MIGRATION', { kind: 'forget', version: 1 }, []],
    ['AMBIGUOUS_ROW', { kind: 'mark-applied', migration: '20261122120000_one' }, []],
    ['SKIPPED_MIGRATION', { kind: 'mark-applied', migration: 'm0001' }, []],
    ['TOO_FEW_MIGRATIONS', { kind: 'forget', created_at: b.when }, []],
    ['AHEAD', { kind: 'forget', version: 1 }, []],
    ['DRIFT', { kind: 'accept', migration: 'm0000' }, []],
    ['MIGRATION_FAILED', { kind: 'mark-applied', migration: 'm0001' }, []],
  ])('lets an object that was refused with %s go on', async (code, repair, found) => {
    const [, before, migrations, options] = REFUSED.find(([one]) => one === code) ?? [];
    const object = await refused(before as never, migrations, options);
    expect((await object.repair(repair)).after.refusal).toBeNull();
    expect(await object.stub.query('SELECT * FROM a')).toEqual(found);
    expect(await object.inspect()).toMatchObject({
      state: 'up-to-date',
      built: true,
      refusal: null,
    });
  });

  it.each([
    ['ours', (ctx: DurableObjectState) => migrate(ctx, bundle0(a, b, c)), {}],
    ["Drizzle's 0.x", (ctx: DurableObjectState) => runDrizzle0(ctx, bundle0(a, b, c)), {}],
    ["Drizzle's 1.x", (ctx: DurableObjectState) => runDrizzle1(ctx, bundle1(a, b, c)), {}],
    [
      'both',
      (ctx: DurableObjectState) => migrate(ctx, bundle0(a, b, c), { drizzle: 'mirror' }),
      { drizzle: 'mirror' },
    ],
  ] as const)(
    'marks a migration as not applied in a ledger of %s, and it runs',
    async (_, before, options) => {
      const object = await refused(
        async (ctx) => {
          await before(ctx);
          ctx.storage.sql.exec('DROP TABLE b');
        },
        bundle0(a, b, c),
        options,
      );
      // The class would not miss the table.
      await object.inspect();
      await object.repair({ kind: 'mark-unapplied', migration: 'm0001' });
      expect(await object.stub.query('SELECT * FROM b')).toEqual([]);
      const { rows: ours, drizzle } = await object.history();
      expect(ours.map(({ version, tag }) => [version, tag])).toEqual([
        [0, '20261122120000_a'],
        [1, '20261122120200_c'],
        [2, '20261122120100_b'],
      ]);
      expect(drizzle.map(({ created_at }) => created_at)).toEqual(
        'drizzle' in options ? [a.when, c.when, b.when] : [],
      );
      // Drizzle's own migrator finds nothing to do then.
      if ('drizzle' in options) {
        const all = await object.raw(dump);
        expect(
          await object.raw(async (ctx) => {
            await runDrizzle0(ctx, bundle0(a, b, c));
            return dump(ctx);
          }),
        ).toEqual(all);
      }
    },
  );

  it("writes into Drizzle's ledger too where that is mirrored", async () => {
    const object = await refused(
      (ctx) => migrate(ctx, bundle0(a), { drizzle: 'mirror' }),
      bundle0(a, { ...b, sql: 'CREATE TABLE a (y)' }),
      { drizzle: 'mirror' },
    );
    const drizzleRows = (ctx: DurableObjectState) =>
      rows(ctx, 'SELECT hash, created_at FROM __drizzle_migrations');
    await object.repair({ kind: 'mark-applied', migration: '20261122120100_b' });
    expect(await object.raw(drizzleRows)).toEqual([
      { hash: '', created_at: a.when },
      { hash: '', created_at: b.when },
    ]);
    expect(await object.stub.query('SELECT x FROM a')).toEqual([]);
  });

  it("marks a migration of do-orm's ledger", async () => {
    const record = { ...ONE, m0001: 'CREATE TABLE b (x)', m0002: 'CREATE TABLE a (x)' };
    const object = await refused(
      (ctx) => doOrm(ctx.storage, { m0000: record.m0000, m0001: record.m0001 }),
      record,
    );
    expect((await object.inspect()).ours).toBe('do-orm');
    await object.repair({ kind: 'mark-applied', migration: 'm0002' });
    expect(await object.stub.query('SELECT x FROM b')).toEqual([]);
    expect((await object.history()).rows.map(({ origin }) => origin)).toEqual([
      'do-orm',
      'do-orm',
      'repair',
    ]);
  });

  it('that would make the object refused does not fit', async () => {
    const object = await refused(
      (ctx) => migrate(ctx, bundle0(a, { ...b, sql: 'DELETE FROM a' }, c)),
      bundle0(a, { ...b, sql: 'DELETE FROM a' }, c),
    );
    const error = await errorOf(object.repair({ kind: 'mark-unapplied', migration: 'm0001' }));
    expect(error.message).toContain(
      '[INVALID_REPAIR] {"kind":"mark-unapplied","migration":"m0001"} does not fit: The object would be refused then: ' +
        '[SKIPPED_MIGRATION] m0001 (20261122120100_b) was never applied in this object',
    );
    expect((await object.inspect()).counts.ledger).toBe(3);
  });

  it.each<[Repair, string]>([
    [{ kind: 'mark-applied', migration: 'm0000' }, 'The object has m0000 already.'],
    [{ kind: 'mark-applied', migration: 'm0009' }, 'The code has no migration m0009.'],
    [{ kind: 'mark-unapplied', migration: 'm0001' }, 'The object does not have m0001.'],
    [
      { kind: 'accept', migration: 'm0000' },
      'The SQL of m0000 has not changed since the object got it.',
    ],
    [{ kind: 'forget', version: 7 }, 'There is no such row.'],
    [
      { kind: 'forget', version: 0 },
      'That row stands for a migration that the code has, or says the same as one that does.',
    ],
  ])('%j does not fit an object that lacks another one', async (repair, why) => {
    const object = await refused((ctx) => migrate(ctx, ONE), FAILING);
    const error = await errorOf(object.repair(repair));
    expect(error.message).toBe(
      `[INVALID_REPAIR] ${JSON.stringify(repair)} does not fit: ${why} Nothing was changed. What fits:\n` +
        '  {"kind":"mark-applied","migration":"m0001"}: Adds m0001 to __migrations. It is never run in this object.',
    );
    expect(error).toMatchObject({
      name: 'CommandError',
      fits: [{ repair: { kind: 'mark-applied', migration: 'm0001' } }],
    });
    expect((await object.history()).repairs).toEqual([]);
  });

  it('names one row, where several are called so', async () => {
    const object = await refused(
      (ctx) => runDrizzle1(ctx, bundle1(b, { ...c, when: b.when })),
      bundle1(a),
    );
    const error = await errorOf(object.repair({ kind: 'forget', created_at: b.when - 123 }));
    expect(error.message).toContain(
      '2 rows are called so: name one by its version, or by created_at and tag.',
    );
    await object.repair({ kind: 'forget', created_at: b.when - 123, tag: '20261122120100_c' });
    const { rows: left } = await object.inspect();
    expect(left.map(({ tag }) => tag)).toEqual(['20261122120100_b']);
  });

  describe('of a migration that fails behind others', () => {
    const family = make(
      'family',
      0,
      'CREATE TABLE p (id INTEGER PRIMARY KEY, name); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE)',
    );
    const rebuild = make(
      'rebuild',
      1,
      'PRAGMA foreign_keys=OFF; CREATE TABLE __new_p (id INTEGER PRIMARY KEY, name NOT NULL); ' +
        'INSERT INTO __new_p SELECT id, name FROM p; DROP TABLE p; ALTER TABLE __new_p RENAME TO p; PRAGMA foreign_keys=ON',
    );
    const failing = make('failing', 2, "INSERT INTO p VALUES (1, 'again')");
    const last = make('last', 3);
    const start = (name: string) =>
      refused(
        (ctx) => {
          migrate(ctx, bundle0(family));
          ctx.storage.sql.exec(`INSERT INTO p VALUES (1, ${name}); INSERT INTO c VALUES (1), (1)`);
        },
        bundle0(family, rebuild, failing, last),
      );
    const repair: Repair = { kind: 'mark-applied', migration: 'm0002' };

    it('runs these first, in the same transaction', async () => {
      const object = await start("'one'");
      expect((await object.inspect()).repairs).toEqual([
        {
          repair,
          effect:
            'Runs m0001 (20261122120100_rebuild) first. Adds m0002 (20261122120200_failing) to __migrations. It is never run ' +
            'in this object.',
          leaves: null,
        },
      ]);
      const before = await object.raw(dump);
      const dry = await object.repair(repair, { dryRun: true });
      expect(dry.ran).toEqual([{ key: 'm0001', tag: '20261122120100_rebuild' }]);
      expect(dry.after).toMatchObject({ state: 'pending', pending: [{ key: 'm0003' }] });
      expect(await object.raw(dump)).toEqual(before);
      expect((await object.repair(repair)).after.pending).toEqual(dry.after.pending);
      expect(
        await object.stub.query('SELECT * FROM p JOIN c ON c.p = p.id, pragma_foreign_keys'),
      ).toEqual(Array.from({ length: 2 }, () => ({ id: 1, name: 'one', p: 1, foreign_keys: 1 })));
      const { rows: ours } = await object.history();
      expect(ours.map(({ tag, origin }) => [tag, origin])).toEqual([
        ['20261122120000_family', 'applied'],
        ['20261122120100_rebuild', 'applied'],
        ['20261122120200_failing', 'repair'],
        ['20261122120300_last', 'applied'],
      ]);
    });

    it('changes nothing if one of these fails', async () => {
      const object = await start('NULL');
      const before = await object.raw(dump);
      const error = await errorOf(object.repair(repair));
      expect(error.message).toMatch(/^\[MIGRATION_FAILED\] Migration m0001 failed /);
      expect(await object.raw(dump)).toEqual(before);
    });
  });

  it('is the last thing that its instance does: who comes then is told to come again', async () => {
    for (let gap = 0; gap < 12; gap++) {
      const object = await refused((ctx) => migrate(ctx, ONE), FAILING);
      await object.stub.query('SELECT 1').catch(() => {});
      const asked = object.stub.__migrations({
        do: 'repair',
        repair: { kind: 'mark-applied', migration: 'm0001' },
        by: 'ada',
        reason: 'a test',
      });
      await (gap === 0 ? asked : scheduler.wait(gap - 1));
      const calls = await Promise.allSettled([
        object.stub.query('SELECT count(*) AS n FROM a'),
        object.inspect().then(({ state }) => state),
        object.history().then(({ repairs }) => repairs.length),
      ]);
      expect(await asked).toMatchObject({ repaired: true, after: { refusal: null } });
      const again =
        'drizzle-offramp: the object was repaired, and is built anew. Call it once more.';
      expect(
        calls.map((call) => (call.status === 'fulfilled' ? call.value : call.reason.message)),
      ).toSatisfy((seen: unknown[]) =>
        [
          [again, again, again],
          [[{ n: 0 }], 'up-to-date', 1],
        ].some((right) => JSON.stringify(right) === JSON.stringify(seen)),
      );
    }
  });

  it('of an object that works ends the instance too', async () => {
    const object = await refused((ctx) => migrate(ctx, bundle0(a, b)), bundle0(a, b));
    await object.stub.query('INSERT INTO a VALUES (1)');
    await object.stub.query('DROP TABLE b');
    const built = Plain.built;
    await object.repair({ kind: 'mark-unapplied', migration: 'm0001' });
    expect(await object.stub.query('SELECT * FROM a LEFT JOIN b')).toEqual([{ x: null }]);
    expect(Plain.built).toBe(built + 1);
  });
});

it.each([
  [
    undefined,
    "There is no such command. `do` takes 'inspect', 'history', 'preflight' or 'repair'.",
  ],
  [
    { do: 'destroy' },
    "There is no such command. `do` takes 'inspect', 'history', 'preflight' or 'repair'.",
  ],
  [
    { do: 'repair' },
    "There is no such repair. `kind` takes 'forget', 'mark-applied', 'mark-unapplied', 'accept'.",
  ],
  [
    { do: 'repair', repair: { kind: 'forget' }, by: 'a', reason: 'b' },
    'A row to forget is named by `version`, `created_at` or `tag`.',
  ],
  [
    { do: 'repair', repair: { kind: 'accept' }, by: 'a', reason: 'b' },
    "A repair of kind 'accept' takes `migration`: a key or a tag.",
  ],
  [
    { do: 'repair', repair: { kind: 'accept', migration: 'm0000' }, by: 'a', reason: '' },
    'A repair is written down with who asked for it and why: `by` and `reason` are texts.',
  ],
  [
    { do: 'repair', repair: { kind: 'accept', migration: 'm0000' }, by: ' ', reason: 'b' },
    'A repair is written down with who asked for it and why: `by` and `reason` are texts.',
  ],
  [
    {
      do: 'repair',
      repair: { kind: 'accept', migration: 'm0000' },
      by: 'a',
      reason: 'b',
      dryrun: true,
    },
    "The command 'repair' has no `dryrun`. It takes `do`, `repair`, `by`, `reason`, `dryRun`.",
  ],
  [
    {
      do: 'repair',
      repair: { kind: 'accept', migration: 'm0000' },
      by: 'a',
      reason: 'b',
      dryRun: 'no',
    },
    '`dryRun` takes true or false.',
  ],
  [
    {
      do: 'repair',
      repair: { kind: 'mark-unapplied', migration: 'm0000', version: 2 },
      by: 'a',
      reason: 'b',
    },
    "A repair of kind 'mark-unapplied' has no `version`. It takes `kind`, `migration`.",
  ],
  [
    { do: 'repair', repair: { kind: 'forget', createdAt: 2, at: 1 }, by: 'a', reason: 'b' },
    "A repair of kind 'forget' has no `createdAt`, `at`. It takes `kind`, `version`, `created_at`, `tag`.",
  ],
  [{ do: 'inspect', extra: 1 }, "The command 'inspect' has no `extra`. It takes `do`, `release`."],
  [
    { do: 'toString' },
    "There is no such command. `do` takes 'inspect', 'history', 'preflight' or 'repair'.",
  ],
])('%j is no command', async (command, message) => {
  const object = await refused(() => {}, ONE);
  const error = await errorOf(object.stub.__migrations(command as never));
  expect([error.name, error.message]).toEqual(['CommandError', `[INVALID_COMMAND] ${message}`]);
});

describe('preflight', () => {
  const family = make(
    'family',
    0,
    'CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, name); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE)',
  );
  const rebuild = make(
    'rebuild',
    1,
    'PRAGMA foreign_keys=OFF; CREATE TABLE __new_p (id INTEGER PRIMARY KEY AUTOINCREMENT, name NOT NULL); ' +
      'INSERT INTO __new_p SELECT id, name FROM p; DROP TABLE p; ALTER TABLE __new_p RENAME TO p; PRAGMA foreign_keys=ON',
  );
  const start = async (filled = "'one'") => {
    const object = await refused((ctx) => {
      migrate(ctx, bundle0(family));
      ctx.storage.sql.exec(
        `INSERT INTO p (name) VALUES (${filled}); INSERT INTO c VALUES (1), (1)`,
      );
    }, bundle0(family));
    await object.stub.query('SELECT 1');
    return object;
  };
  /** All there is, the sequences, the pragmas and the alarm too. */
  const everything = (object: Deployed) =>
    runInDurableObject(env.DEPLOYED.get(object.id), async (_instance, ctx) => [
      dump(ctx),
      rows(ctx, 'SELECT * FROM sqlite_sequence'),
      rows(ctx, 'PRAGMA foreign_keys'),
      rows(ctx, 'PRAGMA recursive_triggers'),
      await ctx.storage.getAlarm(),
    ]);

  it.each([
    ['what adds', make('b', 1, 'CREATE TABLE b (x); INSERT INTO p (name) VALUES (2)'), 'migrated'],
    ['a rebuild', rebuild, 'migrated'],
    ['a pragma', make('b', 1, 'PRAGMA recursive_triggers = ON'), 'migrated'],
    ['what fails', make('b', 1, 'INSERT INTO p (name) VALUES (2); SELECT nothing'), 'failed'],
    [
      'a full-text table that is filled',
      make('b', 1, "CREATE VIRTUAL TABLE f USING fts5 (x); INSERT INTO f VALUES ('x')"),
      'migrated',
    ],
    [
      'what leaves rows without their parents',
      make('b', 1, 'PRAGMA foreign_keys=OFF; DELETE FROM p; PRAGMA foreign_keys=ON'),
      'failed',
    ],
    ['what is too long', make('b', 1, `SELECT '${'x'.repeat(100_001)}'`), 'refused'],
  ] as const)('of %s leaves nothing, and says what migrate says', async (_, made, outcome) => {
    const object = await start();
    const before = await everything(object);
    const answer = await object.preflight(bundle0(family, made));
    expect(answer.outcome).toBe(outcome);
    expect(await everything(object)).toEqual(before);
    await object.deploy(bundle0(family, made), {
      onEvent: (event) => {
        if (event.type !== 'summary') return;
        expect(event.code ?? null).toBe(answer.error?.code ?? null);
        expect(event.applied).toBe(answer.result?.applied.length ?? 0);
      },
    });
    const inspected = await object.inspect();
    expect(inspected.refusal).toEqual(answer.error);
    expect(inspected.fingerprint).toBe(answer.fingerprint);
    expect.assertions(6);
  });

  it('runs on the real rows: what fails for one object fails in it only', async () => {
    expect((await (await start()).preflight(bundle0(family, rebuild))).outcome).toBe('migrated');
    const answer = await (await start('NULL')).preflight(bundle0(family, rebuild));
    expect(answer).toMatchObject({
      outcome: 'failed',
      result: null,
      error: { code: 'MIGRATION_FAILED', key: 'm0001', statementIndex: 2 },
    });
  });

  it('reports violations that were there before', async () => {
    const object = await start();
    await object.stub.query('PRAGMA foreign_keys = OFF');
    await object.stub.query('INSERT INTO c VALUES (7)');
    await object.stub.query('PRAGMA foreign_keys = ON');
    const { result } = await object.preflight(bundle0(family, rebuild));
    expect(result?.violations).toEqual([{ table: 'c', rowid: 3, parent: 'p' }]);
    expect(await object.stub.query('SELECT count(*) AS n FROM c')).toEqual([{ n: 3 }]);
  });

  it('keeps events waiting, and foreign keys enforced for them', async () => {
    const object = await start();
    const asked = object.preflight(bundle0(family, rebuild));
    const seen = await Promise.all(
      Array.from({ length: 20 }, () =>
        object.stub.query('SELECT (SELECT count(*) FROM c) AS n, * FROM pragma_foreign_keys'),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 20 }, () => [{ n: 2, foreign_keys: 1 }]));
    expect((await asked).outcome).toBe('migrated');
  });

  it('runs the functions of the code that answers for those that were sent, which cannot be', async () => {
    const record = (revision: string) => ({
      m0000: { tag: '20261122120000_family', sql: family.sql },
      m0001: {
        tag: '20261122130000_fill',
        revision,
        up: (sql: { exec(text: string): unknown }) => {
          sql.exec("INSERT INTO p (name) VALUES ('by a function')");
        },
      },
    });
    const object = await refused((ctx) => {
      migrate(ctx, { m0000: record('1').m0000 });
    }, record('1'));
    const next = { tag: '20261122140000_next', sql: 'CREATE TABLE next AS SELECT name FROM p' };
    const { up: _, ...named } = record('1').m0001;
    const sent = { ...record('1'), m0001: named, m0002: next };
    const answer = await object.preflight(sent as never);
    expect([answer.outcome, answer.error]).toEqual(['migrated', null]);
    expect(await object.stub.query("SELECT name FROM sqlite_master WHERE name = 'next'")).toEqual(
      [],
    );
    const { up: __, ...other } = record('2').m0001;
    const error = await errorOf(object.preflight({ ...sent, m0001: other } as never));
    expect(error.message).toBe(
      '[INVALID_COMMAND] m0001 (20261122130000_fill) is a function, which cannot be sent, and the code that answers has ' +
        'none of that tag and revision. Deploy it, and ask without `migrations`.',
    );
  });

  it('without migrations is that of the code that answers', async () => {
    const object = await start();
    expect(await object.preflight()).toMatchObject({ outcome: 'nothing', error: null });
    await object.deploy(bundle0(family, make('p', 1)));
    expect(await object.preflight()).toMatchObject({
      outcome: 'failed',
      error: {
        code: 'MIGRATION_FAILED',
        message: expect.stringContaining('table p already exists'),
      },
    });
  });

  it('of an object that has nothing says so, and leaves it so', async () => {
    const object = await refused(() => {}, bundle0(family));
    expect(await object.preflight(bundle0(family, rebuild))).toMatchObject({
      outcome: 'migrated',
      empty: true,
    });
    await scheduler.wait(20);
    expect(await object.raw(dump)).toEqual({ schema: [], rows: {} });
    expect((await (await start()).preflight()).empty).toBe(false);
  });

  it('goes by the options of the class', async () => {
    const object = await refused((ctx) => runDrizzle0(ctx, bundle0(a)), bundle0(a), {
      drizzle: 'mirror',
    });
    const { result } = await object.preflight(bundle0(a, b));
    expect(result).toMatchObject({ applied: [{ key: 'm0001' }], drizzleLedger: 'mirrored' });
    expect(await object.preflight({ m0000: 1 })).toMatchObject({
      outcome: 'refused',
      fingerprint: null,
      error: { code: 'SQL_NOT_TEXT' },
    });
  });
});

it('is told where it was called on an object of another class', async () => {
  const object = new Deployed();
  class Inner extends Plain {}
  withMigrations(Inner, ONE);
  await object.deployClass(Inner);
  const error = await errorOf(object.inspect());
  expect(error.message).toBe(
    '[INVALID_COMMAND] This object was not built by the class that withMigrations returned (export that one), or its ' +
      'constructor returned another object.',
  );
});
