import { knownAhead, noteAhead } from './ahead.ts';
import { asOurs, type ForeignKeyViolation } from './base/errors.ts';
import { type MigrateTarget, type ResolvedTarget, resolveTarget } from './base/storage.ts';
import { telling } from './events.ts';
import type { Migration, MigrationInput } from './input/migration.ts';
import { readMigrations } from './input/migrations.ts';
import { headOf, isEmpty, readHead, readState } from './ledger/state.ts';
import { type MigrateOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { makePlan, type Plan, wouldWrite } from './plan/plan.ts';
import { type MigrateResult, toResult, UP_TO_DATE } from './plan/result.ts';
import { applyPlan } from './run/apply.ts';
import { foreignKeyMode, transact } from './run/foreign-keys.ts';

/** Keeps events away until `restore` is done; undefined where nothing can. */
export type Hold = (restore: () => Promise<void>) => void;

function warnOfDrift({ drift }: Plan): void {
  const keys = drift.map(({ key }) => key).join(', ');
  console.warn(`drizzle-offramp: the SQL of ${keys} has changed since this object ran it (drift).`);
}

function takeTheLongWay(
  target: ResolvedTarget,
  migrations: readonly Migration[],
  head: string,
  options: ResolvedOptions,
  hold: Hold | undefined,
): MigrateResult {
  const state = readState(target, options);
  const plan = makePlan(migrations, state, options);
  let violations: readonly ForeignKeyViolation[] = [];
  const upToDate = !wouldWrite(plan, state, head);
  if (!upToDate) {
    const mode = foreignKeyMode(plan.steps, () => isEmpty(target, options));
    violations = transact(target, plan.steps, mode, hold, () =>
      applyPlan(target.sql, plan, state, head, mode, options),
    );
    if (plan.drift.length > 0 && options.drift === 'warn') warnOfDrift(plan);
  }
  const result = toResult(plan, upToDate, violations);
  const rows = state.ledger?.rows ?? [];
  if (plan.standStill) noteAhead(`${head}\n${rows.at(-1)?.head}`, migrations, rows, result.ahead);
  return result;
}

/**
 * The way through, for `migrate` and for the drop-in, which differ only in how they keep events away.
 *
 * @param target the object
 * @param input the migrations in any form
 * @param options what `migrate` was told
 * @param hold keeps events away; undefined where nothing can
 */
export function migrateTarget(
  target: ResolvedTarget,
  input: unknown,
  options: MigrateOptions | undefined,
  hold: Hold | undefined,
): MigrateResult {
  const list = readMigrations(input);
  const resolved = resolveOptions(options);
  const head = headOf(list.fingerprint, resolved);
  const found = readHead(target, resolved.table);
  if (found === head) return UP_TO_DATE;
  const known = resolved.ahead === 'report' && knownAhead(`${head}\n${found}`);
  if (known) return known;
  try {
    return takeTheLongWay(target, list.migrations, head, resolved, hold);
  } catch (cause) {
    throw asOurs(cause, resolved.table, resolved.drizzleTable);
  }
}

/**
 * Brings a Durable Object level with the migrations: adopts what Drizzle's migrator or do-orm left, runs what is
 * missing, all in one transaction, and writes down what was done. With nothing to do it reads one row and returns.
 *
 * Synchronous: call it first in the constructor, without `blockConcurrencyWhile`. After a table rebuild foreign keys
 * are not enforced in the rest of the constructor; before the first event they are.
 *
 * ```ts
 * import { migrate } from 'drizzle-offramp';
 * import migrations from '../drizzle/migrations';
 *
 * export class Inbox extends DurableObject {
 *   constructor(ctx: DurableObjectState, env: Env) {
 *     super(ctx, env);
 *     migrate(ctx, migrations);
 *   }
 * }
 * ```
 *
 * @param target the object's `ctx`; or `ctx.storage` or a Drizzle database, with which a table rebuild is refused
 * @param input the default export of drizzle-kit's `migrations.js` (0.x or 1.x), or a record `{ m0000: 'SQL', … }`
 * @param options what to do where there is a choice
 * @returns what was found and done
 * @throws {InputError} if the target, the migrations or the options are wrong
 * @throws {AdoptionError} if what stands in the object's ledgers does not fit the migrations
 * @throws {MigrationError} if a statement fails
 * @throws {ForeignKeyError} if foreign keys cannot be switched off for a rebuild, or one lost a row that is needed
 */
export function migrate(
  target: MigrateTarget,
  input: MigrationInput,
  options?: MigrateOptions,
): MigrateResult {
  return telling(options, () => {
    const resolved = resolveTarget(target);
    const { state } = resolved;
    const hold: Hold | undefined =
      state &&
      ((restore) => {
        // Its rejection resets the object by itself; nobody else needs to hear of it.
        state.blockConcurrencyWhile(restore).catch(() => {});
      });
    return migrateTarget(resolved, input, options, hold);
  });
}
