// What an object's ledgers come to under the code that answers, by the planner's own comparison.
import { AdoptionError, asOurs, type OfframpError } from '../base/errors.ts';
import type { Migration } from '../input/migration.ts';
import { secondOfRow } from '../ledger/match.ts';
import type { DrizzleRow, LedgerRow } from '../ledger/row.ts';
import type { State } from '../ledger/state.ts';
import type { ResolvedOptions } from '../options.ts';
import { type Comparison, compare, createdAt, makePlan } from '../plan/plan.ts';
import type { MigrationRef } from '../plan/result.ts';

/** A row of either ledger. */
export type AnyRow = LedgerRow | DrizzleRow;

/** @param row a row of either ledger */
export const isOurs = (row: AnyRow): row is LedgerRow => 'version' in row;

/** What the planner finds in a state. */
export interface Findings {
  readonly state: State;
  readonly migrations: readonly Migration[];
  /** Undefined where nobody can tell which migrations the rows stand for. */
  readonly comparison: Comparison | undefined;
  /** What `migrate` would throw before it touched anything. */
  readonly refusal: OfframpError | undefined;
  /** The rows that stand for no migration, or for nobody can tell which. */
  readonly rows: readonly AnyRow[];
}

const refusalOf = (run: () => unknown, options: ResolvedOptions): OfframpError | undefined => {
  try {
    run();
    return undefined;
  } catch (cause) {
    return asOurs(cause, options.table, options.drizzleTable);
  }
};

/** The rows that the comparison itself stumbles over. */
function stumblingRows(
  state: State,
  error: OfframpError | undefined,
  migrations: readonly Migration[],
  { table }: ResolvedOptions,
): readonly AnyRow[] {
  if (!(error instanceof AdoptionError)) return [];
  const drizzle = state.drizzle?.rows ?? [];
  const rows = error.table === table ? (state.ledger?.rows ?? []) : drizzle;
  switch (error.code) {
    case 'AMBIGUOUS_ROW': {
      const tag = error.keys[0];
      if (tag !== undefined) return rows.filter((row) => secondOfRow(row) === tag.slice(0, 14));
      // Rows that say the same as one before them.
      const seen = new Set<string>();
      const words = ({ tag: name, created_at }: AnyRow) => `${name} ${created_at}`;
      return rows.filter((row) => seen.has(words(row)) || !seen.add(words(row)));
    }
    case 'TOO_FEW_MIGRATIONS':
      return rows.slice(migrations.length);
    case 'OTHER_HISTORY':
      return rows;
    default:
      return [];
  }
}

/**
 * Finds what the planner says of a state.
 *
 * @param migrations the code's migrations
 * @param state what stands in the object, or would
 * @param options the resolved options
 */
export function find(
  migrations: readonly Migration[],
  state: State,
  options: ResolvedOptions,
): Findings {
  let comparison: Comparison | undefined;
  const stumble = refusalOf(() => {
    comparison = compare(migrations, state, options);
  }, options);
  const refusal = stumble ?? refusalOf(() => makePlan(migrations, state, options), options);
  const rows = comparison
    ? [...comparison.unknown, ...comparison.ahead]
    : stumblingRows(state, stumble, migrations, options);
  return { state, migrations, comparison, refusal, rows };
}

/** @param migration a migration of the code */
export const toRef = ({ key, tag }: Migration): MigrationRef => ({ key, tag });

/** How many migrations are named for a row. */
const NEAREST = 3;

/**
 * The migrations whose time is nearest to a row's, those that the object lacks first.
 *
 * @param row the row
 * @param findings what the planner found
 */
export function nearestTo(row: AnyRow, { migrations, comparison }: Findings): MigrationRef[] {
  const distance = (migration: Migration): number =>
    Math.abs((createdAt(migration) ?? Number.POSITIVE_INFINITY) - (row.created_at ?? 0));
  const lacks = (migration: Migration): number => (comparison?.applied.has(migration) ? 1 : 0);
  return [...migrations]
    .sort(
      (a, b) => lacks(a) - lacks(b) || (row.created_at === null ? 0 : distance(a) - distance(b)),
    )
    .slice(0, NEAREST)
    .map(toRef);
}
