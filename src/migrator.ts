import { ForeignKeyError } from './base/errors.ts';
import { type MigrateTarget, resolveTarget } from './base/storage.ts';
import type { DrizzleBundle0, DrizzleBundle1 } from './input/migration.ts';
import { migrateResolved, migrateWaiting } from './migrate.ts';
import type { MigrateOptions } from './options.ts';
import { enforcedAgain } from './run/enforcement.ts';

/**
 * Stands in for drizzle-orm's `migrate` of `drizzle-orm/durable-sqlite/migrator`: the same call, another import.
 *
 * All work is done before it returns, and an error is thrown at once, so that a call without `await` cannot fail unseen.
 * Only where a rebuild must wait, as something was written in this turn already, it is done when the promise resolves.
 * The promise resolves when foreign keys are enforced again after a table rebuild; awaited or not, that is before the
 * next event of the object.
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
  const target = resolveTarget(db);
  let isOpen = false;
  try {
    migrateResolved(target, bundle, options, (error) => {
      isOpen = error instanceof ForeignKeyError && error.code !== 'FOREIGN_KEY_VIOLATION';
      return !isOpen;
    });
  } catch (error) {
    if (!isOpen) throw error;
    return migrateWaiting(target, bundle, options).then(() => {});
  }
  return enforcedAgain(target.storage);
}
