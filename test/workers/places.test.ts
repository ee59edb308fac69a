// Where teams call it, with a rebuild of a parent pending: whatever is passed, awaited or not, caught or not. Thirty events
// wait for the object meanwhile; each tries to store a child without a parent, and none may succeed.
import { evictDurableObject } from 'cloudflare:test';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { drizzle as drizzle1 } from 'drizzle-orm-1/durable-sqlite';
import { describe, expect, it } from 'vitest';
import { type ForeignKeyError, migrate, migrateAsync } from '../../src/index.ts';
import { migrate as dropIn } from '../../src/migrator.ts';
import { bundle0, dump, inObject, newObject, rows, runDrizzle0, thrown, wake } from './harness.ts';
import { deploy } from './worker.ts';

type Stub = ReturnType<typeof newObject>;
type Ctx = DurableObjectState;

const EVENTS = 30;
const schema =
  'CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT);--> statement-breakpoint\n' +
  'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) ON DELETE CASCADE)';
const rebuild = [
  'PRAGMA foreign_keys=OFF',
  'CREATE TABLE __new_p (id INTEGER PRIMARY KEY, name TEXT NOT NULL)',
  'INSERT INTO __new_p (id, name) SELECT id, name FROM p',
  'DROP TABLE p',
  'ALTER TABLE __new_p RENAME TO p',
  'PRAGMA foreign_keys=ON',
].join(';--> statement-breakpoint\n');
const when = Date.UTC(2026, 10, 22, 12);
const before = { tag: '0000_before', when, sql: schema };
const bundle = bundle0(before, { tag: '0001_rebuild', when: when + 60_000, sql: rebuild });
const broken = bundle0(before, {
  tag: '0001_broken',
  when: when + 60_000,
  sql: `${rebuild}; OOPS`,
});

const enforcement = (ctx: Ctx) => rows(ctx, 'PRAGMA foreign_keys')[0]?.foreign_keys;

/** An object of Drizzle's with a parent and two children. */
async function ofDrizzle(): Promise<Stub> {
  const stub = newObject();
  await inObject((ctx) => runDrizzle0(ctx, bundle0(before)), stub);
  await stub.query("INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES (10, 1), (11, 1)");
  return stub;
}

/** Wakes an object with thirty events at once; what each of them is told for a child without a parent. */
async function flood(stub: Stub, construct: (ctx: Ctx) => unknown): Promise<unknown[]> {
  await evictDurableObject(stub).catch(() => {});
  deploy.construct = (ctx) => void construct(ctx);
  try {
    return await Promise.all(
      Array.from({ length: EVENTS }, (_, i) =>
        stub.refusal(`INSERT INTO c VALUES (${100 + i}, 99)`),
      ),
    );
  } finally {
    deploy.construct = undefined;
  }
}

const refused = Array.from(
  { length: EVENTS },
  () => 'FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)',
);

const targets: Record<string, (ctx: Ctx) => Parameters<typeof migrate>[0]> = {
  ctx: (ctx) => ctx,
  'ctx.storage': (ctx) => ctx.storage,
  'a database of drizzle-orm 0.x': (ctx) => drizzle(ctx.storage),
  'a database of drizzle-orm 1.x': (ctx) => drizzle1(ctx.storage) as never,
};

type Call = (ctx: Ctx, target: Parameters<typeof migrate>[0], input: typeof bundle) => unknown;

/** Drizzle's own manual has a method `async _migrate()`, which is called in the constructor. */
const calls: Record<string, Call> = {
  migrate: (_, target, input) => migrate(target, input),
  'migrate, in blockConcurrencyWhile': (ctx, target, input) =>
    ctx.blockConcurrencyWhile(async () => void migrate(target, input)),
  'migrateAsync, not awaited': (_, target, input) => migrateAsync(target, input),
  'migrateAsync, awaited in blockConcurrencyWhile': (ctx, target, input) =>
    ctx.blockConcurrencyWhile(async () => void (await migrateAsync(target, input))),
  'the drop-in, awaited in blockConcurrencyWhile': (ctx, target, input) =>
    ctx.blockConcurrencyWhile(() => dropIn(target, input)),
  'the drop-in, not awaited in blockConcurrencyWhile': (ctx, target, input) =>
    ctx.blockConcurrencyWhile(async () => void dropIn(target, input)),
  'the drop-in in an async method that is not awaited': (_, target, input) =>
    (async () => void dropIn(target, input))(),
  'the drop-in after an await of storage': (ctx, target, input) =>
    ctx.blockConcurrencyWhile(async () => {
      await ctx.storage.get('settings');
      await dropIn(target, input);
    }),
};

describe.each(Object.entries(targets))('in a constructor, with %s', (_, targetOf) => {
  it.each(Object.entries(calls))(
    '%s keeps the children, and no event is unenforced',
    async (__, call) => {
      const stub = await ofDrizzle();
      expect(await flood(stub, (ctx) => call(ctx, targetOf(ctx), bundle))).toEqual(refused);
      expect(await stub.query('SELECT * FROM c')).toEqual([
        { id: 10, p: 1 },
        { id: 11, p: 1 },
      ]);
      expect(await stub.query("SELECT sql FROM sqlite_master WHERE name = 'p'")).toEqual([
        { sql: 'CREATE TABLE "p" (id INTEGER PRIMARY KEY, name TEXT NOT NULL)' },
      ]);
    },
  );

  it.each(Object.entries(calls))(
    '%s that fails and is caught changes nothing',
    async (__, call) => {
      const stub = await ofDrizzle();
      const was = await inObject(dump, stub);
      const caught: string[] = [];
      const told = await flood(stub, (ctx) => {
        const note = (error: Error) => void caught.push(error.name);
        // An error that leaves blockConcurrencyWhile resets the object, so it is caught inside.
        const inside = {
          storage: ctx.storage,
          blockConcurrencyWhile: (run: () => Promise<unknown>) =>
            ctx.blockConcurrencyWhile(async () => {
              try {
                await run();
              } catch (error) {
                note(error as Error);
              }
            }),
        } as never as Ctx;
        const target = targetOf(ctx);
        try {
          const outcome = call(inside, target, broken);
          if (outcome instanceof Promise) outcome.catch(note);
        } catch (error) {
          note(error as Error);
        }
      });
      expect(caught).toEqual(['MigrationError']);
      expect(told).toEqual(refused);
      expect(await inObject(dump, stub)).toEqual(was);
    },
  );
});

describe('a callback that the constructor queued behind the call', () => {
  it('runs with foreign keys enforced', async () => {
    const stub = await ofDrizzle();
    const seen: unknown[] = [];
    await flood(stub, (ctx) => {
      migrate(ctx.storage, bundle);
      void ctx.blockConcurrencyWhile(async () => {
        seen.push(enforcement(ctx));
        await ctx.storage.get('settings');
        seen.push(enforcement(ctx));
      });
    });
    expect(seen).toEqual([1, 1]);
  });
});

describe('a second call in the same constructor', () => {
  const other = { m0000: 'CREATE TABLE other (id INTEGER PRIMARY KEY)' };
  const options = { table: '__other', drizzleTable: '__other_drizzle' };

  it('for another ledger runs a rebuild too', async () => {
    const stub = await ofDrizzle();
    await inObject(({ storage }) => migrate(storage, other, options), stub);
    const rebuildOther =
      'PRAGMA foreign_keys=OFF; CREATE TABLE __new_other (id INTEGER PRIMARY KEY, x); INSERT INTO __new_other(id) SELECT id FROM other; DROP TABLE other; ALTER TABLE __new_other RENAME TO other; PRAGMA foreign_keys=ON';
    const told = await flood(stub, (ctx) => {
      migrate(ctx, bundle);
      migrate(ctx, { ...other, m0001: rebuildOther }, options);
    });
    expect(told).toEqual(refused);
    expect(await stub.query('SELECT version FROM __other')).toEqual([
      { version: 0 },
      { version: 1 },
    ]);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });

  it('that relies on a cascade is refused, and runs at the next wake', async () => {
    const stub = await ofDrizzle();
    const record = { m0000: 'DELETE FROM p WHERE id = 1' };
    const error = await wake(stub, (ctx) => {
      migrate(ctx, bundle);
      return thrown<ForeignKeyError>(() => migrate(ctx, record, options));
    });
    expect(error.message).toBe(
      '[FOREIGN_KEY_VIOLATION] After the migrations 2 row(s) lack the row they refer to, so everything was rolled back; ' +
        'another call of this turn disabled foreign keys.\n  c row 10 has no p\n  c row 11 has no p\n' +
        'Delete or fix these rows in the migration that removes their parents.',
    );
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
    await wake(stub, (ctx) => migrate(ctx, record, options));
    expect(await stub.query('SELECT id FROM c')).toEqual([]);
  });

  it('after a failure that was caught starts from the same', async () => {
    const stub = await ofDrizzle();
    const told = await flood(stub, (ctx) => {
      thrown(() => migrate(ctx, broken));
      expect(migrate(ctx, bundle).applied).toHaveLength(1);
    });
    expect(told).toEqual(refused);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });
});

describe('migrateAsync', () => {
  const write = (ctx: Ctx) => ctx.storage.sql.exec("UPDATE p SET name = 'uno' WHERE id = 1");

  it('after a write of the same turn, in a constructor', async () => {
    const stub = await ofDrizzle();
    const told = await flood(stub, (ctx) => {
      write(ctx);
      return migrateAsync(ctx, bundle);
    });
    expect(told).toEqual(refused);
    expect(await stub.query('SELECT name, c.id FROM p JOIN c ON c.p = p.id')).toEqual([
      { name: 'uno', id: 10 },
      { name: 'uno', id: 11 },
    ]);
  });

  it('in a method, with writes before and events waiting, resolves when foreign keys are enforced', async () => {
    const stub = await ofDrizzle();
    const seen: unknown[] = [];
    const method = inObject(async (ctx) => {
      write(ctx);
      const result = await migrateAsync(ctx, bundle);
      seen.push(result.applied, enforcement(ctx));
    }, stub);
    const events = Array.from({ length: EVENTS }, (_, i) =>
      stub.refusal(`INSERT INTO c VALUES (${100 + i}, 99)`),
    );
    await method;
    expect(await Promise.all(events)).toEqual(refused);
    expect(seen).toEqual([[{ key: 'm0001', tag: '20261122120100_rebuild' }], 1]);
  });

  it('from several events at once runs once', async () => {
    const stub = await ofDrizzle();
    const results = await Promise.all(
      Array.from({ length: 5 }, () => inObject((ctx) => migrateAsync(ctx, bundle), stub)),
    );
    expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 0, 0, 1]);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });

  it('resolves with foreign keys enforced, where another call of the same event was the one that ran', async () => {
    const stub = await ofDrizzle();
    const seen = await inObject(async (ctx) => {
      migrate(ctx, bundle);
      await migrateAsync(ctx, bundle);
      return enforcement(ctx);
    }, stub);
    expect(seen).toBe(1);
  });

  it('rejects without a reset of the object, which goes on', async () => {
    const stub = await ofDrizzle();
    const seen = await inObject(async (ctx) => {
      const kept = { instance: true };
      const error = await migrateAsync(ctx, broken).catch((reason: Error) => reason);
      return [kept.instance, (error as Error).name, enforcement(ctx)];
    }, stub);
    expect(seen).toEqual([true, 'MigrationError', 1]);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });

  it('reads one row, and waits for nothing, where there is nothing to do', async () => {
    const stub = await ofDrizzle();
    await wake(stub, (ctx) => migrate(ctx, bundle));
    await inObject(async (ctx) => {
      write(ctx);
      expect((await migrateAsync(ctx, bundle)).upToDate).toBe(true);
    }, stub);
  });

  it.each(Object.entries(targets))('with %s, after a write of a method', async (_, targetOf) => {
    const stub = await ofDrizzle();
    const seen: unknown[] = [];
    const method = inObject(async (ctx) => {
      write(ctx);
      const { applied } = await migrateAsync(targetOf(ctx), bundle);
      seen.push(applied.length, enforcement(ctx));
    }, stub);
    const events = Array.from({ length: EVENTS }, (_, i) =>
      stub.refusal(`INSERT INTO c VALUES (${100 + i}, 99)`),
    );
    await method;
    expect(await Promise.all(events)).toEqual(refused);
    expect(seen).toEqual([1, 1]);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });

  it('inside a transaction of the caller is refused', async () => {
    const stub = await ofDrizzle();
    const error = await inObject(
      (ctx) =>
        ctx.storage.transaction(() => migrateAsync(ctx, bundle).catch((reason: Error) => reason)),
      stub,
    );
    expect(error).toMatchObject({ code: 'FOREIGN_KEYS_AFTER_WRITE' });
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });
});

describe('the drop-in', () => {
  it('throws at once what does not come from an open transaction', async () => {
    const stub = await ofDrizzle();
    const losing = bundle0(before, {
      tag: '0001_losing',
      when: when + 60_000,
      sql: `${rebuild};--> statement-breakpoint\nDELETE FROM p`,
    });
    const events: string[] = [];
    const onEvent = ({ type }: { type: string }) => events.push(type);
    const error = await wake(stub, (ctx) => thrown(() => dropIn(ctx.storage, losing, { onEvent })));
    expect(error).toMatchObject({ code: 'FOREIGN_KEY_VIOLATION' });
    expect(events).toEqual(['failed', 'summary']);
  });

  it('waits where something was written in this turn already, and tells of no refusal', async () => {
    const stub = await ofDrizzle();
    const events: string[] = [];
    const told = await flood(stub, (ctx) => {
      ctx.storage.sql.exec("UPDATE p SET name = 'uno' WHERE id = 1");
      void dropIn(ctx.storage, bundle, { onEvent: ({ type }) => events.push(type) });
    });
    expect(told).toEqual(refused);
    expect(events).not.toContain('refused');
    expect(await stub.query('SELECT name, c.id FROM p JOIN c ON c.p = p.id')).toEqual([
      { name: 'uno', id: 10 },
      { name: 'uno', id: 11 },
    ]);
  });
});

describe('after a base class has written', () => {
  const base = (ctx: Ctx) =>
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS cf_agents_state (id TEXT PRIMARY KEY, state TEXT)',
    ) && ctx.storage.sql.exec("INSERT OR REPLACE INTO cf_agents_state VALUES ('a', 'b')");

  it('a new object runs its rebuilds, as none of its rows is at stake', async () => {
    const stub = newObject();
    const told = await flood(stub, (ctx) => {
      base(ctx);
      migrate(ctx, bundle);
    });
    expect(told).toEqual(refused);
    expect(await stub.query('SELECT version FROM __migrations')).toEqual([
      { version: 0 },
      { version: 1 },
    ]);
  });

  it('a statement that fails only with foreign keys enforced is refused too, with what SQLite says', async () => {
    const stub = newObject();
    const later =
      'PRAGMA foreign_keys=OFF; CREATE TABLE __new_p (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t(id)); ' +
      'INSERT INTO __new_p (id) SELECT id FROM p; DROP TABLE p; ALTER TABLE __new_p RENAME TO p; CREATE TABLE t (id INTEGER PRIMARY KEY)';
    const record = { m0000: 'CREATE TABLE p (id INTEGER PRIMARY KEY)', m0001: later };
    const error = await wake(stub, (ctx) => {
      base(ctx);
      return thrown<ForeignKeyError>(() => migrate(ctx, record));
    });
    expect(error).toMatchObject({
      code: 'FOREIGN_KEYS_AFTER_WRITE',
      cause: { name: 'MigrationError', key: 'm0001' },
    });
    expect(error.message).toContain(
      'With foreign keys enforced, statement 3 of m0001 fails: no such table: main.t: SQLITE_ERROR. Nothing was changed.',
    );
    expect((await wake(stub, (ctx) => migrate(ctx, record))).applied).toHaveLength(2);
  });

  it('rows that lose their parent all the same are told as in any other call', async () => {
    const stub = newObject();
    const record = {
      m0000: `${schema.replaceAll('--> statement-breakpoint', '')}; INSERT INTO p VALUES (1, 'one')`,
      m0001: `${rebuild}; PRAGMA defer_foreign_keys=ON; INSERT INTO c VALUES (5, 99)`,
    };
    const error = await wake(stub, (ctx) => {
      base(ctx);
      return thrown<ForeignKeyError>(() => migrate(ctx, record));
    });
    expect(error.message).toContain(
      'so everything was rolled back; foreign keys could not be disabled.\n  c row 5 has no p\n',
    );
  });

  const onChildren = (action: string, table = 'p') => ({
    m0000:
      `CREATE TABLE "${table}" (id INTEGER PRIMARY KEY, name TEXT); ` +
      `CREATE TABLE kids (id INTEGER PRIMARY KEY, p INTEGER REFERENCES "${table}"(id) ON DELETE ${action})`,
  });
  const refill = (table: string, second: string) =>
    `PRAGMA foreign_keys=OFF; CREATE TABLE copy AS SELECT * FROM "${table}"; ${second}; DROP TABLE copy; PRAGMA foreign_keys=ON`;

  it.each([
    [
      'a rebuild of a table with letters beyond ASCII',
      'größen',
      rebuild.replaceAll(/\b(__new_)?p\b/g, '"$1größen"'),
    ],
    ['DELETE and INSERT', 'p', refill('p', 'DELETE FROM p; INSERT INTO p SELECT * FROM copy')],
    ['INSERT OR REPLACE', 'p', refill('p', "INSERT OR REPLACE INTO p SELECT id, 'new' FROM copy")],
    ['REPLACE', 'p', refill('p', "REPLACE INTO p SELECT id, 'new' FROM copy")],
    [
      'an upsert',
      'p',
      refill(
        'p',
        'INSERT INTO p SELECT * FROM copy WHERE true ON CONFLICT DO UPDATE SET id = id + 5',
      ),
    ],
    [
      'a trigger',
      'p',
      refill(
        'p',
        'CREATE TRIGGER t AFTER INSERT ON copy BEGIN DELETE FROM p; END; INSERT INTO copy VALUES (9, 9)',
      ),
    ],
  ])(
    '%s is refused where rows refer to the table, whatever the reference does',
    async (_, table, m0001) => {
      for (const action of ['CASCADE', 'SET NULL']) {
        const record = onChildren(action, table);
        const stub = newObject();
        await wake(stub, (ctx) => migrate(ctx, record));
        await stub.query(
          `INSERT INTO "${table}" VALUES (1, 'one'); INSERT INTO kids VALUES (10, 1)`,
        );
        const error = await wake(stub, (ctx) => {
          base(ctx);
          return thrown<ForeignKeyError>(() => migrate(ctx, { ...record, m0001 }));
        });
        expect(error.code).toMatch(/^FOREIGN_KEYS_/);
        expect(error.message).toContain('may act on the rows of kids.');
        expect(await stub.query('SELECT * FROM kids')).toEqual([{ id: 10, p: 1 }]);
      }
    },
  );

  it('an object with rows is refused, and nothing of it is changed', async () => {
    const stub = await ofDrizzle();
    const error = await wake(stub, (ctx) => {
      base(ctx);
      return thrown<ForeignKeyError>(() => migrate(ctx, bundle));
    });
    expect(error.message).toBe(
      '[FOREIGN_KEYS_AFTER_WRITE] m0001 must disable foreign keys to rebuild a table, which does nothing in an open ' +
        'transaction: something was written before this call, by super() for instance. With foreign keys enforced, ' +
        '"DROP TABLE p" may act on the rows of c. Nothing was changed. Call migrate before any write and before ' +
        'super(ctx, env), or await migrateAsync(ctx, migrations).',
    );
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });

  it.each([
    [
      'before super()',
      (ctx: Ctx) => {
        migrate(ctx, bundle);
        base(ctx);
      },
    ],
    [
      'in blockConcurrencyWhile after it',
      (ctx: Ctx) => {
        base(ctx);
        void ctx.blockConcurrencyWhile(async () => void (await migrateAsync(ctx, bundle)));
      },
    ],
  ])('an object with rows is migrated %s', async (_, construct) => {
    const stub = await ofDrizzle();
    expect(await flood(stub, construct)).toEqual(refused);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
    expect(await stub.query('SELECT version FROM __migrations')).toHaveLength(2);
  });
});
