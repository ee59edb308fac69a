import type { Rows, SqlStorageLike } from '../base/storage.ts';

/**
 * Has each statement of an object pass by, whoever runs it. The storage stays the same object to all.
 *
 * @param sql the object's SQL storage
 * @param around is called with what runs the statement, and with its text
 * @returns what ends it; those that were begun later must have ended before
 */
export function aroundExec(
  sql: SqlStorageLike,
  around: (run: () => Rows, query: string) => Rows,
): () => void {
  // Whoever else looks at it has one of its own there already, and hears of each statement as before.
  const own = Object.getOwnPropertyDescriptor(sql, 'exec');
  const exec: SqlStorageLike['exec'] = sql.exec;
  const value: SqlStorageLike['exec'] = (query, ...bindings) =>
    around(() => Reflect.apply(exec, sql, [query, ...bindings]), String(query));
  if (!Reflect.defineProperty(sql, 'exec', { value, configurable: true, writable: true })) {
    return () => {};
  }
  return () => {
    if (own) Reflect.defineProperty(sql, 'exec', own);
    else Reflect.deleteProperty(sql, 'exec');
  };
}
