import { type ForeignKeyViolation, OfframpError } from './base/errors.ts';
import type { DrizzleRow } from './ledger/row.ts';
import { type MigrateResult, type MigrationRef, UP_TO_DATE } from './plan/result.ts';

/** One thing that a call of `migrate` found or did, for a log or for Analytics Engine. */
export type MigrateEvent =
  | {
      readonly type:
        | 'adopted'
        | 'fromBaseline'
        | 'applied'
        | 'outOfOrder'
        | 'ignored'
        | 'drift'
        | 'ahead';
      readonly migration: MigrationRef;
    }
  | { readonly type: 'unknown'; readonly row: DrizzleRow }
  | { readonly type: 'violation'; readonly violation: ForeignKeyViolation }
  /** Drizzle's ledger was dropped, or written to. */
  | { readonly type: 'retired' | 'mirrored' }
  /** A rule said no before anything was touched; or a statement threw, and all was rolled back. */
  | { readonly type: 'refused' | 'failed'; readonly error: OfframpError }
  | MigrateSummary;

/** How many there are of each in the result; none where the call threw. */
type Counts = {
  readonly [List in Exclude<
    keyof MigrateResult,
    'upToDate' | 'drizzleLedger' | 'violationCount'
  >]: number;
};

/** The last event of a call that wrote something, was refused or failed: this one alone is enough for a dashboard. */
export interface MigrateSummary extends Counts {
  readonly type: 'summary';
  /** `refused`: a rule said no before anything was touched. `failed`: a statement threw, and all was rolled back. */
  readonly outcome: 'migrated' | 'refused' | 'failed';
  /** What was thrown; undefined if it migrated. */
  readonly error: OfframpError | undefined;
  /** The error's code; undefined if it migrated. */
  readonly code: string | undefined;
  /** What became of Drizzle's ledger; null if it was left alone. */
  readonly drizzleLedger: MigrateResult['drizzleLedger'];
  /**
   * How long the call took, by `Date.now()`. In production that clock stands still while code runs, so it is 0 for a
   * call that waits for nothing; locally it may be the time.
   */
  readonly milliseconds: number;
}

/** The options of a call that is told of; they may be the very thing that is wrong. */
type Heard = { readonly onEvent?: (event: MigrateEvent) => unknown } | undefined;

/** Codes of what is thrown once the transaction has begun, or by the database itself. */
export const FAILURES = ['MIGRATION_FAILED', 'FOREIGN_KEY_VIOLATION', 'STORAGE_FAILED'];

/** A result as events: one for each migration and each row. One out of order is not told as applied a second time. */
function toEvents(result: MigrateResult): MigrateEvent[] {
  const outOfOrder = new Set(result.outOfOrder.map(({ key }) => key));
  const lists = ['adopted', 'fromBaseline', 'ignored', 'applied', 'drift', 'ahead'] as const;
  const events = lists.flatMap((list) =>
    result[list].map((migration): MigrateEvent => {
      const type = list === 'applied' && outOfOrder.has(migration.key) ? 'outOfOrder' : list;
      return { type, migration };
    }),
  );
  for (const row of result.unknown) events.push({ type: 'unknown', row });
  for (const violation of result.violations) events.push({ type: 'violation', violation });
  if (result.drizzleLedger !== null) events.push({ type: result.drizzleLedger });
  return events;
}

function toSummary(
  result: MigrateResult,
  since: number,
  outcome: MigrateSummary['outcome'],
  error?: OfframpError,
): MigrateSummary {
  const counts = Object.entries(result).flatMap(([name, list]) =>
    Array.isArray(list) ? [[name, list.length]] : [],
  );
  return {
    type: 'summary',
    outcome,
    error,
    code: error?.code,
    ...(Object.fromEntries(counts) as Counts),
    violations: result.violationCount,
    drizzleLedger: result.drizzleLedger,
    milliseconds: Date.now() - since,
  };
}

/** Tells `onEvent` of each event. What it throws is logged. */
function tell(options: Heard, events: readonly MigrateEvent[]): void {
  const log = (thrown: unknown) => console.error('drizzle-offramp: onEvent threw', thrown);
  for (const event of events) {
    try {
      if (typeof options?.onEvent !== 'function') return;
      Promise.resolve(options.onEvent(event)).catch(log);
    } catch (thrown) {
      log(thrown);
    }
  }
}

/**
 * Runs a call, and tells `onEvent` what it found and did, once that is committed, or what it throws. A call that had
 * nothing to do tells nothing.
 *
 * @param options the options of the call, right or wrong
 * @param call the whole of it, or what it came to
 * @param since when it began, by `Date.now()`
 * @returns what it returns
 * @throws what it throws
 */
export function telling(
  options: Heard,
  call: () => MigrateResult,
  since = Date.now(),
): MigrateResult {
  try {
    const result = call();
    if (result !== UP_TO_DATE) {
      const events = toEvents(result);
      if (!result.upToDate) events.push(toSummary(result, since, 'migrated'));
      tell(options, events);
    }
    return result;
  } catch (error) {
    if (error instanceof OfframpError) {
      const type = FAILURES.includes(error.code) ? 'failed' : 'refused';
      tell(options, [{ type, error }, toSummary(UP_TO_DATE, since, type, error)]);
    }
    throw error;
  }
}
