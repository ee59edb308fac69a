import type { StorageLike } from '../base/storage.ts';
import { writeOut } from '../run/transaction.ts';

/**
 * A storage whose transactions do all that is asked of them, and are rolled back at their end.
 *
 * @param storage the object's storage
 */
export function rolledBack(storage: StorageLike): StorageLike {
  return {
    sql: storage.sql,
    kv: storage.kv,
    transaction: (closure) => storage.transaction(closure),
    transactionSync<T>(closure: () => T): T {
      let outcome: { readonly value: T } | undefined;
      try {
        storage.transactionSync(() => {
          outcome = { value: closure() };
          writeOut(storage);
          throw new Error('rolled back on purpose');
        });
      } catch (error) {
        if (outcome === undefined) throw error;
      }
      return (outcome as { readonly value: T }).value;
    },
  };
}
