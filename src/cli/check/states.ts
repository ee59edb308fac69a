// Objects as an earlier deploy has left them, and what the runner's own planner says of them.
import { OfframpError } from '../../base/errors.ts';
import { keyOf } from '../../base/key.ts';
import { sha256 } from '../../base/sha256.ts';
import type { StateLike } from '../../base/storage.ts';
import type { Migration, MigrationRecord, Up } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import { matchByIdentity, matchLedger } from '../../ledger/match.ts';
import { readState, type State } from '../../ledger/state.ts';
import { migrate } from '../../migrate.ts';
import { DEFAULT_OPTIONS, type ResolvedOptions } from '../../options.ts';
import { makePlan, type Plan } from '../../plan/plan.ts';
import { leave } from '../../testing/leave.ts';
import { openDatabase } from '../database.ts';

/** Who has left an object: Drizzle's migrator of 0.x or 1.x, or drizzle-offramp, which has adopted it. */
export type LeftBy = '0.x' | '1.x' | 'drizzle-offramp';

/** As much of a migration as a planner goes by. */
export interface Known {
  readonly tag: string | null;
  /** In milliseconds, or null where only the second is known, or nothing. */
  readonly when: number | null;
  readonly sql: string;
  /** The function and its revision, where it is one; `sql` is empty then. */
  readonly up?: Up | undefined;
  readonly revision?: string | undefined;
}

const checksums = new WeakMap<Known, string>();

/** Hashing takes longest by far, and the same migrations are asked about again and again. */
function checksumOf(migration: Known): string {
  const found = checksums.get(migration) ?? sha256(migration.sql);
  checksums.set(migration, found);
  return found;
}

const recordOf = (migrations: readonly Known[]): MigrationRecord =>
  Object.fromEntries(
    migrations.map((migration, number) => {
      const { tag, when, sql, up, revision } = migration;
      if (up && revision !== undefined && tag !== null) {
        return [keyOf(number), { tag, revision, up, ...(when !== null && { when }) }];
      }
      return [
        keyOf(number),
        {
          sql,
          checksum: checksumOf(migration),
          ...(tag !== null && { tag }),
          ...(when !== null && { when }),
        },
      ];
    }),
  );

/**
 * What stands in an object that has some migrations.
 *
 * @param migrations the migrations, in the order in which it got them
 * @param leftBy who ran them
 * @returns undefined if no such object can be: nobody can have run these
 */
export function stateOf(migrations: readonly Known[], leftBy: LeftBy): State | undefined {
  const storage = openDatabase(':memory:');
  const object: StateLike = { storage };
  try {
    const record = recordOf(migrations);
    const { migrations: list } = readMigrations(record);
    const tagged = list.every(({ tag }) => tag !== null);
    if (!tagged && leftBy !== 'drizzle-offramp') return undefined;
    if (tagged) {
      const hasTimes = list.every(({ when }) => when !== null);
      const form = leftBy === 'drizzle-offramp' ? (hasTimes ? '0.x' : '1.x') : leftBy;
      if (form === '0.x' && !hasTimes) return undefined;
      // Who has the ledger has the migrations: what they say is of no concern here, and need not be run.
      const rows = list.map((migration): Migration => ({ ...migration, sql: 'SELECT 1' }));
      const names = { table: DEFAULT_OPTIONS.table, drizzleTable: DEFAULT_OPTIONS.drizzleTable };
      leave(object, rows, form, names);
    }
    if (leftBy === 'drizzle-offramp') migrate(object, record);
    return readState(storage, DEFAULT_OPTIONS, readMigrations(record));
  } catch (cause) {
    // Neither can an object be that somebody refused, or in which a statement failed.
    if (cause instanceof Error) return undefined;
    throw cause;
  } finally {
    storage.close();
  }
}

/**
 * What stands in an object that lacks some of the migrations, and has the rest in the same order.
 *
 * @param state what stands in an object that has all of them
 * @param has whether it has a migration, by its place among all
 */
export const keeping = (
  { ledger, drizzle, tables }: State,
  has: (place: number) => boolean,
): State => ({
  ledger: ledger && {
    ...ledger,
    rows: ledger.rows
      .filter((_, place) => has(place))
      .map((row, version) => ({ ...row, version, head: null })),
  },
  tables,
  drizzle: drizzle && { ...drizzle, rows: drizzle.rows.filter((_, place) => has(place)) },
});

/** What the planner says of an object. */
export interface Verdict {
  /** The code of the refusal; undefined if there is none. */
  readonly refused: string | undefined;
  /** What it would run, by the place among the migrations. */
  readonly runs: readonly number[];
  /** Those of them that come before one that the object has. */
  readonly skipped: readonly number[];
  /** What has changed since it was applied. */
  readonly drift: readonly number[];
  /** Whether the object has what the migrations lack. */
  readonly ahead: boolean;
}

/** Options under which the planner refuses as little as it can, so that it tells what matches what. */
const LENIENT: ResolvedOptions = {
  ...DEFAULT_OPTIONS,
  unknown: 'ignore',
  skipped: 'apply',
  drift: 'ignore',
};

/**
 * Asks the planner.
 *
 * @param migrations what the code has
 * @param state what stands in the object
 * @param lenient whether it shall refuse as little as it can
 */
export function ask(migrations: readonly Known[], state: State, lenient = false): Verdict {
  try {
    const list = readMigrations(recordOf(migrations)).migrations;
    const plan: Plan = makePlan(list, state, lenient ? LENIENT : DEFAULT_OPTIONS);
    const place = (migration: Migration): number => list.indexOf(migration);
    return {
      refused: undefined,
      runs: plan.steps.map(({ migration }) => place(migration)),
      skipped: plan.steps.flatMap(({ migration, skipped }) => (skipped ? place(migration) : [])),
      drift: plan.drift.map(place),
      ahead: plan.ahead.length > 0,
    };
  } catch (cause) {
    if (!(cause instanceof OfframpError)) throw cause;
    return { refused: cause.code, runs: [], skipped: [], drift: [], ahead: false };
  }
}

/**
 * Which migration each row of an object stands for, by the planner's own matchers.
 *
 * @param migrations what the code has
 * @param state what stands in the object
 * @returns the place of the migration, by the place of the row; none where the rows are refused
 */
export function placesOf(migrations: readonly Known[], state: State): Map<number, number> {
  const { ledger, drizzle } = state;
  try {
    const list = readMigrations(recordOf(migrations)).migrations;
    const rows = ledger?.rows ?? drizzle?.rows ?? [];
    const matches: ReadonlyMap<unknown, Migration> =
      ledger === undefined
        ? matchByIdentity(drizzle?.rows ?? [], list, DEFAULT_OPTIONS.drizzleTable, true)
        : matchLedger(ledger.rows, list, DEFAULT_OPTIONS.table);
    return new Map(
      Array.from(matches, ([row, migration]) => [
        (rows as readonly unknown[]).indexOf(row),
        list.indexOf(migration),
      ]),
    );
  } catch (cause) {
    if (!(cause instanceof OfframpError)) throw cause;
    return new Map();
  }
}
