// Pairing the rows of a ledger with migrations: rules in a table, tried one after the other. Linear in both.
import type { Migration } from '../input/migration.ts';

/** Which migration each row stands for; rows that stand for none are not in it. */
export type Matches<Row> = Map<Row, Migration>;

/** What rows and migrations are compared by. */
type Value = string | number | null;

/** One way to tell a row's migration: both bear the same value. */
export interface Rule<Row> {
  /** A row's value, or null if it has none. */
  readonly row: (row: Row, position: number) => Value;
  /** A migration's value, or all of them; null if it has none. */
  readonly migration: (migration: Migration, position: number) => Value | readonly Value[];
  /**
   * What it means that fewer rows than migrations bear a value: the first of these in order are meant (as where nothing is
   * said), nobody can tell, or the value says nothing unless as many bear it. `'doubt'`: nobody can tell, however many.
   */
  readonly fewer?: 'first' | 'refuse' | 'none' | 'doubt';
}

/**
 * Pairs rows and migrations by rules. What one rule has paired takes no part in the next.
 *
 * @param rows all rows, in the order in which they were written
 * @param migrations all migrations, in the order in which they run
 * @param rules the rules, in the order in which they are tried
 * @param refuse makes the error for rows and migrations that cannot be told apart
 * @param matches what is paired already; more is added to it
 */
export function match<Row>(
  rows: readonly Row[],
  migrations: readonly Migration[],
  rules: readonly Rule<Row>[],
  refuse: (rows: readonly Row[], migrations: readonly Migration[]) => Error,
  matches: Matches<Row> = new Map(),
): Matches<Row> {
  const taken = new Set(matches.values());
  for (const { row: valueOfRow, migration: valuesOf, fewer } of rules) {
    const groups = new Map<Value, { bearers: Row[]; all: Migration[] }>();
    rows.forEach((row, position) => {
      const value = matches.has(row) ? null : valueOfRow(row, position);
      if (value === null) return;
      const group = groups.get(value) ?? { bearers: [], all: [] };
      group.bearers.push(row);
      groups.set(value, group);
    });
    migrations.forEach((migration, position) => {
      if (groups.size === 0 || taken.has(migration)) return;
      for (const value of [valuesOf(migration, position)].flat()) {
        groups.get(value)?.all.push(migration);
      }
    });
    for (const { bearers, all } of groups.values()) {
      // One with several values may have been taken by another of them.
      const candidates = all.filter((migration) => !taken.has(migration));
      const { length } = candidates;
      if (fewer === 'none' && bearers.length !== length) continue;
      if (fewer === 'refuse' ? bearers.length < length : fewer === 'doubt' && length > 0) {
        throw refuse(bearers, candidates);
      }
      candidates.slice(0, bearers.length).forEach((migration, i) => {
        matches.set(bearers[i] as Row, migration);
        taken.add(migration);
      });
    }
  }
  return matches;
}
