import type { DrizzleRow } from './drizzle/ledger.ts';
import type { ForeignKeyViolation, OfframpError } from './errors.ts';
import type { LedgerRow, Origin } from './ledger.ts';
import type { Migration } from './migrations.ts';
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
  /** Rows that lacked their parent before a rebuild, and still do. */
  readonly violations: readonly ForeignKeyViolation[];
}

/** One thing that a call of `migrate` found or did, for a log or for Analytics Engine. */
export type MigrateEvent =
  | {
      readonly type: 'adopted' | 'applied' | 'healed' | 'ignored' | 'drift';
      readonly migration: MigrationRef;
    }
  | { readonly type: 'unknown'; readonly row: DrizzleRow }
  | { readonly type: 'ahead'; readonly row: LedgerRow }
  | { readonly type: 'violation'; readonly violation: ForeignKeyViolation }
  | { readonly type: 'refused'; readonly error: OfframpError };

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
});

const ref = ({ key, tag }: Migration): MigrationRef => ({ key, tag });

/**
 * What a plan comes to.
 *
 * @param plan the plan
 * @param upToDate whether it asks for no change
 * @param violations rows that lacked their parent before
 */
export function toResult(
  plan: Plan,
  upToDate: boolean,
  violations: readonly ForeignKeyViolation[],
): MigrateResult {
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
    violations,
  };
}

/**
 * A result as events: one for each migration and each row. A healed migration is not told as applied a second time.
 *
 * @param result what a call found and did
 */
export function toEvents(result: MigrateResult): MigrateEvent[] {
  const healed = new Set(result.healed.map(({ key }) => key));
  const of = (type: 'adopted' | 'ignored' | 'drift') =>
    result[type].map((migration): MigrateEvent => ({ type, migration }));
  return [
    ...of('adopted'),
    ...of('ignored'),
    ...result.applied.map(
      (migration): MigrateEvent => ({
        type: healed.has(migration.key) ? 'healed' : 'applied',
        migration,
      }),
    ),
    ...of('drift'),
    ...result.unknown.map((row): MigrateEvent => ({ type: 'unknown', row })),
    ...result.ahead.map((row): MigrateEvent => ({ type: 'ahead', row })),
    ...result.violations.map((violation): MigrateEvent => ({ type: 'violation', violation })),
  ];
}
