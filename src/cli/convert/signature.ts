// The first line of a baseline names the migrations that it stands for, by their fingerprint.
import { baselineHeader, isCurrent, replacedBy } from '../../input/baseline.ts';
import type { Migration } from '../../input/migration.ts';

/**
 * Whether there is a baseline, and it was made of the migrations before it.
 *
 * @param migrations all migrations
 */
export function isSigned(migrations: readonly Migration[]): boolean {
  const replaced = replacedBy(migrations);
  return replaced.length > 0 && isCurrent(replaced);
}

/**
 * Has a baseline stand for the same migrations under other tags, or with other texts that were accepted as the same.
 *
 * @param source the module's text
 * @param before the migrations that the baseline was made of
 * @param after the same ones now, in the same order
 */
export function resign(
  source: string,
  before: readonly Migration[],
  after: readonly Migration[],
): string {
  const replaced = replacedBy(before);
  const now = baselineHeader(after.slice(0, replaced.length));
  return source.replaceAll(baselineHeader(replaced), now);
}
