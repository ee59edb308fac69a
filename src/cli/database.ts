// A SQLite database on disk or in memory behind the part of a Durable Object's storage that the runtime's code uses,
// so that the command line plans and rehearses with the very code that runs in an object.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import type { SqlStorageLike, StorageLike } from '../base/storage.ts';
import { splitStatements } from '../sql/statements.ts';

/** How {@link openDatabase} opens a file. */
export interface OpenOptions {
  /** Whether nothing may be written; a file that is not there is then not made. */
  readonly readOnly?: boolean;
  /** Functions of SQL, in place of SQLite's own of the same names. */
  readonly functions?: ReadonlyMap<string, (...values: SQLInputValue[]) => SQLInputValue>;
}

/** A database that can stand where `ctx.storage` does. */
export interface Database extends StorageLike {
  /** Closes the file; nothing can be asked of the database afterwards. */
  close(): void;
}

type Rows = ReturnType<SqlStorageLike['exec']>;

/** A Durable Object hands out an ArrayBuffer for a BLOB, and a number for every INTEGER, be it rounded. */
function toValue(value: SQLOutputValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Uint8Array ? value.slice().buffer : value;
}

const toBinding = (value: unknown): SQLInputValue =>
  value instanceof ArrayBuffer ? new Uint8Array(value) : (value as SQLInputValue);

/** In Node 22.13 to 22.18 and 24.0, a parameter with a number must be given by its name, and one without by its place. */
function bind(statement: string, bindings: readonly unknown[]): SQLInputValue[] {
  const values = bindings.map(toBinding);
  if (values.length === 0 || !/\?\d/.test(statement)) return values;
  // Node's types know no such object among the values.
  return [Object.fromEntries(values.map((value, i) => [`?${i + 1}`, value])) as never];
}

/** Runs one statement to its end. */
function run(database: DatabaseSync, statement: string, bindings: readonly unknown[]): Rows {
  const prepared = database.prepare(statement);
  prepared.setReadBigInts(true);
  return prepared
    .all(...bind(statement, bindings))
    .map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toValue(value)])),
    );
}

/**
 * Opens a database so that `migrate` and `inspect` take it for a Durable Object's storage: foreign keys are enforced,
 * a text may hold many statements, and `transactionSync` can be nested.
 *
 * ```ts
 * const database = openDatabase(':memory:');
 * migrate(database, migrations);
 * database.close();
 * ```
 *
 * @param path the file, or `:memory:` for a database that is gone when it is closed; a file URL takes SQLite's own
 *   parameters, in Node 22.15 or later
 * @param options how to open it
 * @throws {Error} what node:sqlite throws if there is no such file, or it cannot be opened
 */
export function openDatabase(
  path: string | ':memory:' | URL,
  { readOnly = false, functions }: OpenOptions = {},
): Database {
  const database = new DatabaseSync(path, {
    readOnly,
    enableForeignKeyConstraints: true,
    // The runtime reads "text" as text where there is no such column: https://www.sqlite.org/quirks.html#dblquote
    enableDoubleQuotedStringLiterals: true,
  });
  for (const [name, run] of functions ?? []) {
    database.function(name, { deterministic: true, varargs: true }, run);
  }
  let depth = 0;
  return {
    sql: {
      exec(query, ...bindings) {
        const statements = splitStatements(query);
        const last = statements.pop();
        if (last === undefined) throw new Error('SQL code did not contain a statement.');
        for (const statement of statements) run(database, statement, []);
        return run(database, last, bindings);
      },
    },
    transactionSync(closure) {
      const savepoint = `transaction_${depth++}`;
      database.exec(`SAVEPOINT ${savepoint}`);
      try {
        const result = closure();
        database.exec(`RELEASE ${savepoint}`);
        return result;
      } catch (error) {
        database.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
        throw error;
      } finally {
        depth--;
      }
    },
    transaction: (closure) => closure(),
    close: () => database.close(),
  };
}
