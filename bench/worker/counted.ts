import type { Rows } from '../ask.ts';

/**
 * The `ctx` of an object, with the rows of every statement counted by its cursor. Keys and values are rows too, of which
 * no cursor tells: https://developers.cloudflare.com/durable-objects/platform/pricing/
 *
 * @param ctx the object's
 */
export function counted(ctx: DurableObjectState) {
  const cursors: { rowsRead: number; rowsWritten: number }[] = [];
  const entries: Rows = { read: 0, written: 0 };
  const sql: SqlStorage['exec'] = (query, ...bindings) => {
    const cursor = ctx.storage.sql.exec(query, ...bindings);
    cursors.push(cursor);
    return cursor as never;
  };
  const storage = {
    sql: { exec: sql },
    transactionSync: <T>(run: () => T) => ctx.storage.transactionSync(run),
    transaction: <T>(run: () => Promise<T>) => ctx.storage.transaction(run),
    get(key: string) {
      entries.read++;
      return ctx.storage.get(key);
    },
    put(key: string, value: unknown) {
      entries.written++;
      return ctx.storage.put(key, value);
    },
  };
  const target = {
    storage,
    blockConcurrencyWhile: <T>(run: () => Promise<T>) => ctx.blockConcurrencyWhile(run),
  };
  const sum = (of: 'rowsRead' | 'rowsWritten') =>
    cursors.reduce((total, cursor) => total + cursor[of], 0);
  const rows = (): Rows => ({
    read: entries.read + sum('rowsRead'),
    written: entries.written + sum('rowsWritten'),
  });
  return { ctx: target as unknown as DurableObjectState, rows };
}
