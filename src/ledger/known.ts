import { isCoarse, isKept, ownTag, secondOfRow } from './match.ts';
import type { DrizzleRow, HistoryRow, LedgerRow } from './row.ts';

function countBySecond(rows: readonly HistoryRow[]): Map<string | null, number> {
  const counts = new Map<string | null, number>();
  for (const row of rows) {
    const second = secondOfRow(row);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return counts;
}

/**
 * Tells which rows of Drizzle's ours has too, so that they say nothing new, though this code may not know them.
 *
 * @param drizzle all rows of Drizzle's ledger
 * @param own all rows of ours
 * @returns whether ours has a row
 */
export function knownRows(
  drizzle: readonly DrizzleRow[],
  own: readonly LedgerRow[],
): (row: DrizzleRow) => boolean {
  const counts = countBySecond(drizzle);
  const ownCounts = countBySecond(own);
  const tags = new Set(own.map(({ tag }) => tag));
  const exact = new Set(own.filter((row) => !isCoarse(row)).map(({ created_at }) => created_at));
  const times = new Set(own.map(({ created_at }) => created_at));
  const seconds = new Set(own.filter(isCoarse).map(secondOfRow));
  const bare = own.some((row) => isKept(row) && row.created_at === null);
  return (row) => {
    const { created_at } = row;
    const tag = ownTag(row);
    const second = secondOfRow(row);
    if (second === null) return tag === null ? bare : tags.has(tag);
    // One more than ours in a second is another migration: forgotten here, it would run again.
    if ((counts.get(second) ?? 0) > (ownCounts.get(second) ?? 0)) return false;
    if (tag === null) return times.has(created_at) || seconds.has(second);
    // Of two times that are known to the second only, the names tell more.
    return (tags.has(tag) && tag.startsWith(second)) || exact.has(created_at);
  };
}
