// Runs a migration that is a function: with the object's SqlStorage, as far as a migration may use it.
import { refuse, typeOf } from '../base/errors.ts';
import {
  firstRow,
  type MigrationCursor,
  type MigrationSql,
  type SqlStorageLike,
} from '../base/storage.ts';
import { checkStatement, type Step } from '../plan/plan.ts';
import { pragmaSwitch, splitStatements } from '../sql/statements.ts';

/** The key of the function that runs now: all of it is synchronous, so there is one at most. */
let running: string | undefined;

const LATE = 'goes on after it has returned: take `async` or `*` out';

/**
 * Refuses a call of `migrate` from inside a migration's function, which would run the same migrations again.
 *
 * @throws {InputError} if a function is running
 */
export function checkOutside(): void {
  if (running) refuse('IN_FUNCTION', `The function of ${running} calls migrate.`, running);
}

/** Whether a statement that failed may have rolled back by itself: it, a table or a trigger says so. */
const mayRollBack = (sql: SqlStorageLike, statement: string): boolean =>
  /\brollback\b/i.test(statement) ||
  firstRow(
    sql.exec("SELECT 1 FROM sqlite_master WHERE instr(upper(sql), 'ROLLBACK') > 0 LIMIT 1"),
  ) !== undefined;

/**
 * Runs the function of a migration. Must be called inside the transaction.
 *
 * @param sql the object's SQL storage
 * @param step the migration
 * @param tables the names of the ledgers
 * @param look sees each statement before it runs
 * @param fail throws the error for what the function threw, with the last text that it ran, and its number from 0
 * @throws {InputError} if the function did what a migration may not, even if it caught that
 * @throws what `look` throws
 */
export function runFunction(
  sql: SqlStorageLike,
  { migration, up }: Pick<Step, 'migration' | 'up'>,
  tables: readonly string[],
  look: (statement: string) => void,
  fail: (cause: unknown, statement: string, statementIndex: number) => never,
): void {
  const { key } = migration;
  const cursors: Iterable<unknown>[] = [];
  let last = '';
  let number = -1;
  let refused: unknown;
  let ended: { readonly cause: unknown } | undefined;
  const no = (code: 'NOT_SYNCHRONOUS' | 'INVALID_ENTRY', does: string): never =>
    refuse(code, `The function of ${key} ${does}.`, key);
  const handed = {
    exec(query: string, ...bindings: unknown[]) {
      if (running !== key) no('NOT_SYNCHRONOUS', LATE);
      if (ended) throw ended.cause;
      try {
        number++;
        last = String(query);
        for (const statement of splitStatements(last)) {
          checkStatement(statement, number, migration, tables);
          if (pragmaSwitch(statement)?.name === 'foreign_keys') {
            no('INVALID_ENTRY', 'sets foreign_keys, which only SQL can');
          }
          look(statement);
        }
      } catch (error) {
        refused ??= error;
        throw error;
      }
      let rows: MigrationCursor<unknown>;
      try {
        rows = sql.exec(query, ...bindings) as MigrationCursor<unknown>;
      } catch (cause) {
        // It may have ended the transaction, and what the function ran after it would stand alone.
        if (mayRollBack(sql, last)) ended = { cause };
        throw cause;
      }
      if (rows.columnNames?.length !== 0) cursors.push(rows);
      return rows;
    },
    get databaseSize() {
      return (sql as MigrationSql).databaseSize;
    },
  };
  let returned: unknown;
  try {
    running = key;
    returned = up?.(handed as MigrationSql);
  } catch (cause) {
    if (!refused) fail(cause, last, number);
  } finally {
    running = undefined;
    // A cursor that is not read to its end would keep the transaction from being committed.
    for (const rows of cursors) {
      try {
        for (const _row of rows);
      } catch {
        // That ends it, too.
      }
    }
  }
  if (refused) throw refused;
  if (ended) fail(ended.cause, last, number);
  const isPromise = typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function';
  // Nobody else waits for it.
  if (isPromise) Promise.resolve(returned).catch(() => {});
  if (isPromise || /Generator$/.test(typeOf(returned))) no('NOT_SYNCHRONOUS', LATE);
}
