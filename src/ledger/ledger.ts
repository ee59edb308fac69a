import { AdoptionError } from '../base/errors.ts';
import { firstRow, quote, type SqlStorageLike } from '../base/storage.ts';
import { isTimestamp } from '../base/time.ts';
import type { Ledger, LedgerRow } from './row.ts';

/** The ledger's name unless the `table` option says otherwise. */
export const DEFAULT_TABLE = '__migrations';

const COLUMNS = {
  version: 'INTEGER PRIMARY KEY',
  tag: 'TEXT',
  checksum: 'TEXT',
  created_at: 'INTEGER',
  applied_at: 'INTEGER',
  origin: 'TEXT',
  head: 'TEXT',
} as const satisfies Record<keyof LedgerRow, string>;
const NAMES = Object.keys(COLUMNS) as (keyof LedgerRow)[];

/**
 * A value of a ledger's column that others may have written into too.
 *
 * @param value what stands there
 */
export const textOrNull = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;
/** {@link textOrNull} of a column with a time. */
export const timeOrNull = (value: unknown): number | null => (isTimestamp(value) ? value : null);

/** The statement of a wake with nothing to do; the text is the same every time, so SQLite need not parse it again. */
export const selectHead = (table: string): string =>
  `SELECT head FROM ${quote(table)} ORDER BY version DESC LIMIT 1`;
/** {@link selectHead} of the default table. */
export const SELECT_HEAD = selectHead(DEFAULT_TABLE);

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

/**
 * The columns of a table by their names in lower case; none if there is no such table. Reads the schema in memory, so
 * no row is billed.
 *
 * @param sql the object's SQL storage
 * @param table a table's name
 * @param option the option that names it
 * @throws {AdoptionError} if the name is a view's, an index's or a virtual table's
 */
export function columnsOf(
  sql: SqlStorageLike,
  table: string,
  option: string,
): ReadonlyMap<string, Column> {
  const ask = (pragma: string) => [...sql.exec(`PRAGMA ${pragma}(${quote(table)})`)];
  // https://www.sqlite.org/pragma.html#pragma_table_list
  const [found] = ask('table_list');
  // Tables and indexes share their names.
  const type = found?.type ?? (ask('index_info').length > 0 ? 'index' : 'table');
  if (type !== 'table') throw notALedger(table, `is no table (${type})`, option);
  const columns = ask('table_info') as unknown as Column[];
  return new Map(columns.map((column) => [column.name.toLowerCase(), column]));
}

/**
 * @param table the table that cannot be used
 * @param found what is wrong with it, as the rest of a sentence that starts with its name
 * @param option the option that names another table
 */
export const notALedger = (table: string, found: string, option: string): AdoptionError =>
  new AdoptionError(
    'NOT_A_LEDGER',
    `${table} ${found}, so it is no ledger. Name another table with the option \`${option}\`.`,
    table,
  );

function checkVersion(table: string, version: unknown, expected: number | undefined): void {
  if (version === expected) return;
  throw new AdoptionError(
    'BROKEN_LEDGER',
    `${table} has version ${version} where ${expected} was expected. Restore the missing row, or name another table ` +
      'with the option `table`.',
    table,
    [String(version)],
  );
}

/**
 * Reads the whole ledger, ours or do-orm's.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @returns undefined if there is none
 * @throws {AdoptionError} if the table has another owner, or its versions are not 0, 1, 2 and so on
 */
export function readLedger(sql: SqlStorageLike, table: string): Ledger | undefined {
  const columns = columnsOf(sql, table, 'table');
  if (columns.size === 0) return undefined;
  const { pk, type } = columns.get('version') ?? {};
  const missing = NAMES.filter((name) => !columns.has(name));
  // do-orm's has this one column.
  if (missing.length > 0 && (columns.size > 1 || type === undefined)) {
    throw notALedger(table, `has no column "${missing[0]}"`, 'table');
  }
  // In a key of several columns, or one that is DESC, SQLite does not count on by itself.
  const indexes = [...sql.exec(`PRAGMA index_list(${quote(table)})`)];
  if (pk !== 1 || !/^integer$/i.test(`${type}`) || indexes.some(({ origin }) => origin === 'pk')) {
    throw notALedger(table, 'has a "version" that is no INTEGER PRIMARY KEY', 'table');
  }
  for (const { name, notnull, dflt_value } of columns.values()) {
    if (notnull === 1 && dflt_value === null && !Object.hasOwn(COLUMNS, name)) {
      throw notALedger(table, `needs a value for its column "${name}"`, 'table');
    }
  }
  const list = NAMES.map((name) => `${missing.includes(name) ? 'NULL' : name} AS ${name}`);
  const rows = Array.from(
    sql.exec(`SELECT ${list} FROM ${quote(table)} ORDER BY version`),
    (row, expected): LedgerRow => {
      checkVersion(table, row.version, expected);
      return Object.fromEntries(
        NAMES.map((name) => [
          name,
          COLUMNS[name] === 'TEXT' ? textOrNull(row[name]) : timeOrNull(row[name]),
        ]),
      ) as unknown as LedgerRow;
    },
  );
  return { rows, missing };
}

/**
 * Creates the ledger, or upgrades do-orm's; do-orm can still insert into it.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @param ledger the ledger as it was read, or undefined if there is none
 */
export function prepareLedger(
  sql: SqlStorageLike,
  table: string,
  ledger: Ledger | undefined,
): void {
  if (ledger === undefined) {
    const columns = NAMES.map((name) => `${name} ${COLUMNS[name]}`);
    sql.exec(`CREATE TABLE ${quote(table)} (${columns.join(', ')})`);
  }
  for (const name of ledger?.missing ?? []) {
    sql.exec(`ALTER TABLE ${quote(table)} ADD COLUMN ${name} ${COLUMNS[name]}`);
  }
}

/**
 * The runtime binds up to 100 values in one statement (https://developers.cloudflare.com/durable-objects/platform/limits/);
 * only texts are bound, so that more rows go at once.
 */
const ROWS_AT_ONCE = Math.floor(100 / NAMES.filter((name) => COLUMNS[name] === 'TEXT').length);

/**
 * Adds rows after the ledger's last one. All of them at the end: whenever a migration has changed the schema, SQLite
 * compiles the next INSERT anew.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @param rows the rows, the first with the next version
 * @throws {AdoptionError} if the last row is not in the table then
 */
export function insertRows(sql: SqlStorageLike, table: string, rows: readonly LedgerRow[]): void {
  for (let at = 0; at < rows.length; ) {
    // SQLite counts on from the last row by itself (https://www.sqlite.org/autoinc.html), which saves a row read each.
    const isFirst = rows[at]?.version === 0;
    const names = isFirst ? NAMES : NAMES.slice(1);
    const chunk = rows.slice(at, at + (isFirst ? 1 : ROWS_AT_ONCE));
    const texts: string[] = [];
    const places = chunk.map((row) => {
      const values = names.map((name) => {
        const value = row[name];
        if (typeof value !== 'string') return String(value);
        texts.push(value);
        return '?';
      });
      return `(${values})`;
    });
    sql.exec(`INSERT INTO ${quote(table)} (${names}) VALUES ${places}`, ...texts);
    at += chunk.length;
    if (at < rows.length) continue;
    // A trigger of another owner may have kept one out. Both functions read no row.
    const last = 'SELECT iif(changes() = ?, last_insert_rowid(), NULL) AS version';
    const { version } = firstRow(sql.exec(last, chunk.length)) ?? {};
    checkVersion(table, version, rows.at(-1)?.version);
  }
}

/**
 * Completes a row that do-orm left with nothing but its version.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @param row the row, with the version that stands
 */
export function completeRow(sql: SqlStorageLike, table: string, row: LedgerRow): void {
  const values = NAMES.map((name) => row[name]);
  const names = NAMES.map((name) => `${name} = ?`);
  sql.exec(`UPDATE ${quote(table)} SET ${names} WHERE version = ?`, ...values, row.version);
}

/**
 * Writes on the ledger's last row what the object is now up to date with.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @param version the last row's version
 * @param head the new head
 */
export function updateHead(
  sql: SqlStorageLike,
  table: string,
  version: number,
  head: string,
): void {
  sql.exec(`UPDATE ${quote(table)} SET head = ? WHERE version = ?`, head, version);
}
