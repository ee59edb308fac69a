import { type MigrateTarget, resolveTarget } from './base/storage.ts';
import { telling } from './events.ts';
import type { DrizzleBundle0, DrizzleBundle1 } from './input/migration.ts';
import { migrateTarget } from './migrate.ts';
import type { MigrateOptions } from './options.ts';

/**
 * Stands in for drizzle-orm's `migrate` of `drizzle-orm/durable-sqlite/migrator`: the same call, another import.
 *
 * All work is done before it returns, and an error is thrown at once, so that a call nobody awaits cannot fail unseen.
 * Await it inside `ctx.blockConcurrencyWhile`, as Drizzle's manual says: after a table rebuild the promise resolves
 * when foreign keys are enforced again.
 *
 * ```ts
 * import { migrate } from 'drizzle-offramp/durable-sqlite/migrator';
 *
 * ctx.blockConcurrencyWhile(async () => {
 *   await migrate(db, migrations);
 * });
 * ```
 *
 * @param db a Drizzle database over `ctx.storage`
 * @param bundle the default export of drizzle-kit's `migrations.js`
 * @param options the options of `migrate`
 * @throws what `migrate` of `drizzle-offramp` throws
 */
export function migrate(
  db: MigrateTarget,
  bundle: DrizzleBundle0 | DrizzleBundle1,
  options?: MigrateOptions,
): Promise<void> {
  let restored: Promise<void> = Promise.resolve();
  telling(options, () =>
    migrateTarget(resolveTarget(db), bundle, options, (restore) => {
      restored = restore();
    }),
  );
  return restored;
}
