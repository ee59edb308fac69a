import type { SqlStorageLike } from '../base/storage.ts';
import { quote } from '../base/storage.ts';

/** A value as it can be shown and compared: bytes are told in hexadecimal. */
export type Value = string | number | null | { readonly bytes: string };

/** A row by its columns. */
export type TableRow = Readonly<Record<string, Value>>;

/** A column of a table. */
export interface Column {
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
export interface Reference {
  readonly table: string;
  readonly columns: readonly string[];
  /** The columns that it names in the other table; empty for that table's primary key. */
  readonly to: readonly string[];
  readonly onUpdate: string;
  readonly onDelete: string;
}

/** A table without its rows. */
export interface Table {
  readonly name: string;
  readonly sql: string;
  readonly isVirtual: boolean;
  readonly columns: readonly Column[];
  readonly references: readonly Reference[];
}

/** A table with its rows. */
export interface FilledTable extends Table {
  readonly rows: readonly TableRow[];
}

const query = (sql: SqlStorageLike, text: string): Record<string, unknown>[] => [...sql.exec(text)];

function referencesOf(sql: SqlStorageLike, table: string): Reference[] {
  const found = new Map<unknown, Reference & { columns: string[]; to: string[] }>();
  for (const row of query(sql, `PRAGMA foreign_key_list(${quote(table)})`)) {
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
const LIST = `SELECT l.name, l.type, m.sql FROM pragma_table_list AS l
  JOIN sqlite_master AS m ON m.name = l.name AND m.type = 'table'
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND l.name NOT GLOB '_cf_*' AND l.name NOT GLOB '__miniflare_*' ORDER BY m.rowid`;

/**
 * The tables of an object, in the order in which they were made.
 *
 * @param sql the object's SQL storage
 * @param except tables to leave out, such as the ledgers
 */
export const readTables = (sql: SqlStorageLike, except: readonly string[]): Table[] =>
  query(sql, LIST)
    .filter(({ name }) => !except.includes(String(name).replace(/_repairs$/, '')))
    .map((table) => ({
      name: String(table.name),
      sql: String(table.sql),
      isVirtual: table.type === 'virtual',
      columns: query(sql, `PRAGMA table_xinfo(${quote(String(table.name))})`)
        .filter(({ hidden }) => hidden !== 1)
        .map((column) => ({
          name: String(column.name),
          type: String(column.type),
          notNull: column.notnull === 1,
          fallback: column.dflt_value === null ? null : String(column.dflt_value),
          key: Number(column.pk),
          generated: column.hidden !== 0,
        })),
      references: referencesOf(sql, String(table.name)),
    }));

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * The rows of a table.
 *
 * @param sql the object's SQL storage
 * @param table the table's name
 */
export const readRows = (sql: SqlStorageLike, table: string): TableRow[] =>
  query(sql, `SELECT * FROM ${quote(table)}`).map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof ArrayBuffer ? { bytes: hex(value) } : (value as Value),
      ]),
    ),
  );

/**
 * All tables with all their rows.
 *
 * @param sql the object's SQL storage
 * @param except tables to leave out, such as the ledgers
 */
export const readContents = (sql: SqlStorageLike, except: readonly string[]): FilledTable[] =>
  readTables(sql, except).map((table) => ({ ...table, rows: readRows(sql, table.name) }));
