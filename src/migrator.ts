import { ForeignKeyError } from './base/errors.ts';
import { type MigrateTarget, resolveTarget } from './base/storage.ts';
import { telling } from './events.ts';
import type { DrizzleBundle0, DrizzleBundle1 } from './input/migration.ts';
import { migrateAsync, migrateUntold } from './migrate.ts';
import type { MigrateOptions } from './options.ts';
import type { MigrateResult } from './plan/result.ts';
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
  const since = Date.now();
  let outcome: () => MigrateResult;
  try {
    const result = migrateUntold(db, bundle, options);
    outcome = () => result;
  } catch (error) {
    const mustWait = error instanceof ForeignKeyError && error.code !== 'FOREIGN_KEY_VIOLATION';
    if (mustWait) return migrateAsync(db, bundle, options).then(() => {});
    outcome = () => {
      throw error;
    };
  }
  telling(options, outcome, since);
  return enforcedAgain(resolveTarget(db).storage);
}
