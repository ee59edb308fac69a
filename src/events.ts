import type { ForeignKeyViolation, OfframpError } from './base/errors.ts';
import type { DrizzleRow, LedgerRow } from './ledger/row.ts';
import type { MigrateResult, MigrationRef } from './plan/result.ts';

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
