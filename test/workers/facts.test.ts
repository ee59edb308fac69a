// What the code relies on and the runtime could change: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
import { env, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { facts } from '../dev/worker/facts.ts';
import { FAMILY, Probe, read, type Scene, WAITING } from '../dev/worker/probe.ts';
import { inObject, newObject, rows, wake } from './harness.ts';
import { deploy } from './worker.ts';

const foreignKeys = (ctx: DurableObjectState) => rows(ctx, 'PRAGMA foreign_keys')[0]?.foreign_keys;

describe('the runtime', () => {
  it('takes 100,000 bytes of SQL in one call and no more', () =>
    inObject(({ storage: { sql } }) => {
      const of = (bytes: number) => `SELECT '${'x'.repeat(bytes - 9)}'`;
      expect(sql.exec(of(100_000)).toArray()).toHaveLength(1);
      expect(() => sql.exec(of(100_001))).toThrow('statement too long: SQLITE_TOOBIG');
      expect(() => sql.exec(`SELECT '${'é'.repeat(50_000)}'`)).toThrow('SQLITE_TOOBIG');
    }));

  it('refuses SQL without a statement, and takes a byte order mark', () =>
    inObject(({ storage: { sql } }) => {
      expect(() => sql.exec('-- only a comment')).toThrow('SQL code did not contain a statement.');
      expect(sql.exec('\uFEFFSELECT 1 AS one').toArray()).toEqual([{ one: 1 }]);
    }));

  it('refuses transactions in SQL', () =>
    inObject(({ storage: { sql } }) => {
      for (const statement of ['BEGIN', 'SAVEPOINT a', 'COMMIT', 'ROLLBACK']) {
        expect(() => sql.exec(statement)).toThrow('state.storage.transactionSync()');
      }
    }));

  it('reads the schema through pragmas without a row read', () =>
    inObject(({ storage: { sql } }) => {
      sql.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL)');
      sql.exec('CREATE UNIQUE INDEX i ON t (x)');
      for (const [pragma, found] of [
        ['table_list("t")', 1],
        ['table_info("t")', 2],
        ['table_list("none")', 0],
        ['index_info("i")', 1],
        ['index_info("t")', 0],
        ['index_list("t")', 1],
      ] as const) {
        const cursor = sql.exec(`PRAGMA ${pragma}`);
        expect(cursor.toArray()).toHaveLength(found);
        expect(cursor.rowsRead).toBe(0);
      }
    }));

  it('keeps a time in milliseconds as an integer', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE t (i INTEGER, n numeric)');
      ctx.storage.sql.exec('INSERT INTO t VALUES (?, ?)', 1795371422076, 1795371422076);
      expect(rows(ctx, 'SELECT i, n, typeof(i) AS ti, typeof(n) AS tn FROM t')).toEqual([
        { i: 1795371422076, n: 1795371422076, ti: 'integer', tn: 'integer' },
      ]);
    }));

  it('counts the rows that an instance has written, from 0 in each', async () => {
    const written = (ctx: DurableObjectState) =>
      rows(ctx, 'SELECT total_changes() AS written')[0]?.written;
    const stub = newObject();
    await wake(stub, ({ storage: { sql } }) =>
      sql.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)').toArray(),
    );
    expect(await wake(stub, written)).toBe(0);
    expect(
      await wake(stub, (ctx) => {
        ctx.storage.sql.exec('INSERT INTO t VALUES (2)');
        return written(ctx);
      }),
    ).toBe(1);
  });

  it('says so when a class has no SQLite storage', () =>
    runInDurableObject(env.PLAIN.getByName('plain'), (_, { storage }) => {
      expect(() => storage.sql.exec('SELECT 1')).toThrow(
        'SQL is not enabled for this Durable Object class.',
      );
    }));
});

describe('foreign keys', () => {
  it('are enforced in a new object', () =>
    inObject((ctx) => {
      expect(foreignKeys(ctx)).toBe(1);
    }));

  it('cannot be switched off inside transactionSync, nor after a write of the turn', () =>
    inObject(async (ctx) => {
      const { storage } = ctx;
      storage.transactionSync(() => {
        storage.sql.exec('PRAGMA foreign_keys=OFF');
        expect(foreignKeys(ctx)).toBe(1);
      });
      await storage.sync();
      storage.sql.exec('CREATE TABLE t (x)');
      storage.sql.exec('PRAGMA foreign_keys=OFF');
      expect(foreignKeys(ctx)).toBe(1);
    }));

  it('can be switched off before a write, and on again only after storage.sync()', () =>
    inObject(async (ctx) => {
      const { storage } = ctx;
      storage.sql.exec('PRAGMA foreign_keys=OFF');
      storage.transactionSync(() => storage.sql.exec('CREATE TABLE t (x)'));
      storage.sql.exec('PRAGMA foreign_keys=ON');
      expect(foreignKeys(ctx)).toBe(0);
      await storage.sync();
      expect(foreignKeys(ctx)).toBe(0);
      storage.sql.exec('PRAGMA foreign_keys=ON');
      expect(foreignKeys(ctx)).toBe(1);
    }));

  it('stay off for later events unless blockConcurrencyWhile holds these back', async () => {
    const switchOff = (ctx: DurableObjectState) => {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      ctx.storage.transactionSync(() => ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS t (x)'));
    };
    const switchOn = async ({ storage }: DurableObjectState) => {
      await storage.sync();
      storage.sql.exec('PRAGMA foreign_keys=ON');
    };
    const free = newObject();
    let seen: unknown;
    await wake(free, (ctx) => {
      switchOff(ctx);
      void switchOn(ctx);
      void Promise.resolve().then(() => {
        seen = foreignKeys(ctx);
      });
    });
    expect(seen).toBe(0);
    const held = newObject();
    await wake(held, (ctx) => {
      switchOff(ctx);
      void ctx.blockConcurrencyWhile(() => switchOn(ctx));
    });
    expect(await held.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('are enforced again in the instance after one whose constructor left them off', async () => {
    const stub = newObject();
    await wake(stub, ({ storage }) => storage.sql.exec('PRAGMA foreign_keys=OFF').toArray());
    expect(await stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 0 }]);
    await wake(stub, () => {});
    expect(await stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });
});

/** Plays a scene in an object that another deploy has left, as test/dev/dev.test.ts does it in `wrangler dev`. */
async function play({ construct, beside, method }: Scene) {
  const stub = newObject();
  await stub.query(FAMILY);
  await evictDurableObject(stub);
  let probe: Probe | undefined;
  deploy.construct = (ctx) => {
    probe = new Probe(ctx);
    construct?.(probe);
  };
  const event = (run: (probe: Probe) => unknown) =>
    runInDurableObject(stub, () => run(probe as Probe));
  try {
    const events = [beside, method].flatMap((run) => (run ? [event(run)] : []));
    for (let i = 0; i < WAITING; i++) events.push(event((seen) => seen.event()));
    await Promise.all(events);
    await scheduler.wait(20);
  } finally {
    deploy.construct = undefined;
  }
  return read((probe as unknown as Probe).log);
}

describe('storage.transaction()', () => {
  const withoutAlarms = Object.entries(facts).filter(([, { alarm }]) => alarm === undefined);

  it.each(withoutAlarms)('%s', async (_, { seenIn, ...fact }) => {
    const { log, enforced, notEnforced } = await play(fact);
    expect(log).toEqual(fact.log);
    expect(enforced + notEnforced).toBe(WAITING);
    expect(notEnforced > 0).toBe(seenIn?.includes('pool') ?? false);
  });
});
