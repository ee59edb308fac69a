import {
  type DrizzleBundle0,
  type DrizzleBundle1,
  type MigrateOptions,
  migrate,
  type StateLike,
} from '../../../src/index.ts';

/**
 * A runner that is broken on purpose: what `migrate` would do in one transaction, here with a commit after every
 * statement. Left alone it comes to the same; killed it leaves an object between before and after.
 */
export function migrateByStatement(
  ctx: DurableObjectState,
  bundle: DrizzleBundle0 | DrizzleBundle1,
  options: MigrateOptions,
): void {
  const { storage } = ctx;
  const writes: [query: string, bindings: unknown[]][] = [];
  const rehearsed = new Error('only to see which statements would run');
  let inTransaction = false;
  const rehearsal: StateLike = {
    storage: {
      sql: {
        exec(query, ...bindings) {
          if (inTransaction && !/^\s*(SELECT|PRAGMA)\b/i.test(query)) {
            writes.push([query, bindings]);
          }
          return storage.sql.exec(query, ...bindings);
        },
      },
      transactionSync: (run) =>
        storage.transactionSync(() => {
          inTransaction = true;
          run();
          throw rehearsed;
        }),
      transaction: (run) => storage.transaction(run),
    },
  };
  try {
    migrate(rehearsal, bundle, options);
  } catch (error) {
    if ((error as Error).cause !== rehearsed) throw error;
  }
  ctx.blockConcurrencyWhile(async () => {
    await storage.sync();
    storage.sql.exec('PRAGMA foreign_keys = OFF');
    for (const [query, bindings] of writes) {
      storage.sql.exec(query, ...bindings);
      await storage.sync();
    }
    storage.sql.exec('PRAGMA foreign_keys = ON');
  });
}
