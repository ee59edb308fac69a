import type { Contents, Row, Table } from './storage.ts';

/** What became of a table's rows, or of the references in one of its columns. */
export interface Count {
  /** Index of the object in the fleet. */
  object: number;
  table: string;
  /** Only for references: a column that `ON DELETE SET NULL` empties. */
  column?: string;
  before: number;
  after: number;
  missing: number;
}

const byPrimaryKey = (table: Table | undefined): Map<string, Row> =>
  new Map(table?.rows.map((row) => [JSON.stringify(table.primaryKey.map((key) => row[key])), row]));

/** Looks for every row of `before` by its primary key, and for every reference that could be emptied. */
export function compare(before: Contents[], after: Contents[]): Count[] {
  const counts: Count[] = [];
  for (const [object, { tables }] of before.entries()) {
    for (const [table, old] of tables) {
      const rows = [...byPrimaryKey(old)];
      const kept = byPrimaryKey(after[object]?.tables.get(table));
      const missing = rows.filter(([key]) => !kept.has(key)).length;
      counts.push({ object, table, before: rows.length, after: kept.size, missing });
      for (const { column, onDelete } of old.foreignKeys) {
        if (onDelete !== 'SET NULL') continue;
        const references = rows.filter(([, row]) => row[column] !== null);
        counts.push({
          object,
          table,
          column,
          before: references.length,
          after: [...kept.values()].filter((row) => row[column] !== null).length,
          // A reference that went with its whole row is counted there.
          missing: references.filter(
            ([key, row]) => kept.has(key) && kept.get(key)?.[column] !== row[column],
          ).length,
        });
      }
    }
  }
  return counts;
}

/** Rows of all tables, of one object or of many. */
export const countRows = (...objects: Contents[]): number =>
  objects
    .flatMap(({ tables }) => [...tables.values()])
    .reduce((sum, { rows }) => sum + rows.length, 0);
