// What a class of each contender's users does in its constructor.
import { type Inputs, inputs } from 'bench:inputs';
import { DurableObject } from 'cloudflare:workers';
import { migrate, withMigrations } from 'drizzle-offramp';
import { drizzle as drizzle0 } from 'drizzle-orm/durable-sqlite';
import { migrate as migrate0 } from 'drizzle-orm/durable-sqlite/migrator';
import { drizzle as drizzle1 } from 'drizzle-orm-1/durable-sqlite';
import { migrate as migrate1 } from 'drizzle-orm-1/durable-sqlite/migrator';
import { SQLSchemaMigrations } from 'durable-utils/sql-migrations';
import { doOrm } from '../../test/workers/do-orm.ts';
import type { Job } from '../contenders.ts';

/** Given an instance's `ctx` and the migrations, the call that brings it level. */
type Call = (ctx: DurableObjectState, input: Inputs) => () => unknown;

/** The least that a class can do in its constructor. */
class Selecting extends DurableObject {
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    ctx.storage.sql.exec('SELECT name FROM t0 WHERE id = 1').one();
  }
}

const calls: Record<Job, Call> = {
  // The class sees to it before its constructor.
  withMigrations: () => () => undefined,
  'built by withMigrations': (ctx, { record }) => {
    const Class = withMigrations(class extends DurableObject {}, record);
    return () => void new Class(ctx, {});
  },
  'built with a bare SELECT': (ctx) => () => void new Selecting(ctx, {}),
  nothing: () => () => undefined,
  'bare SELECT':
    ({ storage: { sql } }) =>
    () =>
      sql.exec('SELECT name FROM t0 WHERE id = 1').one(),
  'bare exec':
    ({ storage }, { statements }) =>
    () =>
      storage.transactionSync(() => {
        for (const statement of statements) storage.sql.exec(statement);
      }),
  'bundle 0.x':
    (ctx, { bundle0 }) =>
    () =>
      migrate(ctx, bundle0),
  'bundle 1.x':
    (ctx, { bundle1 }) =>
    () =>
      migrate(ctx, bundle1),
  record:
    (ctx, { record }) =>
    () =>
      migrate(ctx, record),
  'converted module':
    (ctx, { converted }) =>
    () =>
      migrate(ctx, converted),
  'with a baseline':
    (ctx, { based }) =>
    () =>
      migrate(ctx, based),
  'inline record':
    (ctx, { inline }) =>
    () =>
      migrate(ctx, inline()),
  'Drizzle 0.45': ({ storage }, { bundle0 }) => {
    const db = drizzle0(storage);
    return () => migrate0(db, bundle0 as never);
  },
  'Drizzle 1.0 rc': ({ storage }, { bundle1 }) => {
    const db = drizzle1(storage as never);
    return () => migrate1(db, bundle1 as never);
  },
  'durable-utils':
    ({ storage }, { durableUtils }) =>
    () =>
      new SQLSchemaMigrations({ doStorage: storage as never, migrations: durableUtils }).runAll(),
  'do-orm (double)':
    ({ storage }, { record }) =>
    () =>
      doOrm(storage, record),
};

/**
 * @param ctx an instance's
 * @param job what is to run in it
 * @param size how many migrations
 */
export const prepare = (ctx: DurableObjectState, job: Job, size: number): (() => unknown) =>
  calls[job](ctx, inputs[size] as Inputs);
