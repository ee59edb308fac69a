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
 * Says so where foreign keys were disabled by hand, as around Drizzle's migrator: they stay disabled, as enabling them does
 * nothing until the migrations are committed.
 *
 * @param storage the object's storage
 */
export function warnIfDisabledByHand(storage: StorageLike): void {
  if (disabled.has(storage) || isEnforced(storage.sql)) return;
  console.warn(
    'drizzle-offramp: foreign keys were disabled before migrate() was called, and stay so in this instance. Take the PRAGMA ' +
      'out: migrate() disables them where a migration asks for it, and enables them again.',
  );
}

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

/** Enables enforcement again where it was disabled here; does nothing while a transaction is open. */
function enable(storage: StorageLike): boolean {
  if (!disabled.has(storage)) return true;
  storage.sql.exec('PRAGMA foreign_keys = ON');
  return isEnforced(storage.sql) && disabled.delete(storage);
}

/**
 * Enables enforcement again, before the next event of the object.
 *
 * @param storage the object's storage
 */
export function enableBeforeNextEvent(storage: StorageLike): void {
  const attempt = async (left: number): Promise<void> => {
    await storage.transaction(async () => {});
    if (enable(storage)) return;
    if (left > 1) return attempt(left - 1);
    throw new Error(`foreign keys are still not enforced after ${ATTEMPTS} attempts`);
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

/**
 * Runs behind the transaction that is open in this turn, and keeps other events waiting until what it did is committed
 * and foreign keys are enforced again.
 *
 * @param storage the object's storage
 * @param run what to run
 */
export async function afterOpenTransaction<T>(storage: StorageLike, run: () => T): Promise<T> {
  // Both are queued before the next event. The first commits what is open; the second does so with what `run` writes.
  const open = storage.transaction(async () => {});
  const own = storage.transaction(async () => {});
  await open;
  try {
    return run();
  } finally {
    await own;
    enable(storage);
    await enforcedAgain(storage);
  }
}
