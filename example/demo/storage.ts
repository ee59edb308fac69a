import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { ClassName } from './fleet.ts';

const LEDGER = '__migrations';
export const DRIZZLE_LEDGER = '__drizzle_migrations';

export type Row = Record<string, SQLOutputValue>;

export interface Table {
  columns: string[];
  primaryKey: string[];
  foreignKeys: { column: string; onDelete: string }[];
  rows: Row[];
}

/** All that an object holds, read from its file while no runtime is there. */
export interface Contents {
  tables: Map<string, Table>;
  /** Names of indexes and triggers. */
  indexes: string[];
  drizzleLedger: Row[] | undefined;
  ledger: Row[] | undefined;
}

export function readObject(folder: string, className: ClassName, id: string): Contents {
  const file = join(folder, 'do', `inbox-${className}`, `${id}.sqlite`);
  const tables = new Map<string, Table>();
  if (!existsSync(file)) {
    return { tables, indexes: [], drizzleLedger: undefined, ledger: undefined };
  }
  const database = new DatabaseSync(file);
  try {
    const all = (query: string): Row[] => database.prepare(query).all();
    const names = (type: string) =>
      all(
        `SELECT name FROM sqlite_schema WHERE type IN (${type})
          AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'
          ORDER BY name`,
      ).map(({ name }) => String(name));
    for (const name of names("'table'")) {
      const columns = all(`PRAGMA table_info("${name}")`);
      tables.set(name, {
        columns: columns.map((column) => String(column.name)),
        primaryKey: columns.filter(({ pk }) => pk !== 0).map((column) => String(column.name)),
        foreignKeys: all(`PRAGMA foreign_key_list("${name}")`).map((key) => ({
          column: String(key.from),
          onDelete: String(key.on_delete),
        })),
        rows: all(`SELECT * FROM "${name}"`),
      });
    }
    const take = (name: string) => {
      const rows = tables.get(name)?.rows;
      tables.delete(name);
      return rows;
    };
    return {
      drizzleLedger: take(DRIZZLE_LEDGER),
      ledger: take(LEDGER),
      tables,
      indexes: names("'index', 'trigger'"),
    };
  } finally {
    database.close();
  }
}
