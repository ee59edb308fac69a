// What a look cannot do, and says so: statements that would end more than a trial, and a class without SQLite.
import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type InspectAnswer, migrate, migrationsRoute, withMigrations } from '../../src/index.ts';
import { Deployed, Plain, type Stub } from './deployed.ts';
import { dump } from './harness.ts';
import { deployed } from './worker.ts';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  deployed.Class = undefined;
  vi.restoreAllMocks();
});

describe('a preflight of a statement that may roll back by itself', () => {
  const FIRST =
    "CREATE TABLE u (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK, name TEXT); CREATE TABLE v (rollback TEXT); INSERT INTO u VALUES (1, 'a')";
  const TRIGGER =
    "CREATE TRIGGER t BEFORE INSERT ON v BEGIN SELECT RAISE /* at once */ (ROLLBACK, 'never'); END";
  /** Whether an instance is still the one that it was. */
  class Counting extends Plain {
    count = 0;
    next() {
      return ++this.count;
    }
  }

  it.each<[string, string, string, string]>([
    ['INSERT OR', 'CREATE TABLE w (x)', "INSERT OR ROLLBACK INTO u VALUES (1, 'b')", 'it'],
    ['UPDATE OR', 'CREATE TABLE w (x)', 'update or rollback u SET id = 1', 'it'],
    ['ON CONFLICT', FIRST, "INSERT INTO u VALUES (1, 'b')", 'the table u'],
    [
      'a trigger',
      `${FIRST.replace('ON CONFLICT ROLLBACK', '')};${TRIGGER}`,
      'INSERT INTO v VALUES (1)',
      'the trigger t',
    ],
    [
      'a trigger of its own',
      'CREATE TABLE v (x)',
      `${TRIGGER};INSERT INTO v VALUES (1)`,
      'the trigger t',
    ],
  ])('%s: is refused before it runs, and the object goes on', async (_, first, second, culprit) => {
    const object = new Deployed();
    const migrations = { m0000: first };
    await object.raw((ctx) => void migrate(ctx, migrations));
    await object.deployClass(withMigrations(class extends Counting {}, migrations));
    const stub = object.stub as unknown as { next(): Promise<number> } & Stub;
    expect(await stub.next()).toBe(1);
    const before = await runInDurableObject(env.DEPLOYED.get(object.id), (_i, ctx) => dump(ctx));
    const answer = await object.preflight({
      ...migrations,
      m0001: `CREATE TABLE made (x);${second}`,
    });
    expect(answer).toMatchObject({
      outcome: 'refused',
      result: null,
      error: {
        name: 'CommandError',
        code: 'NOT_TRIED',
        message: expect.stringContaining(
          `[NOT_TRIED] This statement was not run, as ${culprit} may say ROLLBACK, which ends more than a trial: ${second.split('END;').at(-1)}`,
        ),
      },
    });
    expect(await stub.next()).toBe(2);
    expect(await runInDurableObject(env.DEPLOYED.get(object.id), (_i, ctx) => dump(ctx))).toEqual(
      before,
    );
  });

  it('of a function is refused too, also if that catches it', async () => {
    const object = new Deployed();
    let isTrial = false;
    const up = (sql: SqlStorage) => {
      if (!isTrial) throw new Error('not yet');
      try {
        sql.exec("INSERT OR ROLLBACK INTO u VALUES (1, 'b')");
      } catch {}
    };
    const first = FIRST.replace('ON CONFLICT ROLLBACK', '');
    await object.raw((ctx) => void migrate(ctx, { m0000: first }));
    await object.deployClass(
      withMigrations(class extends Counting {}, {
        m0000: first,
        m0001: { tag: '20260101000000_one', up, revision: '1' },
      } as never),
    );
    expect(await object.inspect()).toMatchObject({ refusal: { code: 'MIGRATION_FAILED' } });
    isTrial = true;
    expect(await object.preflight()).toMatchObject({
      outcome: 'refused',
      error: { code: 'NOT_TRIED' },
    });
  });

  it('where nothing changes rows, or only a name says so, is tried', async () => {
    const object = new Deployed();
    const first = 'CREATE TABLE v ("on conflict rollback" TEXT, rollback TEXT)';
    await object.deployClass(withMigrations(class extends Plain {}, { m0000: first }));
    await object.stub.query('SELECT 1');
    expect(
      await object.preflight({
        m0000: first,
        m0001: `INSERT INTO v (rollback) VALUES ('or rollback'); ${TRIGGER}; ALTER TABLE v ADD y`,
      }),
    ).toMatchObject({ outcome: 'migrated', error: null });
  });
});

describe('a class without SQLite storage', () => {
  const stub = () =>
    env.PLAIN_DEPLOYED.getByName('one') as unknown as Stub & { hello(): Promise<string> };
  const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => undefined,
      (error) => error,
    );
  const NOT_SQLITE = {
    name: 'InputError',
    code: 'NOT_SQLITE',
    message: expect.stringMatching(
      /^\[NOT_SQLITE\] The class has no SQLite storage\. Declare a new one with it in wrangler\.jsonc/,
    ),
  };

  it('is not built: another object stands in, and says why', async () => {
    expect(await thrownBy(stub().hello())).toMatchObject(NOT_SQLITE);
    const response = await stub().fetch('http://object/');
    expect([response.status, await response.json()]).toEqual([
      503,
      {
        error: {
          code: 'NOT_SQLITE',
          message: '[NOT_SQLITE] This object waits for its migrations to be repaired.',
        },
      },
    ]);
  });

  it('answers each command', async () => {
    const answer = (await stub().__migrations({ do: 'inspect', release: true })) as InspectAnswer;
    expect(answer).toMatchObject({
      state: 'refused',
      built: false,
      empty: false,
      refusal: NOT_SQLITE,
      repairs: [],
      instance: { stays: 'named' },
    });
    expect(await stub().__migrations({ do: 'preflight' })).toMatchObject({
      outcome: 'refused',
      error: NOT_SQLITE,
      empty: false,
    });
    expect(await thrownBy(stub().__migrations({ do: 'history' }))).toMatchObject(NOT_SQLITE);
    for (const dryRun of [true, false]) {
      const repair = { kind: 'mark-applied', migration: 'm0000' } as const;
      const command = { do: 'repair', repair, by: 'ada', reason: 'b', dryRun } as const;
      expect(await thrownBy(stub().__migrations(command))).toMatchObject(NOT_SQLITE);
    }
    const asked = await migrationsRoute(
      new Request('https://example.com/__migrations/PLAIN_DEPLOYED/name/one', {
        headers: { Authorization: 'Bearer secret' },
      }),
      env,
      { token: 'secret' },
    );
    expect(asked?.status).toBe(200);
    expect(await asked?.json()).toMatchObject({ refusal: { code: 'NOT_SQLITE' } });
  });

  it('keeps its alarm and its keys', async () => {
    const object = env.PLAIN_DEPLOYED.getByName('one');
    await runInDurableObject(object, async (_instance, { storage }) => {
      await storage.put('key', 1);
      await storage.setAlarm(Date.now() + 60_000);
    });
    expect(await runDurableObjectAlarm(object)).toBe(true);
    const left = await runInDurableObject(object, async (_instance, { storage }) => [
      await storage.get('key'),
      (await storage.getAlarm()) ?? 0,
    ]);
    expect(left).toEqual([1, expect.any(Number)]);
    expect(left[1]).toBeGreaterThan(Date.now() + 200_000);
  });
});
