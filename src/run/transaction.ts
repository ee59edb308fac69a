// One transaction around the migrations, which stands only if no row has lost the row it refers to.
import type { StorageLike } from '../base/storage.ts';
import { NO_VIOLATIONS, type Violations } from '../plan/result.ts';
import { keepPragmas } from './pragmas.ts';
import {
  findViolations,
  forgetViolations,
  readSchema,
  rememberViolations,
  type Schema,
  touchedNames,
} from './references.ts';

/**
 * Makes SQLite write out what full-text tables still hold in memory. The runtime cannot roll back one that was made and
 * filled in the same transaction before that: it breaks the object with an "internal error".
 * https://www.sqlite.org/vtab.html#the_xsavepoint_xrelease_and_xrollbackto_methods
 *
 * @param storage the object's storage, in a transaction
 */
export function writeOut(storage: StorageLike): void {
  try {
    storage.transactionSync(() => {});
  } catch {
    // A statement with OR ROLLBACK has ended the transaction.
  }
}

/**
 * Runs in a transaction. What `run` throws is thrown, even where the runtime has words of its own for it: a statement with
 * OR ROLLBACK takes away the transaction that the runtime is about to roll back.
 *
 * @param storage the object's storage
 * @param statements the statements of migrations that `run` runs
 * @param run what to run
 * @param hasFunction whether `run` runs a function too
 */
export function inTransaction<T>(
  storage: StorageLike,
  statements: ReadonlySet<string>,
  run: () => T,
  hasFunction = false,
): T {
  let failure: { readonly cause: unknown } | undefined;
  try {
    return storage.transactionSync(() => {
      try {
        return keepPragmas(storage.sql, statements, run, hasFunction);
      } catch (cause) {
        failure = { cause };
        writeOut(storage);
        throw cause;
      }
    });
  } catch (error) {
    throw failure === undefined ? error : failure.cause;
  }
}

/**
 * Runs in a transaction, and lets it stand only if there are no new violations of foreign keys in the tables that the
 * statements touch, and in those that refer to them.
 *
 * Only if there are any afterwards is it rolled back and run once more, with a look at those that were there before.
 *
 * @param storage the object's storage
 * @param statements the statements that `run` runs; those of a function are in it once that has run
 * @param run runs them; it can have what was done so far checked in between
 * @param fail makes the error for new violations
 * @param hasFunction whether `run` runs a function too
 * @param isNeeded whether there can be violations at all, which is asked when they are looked for
 * @returns the violations that were there before and still are, and what could not be checked
 */
export function inCheckedTransaction(
  storage: StorageLike,
  statements: ReadonlySet<string>,
  run: (check: () => void) => void,
  fail: (added: Violations) => Error,
  hasFunction: boolean,
  isNeeded = () => true,
): Violations {
  const { sql } = storage;
  const before = readSchema(sql);
  const namesBefore = () => touchedNames([...statements], [before]);
  let found = NO_VIOLATIONS;
  const look = (since?: Schema): void => {
    if (!isNeeded()) return;
    found = findViolations(sql, touchedNames([...statements], [before, readSchema(sql)]), since);
    if (found.total > 0) throw fail(found);
  };
  try {
    return inTransaction(
      storage,
      statements,
      () => {
        run(look);
        look();
        return found;
      },
      hasFunction,
    );
  } catch (error) {
    if (found.total === 0 || findViolations(sql, namesBefore()).total === 0) throw error;
  }
  return inTransaction(
    storage,
    statements,
    () => {
      rememberViolations(sql, namesBefore());
      const check = (): void => look(before);
      run(check);
      check();
      forgetViolations(sql);
      return findViolations(sql, touchedNames([...statements], [before, readSchema(sql)]));
    },
    hasFunction,
  );
}
