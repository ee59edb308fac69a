// Runs a migration that is a function: with the object's SqlStorage, as far as a migration may use it.
import { ForeignKeyError, MigrationError, refuse, typeOf } from '../base/errors.ts';
import type { MigrationCursor, MigrationSql, SqlStorageLike } from '../base/storage.ts';
import type { Migration, Up } from '../input/migration.ts';
import { namesTable, pragmaSwitch, splitStatements } from '../sql/statements.ts';

/** The key of the function that runs now. All of it is synchronous, so there is one at most. */
let running: string | undefined;

/**
 * Refuses a call of `migrate` from inside a migration's function, which would run the same migrations again.
 *
 * @throws {InputError} if a function is running
 */
export function checkOutside(): void {
  if (running !== undefined) {
    refuse(
      'IN_FUNCTION',
      `migrate was called while the function of ${running} runs. Take the call out of what the function calls.`,
      running,
    );
  }
}

/** Refuses a statement that a function may not run. */
function checkStatement(key: string, statement: string, tables: readonly string[]): void {
  const table = tables.find((name) => namesTable(statement, name));
  if (table !== undefined) {
    refuse(
      'INVALID_TABLE_NAME',
      `The function of ${key} names ${table}, a ledger. Take that out, or name another table with the option ` +
        '`table` or `drizzleTable`.',
      key,
    );
  }
  if (pragmaSwitch(statement)?.name === 'foreign_keys') {
    refuse(
      'INVALID_ENTRY',
      `The function of ${key} sets foreign_keys, which does nothing in a transaction. Rebuild the table in a migration ` +
        'of SQL, before or after this one.',
      key,
    );
  }
}

/** Refuses what is still to come after the function has returned: it would run outside of the transaction. */
function checkReturned(key: string, returned: unknown): void {
  const isPromise = typeof (returned as Promise<unknown> | undefined)?.then === 'function';
  // Nobody else waits for it.
  if (isPromise) Promise.resolve(returned).catch(() => {});
  if (isPromise || /Generator$/.test(typeOf(returned))) {
    refuse(
      'NOT_SYNCHRONOUS',
      `The function of ${key} returned a ${isPromise ? 'promise' : 'generator'}. It must have done all of its work when ` +
        'it returns: take `async`, `await` and `*` out.',
      key,
    );
  }
}

/** A cursor that is not read to its end would keep the transaction from being committed. */
function readToEnd(open: Iterable<unknown>[]): void {
  for (const rows of open.splice(0)) for (const _row of rows);
}

/**
 * Runs the function of a migration. Must be called inside the transaction.
 *
 * @param sql the object's SQL storage
 * @param migration the migration
 * @param up its function
 * @param appliedBefore how many migrations the object had before this call
 * @param tables the names of the ledgers
 * @param look sees each statement before it runs
 * @throws {MigrationError} what the function throws; what it was refused, even where it caught that
 * @throws {ForeignKeyError} what `look` throws
 */
export function runFunction(
  sql: SqlStorageLike,
  migration: Migration,
  up: Up,
  appliedBefore: number,
  tables: readonly string[],
  look: (statement: string) => void,
): void {
  const { key } = migration;
  const open: Iterable<unknown>[] = [];
  let isOver = false;
  let calls = 0;
  let refused: { readonly cause: unknown } | undefined;
  let failed: { readonly cause: unknown; readonly statement: string } | undefined;
  const exec = (query: string, ...bindings: unknown[]) => {
    if (isOver) {
      refuse(
        'NOT_SYNCHRONOUS',
        `The function of ${key} used its \`sql\` after it had returned.`,
        key,
      );
    }
    try {
      for (const statement of splitStatements(String(query))) {
        checkStatement(key, statement, tables);
        look(statement);
      }
    } catch (cause) {
      refused ??= { cause };
      throw cause;
    }
    calls++;
    try {
      const rows = sql.exec(query, ...bindings) as MigrationCursor<Record<string, unknown>>;
      if (rows.columnNames.length > 0) open.push(rows);
      return rows;
    } catch (cause) {
      failed = { cause, statement: query };
      throw cause;
    }
  };
  const handed = {
    exec,
    get databaseSize() {
      return (sql as unknown as MigrationSql).databaseSize;
    },
  };
  try {
    running = key;
    checkReturned(key, up(handed as unknown as MigrationSql));
    if (refused) throw refused.cause;
    readToEnd(open);
  } catch (thrown) {
    const cause = refused ? refused.cause : thrown;
    if (cause instanceof ForeignKeyError) throw cause;
    const isSql = failed !== undefined && failed.cause === cause;
    throw new MigrationError({
      migration,
      statement: isSql ? (failed?.statement as string) : '',
      statementIndex: isSql ? calls - 1 : calls,
      appliedBefore,
      cause,
    });
  } finally {
    running = undefined;
    isOver = true;
    try {
      readToEnd(open);
    } catch {
      // It has failed anyway.
    }
  }
}
