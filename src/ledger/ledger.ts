import { AdoptionError } from '../base/errors.ts';
import { firstRow, quote, type SqlStorageLike } from '../base/storage.ts';
import { isTimestamp } from '../base/time.ts';
import type { Ledger, LedgerRow, Origin } from './row.ts';

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
 * The columns of a table; none if there is no such table. Reads the schema in memory, so no row is billed.
 *
 * @param sql the object's SQL storage
 * @param table a table's name
 * @throws {AdoptionError} if the name is a view's or a virtual table's
 */
export function columnsOf(sql: SqlStorageLike, table: string, option: string): Column[] {
  // https://www.sqlite.org/pragma.html#pragma_table_list
  const found = firstRow(sql.exec(`PRAGMA table_list(${quote(table)})`));
  if (found === undefined) {
    // Tables and indexes share their names. https://www.sqlite.org/pragma.html#pragma_index_info
    if (firstRow(sql.exec(`PRAGMA index_info(${quote(table)})`)) === undefined) return [];
    throw notALedger(table, 'is an index, not a table', option);
  }
  if (found.type !== 'table') {
    throw notALedger(table, `is a ${found.type}, not a table`, option);
  }
  return [...sql.exec(`PRAGMA table_info(${quote(table)})`)] as unknown as Column[];
}

/**
 * @param table the table that cannot be used
 * @param found what is wrong with it, as the rest of a sentence that starts with its name
 * @param option the option that names another table
 */
export const notALedger = (table: string, found: string, option: string): AdoptionError =>
  new AdoptionError(
    'NOT_A_LEDGER',
    `The table ${table} ${found}: it is somebody else's. Name another one with the option \`${option}\`.`,
    table,
  );

function checkVersion(table: string, version: unknown, expected: number | undefined): void {
  if (version === expected) return;
  throw new AdoptionError(
    'BROKEN_LEDGER',
    `The ledger ${table} has version ${version} where ${expected} was expected: its versions must be 0, 1, 2 and ` +
      'so on, so a row was removed or the table is not a ledger of migrations. Restore the row, or name another ' +
      'table with the option `table`.',
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
 * @throws {AdoptionError} if the table is somebody else's, or its versions are not 0, 1, 2 and so on
 */
export function readLedger(sql: SqlStorageLike, table: string): Ledger | undefined {
  const columns = columnsOf(sql, table, 'table');
  if (columns.length === 0) return undefined;
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  const version = columns.find(({ name }) => name.toLowerCase() === 'version');
  if (version === undefined) throw notALedger(table, 'has no column "version"', 'table');
  // In a key of several columns, or one that is DESC, SQLite does not count on by itself.
  const isOther = [...sql.exec(`PRAGMA index_list(${quote(table)})`)].some(
    ({ origin }) => origin === 'pk',
  );
  if (version.pk !== 1 || version.type.toUpperCase() !== 'INTEGER' || isOther) {
    throw notALedger(table, 'has a "version" that is no INTEGER PRIMARY KEY', 'table');
  }
  const required = columns.find(
    ({ name, notnull, dflt_value, pk }) =>
      notnull === 1 && dflt_value === null && pk === 0 && !Object.hasOwn(COLUMNS, name),
  );
  if (required !== undefined) {
    throw notALedger(table, `needs a value for its column "${required.name}"`, 'table');
  }
  const missing = NAMES.filter((name) => !names.has(name));
  const list = NAMES.map((name) => `${missing.includes(name) ? 'NULL' : name} AS ${name}`).join(
    ', ',
  );
  const rows = Array.from(
    sql.exec(`SELECT ${list} FROM ${quote(table)} ORDER BY version`),
    (row): LedgerRow => ({
      version: row.version as number,
      tag: textOrNull(row.tag),
      checksum: textOrNull(row.checksum),
      created_at: timeOrNull(row.created_at),
      applied_at: timeOrNull(row.applied_at),
      origin: textOrNull(row.origin) as Origin | null,
      head: textOrNull(row.head),
    }),
  );
  rows.forEach(({ version }, expected) => {
    checkVersion(table, version, expected);
  });
  return { rows, missing };
}

/**
 * Makes the ledger, or widens do-orm's; do-orm can still insert into it.
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
    const columns = NAMES.map((name) => `${name} ${COLUMNS[name]}`).join(', ');
    sql.exec(`CREATE TABLE ${quote(table)} (${columns})`);
  }
  for (const name of ledger?.missing ?? []) {
    sql.exec(`ALTER TABLE ${quote(table)} ADD COLUMN ${name} ${COLUMNS[name]}`);
  }
}

const UPDATED = NAMES.map((name) => `${name} = ?`).join(', ');

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
    const place = (value: LedgerRow[keyof LedgerRow]): string => {
      if (typeof value !== 'string') return String(value);
      texts.push(value);
      return '?';
    };
    const places = chunk.map((row) => `(${names.map((name) => place(row[name])).join(', ')})`);
    sql.exec(
      `INSERT INTO ${quote(table)} (${names.join(', ')}) VALUES ${places.join(', ')}`,
      ...texts,
    );
    at += chunk.length;
    if (at < rows.length) continue;
    // A trigger of somebody else's may have kept one out. Both functions read no row.
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
  sql.exec(`UPDATE ${quote(table)} SET ${UPDATED} WHERE version = ?`, ...values, row.version);
}

/**
 * Writes on the ledger's last row what the object is now level with.
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
