// An instance that a look by id has woken does not know its name. It ends after the look, if nothing else uses it.
import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type InspectAnswer,
  type MigrationsCommand,
  migrationsRoute,
  withMigrations,
} from '../../src/index.ts';
import { Deployed, Plain, type Stub } from './deployed.ts';
import { bundle0, make, runDrizzle0 } from './harness.ts';
import { FAILING, ONE } from './refused.ts';
import { deployed } from './worker.ts';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  deployed.Class = undefined;
  vi.restoreAllMocks();
});

/** Longer than an instance takes to end. */
const ENDED = 150;

/** A class that asks for its name when it is built, and loads something in a block. */
class Named extends Plain {
  readonly builtAs = this.ctx.id.name ?? null;

  constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
    super(ctx, environment);
    void ctx.blockConcurrencyWhile(async () => {
      await scheduler.wait(1);
      this.load();
    });
  }

  load() {
    this.ctx.storage.sql.exec('SELECT 1');
  }

  get names() {
    return [this.builtAs, this.ctx.id.name ?? null];
  }

  async slow() {
    await scheduler.wait(50);
    return this.names;
  }

  override alarm() {}

  override webSocketMessage() {}
}

let count = 0;

/** An object that has a name, and is asked by its id. */
class ById extends Deployed {
  readonly name = `object ${count++}`;
  override readonly id = env.DEPLOYED.idFromString(env.DEPLOYED.idFromName(this.name).toString());

  /** A stub that knows the name. */
  get byName(): Stub & { names: Promise<(string | null)[]>; slow(): Promise<(string | null)[]> } {
    return env.DEPLOYED.get(env.DEPLOYED.idFromName(this.name)) as never;
  }

  look(command: MigrationsCommand = { do: 'inspect', release: true }): Promise<InspectAnswer> {
    return this.stub.__migrations(command) as Promise<InspectAnswer>;
  }
}

/** An object that is up to date, and asleep. */
async function asleep(Class: typeof Plain = Named, migrations: unknown = ONE): Promise<ById> {
  const object = new ById();
  await object.deployClass(withMigrations(class extends Class {}, migrations as never));
  await object.byName.query('SELECT 1');
  await object.evict();
  return object;
}

const NAMED = (object: ById) => [object.name, object.name];

describe('an instance that a look by id has woken', () => {
  it('knows no name as long as it is there', async () => {
    const object = await asleep();
    expect((await object.look({ do: 'inspect' })).instance.stays).toBe('not-asked');
    await scheduler.wait(ENDED);
    expect(await object.byName.names).toEqual([null, null]);
  });

  it.each<MigrationsCommand>([
    { do: 'inspect', release: true },
    { do: 'history', release: true },
    { do: 'preflight', release: true },
    { do: 'preflight', release: true, migrations: { ...ONE, m0001: 'CREATE TABLE b (x)' } },
  ])('ends after $do, and the next one knows its name', async (command) => {
    const object = await asleep();
    expect((await object.look(command)).instance.stays).toBeNull();
    await scheduler.wait(ENDED);
    expect(await object.byName.names).toEqual(NAMED(object));
    // What was written at its wake is there.
    expect(await object.byName.query('SELECT count(*) AS n FROM a')).toEqual([{ n: 0 }]);
  });

  it('ends after its first wake too, and all that it wrote is stored', async () => {
    const object = new ById();
    const [a, b] = [make('a', 0), make('b', 1)];
    await object.raw((ctx) => runDrizzle0(ctx, bundle0(a)));
    await object.deployClass(withMigrations(class extends Named {}, bundle0(a, b) as never));
    const { instance, woke } = await object.look();
    expect(instance.stays).toBeNull();
    expect(woke).toEqual({ adopted: 1, applied: 1, drizzleLedger: 'retired' });
    await scheduler.wait(ENDED);
    expect(await object.byName.names).toEqual(NAMED(object));
    expect(await object.byName.query('SELECT version FROM __migrations ORDER BY version')).toEqual([
      { version: 0 },
      { version: 1 },
    ]);
  });

  it('answers all who look at once before it ends', async () => {
    const object = await asleep();
    const answers = await Promise.all(Array.from({ length: 20 }, () => object.look()));
    expect(answers.map(({ instance }) => instance.stays)).toEqual(answers.map(() => null));
    await scheduler.wait(ENDED);
    expect(await object.byName.names).toEqual(NAMED(object));
  });

  it('ends through the route, which asks for it by itself', async () => {
    const object = await asleep();
    const ask = (path: string) =>
      migrationsRoute(
        new Request(`https://example.com/__migrations/DEPLOYED/${path}`, {
          headers: { Authorization: 'Bearer secret' },
        }),
        env,
        { token: 'secret' },
      ).then((response) => response?.json<InspectAnswer>());
    expect((await ask(`id/${object.id}`))?.instance.stays).toBeNull();
    await scheduler.wait(ENDED);
    expect(await object.byName.names).toEqual(NAMED(object));
    expect((await ask(`name/${object.name}`))?.instance.stays).toBe('not-asked');
  });

  it('ends also where the class returns a proxy', async () => {
    const object = await asleep(
      class extends Named {
        constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
          super(ctx, environment);
          // biome-ignore lint/correctness/noConstructorReturn: that is what is tested
          return new Proxy(this, {});
        }
      },
    );
    expect((await object.look()).instance.stays).toBeNull();
    await scheduler.wait(ENDED);
    expect(await object.byName.names).toEqual(NAMED(object));
  });
});

describe('an instance stays', () => {
  it('where it knows its name', async () => {
    const object = new ById();
    // The first that comes is by its name.
    deployed.Class = withMigrations(class extends Named {}, ONE);
    await object.byName.query('SELECT 1');
    const command = { do: 'inspect', release: true } as const;
    const { instance } = (await object.byName.__migrations(command)) as InspectAnswer;
    expect(instance.stays).toBe('named');
  });

  it('where the class is not built', async () => {
    const object = new ById();
    await object.deployClass(withMigrations(class extends Named {}, FAILING));
    expect((await object.look()).instance.stays).toBe('refused');
  });

  it.each<[string, (object: ById) => unknown]>([
    ['used', (object) => object.stub.query('SELECT 1')],
    ['used', (object) => object.stub.fetch('http://object/').then((answer) => answer.text())],
    ['used', (object) => void object.byName.slow()],
    [
      'used',
      (object) =>
        runInDurableObject(env.DEPLOYED.get(object.id), async (_instance, ctx) => {
          await ctx.storage.put('key', 1);
        }),
    ],
    [
      'sockets',
      (object) =>
        runInDurableObject(env.DEPLOYED.get(object.id), (_instance, ctx) =>
          ctx.acceptWebSocket(new WebSocketPair()[1]),
        ),
    ],
  ])('%s: after something else has come', async (stays, happens) => {
    const object = await asleep();
    await happens(object);
    expect((await object.look()).instance.stays).toBe(stays);
    await scheduler.wait(ENDED);
    expect(await object.byName.names).toEqual([null, null]);
  });

  it('after an alarm, and where one is due soon', async () => {
    const object = await asleep();
    await object.raw((ctx) => ctx.storage.setAlarm(Date.now() + 5_000));
    expect((await object.look()).instance.stays).toBe('alarm');
    expect(await runDurableObjectAlarm(env.DEPLOYED.get(object.id))).toBe(true);
    expect((await object.look()).instance.stays).toBe('used');
    await object.raw((ctx) => ctx.storage.setAlarm(Date.now() + 60_000));
    expect((await object.look()).instance.stays).toBeNull();
    await scheduler.wait(ENDED);
    expect(await object.raw((ctx) => ctx.storage.getAlarm())).toBeTypeOf('number');
  });

  it.each<[string, (instance: object) => object]>([
    ['a frozen object', (instance) => Object.freeze(instance)],
    [
      'a proxy that throws',
      (instance) =>
        new Proxy(instance, {
          setPrototypeOf() {
            throw new Error('It is Monday');
          },
        }),
    ],
  ])('where it cannot be watched: %s', async (_, change) => {
    const object = await asleep(
      class extends Named {
        constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
          super(ctx, environment);
          // biome-ignore lint/correctness/noConstructorReturn: that is what is tested
          return change(this) as this;
        }
      },
    );
    expect((await object.look()).instance.stays).toBe('unwatched');
    expect(await object.byName.query('SELECT count(*) AS n FROM a')).toEqual([{ n: 0 }]);
  });

  it('where a call comes after the answer, which is answered', async () => {
    const seen = { answered: 0, again: 0 };
    for (let gap = 0; gap < 24; gap++) {
      const object = await asleep();
      expect((await object.look()).instance.stays).toBeNull();
      await scheduler.wait(gap / 2);
      const outcome = await object.byName.slow().catch((error: Error) => error.message);
      if (typeof outcome === 'string') {
        expect(outcome).toBe(
          'drizzle-offramp: the instance was woken by its id and has ended, so that the next one knows its name. Call it once more.',
        );
        seen.again++;
      } else {
        // Whichever instance has answered, it was not ended meanwhile.
        expect([NAMED(object), [null, null]]).toContainEqual(outcome);
        seen.answered++;
      }
    }
    expect(seen.answered).toBeGreaterThan(20);
  });
});

it('no write is lost where looks and calls come at the same time', async () => {
  let again = 0;
  for (let round = 0; round < 12; round++) {
    const object = await asleep();
    const looks = Array.from({ length: 3 }, async () => {
      await scheduler.wait(Math.random() * 20);
      await object.look().catch((error: Error) => {
        // Another look has ended the instance that this one came to.
        if (!error.message.endsWith('Call it once more.')) throw error;
      });
    });
    const written: number[] = [];
    const writes = Array.from({ length: 4 }, async (_, x) => {
      await scheduler.wait(Math.random() * 30);
      await object.byName.query(`INSERT INTO a VALUES (${x})`).then(
        () => written.push(x),
        (error: Error) => {
          if (!error.message.endsWith('Call it once more.')) throw error;
          again++;
        },
      );
    });
    await Promise.all([...looks, ...writes]);
    const found = await object.byName.query('SELECT x FROM a ORDER BY x');
    expect(found.map(({ x }) => x)).toEqual(written.sort());
  }
  // Each could have been told to come again, but hardly any is.
  expect(again).toBeLessThan(24);
});

describe('the rows of a wake', () => {
  it('are those that the runtime counts', async () => {
    const object = new ById();
    await object.deployClass(withMigrations(class extends Named {}, ONE));
    await object.byName.query('SELECT 1');
    const first = (await object.byName.__migrations({ do: 'inspect' })) as InspectAnswer;
    expect(first.instance.rows.wake.written).toBeGreaterThan(0);
    await object.evict();
    const { instance } = await object.look();
    expect(instance.rows.wake).toEqual({ read: 1, written: 0 });
    expect(instance.rows.answer.read).toBeGreaterThan(0);
    expect(instance.rows.answer.written).toBe(0);
    expect(instance.wokeAt).toBeGreaterThan(Date.now() - 60_000);
  });

  it('of a preflight are counted too', async () => {
    const object = await asleep();
    const migrations = { ...ONE, m0001: 'INSERT INTO a VALUES (1), (2), (3)' };
    const { instance } = await object.look({ do: 'preflight', migrations });
    expect(instance.rows.answer.written).toBeGreaterThanOrEqual(3);
  });
});
