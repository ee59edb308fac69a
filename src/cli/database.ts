// A SQLite database on disk or in memory behind the part of a Durable Object's storage that the runtime's code uses,
// so that the command line plans and rehearses with the very code that runs in an object.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import type { MigrationCursor, StorageLike } from '../base/storage.ts';
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

type Row = Record<string, unknown>;

/** A Durable Object hands out an ArrayBuffer for a BLOB, and a number for every INTEGER, be it rounded. */
function toValue(value: SQLOutputValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Uint8Array ? value.slice().buffer : value;
}

/** What the runtime makes of a value that is bound: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/ */
function toBinding(value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return value as Uint8Array;
  if (typeof value === 'bigint') throw new TypeError('Cannot convert a BigInt value to a number');
  return String(value);
}

/** In Node 22.13 to 22.18 and 24.0, a parameter with a number must be given by its name, and one without by its place. */
function bind(statement: string, values: readonly SQLInputValue[]): SQLInputValue[] {
  if (values.length === 0 || !/\?\d/.test(statement)) return [...values];
  // Node's types know no such object among the values.
  return [Object.fromEntries(values.map((value, i) => [`?${i + 1}`, value])) as never];
}

/** Whether a statement takes this many values. */
function takes(database: DatabaseSync, statement: string, count: number): boolean {
  const explained = /^explain\b/i.test(statement) ? statement : `EXPLAIN ${statement}`;
  try {
    database.prepare(explained).all(...bind(statement, Array(count).fill(null)));
    return true;
  } catch {
    return false;
  }
}

/** Node leaves NULL what no value is given for, and the runtime refuses that. */
function checkCount(database: DatabaseSync, statement: string, count: number): void {
  if (count === 0 && !/[?:@$]/.test(statement)) return;
  if (!takes(database, statement, count) || takes(database, statement, count + 1)) {
    throw new Error('Wrong number of parameter bindings for SQL query.');
  }
}

/** The rows of a statement that has run to its end, as the runtime's cursor hands them out. */
class Cursor implements MigrationCursor<Row> {
  #at = 0;

  constructor(
    readonly columnNames: string[],
    private readonly rows: readonly unknown[][],
    readonly rowsWritten: number,
  ) {}

  /** How many rows were handed out; in an object it is how many SQLite looked at. */
  get rowsRead(): number {
    return this.#at;
  }

  next(): IteratorResult<Row, undefined> {
    const row = this.rows[this.#at];
    if (row === undefined) return { done: true, value: undefined };
    this.#at++;
    const value = Object.fromEntries(this.columnNames.map((name, i) => [name, row[i]]));
    return { done: false, value };
  }

  toArray(): Row[] {
    return [...this];
  }

  one(): Row {
    const rows = this.toArray();
    if (rows.length === 1) return rows[0] as Row;
    throw new Error(
      `Expected exactly one result from SQL query, but got ${rows.length === 0 ? 'no' : 'multiple'} results.`,
    );
  }

  *raw<Values extends unknown[]>(): IterableIterator<Values> {
    for (let row = this.rows[this.#at]; row !== undefined; row = this.rows[this.#at]) {
      this.#at++;
      yield row as Values;
    }
  }

  *[Symbol.iterator](): Generator<Row> {
    for (let { done, value } = this.next(); !done; { done, value } = this.next()) {
      yield value as Row;
    }
  }
}

/** Runs one statement to its end. */
function run(database: DatabaseSync, statement: string, bindings: readonly unknown[]): Cursor {
  const prepared = database.prepare(statement);
  const values = bindings.map(toBinding);
  checkCount(database, statement, values.length);
  const bound = bind(statement, values);
  // Node 22.15 and older have neither: there a statement without rows tells no names, and of two equal ones one is lost.
  const names = prepared.columns?.().map(({ name }) => name);
  if (names?.length === 0) return new Cursor([], [], Number(prepared.run(...bound).changes));
  prepared.setReadBigInts(true);
  if (names !== undefined) prepared.setReturnArrays?.(true);
  const found: unknown[] = prepared.all(...bound);
  const rows = found.map((row) =>
    (Array.isArray(row) ? row : Object.values(row as Row)).map(toValue),
  );
  return new Cursor(names ?? Object.keys((found[0] as Row | undefined) ?? {}), rows, 0);
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
