// PRAGMA foreign_keys does nothing while a transaction is open (https://www.sqlite.org/pragma.html#pragma_foreign_keys),
// and in a Durable Object one is open from a turn's first write until after the turn. So enforcement is disabled before
// the first write, and enabled again in the continuation of an empty storage.transaction(): starting one commits what is
// open, and no event gets in before its continuation has run.
import { firstRow, type SqlStorageLike, type StorageLike } from '../base/storage.ts';

/** How often enabling is tried: something else may have opened the next transaction. */
const ATTEMPTS = 100;

/** Where enforcement is disabled until the promise resolves. */
const disabled = new WeakMap<StorageLike, Promise<void>>();

const isEnforced = (sql: SqlStorageLike): boolean =>
  firstRow(sql.exec('PRAGMA foreign_keys'))?.foreign_keys === 1;

/** What keeps a call from disabling enforcement, or does not. */
export type Enforcement =
  /** It was disabled just now, and must be enabled again. */
  | 'disabled'
  /** It was off before: another call of this turn disabled it, or someone else did, by hand. */
  | 'off before'
  /** A transaction is open, so it stays on. */
  | 'in transaction';

/**
 * Disables the enforcement of foreign keys, if that is possible now.
 *
 * @param storage the object's storage
 */
export function disable(storage: StorageLike): Enforcement {
  const { sql } = storage;
  if (!isEnforced(sql)) return 'off before';
  sql.exec('PRAGMA foreign_keys = OFF');
  try {
    return isEnforced(sql) ? 'in transaction' : 'disabled';
  } catch (error) {
    enableBeforeNextEvent(storage);
    throw error;
  }
}

/**
 * Enables enforcement again, before the next event of the object.
 *
 * @param storage the object's storage
 */
export function enableBeforeNextEvent(storage: StorageLike): void {
  const { sql } = storage;
  const attempt = async (left: number): Promise<void> => {
    await storage.transaction(async () => {});
    sql.exec('PRAGMA foreign_keys = ON');
    if (isEnforced(sql)) disabled.delete(storage);
    else if (left > 1) return attempt(left - 1);
    else throw new Error(`foreign keys are still not enforced after ${ATTEMPTS} attempts`);
  };
  const enabled = attempt(ATTEMPTS);
  disabled.set(storage, enabled);
  // Whoever awaits it hears of it too, but `migrate` is mostly called where nobody can.
  enabled.catch((error) => console.error('drizzle-offramp:', error));
}

/**
 * Whether enforcement was disabled here and is not yet enabled again.
 *
 * @param storage the object's storage
 */
export const isDisabled = (storage: StorageLike): boolean => disabled.has(storage);

/**
 * Resolves when foreign keys are enforced again.
 *
 * @param storage the object's storage
 */
export const enforcedAgain = (storage: StorageLike): Promise<void> =>
  disabled.get(storage) ?? Promise.resolve();
