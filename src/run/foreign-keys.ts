// A table rebuild drops a parent and puts a copy in its place. With foreign keys enforced, dropping the parent first
// deletes its rows, and with them the rows of every child that cascades (https://www.sqlite.org/lang_droptable.html).
import { ForeignKeyError, MigrationError } from '../base/errors.ts';
import { firstRow, type SqlStorageLike, type StorageLike } from '../base/storage.ts';
import type { Step } from '../plan/plan.ts';
import { NO_VIOLATIONS, type Violations } from '../plan/result.ts';
import { namesIn, pragmaSwitch, replacesTable } from '../sql/statements.ts';
import { disable, enableBeforeNextEvent, isDisabled } from './enforcement.ts';

import { filledChildOf, readSchema, touchedNames } from './references.ts';
import { inCheckedTransaction, inTransaction } from './transaction.ts';

/** How many violations an error lists; the rest are counted. */
const LISTED_VIOLATIONS = 10;

/**
 * What the pending migrations ask of foreign keys: `'enforced'` (nothing), `'checked'` (a check before the end, as
 * violations may be deferred to a commit that would reset the object) or `'off'`.
 */
export type ForeignKeyMode = 'enforced' | 'checked' | 'off';

const sets = (statement: string, name: string, on: boolean): boolean => {
  const found = pragmaSwitch(statement);
  return found?.name === name && found.on === on;
};

/** As much of a step as tells what it asks of foreign keys. */
type Asking = Pick<Step, 'statements'>;

const asksToDefer = ({ statements }: Asking): boolean =>
  statements.some((statement) => sets(statement, 'defer_foreign_keys', true));

/** Deferring does not stop a cascade, and dropping a table leaves a debt that no later statement pays back. */
const needsOff = (step: Asking): boolean =>
  step.statements.some((statement) => sets(statement, 'foreign_keys', false)) ||
  (asksToDefer(step) && step.statements.some(replacesTable));

/**
 * Tells what the pending migrations need.
 *
 * @param steps the migrations to run, in order; only their statements count
 */
export const foreignKeyMode = (steps: readonly Asking[]): ForeignKeyMode =>
  steps.some(needsOff) ? 'off' : steps.some(asksToDefer) ? 'checked' : 'enforced';

/** Whether a row may be left without its parent until the commit, where that would reset the object. */
const mayDefer = (
  sql: SqlStorageLike,
  statements: readonly string[],
  hasFunction: boolean,
): boolean =>
  (hasFunction || statements.some((statement) => !/^(create|alter)\b/i.test(statement))) &&
  (statements.some((statement) => /\bdeferred\b/i.test(statement)) ||
    firstRow(
      sql.exec("SELECT 1 FROM sqlite_master WHERE instr(upper(sql), 'DEFERRED') > 0 LIMIT 1"),
    ) !== undefined);

const violated =
  (keys: readonly string[], how: string) =>
  (found: Violations): ForeignKeyError => {
    const listed = found.listed.slice(0, LISTED_VIOLATIONS);
    const rows = listed.map(
      ({ table, rowid, parent }) => `\n  ${table} row ${rowid} has no ${parent}`,
    );
    const more = found.total - listed.length;
    return new ForeignKeyError(
      'FOREIGN_KEY_VIOLATION',
      `After the migrations ${found.total} row(s) lack the row they refer to, so everything was rolled back; ${how}.` +
        `${rows.join('')}${more > 0 ? `\n  and ${more} more` : ''}\n` +
        'Delete or fix these rows in the migration that removes their parents.',
      keys,
      listed,
      found.total,
    );
  };

/**
 * SQLite does not say why a transaction is open; whether this instance has written a row yet tells it in a constructor.
 * https://www.sqlite.org/lang_corefunc.html#total_changes
 */
function openTransaction(
  sql: SqlStorageLike,
  keys: readonly string[],
): (why: string) => ForeignKeyError {
  const isFirst = firstRow(sql.exec('SELECT total_changes() AS written'))?.written === 0;
  return (why) =>
    new ForeignKeyError(
      isFirst ? 'FOREIGN_KEYS_IN_TRANSACTION' : 'FOREIGN_KEYS_AFTER_WRITE',
      `${keys.join(', ')} must disable foreign keys to rebuild a table, which does nothing in an open transaction: ` +
        `${isFirst ? 'this call is inside of one, or comes after a CREATE' : 'something was written before this call, by super() for instance'}. ` +
        `With foreign keys enforced, ${why}. Nothing was changed. Call migrate before any write and before ` +
        'super(ctx, env), or await migrateAsync(ctx, migrations).',
      keys,
    );
}

/** Carries a plan out; `look` sees each statement before it runs. */
export type Apply = (look?: (statement: string) => void) => void;

/** Statements that change no row of another table but by a trigger. */
const ADDS = /^(create|alter|pragma|select|insert\s+into(?![\s\S]*\bconflict\b))\b/i;

/**
 * Runs where enforcement cannot be disabled. That changes nothing as long as no rows refer to the tables that are dropped
 * or changed, as in a new object; else it is refused.
 */
function runEnforced(
  storage: StorageLike,
  statements: ReadonlySet<string>,
  keys: readonly string[],
  apply: Apply,
  hasFunction: boolean,
): Violations {
  const { sql } = storage;
  const refuse = openTransaction(sql, keys);
  const look = (statement: string): void => {
    const names = touchedNames([statement], [readSchema(sql)]);
    const firesTrigger = names.size > new Set(namesIn(statement)).size;
    const child = (firesTrigger || !ADDS.test(statement)) && filledChildOf(sql, names);
    if (child) throw refuse(`"${statement.slice(0, 100)}" may act on the rows of ${child}`);
  };
  try {
    return inCheckedTransaction(
      storage,
      statements,
      () => apply(look),
      violated(keys, 'foreign keys could not be disabled'),
      hasFunction,
    );
  } catch (cause) {
    if (!(cause instanceof MigrationError)) throw cause;
    const said = cause.cause instanceof Error ? cause.cause.message : String(cause.cause);
    throw Object.assign(
      refuse(`statement ${cause.statementIndex + 1} of ${cause.key} fails: ${said}`),
      { cause },
    );
  }
}

/**
 * A rebuild may take away the very reference by which a row that lost its parent would be found. So what the migrations
 * before it have done is checked first.
 */
function checkBeforeRebuilds(check: () => void): (statement: string) => void {
  let isRebuild = false;
  let isDirty = false;
  return (statement) => {
    const set = pragmaSwitch(statement);
    if (set?.name === 'foreign_keys') {
      isRebuild = !set.on;
      if (isRebuild && isDirty) check();
      isDirty &&= !isRebuild;
    }
    isDirty ||= !isRebuild && !ADDS.test(statement);
  };
}

/**
 * Runs the pending migrations in one transaction, with foreign keys as they ask, and leaves every pragma as it was:
 * foreign keys are enforced again before the next event.
 *
 * @param storage the object's storage
 * @param steps the migrations that `apply` runs
 * @param apply carries the plan out
 * @returns the violations that were there before and still are, and what could not be checked
 * @throws {ForeignKeyError} if foreign keys cannot be disabled here, or a row has lost its parent
 */
export function transact(storage: StorageLike, steps: readonly Step[], apply: Apply): Violations {
  const mode = foreignKeyMode(steps);
  const statements = new Set(steps.flatMap((step) => step.statements));
  const hasFunction = steps.some(({ up }) => up);
  const keys = steps
    .filter((step) => (mode === 'off' ? needsOff(step) : asksToDefer(step) || step.up))
    .map(({ migration }) => migration.key);
  // What a function runs is known once it has run.
  const run: Apply = (look) =>
    apply((statement) => {
      statements.add(statement);
      look?.(statement);
    });
  const checked = (how: string, isNeeded?: () => boolean): Violations =>
    inCheckedTransaction(
      storage,
      statements,
      (check) => run(checkBeforeRebuilds(check)),
      violated(keys, how),
      hasFunction,
      isNeeded,
    );
  if (mode === 'off') {
    const enforcement = disable(storage);
    if (enforcement === 'in transaction') {
      return runEnforced(storage, statements, keys, run, hasFunction);
    }
    try {
      return checked(`${keys.join(', ')} disabled foreign keys`);
    } finally {
      if (enforcement === 'disabled') enableBeforeNextEvent(storage);
    }
  }
  if (isDisabled(storage)) return checked('another call of this turn disabled foreign keys');
  if (mode === 'checked') return checked(`${keys.join(', ')} deferred foreign keys`);
  const defers = mayDefer(storage.sql, [...statements], hasFunction);
  if (defers || hasFunction) {
    return checked(
      'a deferred reference is looked at when a transaction ends',
      () => defers || [...statements].some((text) => /\bdefer(red|_foreign_keys)\b/i.test(text)),
    );
  }
  inTransaction(storage, statements, apply);
  return NO_VIOLATIONS;
}
