// A look at an object that has nothing makes nothing, and never takes anything from one that is used.
import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type MigrationInput, withMigrations } from '../../src/index.ts';
import { Deployed, Plain } from './deployed.ts';
import { dump } from './harness.ts';
import { FAILING, ONE } from './refused.ts';
import { deployed } from './worker.ts';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  deployed.Class = undefined;
  vi.restoreAllMocks();
});

const NOTHING = { schema: [], rows: {} };
/** Everything in an object: its tables, its keys and its alarm. */
const all = (object: Deployed) =>
  object.raw(async (ctx) => [
    dump(ctx),
    [...(await ctx.storage.list()).entries()],
    await ctx.storage.getAlarm(),
  ]);
const EMPTY = [NOTHING, [], null];
const wrapped = (Class: typeof Plain, migrations: MigrationInput = ONE) =>
  withMigrations(class extends Class {}, migrations);

/** Writes all that a constructor can, at once and in a block that waits. */
class Eager extends Plain {
  constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
    super(ctx, environment);
    ctx.storage.sql.exec('CREATE TABLE eager (x); INSERT INTO eager VALUES (1)');
    void ctx.storage.put('at once', 1);
    void ctx.blockConcurrencyWhile(async () => {
      await scheduler.wait(5);
      this.load();
      await ctx.storage.put('later', 1);
      await ctx.storage.setAlarm(Date.now() + 60_000);
      await ctx.blockConcurrencyWhile(async () => this.load());
    });
  }

  load() {
    this.ctx.storage.sql.exec('INSERT INTO eager VALUES (2)');
  }

  get label() {
    return 'label';
  }

  async slow() {
    await scheduler.wait(50);
    return 'slow';
  }

  override alarm() {}

  override webSocketMessage() {}
}

describe('an object without anything', () => {
  it.each([
    ['that never was', () => {}],
    [
      'that was deleted',
      async (object: Deployed) => {
        await object.stub.query('INSERT INTO a VALUES (1)');
        await runInDurableObject(env.DEPLOYED.get(object.id), async (_instance, ctx) => {
          await ctx.storage.deleteAlarm();
          await ctx.storage.deleteAll();
        });
        await object.evict();
      },
    ],
  ])('%s is as empty after a look as before', async (_, before) => {
    const object = new Deployed();
    await object.deployClass(wrapped(Eager));
    await before(object);
    expect(await object.inspect()).toMatchObject({
      state: 'empty',
      empty: true,
      made: false,
      built: true,
      refusal: null,
      ours: 'none',
      head: null,
      counts: { migrations: 1, ledger: 0, pending: 1 },
      woke: null,
    });
    await scheduler.wait(20);
    expect(await all(object)).toEqual(EMPTY);
    await object.evict();
    // And it can be looked at, and used, as often as one likes.
    expect((await object.inspect()).state).toBe('empty');
    await scheduler.wait(20);
    expect(await object.stub.query('SELECT count(*) AS n FROM a, eager')).toEqual([{ n: 0 }]);
    expect(await object.inspect()).toMatchObject({ state: 'up-to-date', made: true });
  });

  it('stays empty through history and preflight too', async () => {
    const object = new Deployed();
    await object.deployClass(wrapped(Eager));
    expect(await object.history()).toEqual({
      ...{ empty: true, rows: [], drizzle: [], repairs: [] },
      instance: expect.objectContaining({ stays: null }),
    });
    await scheduler.wait(20);
    expect(await object.preflight({ ...ONE, m0001: 'CREATE TABLE b (x)' })).toMatchObject({
      outcome: 'migrated',
    });
    await scheduler.wait(20);
    expect(await all(object)).toEqual(EMPTY);
  });

  it('where the class is not built is refused, and empty', async () => {
    const object = new Deployed();
    await object.deployClass(wrapped(Eager, FAILING));
    expect(await object.inspect()).toMatchObject({ state: 'refused', empty: true, built: false });
    expect(
      await object.raw((ctx) => ctx.storage.sql.exec('SELECT name FROM sqlite_master').toArray()),
    ).toEqual([]);
    expect(await all(object)).toEqual(EMPTY);
  });

  it('has its own prototype again once it is used', async () => {
    const object = new Deployed();
    await object.deployClass(wrapped(Eager));
    const prototypes = () =>
      runInDurableObject(env.DEPLOYED.get(object.id), (instance) => {
        const prototype = Object.getPrototypeOf(instance);
        return [
          instance.constructor.prototype === prototype,
          Object.hasOwn(prototype, 'constructor'),
        ];
      });
    expect(await prototypes()).toEqual([false, false]);
    expect(await object.stub.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await prototypes()).toEqual([true, true]);
  });

  it('tells two who look at once', async () => {
    const object = new Deployed();
    await object.deployClass(wrapped(Eager));
    const answers = await Promise.all([object.inspect(), object.inspect(), object.history()]);
    expect(answers.map(({ empty }) => empty)).toEqual([true, true, true]);
  });
});

describe('nothing is taken back', () => {
  /** An object of {@link Eager}, looked at after something happened. */
  const lookAfter = async (
    happens: (object: Deployed) => unknown,
    Class: typeof Plain = Eager,
  ): Promise<unknown[]> => {
    const object = new Deployed();
    await object.deployClass(wrapped(Class));
    await happens(object);
    const answer = await object.inspect();
    expect(answer).toMatchObject({ state: 'up-to-date', empty: false, made: true });
    const left = await all(object);
    expect(left[0]).toMatchObject({ rows: { a: expect.any(Array) } });
    return left;
  };
  const anyStub = (object: Deployed) =>
    object.stub as never as Record<string, () => Promise<unknown>>;

  it.each<[string, (object: Deployed) => unknown]>([
    [
      'a write',
      (object) =>
        object.stub
          .query('INSERT INTO a VALUES (1)')
          .then(() => object.stub.query('DELETE FROM a')),
    ],
    ['a read', (object) => object.stub.query('SELECT 1')],
    [
      'a request',
      (object) => object.stub.fetch('http://object/').then((response) => response.text()),
    ],
    ['a property', (object) => anyStub(object).label],
    ['an alarm', (object) => object.stub.query('SELECT 1').then(() => object.evict())],
    [
      'a call that goes on',
      (object) => {
        const slow = anyStub(object).slow?.();
        void scheduler.wait(60).then(async () => expect(await slow).toBe('slow'));
      },
    ],
  ])('after %s', async (name, happens) => {
    if (name !== 'an alarm') await lookAfter(happens);
    else {
      const object = new Deployed();
      await object.deployClass(wrapped(Eager));
      await object.stub.query('SELECT 1');
      expect(await runDurableObjectAlarm(env.DEPLOYED.get(object.id))).toBe(true);
      expect((await object.inspect()).made).toBe(true);
    }
  });

  it.each<[string, (ctx: DurableObjectState) => unknown]>([
    ['a table was written to', (ctx) => ctx.storage.sql.exec('INSERT INTO a VALUES (1)')],
    ['a table was made', (ctx) => ctx.storage.sql.exec('CREATE TABLE more (x)')],
    [
      'a row came and went',
      (ctx) => ctx.storage.sql.exec('INSERT INTO a VALUES (1); DELETE FROM a'),
    ],
    ['a key was written', (ctx) => ctx.storage.put('key', 1)],
    ['a key was written again', (ctx) => ctx.storage.put('later', 1)],
    ['the alarm was moved', (ctx) => ctx.storage.setAlarm(Date.now() + 90_000)],
    ['the alarm was taken away', (ctx) => ctx.storage.deleteAlarm()],
    ['a WebSocket was accepted', (ctx) => ctx.acceptWebSocket(new WebSocketPair()[1])],
  ])('where %s without a call of a method', async (_, write) => {
    await lookAfter((object) =>
      runInDurableObject(env.DEPLOYED.get(object.id), async (_instance, ctx) => {
        await write(ctx);
      }),
    );
  });

  it.each([0, 50, 2000])(
    'where the construction set an alarm that is due in %i ms, as it may be under way',
    async (milliseconds) => {
      class Hasty extends Plain {
        constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
          super(ctx, environment);
          void ctx.blockConcurrencyWhile(() => ctx.storage.setAlarm(Date.now() + milliseconds));
        }

        override alarm() {}
      }
      const object = new Deployed();
      await object.deployClass(wrapped(Hasty));
      expect(await object.inspect()).toMatchObject({ state: 'up-to-date', made: true });
      expect(await object.stub.query('SELECT * FROM a')).toEqual([]);
    },
  );

  it.each<[string, (ctx: DurableObjectState) => unknown]>([
    ['a key', (ctx) => ctx.storage.put('key', 'value')],
    ['an alarm', (ctx) => ctx.storage.setAlarm(Date.now() + 60_000)],
    ['a table', (ctx) => ctx.storage.sql.exec('CREATE TABLE mine (x)')],
    ['a view', (ctx) => ctx.storage.sql.exec('CREATE VIEW mine AS SELECT 1')],
  ])('of an object that had only %s', async (_, write) => {
    const object = new Deployed();
    await object.raw(async (ctx) => {
      await write(ctx);
    });
    await object.deployClass(wrapped(Plain));
    const before = await all(object);
    expect(await object.inspect()).toMatchObject({ state: 'up-to-date', empty: false });
    await scheduler.wait(20);
    const left = await all(object);
    expect(left.slice(1)).toEqual(before.slice(1));
    expect(left[0]).toMatchObject({ rows: { a: [] } });
  });

  it('of a class whose handlers are fields, once one was called', async () => {
    class Field extends Plain {
      override fetch = () => new Response(`field of ${this.constructor.name}`);
    }
    const object = new Deployed();
    await object.deployClass(wrapped(Field));
    expect((await object.inspect()).state).toBe('empty');
    await scheduler.wait(20);
    expect(await (await object.stub.fetch('http://object/')).text()).toMatch(/^field of /);
    expect(await object.inspect()).toMatchObject({ state: 'up-to-date', made: true });
  });

  it('of a class whose handlers or methods cannot be watched', async () => {
    const fixed = (change: (instance: object) => void) =>
      class extends Plain {
        constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
          super(ctx, environment);
          change(this);
        }
      };
    const alarm = { value: () => {}, writable: false, configurable: false };
    for (const Class of [
      fixed(Object.freeze),
      fixed((instance) => Object.defineProperty(instance, 'alarm', alarm)),
      fixed((instance) => Object.defineProperty(instance, 'alarm', { get: () => alarm.value })),
    ]) {
      await lookAfter(() => {}, Class as typeof Plain);
    }
  });

  it('of a class that writes later, on its own', async () => {
    class Late extends Plain {
      late = scheduler.wait(3).then(() => this.ctx.storage.sql.exec('INSERT INTO a VALUES (1)'));
    }
    const object = new Deployed();
    await object.deployClass(wrapped(Late));
    expect((await object.inspect()).made).toBe(true);
    expect(await object.raw((ctx) => ctx.storage.sql.exec('SELECT * FROM a').toArray())).toEqual([
      { x: 1 },
    ]);
  });

  it.each(['throws', 'rejects'])(
    'where the constructor %s: the look fails with that error',
    async (how) => {
      class Wrong extends Plain {
        constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
          super(ctx, environment);
          if (how === 'throws') throw new Error('It is Monday');
          void ctx
            .blockConcurrencyWhile(async () => {
              await scheduler.wait(1);
              throw new Error('It is Monday');
            })
            .catch(() => {});
        }
      }
      const object = new Deployed();
      await object.deployClass(wrapped(Wrong));
      expect(await object.inspect().catch((error: Error) => error.message)).toBe('It is Monday');
      expect(await object.raw(dump)).toMatchObject({ rows: { a: [], __migrations: [{}] } });
    },
  );

  it('of an object that a call comes to at the same time: it is answered, or told to come again', async () => {
    const seen = { answered: 0, again: 0 };
    for (let gap = 0; gap < 24; gap++) {
      const object = new Deployed();
      await object.deployClass(wrapped(Plain));
      const look = object.inspect();
      await scheduler.wait(gap / 2);
      const call = object.stub.query(`INSERT INTO a VALUES (${gap}) RETURNING x`);
      const [{ state }, outcome] = await Promise.all([
        look,
        call.then(
          (found) => found,
          (error: Error) => error.message,
        ),
      ]);
      await scheduler.wait(15);
      const [{ rows }] = (await all(object)) as [{ rows: Record<string, unknown> }];
      if (typeof outcome === 'string') {
        expect(outcome).toBe(
          'drizzle-offramp: the object was empty, and is empty again. Call it once more.',
        );
        expect([state, rows]).toEqual(['empty', {}]);
        seen.again++;
      } else {
        expect(outcome).toEqual([{ x: gap }]);
        expect(rows.a).toEqual([{ x: gap }]);
        seen.answered++;
      }
    }
    expect(seen.answered).toBeGreaterThan(5);
  });
});
