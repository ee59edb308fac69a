import { env, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { drizzle as drizzle0 } from 'drizzle-orm/durable-sqlite';
import { migrate as migrate0 } from 'drizzle-orm/durable-sqlite/migrator';
import { drizzle as drizzle1 } from 'drizzle-orm-1/durable-sqlite';
import { migrate as migrate1 } from 'drizzle-orm-1/durable-sqlite/migrator';
import {
  type DrizzleBundle0,
  type DrizzleBundle1,
  type MigrateOptions,
  type MigrateResult,
  type MigrationInput,
  migrate,
  type StateLike,
  type StorageLike,
} from '../../src/index.ts';
import { canonicalTag } from '../../src/input/bundles.ts';
import { deploy } from './worker.ts';

export type Row = Record<string, SqlStorageValue>;

/** A stub of an object that nobody has touched. */
export const newObject = () => env.OBJECT.get(env.OBJECT.newUniqueId());

/** Runs a function with the `ctx` of an object, a new one unless a stub is given. */
export const inObject = <T>(
  run: (ctx: DurableObjectState) => T | Promise<T>,
  stub = newObject(),
): Promise<T> => runInDurableObject(stub, (_instance, ctx) => run(ctx));

/** Evicts an object and wakes it with another constructor; resolves with what the constructor's caller sees. */
export async function wake<T>(
  stub: ReturnType<typeof newObject>,
  construct: (ctx: DurableObjectState) => T,
): Promise<T> {
  await evictDurableObject(stub).catch((error: Error) => {
    if (!error.message.includes('not currently running')) throw error;
  });
  let outcome: { value: T } | { error: unknown } | undefined;
  deploy.construct = (ctx) => {
    try {
      outcome = { value: construct(ctx) };
    } catch (error) {
      outcome = { error };
    }
  };
  try {
    await stub.query('SELECT 1');
  } finally {
    deploy.construct = undefined;
  }
  if (outcome === undefined) throw new Error('the constructor did not run');
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** Uses an object and evicts it afterwards, so that its database does not stay open. */
export async function withObject<T>(
  use: (stub: ReturnType<typeof newObject>) => Promise<T>,
): Promise<T> {
  const stub = newObject();
  try {
    return await use(stub);
  } finally {
    // After an error it may be gone already.
    await evictDurableObject(stub).catch(() => {});
  }
}

export type Outcome = { result: MigrateResult } | { error: Error };

/** One deploy of ours: the object wakes with the bundle in its constructor. */
export const deployOurs = (
  stub: ReturnType<typeof newObject>,
  bundle: MigrationInput,
  options?: MigrateOptions,
): Promise<Outcome> =>
  wake(stub, (ctx) => migrate(ctx, bundle, options)).then(
    (result) => ({ result }),
    (error: Error) => ({ error }),
  );

/** The result of a deploy that is expected to return. */
export function resultOf(outcome: Outcome): MigrateResult {
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}

export const rows = (ctx: DurableObjectState, sql: string): Row[] =>
  ctx.storage.sql.exec(sql).toArray();

export const tables = (ctx: DurableObjectState): string[] =>
  rows(
    ctx,
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' ORDER BY name",
  ).map(({ name }) => name as string);

/** Blobs are shown byte by byte: two buffers are alike to most comparisons. */
const withBytes = (row: Row): object =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value,
    ]),
  );

/** Everything in a database: the schema, and every row of every table. */
export function dump(ctx: DurableObjectState): unknown {
  return {
    schema: rows(
      ctx,
      "SELECT type, name, sql FROM sqlite_master WHERE name NOT GLOB '_cf_*' ORDER BY type, name",
    ),
    rows: Object.fromEntries(
      tables(ctx).map((table) => [
        table,
        rows(ctx, `SELECT * FROM "${table.replaceAll('"', '""')}" ORDER BY 1`).map(withBytes),
      ]),
    ),
  };
}

/** The ledger without the times and fingerprints, which differ from run to run. */
export const ledger = (ctx: DurableObjectState, table = '__migrations'): Row[] =>
  rows(ctx, `SELECT version, tag, origin FROM "${table}" ORDER BY version`);

/** The real migrator of drizzle-orm 0.45. */
export const runDrizzle0 = (ctx: DurableObjectState, bundle: DrizzleBundle0): Promise<void> =>
  migrate0(drizzle0(ctx.storage), bundle as never);

/** The real migrator of drizzle-orm 1.0.0-rc.5. */
export const runDrizzle1 = (ctx: DurableObjectState, bundle: DrizzleBundle1): void => {
  migrate1(drizzle1(ctx.storage as never), bundle as never);
};

export interface Made {
  tag: string;
  when: number;
  sql: string;
}

/** When the first migration of most tests was made. */
export const WHEN = Date.UTC(2026, 10, 22, 12, 0, 0, 123);

/** A migration that was made some minutes after the first, and makes a table of its name if nothing else is said. */
export const make = (name: string, minutes: number, sql = `CREATE TABLE ${name} (x)`): Made => ({
  tag: `000${minutes}_${name}`,
  when: WHEN + minutes * 60_000,
  sql,
});

/** A bundle as drizzle-kit 0.x writes it. */
export const bundle0 = (...made: Made[]): DrizzleBundle0 => ({
  journal: {
    entries: made.map(({ tag, when }, idx) => ({ idx, when, tag, breakpoints: true })),
  },
  migrations: Object.fromEntries(
    made.map(({ sql }, idx) => [`m${String(idx).padStart(4, '0')}`, sql]),
  ),
});

/** The bundle that `drizzle-kit up` makes of the same migrations. */
export const bundle1 = (...made: Made[]): DrizzleBundle1 => ({
  migrations: Object.fromEntries(made.map(({ tag, when, sql }) => [canonicalTag(when, tag), sql])),
});

/** The first migrations of a 0.x bundle: an earlier deploy. */
export const cut0 = ({ journal, migrations }: DrizzleBundle0, count: number): DrizzleBundle0 => {
  const entries = journal.entries.slice(0, count);
  const keys = entries.map(({ idx }) => `m${String(idx).padStart(4, '0')}`);
  return {
    journal: { entries },
    migrations: Object.fromEntries(keys.map((key) => [key, migrations[key] as string])),
  };
};

/** The first migrations of a 1.x bundle. */
export const cut1 = ({ migrations }: DrizzleBundle1, count: number): DrizzleBundle1 => ({
  migrations: Object.fromEntries(Object.entries(migrations).sort().slice(0, count)),
});

/** The `ctx` of an object, with every statement that runs on it written down, and its rows counted. */
export function watched(ctx: DurableObjectState) {
  const cursors: SqlStorageCursor<Row>[] = [];
  const seen = { statements: [] as string[], transactions: 0, blocked: 0 };
  const sum = (of: 'rowsRead' | 'rowsWritten') =>
    cursors.reduce((total, cursor) => total + cursor[of], 0);
  const storage: StorageLike = {
    sql: {
      exec(query, ...bindings) {
        seen.statements.push(query);
        const cursor = ctx.storage.sql.exec(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      },
    },
    transactionSync(run) {
      seen.transactions++;
      return ctx.storage.transactionSync(run);
    },
    transaction(closure) {
      seen.blocked++;
      return ctx.storage.transaction(closure);
    },
  };
  const target: StateLike = { storage };
  return { target, seen, rows: () => ({ read: sum('rowsRead'), written: sum('rowsWritten') }) };
}

/** What a function throws; fails if it returns. */
export function thrown<E extends Error>(run: () => unknown): E {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  throw new Error('nothing was thrown');
}
