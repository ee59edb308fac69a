import { type MigrateTarget, resolveTarget } from './base/storage.ts';
import { readLedger } from './ledger/ledger.ts';
import type { LedgerRow } from './ledger/row.ts';
import { type MigrateOptions, resolveOptions } from './options.ts';

/**
 * The ledger as data: what this object got, in which order, when and how. Reads only.
 *
 * ```ts
 * history(ctx).map(({ version, tag, origin }) => `${version} ${tag} ${origin}`);
 * ```
 *
 * @param target the object's `ctx`, `ctx.storage` or a Drizzle database
 * @param options where the ledger has another name than `__migrations`
 * @returns a row for each migration, in the order in which the object got them; none if there is no ledger yet
 * @throws {InputError} if the target has no SQL storage
 * @throws {AdoptionError} if the table has another owner
 */
export function history(
  target: MigrateTarget,
  options: Pick<MigrateOptions, 'table'> = {},
): readonly LedgerRow[] {
  return readLedger(resolveTarget(target).sql, resolveOptions(options).table)?.rows ?? [];
}
