// A fault at each statement in turn, ours and theirs: the database is as it was, and the next wake succeeds.
import { describe, expect, it } from 'vitest';
import { type MigrateOptions, migrate, type StateLike } from '../../src/index.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  type Made,
  newObject,
  runDrizzle0,
  wake,
} from './harness.ts';

const when = Date.UTC(2026, 10, 22, 12, 0, 0, 123);
const make = (minutes: number, sql: string): Made => ({
  tag: `000${minutes}_step`,
  when: when + minutes * 60_000,
  sql: sql.replaceAll(';\n', ';--> statement-breakpoint\n'),
});
const history = [
  make(
    0,
    'CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT);\nCREATE TABLE c (p INTEGER REFERENCES p(id) ON DELETE CASCADE)',
  ),
  make(1, "INSERT INTO p VALUES (9, 'nine')"),
  make(2, 'CREATE INDEX names ON p (name)'),
  make(3, 'CREATE VIEW v AS SELECT name FROM p'),
  make(
    4,
    `PRAGMA foreign_keys=OFF;
CREATE TABLE __new_p (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
INSERT INTO __new_p(id, name) SELECT id, name FROM p;
DROP VIEW v;
DROP TABLE p;
ALTER TABLE __new_p RENAME TO p;
PRAGMA foreign_keys=ON`,
  ),
  make(
    5,
    'CREATE TRIGGER t AFTER INSERT ON p BEGIN UPDATE p SET name = upper(name) WHERE id = new.id; END',
  ),
  make(
    6,
    "ALTER TABLE p ADD COLUMN age INTEGER;\nUPDATE p SET age = 1;\nDELETE FROM p WHERE id = 9;\nINSERT INTO p VALUES (10, 'ten', 2)",
  ),
] as const;
const [first, second, third] = history;

/** A `ctx` whose storage throws instead of running statement number `fault`. */
function faulty(
  ctx: DurableObjectState,
  fault: number,
): { target: StateLike; count: () => number } {
  let executed = 0;
  const sql = {
    exec(query: string, ...bindings: unknown[]) {
      if (executed++ === fault) throw new Error('injected');
      return ctx.storage.sql.exec(query, ...bindings);
    },
  };
  const storage = {
    sql,
    transactionSync: <T>(run: () => T): T => ctx.storage.transactionSync(run),
    // What comes after the transaction is not under test here: enforcement must come back whatever happened.
    sync: async () => {
      await ctx.storage.sync();
      executed = Number.NEGATIVE_INFINITY;
    },
  };
  const target = {
    storage,
    blockConcurrencyWhile: <T>(run: () => Promise<T>) => ctx.blockConcurrencyWhile(run),
  };
  return { target, count: () => executed };
}

const objects: Record<
  string,
  [start: (ctx: DurableObjectState) => unknown, options: MigrateOptions]
> = {
  'a fresh object': [() => {}, {}],
  'an object of Drizzle that skipped a migration': [
    async (ctx) => {
      await runDrizzle0(ctx, bundle0(first, third));
      ctx.storage.sql.exec("INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES (1), (1)");
    },
    {},
  ],
  'the same with mirror': [
    async (ctx) => {
      await runDrizzle0(ctx, bundle0(first, third));
      ctx.storage.sql.exec("INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES (1), (1)");
    },
    { drizzle: 'mirror' },
  ],
  'an object of ours that is behind': [(ctx) => migrate(ctx, bundle0(first, second)), {}],
};

describe.each(Object.entries(objects))('a fault in %s', (_, [start, options]) => {
  it.each([bundle0(...history), bundle1(...history)])(
    'leaves everything as it was',
    async (bundle) => {
      const attempt = async (fault: number) => {
        const stub = newObject();
        await inObject(start, stub);
        const before = await inObject(dump, stub);
        const outcome = await wake(stub, (ctx) => {
          const { target, count } = faulty(ctx, fault);
          try {
            return { result: migrate(target, bundle, options), statements: count() };
          } catch (error) {
            return { error: error as Error };
          }
        });
        return { stub, before, outcome };
      };
      const whole = await attempt(Number.POSITIVE_INFINITY);
      const { statements = 0 } = whole.outcome;
      expect(statements).toBeGreaterThan(20);
      // The times in the ledgers are those of the attempt.
      const content = (stub: typeof whole.stub) =>
        inObject(
          (ctx) => JSON.stringify(dump(ctx)).replace(/"applied_at":("[^"]*"|\d+)/g, ''),
          stub,
        );
      const expected = await content(whole.stub);

      for (let fault = 0; fault < statements; fault++) {
        const { stub, before, outcome } = await attempt(fault);
        // The head check takes any error for «no ledger» and goes on.
        if (outcome.error !== undefined) {
          const { message } = outcome.error;
          expect(message).toContain('injected');
          expect(await inObject(dump, stub)).toEqual(before);
          await wake(stub, (ctx) => migrate(ctx, bundle, options));
        } else expect(fault).toBe(0);
        expect(await content(stub)).toBe(expected);
        expect(await stub.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
      }
    },
  );
});
