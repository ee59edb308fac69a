// Older code on a newer object has nothing to do, but only all rows tell so: none of the code's migrations is missing.
// They also tell which list the head of the object stands for, if its fingerprint is that of the rows. Whatever object
// has that head has had all of the list, so for the next one of the isolate the head alone is enough.
import { keyOf } from './base/key.ts';
import { fingerprintOf, type Known, lineOf } from './input/fingerprint.ts';
import { freeze } from './input/freeze.ts';
import type { Migration } from './input/migration.ts';
import type { LedgerRow } from './ledger/row.ts';
import { type MigrateResult, UP_TO_DATE } from './plan/result.ts';

/** How many are kept, by both heads: the code's, and that of the objects ahead of it. */
const KEPT = 64;
const results = new Map<string, MigrateResult>();

/**
 * What a call comes to in an object that is known to be ahead by its head alone.
 *
 * @param heads the head of an object that is up to date with this code, and the head of this object
 * @returns undefined where nobody knows
 */
export const knownAhead = (heads: string): MigrateResult | undefined => results.get(heads);

/**
 * Notes what an object's rows tell of its head, where they do.
 *
 * @param heads the head of an object that is up to date with this code, and the head of this object
 * @param migrations the code's
 * @param rows the rows of an object that is ahead of it, and is left alone
 * @param ahead those that the code lacks
 */
export function noteAhead(
  heads: string,
  migrations: readonly Migration[],
  rows: readonly LedgerRow[],
  ahead: MigrateResult['ahead'],
): void {
  const list = rows.map((row): Known => ({ ...row, key: keyOf(row.version) }));
  const lines = new Set(list.map(lineOf));
  // Rows of another order, of an edited text or of a migration that nobody knows do not tell what the head stands for.
  const tells = rows.at(-1)?.head?.startsWith(`${fingerprintOf(list)} `);
  if (!tells || !migrations.every((migration) => lines.has(lineOf(migration)))) return;
  if (results.size === KEPT) results.clear();
  results.set(heads, freeze({ ...UP_TO_DATE, ahead }));
}
