import { keyOf } from '../../base/key.ts';
import { firstRow, type SqlStorageLike } from '../../base/storage.ts';
import type { MigrationInput } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import { type Inspection, inspect, type PlannedAction } from '../../inspect.ts';
import { readDrizzleLedger } from '../../ledger/drizzle.ts';
import { readLedger } from '../../ledger/ledger.ts';
import { matchByIdentity } from '../../ledger/match.ts';
import type { HistoryRow } from '../../ledger/row.ts';
import { type MigrateOptions, resolveOptions } from '../../options.ts';
import type { ObjectFile } from './objects.ts';
import { openObject } from './open.ts';

/** Who keeps a ledger in an object. */
export type Tracker = 'Drizzle 0.x' | 'Drizzle 1.x' | 'do-orm' | 'drizzle-offramp';

/**
 * `level`: its next wake does nothing. `pending`: it writes something. `ahead`: the object has migrations that the code
 * lacks, and is left alone. `refused`: its next wake throws. `unreadable`: nobody can tell.
 */
export type ObjectState = 'level' | 'pending' | 'ahead' | 'refused' | 'unreadable';

/** What is known of a local object. */
export interface ObjectStatus extends ObjectFile {
  /** The object's name, or null where only its id is known. */
  readonly name: string | null;
  /** Who tracks it: nobody, one, or two. */
  readonly trackers: readonly Tracker[];
  /** How many migrations it has. */
  readonly count: number;
  /** The last migration it has, or null. */
  readonly last: string | null;
  readonly state: ObjectState;
  /** What its next wake does, in order. */
  readonly actions: readonly PlannedAction[];
  /** Why it is refused or unreadable, or what is odd about its file; else null. */
  readonly problem: string | null;
}

const trackersOf = ({ ours, drizzle }: Inspection['ledgers']): Tracker[] => [
  ...(drizzle === 'none' ? [] : [`Drizzle ${drizzle}` as const]),
  ...(ours === 'none' ? [] : [ours]),
];

/** What the object's own ledgers say of where it stands; ours, where it has both. */
function standing(
  sql: SqlStorageLike,
  input: MigrationInput,
  options: MigrateOptions,
): Pick<ObjectStatus, 'count' | 'last'> {
  const { table, drizzleTable } = resolveOptions(options);
  const { migrations } = readMigrations(input);
  const own = readLedger(sql, table)?.rows ?? [];
  const rows = own.length > 0 ? own : (readDrizzleLedger(sql, drizzleTable)?.rows ?? []);
  const newest = rows.at(-1);
  if (newest === undefined) return { count: 0, last: null };
  const matches = matchByIdentity<HistoryRow>(rows, migrations, table);
  const found = new Set(matches.values());
  // One that was applied out of order is the last row, but not as far as the object has come.
  const furthest = migrations.findLast((migration) => found.has(migration));
  if (furthest !== undefined && matches.has(newest)) {
    return { count: rows.length, last: furthest.tag };
  }
  const stamp = newest.created_at === null ? null : new Date(newest.created_at).toISOString();
  const version = keyOf(rows.length - 1);
  return { count: rows.length, last: newest.tag ?? (own.length > 0 ? version : stamp) };
}

/** {@link standing}, where a ledger that makes no sense is told by the refusal. */
function tryStanding(...args: Parameters<typeof standing>): ReturnType<typeof standing> {
  try {
    return standing(...args);
  } catch {
    return { count: 0, last: null };
  }
}

function stateOf({ refusal, upToDate, result }: Inspection): ObjectState {
  if (refusal !== undefined) return 'refused';
  if (!upToDate) return 'pending';
  return result.ahead.length > 0 ? 'ahead' : 'level';
}

// https://www.sqlite.org/rescode.html: the lowest byte is the primary result code.
const CODES: Readonly<Record<number, string>> = {
  5: 'locked',
  6: 'locked',
  11: 'broken',
  26: 'broken',
};

function problemOf(error: unknown): string {
  const { message, errcode = 0 } = error as Error & { errcode?: number };
  return `${CODES[errcode & 0xff] ?? 'unreadable'}: ${message}`;
}

/** The name that wrangler's local runtime writes into each object's own file. */
function nameIn(sql: SqlStorageLike): string | null {
  try {
    const name = firstRow(sql.exec('SELECT name FROM __miniflare_do_name'))?.name;
    return typeof name === 'string' ? name : null;
  } catch {
    // Older runtimes do not, and an object that was found by its id has none.
    return null;
  }
}

/**
 * Tells where a local object stands and what its next wake will do, with the planner that the runtime uses. Reads only.
 *
 * @param object the object's file
 * @param name the object's name, if it is known from outside of its file
 * @param input the migrations that the Worker would be deployed with
 * @param options the options that it passes to `migrate`
 * @returns also for a file that is locked, empty or broken
 */
export function inspectObject(
  object: ObjectFile,
  name: string | null,
  input: MigrationInput,
  options: MigrateOptions,
): ObjectStatus {
  try {
    const database = openObject(object.file);
    try {
      const inspection = inspect(database, input, options);
      // Here it is the file that cannot be read.
      if (inspection.refusal?.code === 'STORAGE_FAILED') throw inspection.refusal.cause;
      return {
        ...object,
        name: name ?? nameIn(database.sql),
        trackers: trackersOf(inspection.ledgers),
        ...tryStanding(database.sql, input, options),
        state: stateOf(inspection),
        actions: inspection.actions,
        problem: inspection.refusal?.message ?? (object.bytes === 0 ? 'the file is empty' : null),
      };
    } finally {
      database.close();
    }
  } catch (error) {
    const nothing = { trackers: [], count: 0, last: null, actions: [] } as const;
    return { ...object, name, ...nothing, state: 'unreadable', problem: problemOf(error) };
  }
}
