import { asOurs, type OfframpError } from './base/errors.ts';
import { type MigrateTarget, type ResolvedTarget, resolveTarget } from './base/storage.ts';
import { type MigrateEvent, toEvents } from './events.ts';
import type { Migration, MigrationInput } from './input/migration.ts';
import { readMigrations } from './input/migrations.ts';
import { headOf, isLevel, readState } from './ledger/state.ts';
import { type MigrateOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { makePlan, type Plan, wouldWrite } from './plan/plan.ts';
import { type MigrateResult, NO_VIOLATIONS, toResult, UP_TO_DATE } from './plan/result.ts';
import { applyPlan } from './run/apply.ts';
import { afterOpenTransaction } from './run/enforcement.ts';
import { transact } from './run/foreign-keys.ts';

/**
 * Brings a Durable Object up to date: adopts what Drizzle's migrator or do-orm left, runs what is missing, all in one
 * transaction, and writes down what was done. With nothing to do it reads one row and returns.
 *
 * Synchronous: call it first in the constructor, before `super(ctx, env)` where a base class writes, and without
 * `blockConcurrencyWhile`. A table rebuild disables foreign keys; they are enforced again before the first event. In the
 * rest of the constructor they are not; in a method they are not until its first timer or input, so call
 * {@link migrateAsync} there.
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
 * @param target the object's `ctx`, its `ctx.storage`, or a Drizzle database
 * @param input the default export of drizzle-kit's `migrations.js` (0.x or 1.x), or a record `{ m0000: 'SQL', … }`
 * @param options what to do where there is a choice
 * @returns what was found and done
 * @throws {InputError} if the target, the migrations or the options are wrong
 * @throws {AdoptionError} if what stands in the object's ledgers does not fit the migrations
 * @throws {MigrationError} if a statement fails
 * @throws {ForeignKeyError} if foreign keys cannot be disabled for a rebuild, or a row has lost the row it refers to
 */
export function migrate(
  target: MigrateTarget,
  input: MigrationInput,
  options?: MigrateOptions,
): MigrateResult {
  return migrateResolved(resolveTarget(target), input, options);
}

/**
 * The same as {@link migrate}, for wherever one can await: a method, `alarm`, Agents' `onStart`, `blockConcurrencyWhile`,
 * or a constructor after a base class has written. It waits for the open transaction and keeps other events waiting
 * meanwhile. When it resolves or rejects, foreign keys are enforced again. An error does not reset the object.
 *
 * ```ts
 * async onStart() {
 *   await migrateAsync(this.ctx, migrations);
 * }
 * ```
 *
 * @param target the object's `ctx`, its `ctx.storage`, or a Drizzle database
 * @param input the migrations, as for {@link migrate}
 * @param options what to do where there is a choice
 * @returns what was found and done
 * @throws what {@link migrate} throws
 */
export async function migrateAsync(
  target: MigrateTarget,
  input: MigrationInput,
  options?: MigrateOptions,
): Promise<MigrateResult> {
  return migrateWaiting(resolveTarget(target), input, options);
}

/**
 * {@link migrateAsync} with the target resolved.
 *
 * @param target the object
 * @param input the migrations in any form
 * @param options what `migrate` was told
 */
export async function migrateWaiting(
  target: ResolvedTarget,
  input: unknown,
  options: MigrateOptions | undefined,
): Promise<MigrateResult> {
  return isUpToDate(target, input, options)
    ? UP_TO_DATE
    : afterOpenTransaction(target.storage, () => migrateResolved(target, input, options));
}

function tell(options: ResolvedOptions, events: readonly MigrateEvent[]): void {
  if (options.onEvent === undefined) return;
  for (const event of events) {
    try {
      options.onEvent(event);
    } catch (error) {
      console.error('drizzle-offramp: onEvent threw', error);
    }
  }
}

function warnOfDrift({ drift }: Plan): void {
  const keys = drift.map(({ key }) => key).join(', ');
  console.warn(`drizzle-offramp: the SQL of ${keys} has changed since this object ran it (drift).`);
}

function planAndApply(
  { storage, sql }: ResolvedTarget,
  migrations: readonly Migration[],
  head: string,
  options: ResolvedOptions,
): MigrateResult {
  const state = readState(sql, options);
  const plan = makePlan(migrations, state, options);
  if (!wouldWrite(plan, state, head)) return toResult(plan, true, NO_VIOLATIONS);
  const violations = transact(storage, plan.steps, (look = () => {}) =>
    applyPlan(sql, plan, state, head, options, look),
  );
  if (plan.drift.length > 0 && options.drift === 'warn') warnOfDrift(plan);
  return toResult(plan, false, violations);
}

function isUpToDate({ sql }: ResolvedTarget, input: unknown, options?: MigrateOptions): boolean {
  const { fingerprint } = readMigrations(input);
  const resolved = resolveOptions(options);
  return isLevel(sql, resolved.table, headOf(fingerprint, resolved));
}

/**
 * {@link migrate} with the target resolved.
 *
 * @param target the object
 * @param input the migrations in any form
 * @param options what `migrate` was told
 * @param tellsRefusal whether `onEvent` hears of an error; by default of any
 */
export function migrateResolved(
  target: ResolvedTarget,
  input: unknown,
  options: MigrateOptions | undefined,
  tellsRefusal: (error: OfframpError) => boolean = () => true,
): MigrateResult {
  const { fingerprint } = readMigrations(input);
  const resolved = resolveOptions(options);
  const head = headOf(fingerprint, resolved);
  if (isLevel(target.sql, resolved.table, head)) return UP_TO_DATE;
  try {
    const { migrations } = readMigrations(input);
    const result = planAndApply(target, migrations, head, resolved);
    tell(resolved, toEvents(result));
    return result;
  } catch (cause) {
    const error = asOurs(cause, resolved.table, resolved.drizzleTable);
    if (tellsRefusal(error)) tell(resolved, [{ type: 'refused', error }]);
    throw error;
  }
}
