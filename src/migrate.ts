import { knownAhead, noteAhead } from './ahead.ts';
import { asOurs } from './base/errors.ts';
import { type MigrateTarget, type ResolvedTarget, resolveTarget } from './base/storage.ts';
import { telling } from './events.ts';
import type { MigrationInput, MigrationList } from './input/migration.ts';
import { readMigrations } from './input/migrations.ts';
import { headOf, readHead, readState } from './ledger/state.ts';
import { type MigrateOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { makePlan, type Plan, wouldWrite } from './plan/plan.ts';
import {
  type MigrateResult,
  NO_VIOLATIONS,
  toResult,
  UP_TO_DATE,
  type Violations,
} from './plan/result.ts';
import { applyPlan } from './run/apply.ts';
import { afterOpenTransaction, enforcedAgain } from './run/enforcement.ts';
import { transact } from './run/foreign-keys.ts';
import { checkOutside } from './run/function.ts';

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
 * @throws {MigrationError} if a statement fails, or a migration's function throws
 * @throws {ForeignKeyError} if foreign keys cannot be disabled for a rebuild, or a row has lost the row it refers to
 */
export function migrate(
  target: MigrateTarget,
  input: MigrationInput,
  options?: MigrateOptions,
): MigrateResult {
  return telling(options, () => migrateUntold(target, input, options));
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
  const since = Date.now();
  const outcome = await migrateWaiting(target, input, options).then(
    (result) => () => result,
    (error) => () => {
      throw error;
    },
  );
  return telling(options, outcome, since);
}

async function migrateWaiting(
  target: MigrateTarget,
  input: unknown,
  options: MigrateOptions | undefined,
): Promise<MigrateResult> {
  const { sql, storage } = resolveTarget(target);
  const resolved = resolveOptions(options);
  const head = headOf(readMigrations(input).fingerprint, resolved);
  if (readHead(sql, resolved.table) === head) {
    await enforcedAgain(storage);
    return UP_TO_DATE;
  }
  return afterOpenTransaction(storage, () => migrateUntold(target, input, options));
}

function warnOfDrift({ drift }: Plan): void {
  const keys = drift.map(({ key }) => key).join(', ');
  console.warn(`drizzle-offramp: the SQL of ${keys} has changed since this object ran it (drift).`);
}

/** What one list of migrations asks of an object. */
export interface Prepared {
  /** The migrations to run, in order. */
  readonly steps: Plan['steps'];
  /** Carries it out, inside the transaction. */
  readonly apply: (look?: (statement: string) => void) => void;
  /** What it comes to. */
  readonly finish: (violations: Violations) => MigrateResult;
}

/**
 * Plans what a list of migrations asks of an object, and touches nothing.
 *
 * @param target the object
 * @param list the migrations
 * @param head what the object's ledger says afterwards
 * @param options the resolved options
 * @returns it, and whether it would write anything
 */
export function prepare(
  { storage }: ResolvedTarget,
  list: MigrationList,
  head: string,
  options: ResolvedOptions,
): Prepared & { readonly upToDate: boolean } {
  checkOutside();
  const { migrations } = list;
  const state = readState(storage, options, list);
  const plan = makePlan(migrations, state, options);
  const upToDate = !wouldWrite(plan, state, head);
  return {
    steps: plan.steps,
    upToDate,
    apply: (look = () => {}) => applyPlan(storage, plan, state, head, options, look),
    finish(violations) {
      if (!upToDate && plan.drift.length > 0 && options.drift === 'warn') warnOfDrift(plan);
      const result = toResult(plan, upToDate, violations);
      const rows = state.ledger?.rows ?? [];
      if (plan.standStill) {
        noteAhead(`${head}\n${rows.at(-1)?.head}`, migrations, rows, result.ahead);
      }
      return result;
    },
  };
}

/**
 * {@link migrate} without a word to `onEvent`.
 *
 * @param target the object
 * @param input the migrations in any form
 * @param options what `migrate` was told
 * @param before hears what the last row of the ledger says, where that is not enough to know that there is nothing to do
 */
export function migrateUntold(
  target: MigrateTarget,
  input: unknown,
  options: MigrateOptions | undefined,
  before?: (head: unknown) => void,
): MigrateResult {
  const resolvedTarget = resolveTarget(target);
  const list = readMigrations(input);
  const resolved = resolveOptions(options);
  const head = headOf(list.fingerprint, resolved);
  const found = readHead(resolvedTarget.sql, resolved.table);
  if (found === head) return UP_TO_DATE;
  const known = resolved.ahead === 'report' && knownAhead(`${head}\n${found}`);
  if (known) return known;
  before?.(found);
  try {
    const { steps, upToDate, apply, finish } = prepare(resolvedTarget, list, head, resolved);
    return finish(upToDate ? NO_VIOLATIONS : transact(resolvedTarget.storage, steps, apply));
  } catch (cause) {
    throw asOurs(cause, resolved.table, resolved.drizzleTable);
  }
}
