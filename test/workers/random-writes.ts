// Rows as an app writes them between two deploys, into whatever tables with an id stand in the object.
import fc from 'fast-check';
import { type Row, rows, tables } from './harness.ts';

/** A row that is written or changed; where it goes is told by numbers. */
export interface Write {
  readonly does: 'insert' | 'update' | 'delete';
  readonly table: number;
  readonly id: number;
  readonly parent: number;
}

export const write: fc.Arbitrary<Write> = fc.record({
  does: fc.oneof(
    { weight: 6, arbitrary: fc.constant('insert' as const) },
    { weight: 1, arbitrary: fc.constantFrom('update' as const, 'delete' as const) },
  ),
  table: fc.nat(7),
  id: fc.integer({ min: 1, max: 40 }),
  parent: fc.nat(50),
});

const isUsers = (ctx: DurableObjectState) => (table: string) =>
  rows(ctx, `SELECT 1 FROM pragma_table_info('${table}') WHERE name = 'id'`).length > 0 &&
  !table.startsWith('__');

/** One of the parent's rows, or none. */
function parentOf(ctx: DurableObjectState, key: Row | undefined, pick: number): SqlStorageValue {
  const isThere = tables(ctx).includes(key?.table as string);
  const ids = isThere ? rows(ctx, `SELECT id FROM "${key?.table}" ORDER BY id`) : [];
  return pick % 7 === 0 ? null : (ids[pick % ids.length]?.id ?? null);
}

/** A value for a column: a parent's id, a number or a text. */
function valueFor(ctx: DurableObjectState, table: string, column: Row, { id, parent }: Write) {
  if (column.name === 'id') return id;
  const keys = rows(ctx, `PRAGMA foreign_key_list("${table}")`);
  const key = keys.find(({ from }) => from === column.name);
  if (key !== undefined) return parentOf(ctx, key, parent);
  return parent % 5 === 0 ? null : `${column.name} of ${id}; it's "${parent}"`;
}

/** Writes; what SQLite refuses is not written: by a constraint, or as a parent's table is not there, whose migration came too late. */
export function writeRow(ctx: DurableObjectState, one: Write): void {
  const users = tables(ctx).filter(isUsers(ctx));
  const table = users[one.table % users.length];
  if (table === undefined) return;
  const columns = rows(ctx, `PRAGMA table_info("${table}")`);
  const values = columns.map((column) => valueFor(ctx, table, column, one));
  const places = columns.map(() => '?').join(', ');
  const statement = {
    insert: `INSERT INTO "${table}" VALUES (${places})`,
    update: `REPLACE INTO "${table}" VALUES (${places})`,
    delete: `DELETE FROM "${table}" WHERE id = ?`,
  }[one.does];
  try {
    ctx.storage.sql.exec(statement, ...(one.does === 'delete' ? [one.id] : values));
  } catch (error) {
    if (!/constraint failed|no such table/.test((error as Error).message)) throw error;
  }
}
