// biome-ignore-all lint/complexity/noThisInStatic: that is what is tested.
// The class that goes through withMigrations, and what stands in where it is not built.
import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { DurableObject, RpcTarget } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import {
  type MigrateEvent,
  migrate,
  migrateAsync,
  type WithMigrationsOptions,
  withMigrations,
} from '../../src/index.ts';
import { Deployed, Plain } from './deployed.ts';
import { dump, thrown } from './harness.ts';
import { FAILING, ONE, REFUSED } from './refused.ts';
import { deployed } from './worker.ts';

let said: MockInstance<typeof console.error>;
beforeEach(() => {
  said = vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  deployed.Class = undefined;
  vi.restoreAllMocks();
});

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: Error & Record<string, unknown>) => error,
  );

describe('the class', () => {
  const symbol = Symbol('symbol');
  class Base extends DurableObject {
    static inherited = 'inherited';
  }
  class Rich extends Base {
    static readonly list = ['a'];
    static count = 1;
    static Part = class Part {};
    static #hidden = 'static secret';
    static get secret() {
      return this.#hidden;
    }
    static set secret(value: string) {
      this.#hidden = value;
    }
    static tell() {
      return this.#hidden;
    }
    static self() {
      return this;
    }
    static [symbol] = 'static symbol';
    field = 'field';
    #secret = 'secret';
    readonly #found = [...this.ctx.storage.sql.exec('SELECT name FROM sqlite_master')].length;
    get found() {
      return this.#found;
    }
    tell() {
      return this.#secret;
    }
    [symbol]() {
      return 'symbol';
    }
  }
  const Wrapped = withMigrations(Rich, ONE);

  it('has its name, its statics, its private ones, its accessors and its symbols', () => {
    expect(Wrapped.name).toBe('Rich');
    expect(Wrapped.length).toBe(Rich.length);
    expect(Wrapped.list).toBe(Rich.list);
    expect(Wrapped.inherited).toBe('inherited');
    expect(Wrapped[symbol]).toBe('static symbol');
    expect(Wrapped.Part).toBe(Rich.Part);
    expect(Wrapped.tell()).toBe('static secret');
    expect(Wrapped.tell).toBe(Wrapped.tell);
    expect(Wrapped.self()).toBe(Rich);
    Wrapped.secret = 'another';
    expect(Wrapped.secret).toBe('another');
    Wrapped.count++;
    expect([Rich.count, Wrapped.count]).toEqual([2, 2]);
    expect(Object.keys(Wrapped)).toEqual(Object.keys(Rich));
    expect(Object.getPrototypeOf(Wrapped)).toBe(Base);
    expect(Wrapped.prototype).toBe(Rich.prototype);
  });

  it('builds objects of its own, migrated before the first field', async () => {
    const object = new Deployed();
    await object.deployClass(Wrapped);
    await runInDurableObject(env.DEPLOYED.get(object.id), (instance, ctx) => {
      const rich = instance as unknown as Rich;
      expect(rich).toBeInstanceOf(Wrapped);
      expect(rich).toBeInstanceOf(Rich);
      expect(rich).toBeInstanceOf(Base);
      expect(rich.constructor).toBe(Rich);
      expect(rich.tell()).toBe('secret');
      expect(rich[symbol]()).toBe('symbol');
      expect(rich.found).toBe(2);
      expect(Object.keys(rich)).toEqual(Object.keys(new Rich(ctx, env)));
    });
  });

  it('has one method more, which does not show', () => {
    expect(Object.keys(Rich.prototype)).toEqual([]);
    expect(typeof Rich.prototype['__migrations' as never]).toBe('function');
  });

  it('can be frozen', () => {
    const Frozen = withMigrations(Object.freeze(class Ice extends Plain {}), ONE);
    expect([Frozen.name, Frozen.built]).toEqual(['Ice', Plain.built]);
  });

  it('is what a decorator returns', async () => {
    // Vite leaves the syntax of decorators as it is; `wrangler dev` takes it in test/dev.
    const Decorated = withMigrations(ONE)(
      class Decorated extends Plain {
        static names: string[] = ['decorated'];
      },
    );
    expect([Decorated.name, Decorated.names]).toEqual(['Decorated', ['decorated']]);
    const object = new Deployed();
    await object.deployClass(Decorated);
    expect(await object.stub.query('SELECT count(*) AS n FROM a')).toEqual([{ n: 0 }]);
  });

  it('is refused if it is none, or has the method itself', () => {
    const Own = class extends Plain {
      __migrations() {}
    };
    expect(thrown(() => withMigrations(Own, ONE)).message).toBe(
      '[INVALID_TARGET] The class has a method __migrations of its own. Rename it.',
    );
    expect(thrown(() => withMigrations((() => {}) as never, ONE)).message).toBe(
      '[INVALID_TARGET] withMigrations takes the class of a Durable Object.',
    );
    // Twice is two lists in one object.
    withMigrations(withMigrations(class extends Plain {}, ONE), ONE, { table: 'other' });
  });

  it('throws what its constructor throws', async () => {
    const object = new Deployed();
    await object.deployClass(
      withMigrations(
        class extends Plain {
          field = JSON.parse('{');
        },
        ONE,
      ),
    );
    expect((await errorOf(object.stub.query('SELECT 1'))).name).toBe('SyntaxError');
  });

  it('may write in its base class, in its fields and in its constructor before a rebuild is enforced again', async () => {
    const rebuild = {
      m0000:
        'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE)',
      m0001:
        'PRAGMA foreign_keys=OFF; CREATE TABLE __new_p (id INTEGER PRIMARY KEY, name); INSERT INTO __new_p (id) SELECT id FROM p; ' +
        'DROP TABLE p; ALTER TABLE __new_p RENAME TO p; PRAGMA foreign_keys=ON',
    };
    class Writing extends Plain {
      written = this.ctx.storage.sql.exec('INSERT INTO p (id) VALUES (2)').rowsWritten;
    }
    const object = new Deployed();
    await object.raw((ctx) => {
      migrate(ctx, { m0000: rebuild.m0000 });
      ctx.storage.sql.exec('INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)');
    });
    await object.deployClass(withMigrations(Writing, rebuild));
    expect(await object.stub.query('SELECT * FROM c')).toEqual([{ p: 1 }]);
    expect(await object.stub.query('SELECT * FROM p')).toEqual([
      { id: 1, name: null },
      { id: 2, name: null },
    ]);
    expect(await object.stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('goes on with migrate and migrateAsync in its own code', async () => {
    const object = new Deployed();
    await object.deployClass(
      withMigrations(
        class extends Plain {
          result = migrate(this.ctx, ONE);
          later = migrateAsync(this.ctx, { m0000: 'CREATE TABLE b (x)' }, { table: 'others' });
        },
        ONE,
      ),
    );
    expect(await object.stub.query('SELECT count(*) AS n FROM b')).toEqual([{ n: 0 }]);
  });
});

describe('an idle wake', () => {
  /** The statements of a wake, with the rows that they read and wrote. */
  const wakeOf = async (object: Deployed) => {
    const seen: SqlStorageCursor<never>[] = [];
    const Class = deployed.Class as NonNullable<typeof deployed.Class>;
    await object.deployClass(
      new Proxy(Class, {
        construct(target, args) {
          const spy = vi.spyOn(Object.getPrototypeOf(args[0].storage.sql), 'exec');
          const instance = Reflect.construct(target, args);
          seen.push(...spy.mock.results.map(({ value }) => value));
          spy.mockRestore();
          return instance;
        },
      }),
    );
    await object.stub.query('SELECT 1');
    deployed.Class = Class;
    return seen.map(({ rowsRead, rowsWritten }) => [rowsRead, rowsWritten]);
  };
  it('is one statement, which reads one row', async () => {
    const object = new Deployed();
    await object.deployClass(withMigrations(class extends Plain {}, ONE));
    await object.stub.query('SELECT 1');
    const seen = await wakeOf(object);
    expect(seen).toEqual([[1, 0]]);
  });

  it('of an object that is ahead reads one row too, once one is known', async () => {
    const object = new Deployed();
    await object.deploy({ ...ONE, m0001: 'CREATE TABLE b (x)' });
    await object.stub.query('SELECT 1');
    await object.deploy(ONE);
    await object.stub.query('SELECT 1');
    expect(await wakeOf(object)).toEqual([[1, 0]]);
  });
});

describe('two lists in one object', () => {
  const two = (first: unknown, second: unknown) => {
    const Inner = withMigrations(class extends Plain {}, first as never, { table: 'first' });
    return withMigrations(class extends Inner {}, second as never, { table: 'second' });
  };

  it('run before anything is built, the base class first', async () => {
    const object = new Deployed();
    await object.deployClass(two(ONE, { m0000: 'CREATE TABLE b AS SELECT x FROM a' }));
    expect(await object.stub.query('SELECT * FROM b')).toEqual([]);
    expect((await object.inspect()).counts.ledger).toBe(1);
  });

  it('may be around one class', async () => {
    const object = new Deployed();
    const other = { m0000: 'CREATE TABLE b AS SELECT x FROM a' };
    const Twice = withMigrations(withMigrations(class extends Plain {}, ONE), other, {
      table: 'second',
    });
    await object.deployClass(Twice);
    expect(await object.stub.query('SELECT * FROM b')).toEqual([]);
    await object.deployClass(
      withMigrations(withMigrations(class extends Plain {}, FAILING), other, { table: 'second' }),
    );
    expect((await object.inspect()).refusal?.code).toBe('MIGRATION_FAILED');
  });

  it.each([
    ['first', FAILING, ONE],
    ['second', ONE, FAILING],
  ])('where the %s fails nothing is built, and that one is told of', async (_which, ...lists) => {
    const object = new Deployed();
    const built = Plain.built;
    await object.deployClass(two(...(lists as [unknown, unknown])));
    expect((await errorOf(object.stub.query('SELECT 1'))).code).toBe('MIGRATION_FAILED');
    expect(Plain.built).toBe(built);
    expect(await object.inspect()).toMatchObject({ state: 'refused', counts: { migrations: 2 } });
  });

  it('a class around it that nobody wrapped is not built either', async () => {
    class Inner extends withMigrations(class extends Plain {}, FAILING) {
      tables = [...this.ctx.storage.sql.exec('SELECT name FROM sqlite_master')];
    }
    const object = new Deployed();
    await object.deployClass(Inner);
    const error = await errorOf(object.stub.query('SELECT 1'));
    expect(error.message).toContain('[MIGRATION_FAILED]');
    expect(await object.raw(dump)).toEqual({ schema: [], rows: {} });
  });
});

describe.each(REFUSED)('an object that is refused with %s', (code, before, migrations, options) => {
  it('answers every call with it, and nothing in it changes', async () => {
    const object = new Deployed();
    const expected = await object.raw(async (ctx) => {
      await before(ctx);
      return dump(ctx);
    });
    const built = Plain.built;
    const events: MigrateEvent[] = [];
    await object.deploy(migrations, { onEvent: (event) => events.push(event), ...options });
    const { stub } = object;
    const error = await errorOf(stub.query('SELECT 1'));
    expect(error).toMatchObject({ code, remote: true });
    expect(error.message).toMatch(new RegExp(`^\\[${code}\\] .`));
    expect(error.durableObjectReset).toBeUndefined();
    expect((await errorOf(stub.query('SELECT 2'))).message).toBe(error.message);

    const response = await stub.fetch('http://object/');
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '60']);
    expect(await response.json()).toEqual({
      error: { code, message: `[${code}] This object waits for its migrations to be repaired.` },
    });

    const answer = await object.inspect();
    expect(answer).toMatchObject({ state: 'refused', built: false, made: false });
    expect(answer.refusal).toMatchObject({ code, name: error.name, message: error.message });
    expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
    expect(Object.keys(answer.refusal ?? {})).not.toContain('durableObjectId');
    const preflight = await object.preflight();
    expect(preflight.error).toMatchObject({ code });

    // One instance, which was not reset: it migrated once, and was never built.
    expect(Plain.built).toBe(built);
    expect(events.filter(({ type }) => type === 'summary').length).toBeLessThanOrEqual(1);
    expect(said.mock.calls.map(String)).toEqual([
      `drizzle-offramp: this object was not constructed: ${object.id}. ${error.message}`,
    ]);
    expect(await object.raw(dump)).toEqual(expected);
  });
});

describe('what stands in', () => {
  class Target extends RpcTarget {
    open() {
      return 'open';
    }
  }
  class Door extends Plain {
    get door() {
      return new Target();
    }
    arrow = () => 'arrow';
  }

  it('throws for the getters of the class too, and for what its base classes have', async () => {
    const object = new Deployed();
    await object.deployClass(withMigrations(class extends Door {}, FAILING));
    const stub = object.stub as unknown as { door: Promise<Target> };
    expect((await errorOf(Promise.resolve(stub.door))).code).toBe('MIGRATION_FAILED');
  });

  it('puts an alarm off instead of losing it', async () => {
    const object = new Deployed();
    const Ringing = class extends Plain {
      override alarm() {
        this.ctx.storage.sql.exec('CREATE TABLE rang (x)');
      }
    };
    await object.deployClass(withMigrations(class extends Ringing {}, ONE));
    await runInDurableObject(env.DEPLOYED.get(object.id), (_instance, ctx) =>
      ctx.storage.setAlarm(Date.now() + 60_000),
    );
    await object.deployClass(withMigrations(class extends Ringing {}, FAILING));
    for (let time = 0; time < 8; time++) {
      expect(await runDurableObjectAlarm(env.DEPLOYED.get(object.id))).toBe(true);
    }
    const alarm = await object.raw((ctx) => ctx.storage.getAlarm());
    expect((alarm ?? 0) - Date.now()).toBeGreaterThan(4 * 60_000);
    await object.deployClass(withMigrations(class extends Ringing {}, ONE));
    expect(await runDurableObjectAlarm(env.DEPLOYED.get(object.id))).toBe(true);
    expect(await object.stub.query('SELECT * FROM rang')).toEqual([]);
    expect(await object.raw((ctx) => ctx.storage.getAlarm())).toBeNull();
  });

  it('closes a WebSocket that wakes it with a reason', async () => {
    const object = new Deployed();
    const Socket = class extends Plain {
      override fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        this.ctx.acceptWebSocket(server as WebSocket);
        return new Response(null, { status: 101, webSocket: client as WebSocket });
      }
      override webSocketMessage(socket: WebSocket, message: string) {
        socket.send(`heard ${message}`);
      }
    };
    await object.deployClass(withMigrations(class extends Socket {}, ONE));
    const headers = { Upgrade: 'websocket' };
    const { webSocket } = await object.stub.fetch('http://object/', { headers });
    if (webSocket === null) throw new Error('no socket');
    webSocket.accept();
    const next = <T extends 'message' | 'close'>(type: T) =>
      new Promise<WebSocketEventMap[T]>((resolve) => {
        webSocket.addEventListener(type, resolve as never, { once: true });
      });
    webSocket.send('one');
    expect((await next('message')).data).toBe('heard one');
    await object.deployClass(withMigrations(class extends Socket {}, FAILING));
    webSocket.send('two');
    const { code, reason } = await next('close');
    expect([code, reason]).toEqual([1013, 'MIGRATION_FAILED']);
    expect((await object.stub.fetch('http://object/', { headers })).status).toBe(503);
  });

  it('tells in the log what is wrong, once an instance', async () => {
    const object = new Deployed();
    await object.deploy(FAILING);
    for (let time = 0; time < 3; time++) await errorOf(object.stub.query('SELECT 1'));
    expect(said).toHaveBeenCalledTimes(1);
  });

  it('tells onEvent and the log which object it is about', async () => {
    const heard: unknown[] = [];
    const options: WithMigrationsOptions = {
      onEvent(event, object) {
        heard.push([this === options, event.type, object]);
      },
    };
    const named = new Deployed(env.DEPLOYED.idFromName('acme'));
    const nameless = new Deployed();
    for (const [object, name] of [
      [named, 'acme'],
      [nameless, null],
    ] as const) {
      const ref = { className: 'Inbox', id: object.id.toString(), name };
      await object.deployClass(withMigrations(class Inbox extends Plain {}, ONE, options));
      await object.stub.query('SELECT 1');
      expect(heard.splice(0)).toEqual([
        [true, 'applied', ref],
        [true, 'summary', ref],
      ]);
      await object.deployClass(withMigrations(class Inbox extends Plain {}, FAILING, options));
      const { message } = await errorOf(object.stub.query('SELECT 1'));
      expect(heard.splice(0)).toEqual([
        [true, 'failed', ref],
        [true, 'summary', ref],
      ]);
      expect(said.mock.calls.splice(0).map(String)).toEqual([
        `drizzle-offramp: this object was not constructed: Inbox ${ref.id}${name ? ' (acme)' : ''}. ${message}`,
      ]);
    }
  });

  it('is gone with the next deploy', async () => {
    const object = new Deployed();
    await object.deploy(FAILING);
    await errorOf(object.stub.query('SELECT 1'));
    await object.deploy(ONE);
    expect(await object.stub.query('SELECT count(*) AS n FROM a')).toEqual([{ n: 0 }]);
  });
});
