import { OfframpError } from '../../base/errors.ts';
import { keyOf } from '../../base/key.ts';
import { firstRow, resolveTarget, type SqlStorageLike } from '../../base/storage.ts';
import type { MigrationInput } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import { type Inspection, inspect, type PlannedAction } from '../../inspect.ts';
import { readDrizzleLedger } from '../../ledger/drizzle.ts';
import { readLedger, selectHead } from '../../ledger/ledger.ts';
import { matchByIdentity } from '../../ledger/match.ts';
import type { HistoryRow } from '../../ledger/row.ts';
import { readState } from '../../ledger/state.ts';
import { type MigrateOptions, resolveOptions } from '../../options.ts';
import { makePlan } from '../../plan/plan.ts';
import type { MigrationRef } from '../../plan/result.ts';
import type { Database } from '../database.ts';
import { attempt, LARGEST_TRIED } from './attempt.ts';
import { nearestSchema } from './nearest.ts';
import type { ObjectFile } from './objects.ts';
import { openObject } from './open.ts';
import type { Source } from './source.ts';

/** Who keeps a ledger in an object. */
export type Tracker = 'Drizzle 0.x' | 'Drizzle 1.x' | 'do-orm' | 'drizzle-offramp';

/**
 * `up-to-date`: its next wake does nothing. `pending`: it writes something. `ahead`: the object has migrations that the
 * code lacks, and is left alone. `refused`: its next wake throws before it touches anything. `failing`: a statement
 * throws. `not-compared`: nobody can tell which migrations it has. `unreadable`: its file cannot be read.
 */
export type ObjectState =
  | 'up-to-date'
  | 'pending'
  | 'ahead'
  | 'refused'
  | 'failing'
  | 'not-compared'
  | 'unreadable';

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
  /** Applied migrations whose SQL has changed since, also where that was warned of already. */
  readonly drift: readonly MigrationRef[];
  /** Whether what it lacks was run on a copy of its rows; null where nothing is to be run. */
  readonly tried: boolean | null;
  /** Where the migrations came from that it is compared with; null if nobody can tell. */
  readonly against: string | null;
  /** What becomes of Drizzle's ledger: as the options say, or as this object's ledger or its class's others do. */
  readonly drizzle: 'retire' | 'mirror';
  /** Why its next wake throws, why it is unreadable, or what is odd about its file; else null. */
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
  return result.ahead.length > 0 ? 'ahead' : 'up-to-date';
}

/** What has changed since it was applied. A wake with nothing to do asks nobody, so that it is planned all the same. */
function driftOf(
  database: Database,
  input: MigrationInput,
  options: MigrateOptions,
  { refusal, upToDate, result }: Inspection,
): readonly MigrationRef[] {
  if (refusal !== undefined || !upToDate || result.ahead.length > 0) return result.drift;
  const settings = resolveOptions({ ...options, drift: 'ignore' });
  try {
    const list = readMigrations(input);
    const state = readState(resolveTarget(database).storage, settings, list);
    const { drift } = makePlan(list.migrations, state, settings);
    return drift.map(({ key, tag }) => ({ key, tag }));
  } catch (error) {
    if (error instanceof OfframpError) return [];
    throw error;
  }
}

// What the last row of a ledger says: a fingerprint, what becomes of Drizzle's ledger, and its name.
const HEAD = /^[0-9a-f]{64} (retire|mirror) /;

/**
 * What an object was told at its last wake that did something.
 *
 * @param file the object's file
 * @param options the options that were passed
 * @returns undefined if it has no ledger of ours, or cannot be read
 */
export function drizzleOf(file: string, options: MigrateOptions): 'retire' | 'mirror' | undefined {
  try {
    const database = openObject(file);
    try {
      const { table } = resolveOptions(options);
      const head = firstRow(database.sql.exec(selectHead(table)))?.head;
      return HEAD.exec(String(head))?.[1] as 'retire' | 'mirror' | undefined;
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
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

/** What `migrate` throws on the rows of an object, tried on a copy; and whether it was. */
async function tryRows(
  object: ObjectFile,
  database: Database,
  input: MigrationInput,
  options: MigrateOptions,
  { upToDate, refusal, result }: Inspection,
): Promise<{ tried: boolean | null; problem: string | null }> {
  const runs = refusal === undefined && !upToDate && result.applied.length > 0;
  if (!runs) return { tried: null, problem: null };
  if (object.bytes > LARGEST_TRIED) return { tried: false, problem: null };
  const error = await attempt(database, input, options);
  return { tried: true, problem: error === undefined ? null : error.message };
}

/** Why the next wake is refused, with the differences where it is the schema that is refused. */
function refusalOf(
  { sql }: Database,
  input: MigrationInput,
  { refusal }: Inspection,
): string | undefined {
  if (refusal?.code !== 'UNKNOWN_SCHEMA') return refusal?.message;
  return refusal.message + nearestSchema(sql, readMigrations(input).migrations);
}

/** What the command knows of an object before it looks into it. */
export interface Expected {
  /** The object's name, if it is known from outside of its file. */
  readonly name: string | null;
  /** The migrations that the Worker would be deployed with, or why there is nothing to compare with. */
  readonly source: Source | string;
  /** The options that it passes to `migrate`. */
  readonly options: MigrateOptions;
  /** Whether the class passes `adopt`, which only the Worker's own code can be asked. */
  readonly adopts?: boolean;
}

/**
 * Tells where a local object stands and what its next wake will do, with the planner that the runtime uses, and where
 * migrations are to be run by running them on a copy. Only reads the object.
 *
 * @param object the object's file
 * @param expected what is known of it
 * @returns also for a file that is locked, empty or broken
 */
export async function inspectObject(
  object: ObjectFile,
  { name, source, options, adopts = false }: Expected,
): Promise<ObjectStatus> {
  const base = {
    ...object,
    drift: [],
    tried: null,
    actions: [],
    against: typeof source === 'string' ? null : source.path,
    drizzle: options.drizzle ?? 'retire',
  } as const;
  try {
    const database = openObject(object.file);
    try {
      const input = typeof source === 'string' ? {} : source.input;
      const inspection = inspect(database, input, options);
      // Here it is the file that cannot be read.
      if (inspection.refusal?.code === 'STORAGE_FAILED') throw inspection.refusal.cause;
      const known = {
        ...base,
        name: name ?? nameIn(database.sql),
        trackers: trackersOf(inspection.ledgers),
        ...tryStanding(database.sql, input, options),
      };
      if (typeof source === 'string') {
        return { ...known, state: 'not-compared', problem: source };
      }
      if (adopts && inspection.ledgers.ours === 'none') {
        const problem =
          'its class passes the option `adopt`, and only the Worker can ask that. Ask the object: `drizzle-offramp object`';
        return { ...known, state: 'not-compared', problem };
      }
      const { tried, problem } = await tryRows(object, database, input, options, inspection);
      const odd = object.bytes === 0 ? 'the file is empty' : null;
      return {
        ...known,
        state: problem === null ? stateOf(inspection) : 'failing',
        actions: inspection.actions,
        drift: driftOf(database, input, options, inspection),
        tried,
        problem: problem ?? refusalOf(database, input, inspection) ?? odd,
      };
    } finally {
      database.close();
    }
  } catch (error) {
    const nothing = { trackers: [], count: 0, last: null } as const;
    return { ...base, name, ...nothing, state: 'unreadable', problem: problemOf(error) };
  }
}
