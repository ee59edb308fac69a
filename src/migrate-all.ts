// Several histories in one object, such as a library's and the application's.
import { knownAhead } from './ahead.ts';
import { asOurs, refuse } from './base/errors.ts';
import { type MigrateTarget, resolveTarget } from './base/storage.ts';
import { telling } from './events.ts';
import type { MigrationInput } from './input/migration.ts';
import { readMigrations } from './input/migrations.ts';
import { headOf, readHead } from './ledger/state.ts';
import { prepare } from './migrate.ts';
import { type MigrateOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { type MigrateResult, NO_VIOLATIONS, UP_TO_DATE } from './plan/result.ts';
import { afterOpenTransaction, enforcedAgain } from './run/enforcement.ts';
import { transact } from './run/foreign-keys.ts';

/** One of the histories of an object. */
export interface History {
  /** Its migrations, as for {@link migrate}. */
  readonly migrations: MigrationInput;
  /** Its options. Each history needs a ledger of its own: all but one need the options `table` and `drizzleTable`. */
  readonly options?: MigrateOptions;
}

/** Refuses histories that have a table in common. */
function checkTables(all: readonly ResolvedOptions[]): void {
  const taken = new Map<string, string>();
  all.forEach((options, number) => {
    for (const option of ['table', 'drizzleTable'] as const) {
      const name = options[option];
      const place = `\`${option}\` of history ${number + 1}`;
      const other = taken.get(name.toLowerCase());
      if (other !== undefined) {
        refuse(
          'INVALID_TABLE_NAME',
          `The ${other} and the ${place} are both "${name}". Each history needs tables of its own: name another one with ` +
            `the option \`${option}\`.`,
          option,
        );
      }
      taken.set(name.toLowerCase(), place);
    }
  });
}

/** A history with its options resolved. */
interface Resolved {
  readonly list: ReturnType<typeof readMigrations>;
  readonly options: ResolvedOptions;
  readonly head: string;
}

function resolveAll(histories: readonly History[]): Resolved[] {
  if (!Array.isArray(histories)) {
    refuse('INVALID_INPUT', 'The histories are no list. Pass [{ migrations, options }, …].');
  }
  const all = Array.from(histories, (history: Partial<History> | undefined): Resolved => {
    const options = resolveOptions(history?.options);
    const list = readMigrations(history?.migrations);
    return { list, options, head: headOf(list.fingerprint, options) };
  });
  checkTables(all.map(({ options }) => options));
  return all;
}

/** Migrates without a word to `onEvent`. */
function migrateAllUntold(
  target: MigrateTarget,
  histories: readonly History[],
): readonly MigrateResult[] {
  const object = resolveTarget(target);
  const { storage, sql } = object;
  const all = resolveAll(histories);
  let at = 0;
  try {
    const prepared = all.map(({ list, options, head }, place) => {
      at = place;
      const found = readHead(sql, options.table);
      if (found === head) return UP_TO_DATE;
      const known = options.ahead === 'report' && knownAhead(`${head}\n${found}`);
      return known || prepare(object, list, head, options);
    });
    const writing = prepared.flatMap((one) => ('apply' in one && !one.upToDate ? one : []));
    const steps = writing.flatMap((one) => one.steps);
    const violations =
      writing.length === 0
        ? NO_VIOLATIONS
        : transact(storage, steps, (look) => {
            for (const one of writing) one.apply(look);
          });
    return prepared.map((one) =>
      'apply' in one ? one.finish(one.upToDate ? NO_VIOLATIONS : violations) : one,
    );
  } catch (cause) {
    const { table = '', drizzleTable = '' } = all[at]?.options ?? {};
    throw asOurs(cause, table, drizzleTable);
  }
}

/** Tells each history's `onEvent` of its result, or all of what was thrown: none of them was migrated. */
function tellingAll(
  histories: readonly History[],
  call: () => readonly MigrateResult[],
  since?: number,
): readonly MigrateResult[] {
  const all = Array.isArray(histories) ? histories : [];
  let results: readonly MigrateResult[];
  try {
    results = call();
  } catch (error) {
    const fail = (): never => {
      throw error;
    };
    for (const history of all) {
      try {
        telling(history?.options, fail, since);
      } catch {
        // It is thrown below, once.
      }
    }
    throw error;
  }
  all.forEach((history, at) => {
    telling(history?.options, () => results[at] as MigrateResult, since);
  });
  return results;
}

/**
 * {@link migrate} for an object with several histories, such as a library's and the application's: all of them in one
 * transaction, the first one first, or none. Each has a ledger of its own, and reads one row where it has nothing to do.
 *
 * ```ts
 * migrateAll(ctx, [
 *   { migrations },
 *   { migrations: queue, options: { table: '__queue_migrations', drizzleTable: '__queue_drizzle' } },
 * ]);
 * ```
 *
 * @param target the object's `ctx`, its `ctx.storage`, or a Drizzle database
 * @param histories the histories, in the order in which they run
 * @returns what was found and done, for each
 * @throws {InputError} also where two histories have a table in common
 * @throws what {@link migrate} throws
 */
export const migrateAll = (
  target: MigrateTarget,
  histories: readonly History[],
): readonly MigrateResult[] => tellingAll(histories, () => migrateAllUntold(target, histories));

/**
 * The same as {@link migrateAll}, for wherever one can await, as {@link migrateAsync} is for {@link migrate}.
 *
 * @param target the object's `ctx`, its `ctx.storage`, or a Drizzle database
 * @param histories the histories, in the order in which they run
 * @returns what was found and done, for each
 * @throws what {@link migrateAll} throws
 */
export async function migrateAllAsync(
  target: MigrateTarget,
  histories: readonly History[],
): Promise<readonly MigrateResult[]> {
  const since = Date.now();
  const outcome = await migrateAllWaiting(target, histories).then(
    (results) => () => results,
    (error) => () => {
      throw error;
    },
  );
  return tellingAll(histories, outcome, since);
}

async function migrateAllWaiting(
  target: MigrateTarget,
  histories: readonly History[],
): Promise<readonly MigrateResult[]> {
  const { storage, sql } = resolveTarget(target);
  const all = resolveAll(histories);
  if (all.every(({ head, options }) => readHead(sql, options.table) === head)) {
    await enforcedAgain(storage);
    return all.map(() => UP_TO_DATE);
  }
  return afterOpenTransaction(storage, () => migrateAllUntold(target, histories));
}
