import type { StateLike, StorageLike } from '../base/storage.ts';

/** Rows that are billed: https://developers.cloudflare.com/durable-objects/platform/pricing/ */
export interface Cost {
  readonly read: number;
  readonly written: number;
}

/**
 * An object whose statements are counted.
 *
 * @param ctx the object
 * @returns what to pass on in its place, and what tells the rows that were read and written through it so far
 */
export function metered(ctx: DurableObjectState): { target: StateLike; cost: () => Cost } {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  const storage: StorageLike = {
    sql: {
      exec(query, ...bindings) {
        const cursor = ctx.storage.sql.exec(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      },
    },
    transactionSync: (closure) => ctx.storage.transactionSync(closure),
    transaction: (closure) => ctx.storage.transaction(closure),
  };
  return {
    target: { storage },
    cost: () => ({
      read: cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
      written: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    }),
  };
}
