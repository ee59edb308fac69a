import type { ForeignKeyViolation, UncheckedReference } from '../base/errors.ts';
import type { Migration } from '../input/migration.ts';
import type { DrizzleRow, LedgerRow, Origin } from '../ledger/row.ts';
import type { Plan } from './plan.ts';

/** A migration by its names. */
export type MigrationRef = Pick<Migration, 'key' | 'tag'>;

/** What a call of `migrate` found and did. */
export interface MigrateResult {
  /** Whether nothing was written; what was found is still reported. */
  readonly upToDate: boolean;
  /** Migrations that were taken over from Drizzle's or do-orm's ledger without running them. */
  readonly adopted: readonly MigrationRef[];
  /** Migrations that were run, in order. */
  readonly applied: readonly MigrationRef[];
  /** Those of `applied` that were passed over before: a later migration was there already. */
  readonly healed: readonly MigrationRef[];
  /** Skipped migrations that were written off (`skipped: 'ignore'`). */
  readonly ignored: readonly MigrationRef[];
  /** Rows of Drizzle's ledger that match no migration and were kept (`unknown: 'ignore'`). */
  readonly unknown: readonly DrizzleRow[];
  /** Migrations of the object that this code does not know: an older version of the code runs on a newer object. */
  readonly ahead: readonly LedgerRow[];
  /** Applied migrations whose SQL has changed since. */
  readonly drift: readonly MigrationRef[];
  /** Rows that lacked their parent before a rebuild, and still do: the first hundred. */
  readonly violations: readonly ForeignKeyViolation[];
  /** How many such rows there are in all. */
  readonly violationCount: number;
  /** References around a rebuild that could not be checked, as what they refer to is no key. */
  readonly unchecked: readonly UncheckedReference[];
}

/** What a check of foreign keys found. */
export interface Violations {
  /** The first of them. */
  readonly listed: readonly ForeignKeyViolation[];
  /** How many there are in all. */
  readonly total: number;
  readonly unchecked: readonly UncheckedReference[];
}

export const NO_VIOLATIONS: Violations = { listed: [], total: 0, unchecked: [] };

/** The result of a call that found nothing to do. */
export const UP_TO_DATE: MigrateResult = Object.freeze({
  upToDate: true,
  adopted: [],
  applied: [],
  healed: [],
  ignored: [],
  unknown: [],
  ahead: [],
  drift: [],
  violations: [],
  violationCount: 0,
  unchecked: [],
});

const ref = ({ key, tag }: Migration): MigrationRef => ({ key, tag });

/**
 * What a plan comes to.
 *
 * @param plan the plan
 * @param upToDate whether it asks for no change
 * @param violations rows that lacked their parent before and still do
 */
export function toResult(plan: Plan, upToDate: boolean, violations: Violations): MigrateResult {
  const entered = (...origins: Origin[]): MigrationRef[] =>
    plan.entries.flatMap(({ migration, origin }) =>
      migration !== null && origins.includes(origin) ? [ref(migration)] : [],
    );
  return {
    upToDate,
    adopted: entered('drizzle', 'do-orm'),
    applied: plan.steps.map(({ migration }) => ref(migration)),
    healed: plan.steps.filter(({ skipped }) => skipped).map(({ migration }) => ref(migration)),
    ignored: entered('ignored'),
    unknown: plan.unknown,
    ahead: plan.ahead,
    drift: plan.drift.map(ref),
    violations: violations.listed,
    violationCount: violations.total,
    unchecked: violations.unchecked,
  };
}
