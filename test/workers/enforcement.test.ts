// Foreign keys around a rebuild, at the edges: what asks for the switch, which violations are new, and how long it takes
// until enforcement is back. The families of tables and the places of a call are in foreign-keys.test.ts.
import { describe, expect, it } from 'vitest';
import { type ForeignKeyError, migrate } from '../../src/index.ts';
import { migrate as dropIn } from '../../src/migrator.ts';
import { inObject, newObject, rows, thrown, wake, watched } from './harness.ts';

type Stub = ReturnType<typeof newObject>;

const schema =
  'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id))';
const fill = 'INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (10, 1), (11, 2)';
const rebuildOf = (table: string, columns: string, copy: string): string =>
  `PRAGMA foreign_keys=OFF; CREATE TABLE __new_${table} (${columns}); ${copy};
   DROP TABLE ${table}; ALTER TABLE __new_${table} RENAME TO ${table}; PRAGMA foreign_keys=ON`;
const rebuildP = rebuildOf(
  'p',
  'id INTEGER PRIMARY KEY NOT NULL',
  'INSERT INTO __new_p (id) SELECT id FROM p',
);
const rebuildC = rebuildOf(
  'c',
  'id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id)',
  'INSERT INTO __new_c (id, p) SELECT id, p FROM c',
);

/** An object of ours with two parents and two children. */
async function family(): Promise<Stub> {
  const stub = newObject();
  await wake(stub, (ctx) => migrate(ctx, { m0000: schema }));
  await stub.query(fill);
  return stub;
}

/** The same, with a child 50 whose parent is missing. */
async function orphaned(): Promise<Stub> {
  const stub = await family();
  await wake(stub, ({ storage }) => {
    storage.sql.exec('PRAGMA foreign_keys=OFF');
    storage.sql.exec('INSERT INTO c VALUES (50, 77)');
  });
  return stub;
}

const foreignKeys = (ctx: DurableObjectState) => rows(ctx, 'PRAGMA foreign_keys')[0]?.foreign_keys;

describe('storage alone is enough', () => {
  it.each([
    ['to switch enforcement on', 'PRAGMA foreign_keys=ON; CREATE TABLE x (y)'],
    ['to stop deferring', 'PRAGMA defer_foreign_keys=OFF; CREATE TABLE x (y)'],
    ['to defer without a rebuild', 'PRAGMA defer_foreign_keys=ON; CREATE TABLE x (y)'],
  ])('%s', async (_, sql) => {
    const stub = await family();
    await wake(stub, (ctx) => migrate(ctx.storage, { m0000: schema, m0001: sql }));
    expect(await stub.query("SELECT name FROM sqlite_master WHERE name = 'x'")).toHaveLength(1);
  });

  it('to defer in one migration and to drop a table in another', async () => {
    const stub = await family();
    const record = {
      m0000: schema,
      m0001: 'PRAGMA defer_foreign_keys=ON; UPDATE c SET p = 1',
      m0002: 'DROP TABLE c',
    };
    await wake(stub, (ctx) => migrate(ctx.storage, record));
    expect(await stub.query("SELECT name FROM sqlite_master WHERE name IN ('p', 'c')")).toEqual([
      { name: 'p' },
    ]);
  });

  it('in a fresh object whose rows come after its last rebuild', () =>
    inObject((ctx) => {
      migrate(ctx.storage, { m0000: schema, m0001: rebuildP, m0002: fill });
      expect(rows(ctx, 'SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
    }));

  it('to rebuild tables whose rows the history itself inserted', async () => {
    const stub = newObject();
    await wake(stub, (ctx) =>
      migrate(ctx.storage, { m0000: `${schema}; ${fill}`, m0001: rebuildP, m0002: rebuildC }),
    );
    expect(await stub.query('SELECT id, p FROM c')).toEqual([
      { id: 10, p: 1 },
      { id: 11, p: 2 },
    ]);
    expect(await stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });
});

describe('where enforcement was off before the call', () => {
  it('it is left off, and nothing waits', async () => {
    const stub = await family();
    await wake(stub, (ctx) => {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      const { target, seen } = watched(ctx);
      expect(migrate(target, { m0000: schema, m0001: rebuildP }).applied).toHaveLength(1);
      expect(seen.blocked).toBe(0);
      expect(foreignKeys(ctx)).toBe(0);
    });
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });
});

describe('a violation', () => {
  const attempt = (stub: Stub, m0001: string) =>
    wake(stub, (ctx) => thrown<ForeignKeyError>(() => migrate(ctx, { m0000: schema, m0001 })));

  it('is new if another row of the same table had one', async () => {
    const stub = await orphaned();
    const swap = `${rebuildP}; DELETE FROM c WHERE id = 50; INSERT INTO c VALUES (51, 78)`;
    expect(await attempt(stub, swap)).toMatchObject({
      code: 'FOREIGN_KEY_VIOLATION',
      violations: [{ table: 'c', rowid: 51, parent: 'p' }],
      total: 1,
    });
  });

  it('is new if a table that was rebuilt has more than before', async () => {
    const stub = await orphaned();
    const more = `${rebuildC}; INSERT INTO c VALUES (60, 78), (61, 79)`;
    expect(await attempt(stub, more)).toMatchObject({ code: 'FOREIGN_KEY_VIOLATION', total: 2 });
    expect((await attempt(stub, `${rebuildC}; INSERT INTO c VALUES (60, 78)`)).total).toBe(1);
  });

  it('is old if a table that was rebuilt has as many as before, or fewer', async () => {
    const stub = await orphaned();
    const record = { m0000: schema, m0001: rebuildC };
    const kept = await wake(stub, (ctx) => migrate(ctx, record));
    expect(kept.violations).toEqual([{ table: 'c', rowid: 50, parent: 'p' }]);
    const mended = { ...record, m0002: `${rebuildC}; DELETE FROM c WHERE id = 50` };
    const { violations } = await wake(stub, (ctx) => migrate(ctx, mended));
    expect(violations).toEqual([]);
    expect(await stub.query('PRAGMA foreign_key_check')).toEqual([]);
  });

  it('is old in a table that was renamed, and new in one that was made', async () => {
    const stub = await orphaned();
    const renamed = `${rebuildP}; ALTER TABLE c RENAME TO d`;
    const make = (name: string) =>
      `CREATE TABLE ${name} (p INTEGER REFERENCES p(id)); INSERT INTO ${name} VALUES (79)`;
    expect(await attempt(stub, [renamed, make('e'), make('f')].join(';'))).toMatchObject({
      violations: [
        { table: 'e', rowid: 1, parent: 'p' },
        { table: 'f', rowid: 1, parent: 'p' },
      ],
    });
    await wake(stub, (ctx) => migrate(ctx, { m0000: schema, m0001: renamed }));
    expect(await stub.query('SELECT id FROM d')).toEqual([{ id: 10 }, { id: 11 }, { id: 50 }]);
  });

  it('is new in a table that took the name of one that was renamed', async () => {
    const stub = await orphaned();
    const taken =
      'ALTER TABLE c RENAME TO d; CREATE TABLE c (id INTEGER, p INTEGER REFERENCES p(id))';
    const off = `PRAGMA foreign_keys=OFF; ${taken}`;
    expect(await attempt(stub, `${off}; INSERT INTO c VALUES (60, 79)`)).toMatchObject({
      violations: [{ table: 'c', rowid: 1, parent: 'p' }],
    });
    await wake(stub, (ctx) => migrate(ctx, { m0000: schema, m0001: off }));
    expect(await stub.query('SELECT id FROM d')).toEqual([{ id: 10 }, { id: 11 }, { id: 50 }]);
  });

  it('is listed to the tenth, and no more are counted where there are none', async () => {
    const stub = await family();
    const ten = `${rebuildP}; DELETE FROM c; WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 109) INSERT INTO c SELECT i, i FROM n`;
    const { message, total } = await attempt(stub, ten);
    expect(total).toBe(10);
    expect(message).toContain('\n  c row 109 has no p\nDelete or fix these rows');
  });

  it('names all migrations that ran without enforcement', async () => {
    const stub = await family();
    const record = {
      m0000: schema,
      m0001: rebuildP,
      m0002: 'DELETE FROM p WHERE id = 1',
      m0003: rebuildC,
    };
    const { message } = await wake(stub, (ctx) => thrown(() => migrate(ctx, record)));
    expect(message).toContain('; m0001, m0003 disabled foreign keys.');
  });

  it('of deferred references names the migrations that defer', async () => {
    const stub = await family();
    const record = {
      m0000: schema,
      m0001: 'CREATE TABLE x (y)',
      m0002: 'PRAGMA defer_foreign_keys=ON; DELETE FROM p WHERE id = 1',
    };
    const error = await wake(stub, (ctx) => thrown<ForeignKeyError>(() => migrate(ctx, record)));
    expect(error.message).toBe(
      '[FOREIGN_KEY_VIOLATION] After the migrations 1 row(s) lack the row they refer to, so everything was rolled back; m0002 ' +
        'deferred foreign keys.\n  c row 10 has no p\n' +
        'Delete or fix these rows in the migration that removes their parents.',
    );
    expect(error.keys).toEqual(['m0002']);
  });
});

describe('deferring', () => {
  it('ends with the migrations: a write after them in the same turn is checked at once', async () => {
    const stub = await family();
    const record = { m0000: schema, m0001: 'PRAGMA defer_foreign_keys=ON; UPDATE c SET p = 1' };
    const refusal = await wake(stub, (ctx) => {
      migrate(ctx, record);
      return thrown(() => ctx.storage.sql.exec('INSERT INTO c VALUES (99, 99)')).message;
    });
    expect(refusal).toContain('FOREIGN KEY constraint failed');
  });
});

describe('enabling foreign keys again', () => {
  const next = { m0000: schema, m0001: rebuildP };

  /** A `ctx` in which other writes open a transaction after each of the first transactions. */
  const busy = (ctx: DurableObjectState, times: number) => {
    let begun = 0;
    const target = {
      storage: {
        sql: ctx.storage.sql,
        transactionSync: <T>(run: () => T): T => ctx.storage.transactionSync(run),
        transaction: async <T>(run: () => Promise<T>): Promise<T> => {
          const result = await ctx.storage.transaction(run);
          if (begun++ < times) ctx.storage.sql.exec('INSERT INTO p VALUES (NULL)');
          return result;
        },
      },
    };
    return { target, begun: () => begun };
  };

  it('is tried until no transaction is open', async () => {
    const stub = await family();
    const count = await wake(stub, (ctx) => {
      const { target, begun } = busy(ctx, 3);
      migrate(target, next);
      expect(foreignKeys(ctx)).toBe(0);
      return begun;
    });
    expect(await stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    expect(count()).toBe(4);
  });

  it('is done even if the storage fails right after they were disabled', async () => {
    const stub = await family();
    const told = await wake(stub, (ctx) => {
      let looks = 0;
      const target = {
        storage: {
          sql: {
            exec(query: string, ...bindings: unknown[]) {
              if (query === 'PRAGMA foreign_keys' && ++looks === 2)
                throw new Error('the disk is gone');
              return ctx.storage.sql.exec(query, ...bindings);
            },
          },
          transactionSync: <T>(run: () => T): T => ctx.storage.transactionSync(run),
          transaction: <T>(run: () => Promise<T>) => ctx.storage.transaction(run),
        },
      };
      return thrown(() => migrate(target, next)).message;
    });
    expect(told).toContain('the disk is gone');
    expect(await stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('is given up after a hundred attempts, and says so', async () => {
    const stub = await family();
    await inObject(async (ctx) => {
      const { target, begun } = busy(ctx, Number.POSITIVE_INFINITY);
      await expect(dropIn(target, next as never)).rejects.toThrow(
        'foreign keys are still not enforced after 100 attempts',
      );
      expect(begun()).toBe(100);
    }, stub);
  });
});
