import type { SqlStorageLike } from '../base/storage.ts';
import { quote } from '../base/storage.ts';

/** A value as it can be shown: bytes are told in hexadecimal, and an integer that no number can be as its digits. */
export type Value =
  | string
  | number
  | null
  | { readonly bytes: string }
  | { readonly integer: string };

/** A row by its columns. */
export type TableRow = Readonly<Record<string, Value>>;

/**
 * A row exactly as SQLite keeps it, by its columns: `t` and the text, `b` and the bytes in hexadecimal, digits, or `NULL`.
 * A driver gives 5 and 5.0 alike, and rounds an integer above 2^53.
 */
export type StoredRow = Readonly<Record<string, string>>;

/** A column of a table. */
export interface DeclaredColumn {
  readonly name: string;
  /** The declared type, as it is written. */
  readonly type: string;
  readonly notNull: boolean;
  /** The expression of its DEFAULT, or null. */
  readonly fallback: string | null;
  /** Its place in the primary key, from 1; 0 if it is not part of it. */
  readonly key: number;
  /** Whether it is computed, so that nothing can be put into it. */
  readonly generated: boolean;
}

/** A reference to another table, or to the same. */
export interface DeclaredReference {
  readonly table: string;
  readonly columns: readonly string[];
  /** The columns that it names in the other table; empty for that table's primary key. */
  readonly to: readonly string[];
  readonly onUpdate: string;
  readonly onDelete: string;
}

/** A table without its rows. */
export interface DeclaredTable {
  readonly name: string;
  readonly sql: string;
  readonly isVirtual: boolean;
  readonly columns: readonly DeclaredColumn[];
  readonly references: readonly DeclaredReference[];
}

/** A table with its rows. */
export interface FilledTable extends DeclaredTable {
  readonly rows: readonly StoredRow[];
  /** What tells each row from the others as long as the table is the same: its rowid, or else its primary key. */
  readonly ids: readonly string[];
}

const query = (sql: SqlStorageLike, text: string): Record<string, unknown>[] => [...sql.exec(text)];

type Row = Record<string, unknown>;

/** Rows by the table that each is of. */
function byTable(rows: readonly Row[]): ReadonlyMap<unknown, Row[]> {
  const found = new Map<unknown, Row[]>();
  for (const row of rows) {
    const own = found.get(row.of_table);
    if (own === undefined) found.set(row.of_table, [row]);
    else own.push(row);
  }
  return found;
}

const columnOf = ({ name, type, notnull, dflt_value, pk, hidden }: Row): DeclaredColumn => ({
  name: String(name),
  type: String(type),
  notNull: notnull === 1,
  fallback: dflt_value === null ? null : String(dflt_value),
  key: Number(pk),
  generated: hidden !== 0,
});

function referencesFrom(rows: readonly Row[]): DeclaredReference[] {
  const found = new Map<unknown, DeclaredReference & { columns: string[]; to: string[] }>();
  for (const row of rows) {
    const reference = found.get(row.id) ?? {
      table: String(row.table),
      columns: [],
      to: [],
      onUpdate: String(row.on_update),
      onDelete: String(row.on_delete),
    };
    reference.columns.push(String(row.from));
    if (row.to !== null) reference.to.push(String(row.to));
    found.set(row.id, reference);
  }
  return [...found.values()];
}

/** Tables that a virtual table keeps for itself are of type `shadow`: https://www.sqlite.org/vtab.html#xshadowname */
const LIST = `SELECT l.name, l.type, m.sql, m.rowid AS place FROM pragma_table_list AS l
  JOIN sqlite_master AS m ON m.name = l.name AND m.type = 'table'
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND l.name NOT GLOB '_cf_*' AND l.name NOT GLOB '__miniflare_*' AND l.name NOT GLOB 'cf_agents_*'`;

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/**
 * The tables of an object, in the order in which they were made.
 *
 * @param sql the object's SQL storage
 * @param except tables to leave out, such as the ledgers
 * @param only the only tables to read, in any case; all if it is left out
 */
export function readTables(
  sql: SqlStorageLike,
  except: readonly string[],
  only?: readonly string[],
): DeclaredTable[] {
  const named =
    only === undefined
      ? ''
      : ` AND lower(l.name) IN (${only.map((name) => `lower(${text(name)})`).join(', ')})`;
  const list = `${LIST}${named}`;
  const each = (pragma: string): ReadonlyMap<unknown, Row[]> =>
    byTable(
      query(
        sql,
        `SELECT t.name AS of_table, p.* FROM (${list}) AS t, pragma_${pragma}(t.name) AS p`,
      ),
    );
  const columns = each('table_xinfo');
  const references = each('foreign_key_list');
  return query(sql, `${list} ORDER BY place`)
    .filter(({ name }) => !except.includes(String(name).replace(/_repairs$/, '')))
    .map((table) => ({
      name: String(table.name),
      sql: String(table.sql),
      isVirtual: table.type === 'virtual',
      columns: (columns.get(table.name) ?? []).filter(({ hidden }) => hidden !== 1).map(columnOf),
      references: referencesFrom(references.get(table.name) ?? []),
    }));
}

/** https://www.sqlite.org/lang_createtable.html#rowid */
const ROWIDS = ['rowid', '_rowid_', 'oid'];

/** The runtime gives no result of more columns: https://developers.cloudflare.com/durable-objects/platform/limits/ */
const MAX_COLUMNS = 100;

const exactly = (name: string): string => {
  const column = quote(name);
  return `CASE typeof(${column}) WHEN 'text' THEN 't' || ${column} WHEN 'blob' THEN 'b' || hex(${column}) ELSE quote(${column}) END`;
};

/**
 * The expression of what tells a row of a table from the others.
 *
 * @param table the table
 * @returns undefined if there is none
 */
export function idOf({ sql, isVirtual, columns }: DeclaredTable): string | undefined {
  const names = columns.map(({ name }) => name.toLowerCase());
  const key = columns.filter((column) => column.key > 0);
  const isKeyed = !isVirtual && key.length > 0 && /\bwithout\s+rowid\b/i.test(sql);
  if (isKeyed) return key.map(({ name }) => exactly(name)).join(" || ' ' || ");
  return ROWIDS.find((name) => !names.includes(name));
}

/** A full-text table whose content lacks a column cannot be read; that it is broken is told with what hangs on tables. */
function readable(sql: SqlStorageLike, { isVirtual }: DeclaredTable, text: string): Row[] {
  try {
    return query(sql, text);
  } catch (error) {
    if (isVirtual) return [];
    throw error;
  }
}

function readRows(sql: SqlStorageLike, table: DeclaredTable): Pick<FilledTable, 'rows' | 'ids'> {
  const { columns } = table;
  const id = columns.length < MAX_COLUMNS ? idOf(table) : undefined;
  const results = [
    ...columns.map(({ name }, at) => `${exactly(name)} AS c${at}`),
    ...(id === undefined ? [] : [`${id} AS id`]),
  ];
  const found = readable(sql, table, `SELECT ${results.join(', ')} FROM ${quote(table.name)}`);
  return {
    rows: found.map((row) =>
      Object.fromEntries(columns.map(({ name }, at) => [name, String(row[`c${at}`])])),
    ),
    ids: found.map((row, at) => String(row.id ?? at)),
  };
}

/**
 * A table with its rows as they stand now.
 *
 * @param sql the object's SQL storage
 * @param table the table
 */
export const withRows = (sql: SqlStorageLike, table: DeclaredTable): FilledTable => ({
  ...table,
  ...readRows(sql, table),
});

/**
 * All tables with all their rows.
 *
 * @param sql the object's SQL storage
 * @param except tables to leave out, such as the ledgers
 */
export const readContents = (sql: SqlStorageLike, except: readonly string[]): FilledTable[] =>
  readTables(sql, except).map((table) => withRows(sql, table));

/** A value as it can be shown. */
function toValue(stored: string): Value {
  if (stored === 'NULL') return null;
  if (stored.startsWith('t')) return stored.slice(1);
  if (stored.startsWith('b')) return { bytes: stored.slice(1).toLowerCase() };
  const number = Number(stored);
  return /^-?\d+$/.test(stored) && !Number.isSafeInteger(number) ? { integer: stored } : number;
}

/**
 * A row with values that can be shown.
 *
 * @param row the row as SQLite keeps it
 */
export const rowOf = (row: StoredRow): TableRow =>
  Object.fromEntries(Object.entries(row).map(([name, stored]) => [name, toValue(stored)]));

/**
 * A row as text: as JSON, but with numbers as SQLite writes them.
 *
 * @param row the row as SQLite keeps it
 */
export const textOf = (row: StoredRow): string =>
  `{${Object.entries(row)
    .map(([name, stored]) => {
      const value = toValue(stored);
      const isNumber =
        typeof value === 'number' ||
        (value !== null && typeof value === 'object' && 'integer' in value);
      return `${JSON.stringify(name)}:${isNumber ? stored : JSON.stringify(value)}`;
    })
    .join(',')}}`;

/**
 * A value as SQL writes it.
 *
 * @param stored the value as SQLite keeps it
 */
export function literalOf(stored: string): string {
  if (stored.startsWith('t')) return `'${stored.slice(1).replaceAll("'", "''")}'`;
  return stored.startsWith('b') ? `X'${stored.slice(1)}'` : stored;
}
