import type { ForeignKeyViolation, UncheckedReference } from '../base/errors.ts';
import { keyOf } from '../base/key.ts';
import { freeze } from '../input/freeze.ts';
import type { Migration } from '../input/migration.ts';
import { mirrorChanges } from '../ledger/mirror.ts';
import type { DrizzleRow, Origin } from '../ledger/row.ts';
import type { Plan } from './plan.ts';

/** A migration by its names. */
export type MigrationRef = Pick<Migration, 'key' | 'tag'>;

/** What a call of `migrate` found and did. */
export interface MigrateResult {
  /** Whether nothing was written; what was found is still reported. */
  readonly upToDate: boolean;
  /** Migrations that were taken over from another history without running them: Drizzle's, do-orm's, one's own, or what the tables tell. */
  readonly adopted: readonly MigrationRef[];
  /** Migrations that a new object has from a baseline, which was run in their place. */
  readonly fromBaseline: readonly MigrationRef[];
  /** Migrations that were run, in order. */
  readonly applied: readonly MigrationRef[];
  /** Those of `applied` that were applied out of order: one that comes later was there already. */
  readonly outOfOrder: readonly MigrationRef[];
  /** Skipped migrations that were written off (`skipped: 'ignore'`). */
  readonly ignored: readonly MigrationRef[];
  /** Rows of Drizzle's ledger that match no migration and were kept (`unknown: 'ignore'`). */
  readonly unknown: readonly DrizzleRow[];
  /**
   * Migrations of the object that this code does not know: an older version of the code runs on a newer object. The key
   * is that of the number in the ledger; `history` has the rest of their rows.
   */
  readonly ahead: readonly MigrationRef[];
  /** Applied migrations whose SQL has changed since. */
  readonly drift: readonly MigrationRef[];
  /** Rows that lacked their parent before a rebuild, and still do: the first hundred. */
  readonly violations: readonly ForeignKeyViolation[];
  /** How many such rows there are in all. */
  readonly violationCount: number;
  /** References around a rebuild that could not be checked, as what they refer to is no key. */
  readonly unchecked: readonly UncheckedReference[];
  /** What became of Drizzle's ledger: dropped, written to, or (null) left alone. */
  readonly drizzleLedger: 'retired' | 'mirrored' | null;
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

/** The result of a call that found nothing to do, which all of them share. */
export const UP_TO_DATE: MigrateResult = freeze({
  upToDate: true,
  adopted: [],
  fromBaseline: [],
  applied: [],
  outOfOrder: [],
  ignored: [],
  unknown: [],
  ahead: [],
  drift: [],
  violations: [],
  violationCount: 0,
  unchecked: [],
  drizzleLedger: null,
});

const refs = (migrations: readonly Migration[]): MigrationRef[] =>
  migrations.map(({ key, tag }) => ({ key, tag }));

/**
 * What a plan comes to.
 *
 * @param plan the plan
 * @param upToDate whether it asks for no change
 * @param violations rows that lacked their parent before and still do
 */
export function toResult(plan: Plan, upToDate: boolean, violations: Violations): MigrateResult {
  const { entries, steps, ahead, drift, unknown, retire, mirror } = plan;
  const entered = (...origins: Origin[]): MigrationRef[] =>
    refs(entries.flatMap((one) => (origins.includes(one.origin) ? (one.migration ?? []) : [])));
  const isMirrored = !upToDate && mirror !== undefined && mirrorChanges(mirror);
  return {
    upToDate,
    adopted: entered('drizzle', 'do-orm', 'adopted', 'schema'),
    fromBaseline: entered('baseline'),
    applied: refs(steps.flatMap(({ isBaseline, migration }) => (isBaseline ? [] : migration))),
    outOfOrder: refs(steps.flatMap(({ skipped, migration }) => (skipped ? migration : []))),
    ignored: entered('ignored'),
    unknown,
    ahead: ahead.map(({ version, tag }) => ({ key: keyOf(version), tag })),
    drift: refs(drift),
    violations: violations.listed,
    violationCount: violations.total,
    unchecked: violations.unchecked,
    drizzleLedger: !upToDate && retire ? 'retired' : isMirrored ? 'mirrored' : null,
  };
}
