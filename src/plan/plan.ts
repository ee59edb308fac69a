import { InputError } from '../base/errors.ts';
import type { Migration } from '../input/migration.ts';
import { knownRows } from '../ledger/known.ts';
import {
  hasDrifted,
  isKept,
  matchByCount,
  matchDrizzle,
  matchLedger,
  ownTag,
  repeatedRows,
} from '../ledger/match.ts';
import { type MirrorPlan, mirrorChanges, planMirror } from '../ledger/mirror.ts';
import type { Matches } from '../ledger/pair.ts';
import type { DrizzleRow, LedgerRow, Origin } from '../ledger/row.ts';
import type { State } from '../ledger/state.ts';
import {
  excessBytes,
  MAX_STATEMENT_BYTES,
  namesTable,
  splitStatements,
} from '../sql/statements.ts';
import { createdAt, findLate, type Obstacle } from './late.ts';
import {
  named,
  refuseAhead,
  refuseDiverged,
  refuseDrift,
  refuseMirror,
  refuseOther,
  refuseSkipped,
  refuseTooFew,
  refuseUnknown,
} from './refusals.ts';
import type { ResolvedRules } from './rules.ts';

export { createdAt };

/** A migration to run. */
export interface Step {
  readonly migration: Migration;
  readonly statements: readonly string[];
  /** Whether a later migration was applied before it. */
  readonly skipped: boolean;
}

/** A row to write into the ledger for something that is not run. */
export interface Entry extends Pick<LedgerRow, 'tag' | 'checksum' | 'created_at'> {
  /** The version of the row that do-orm left for it; undefined for a new row. */
  readonly version: number | undefined;
  readonly origin: Origin;
  /** The migration, or null for an unknown row that is kept. */
  readonly migration: Migration | null;
}

/** All that must happen in an object. Making it changes nothing. */
export interface Plan {
  /** Rows to write before anything runs: adopted and ignored migrations, and unknown rows that are kept. */
  readonly entries: readonly Entry[];
  /** Migrations to run, in order. */
  readonly steps: readonly Step[];
  /** Rows of Drizzle's ledger that match no migration. */
  readonly unknown: readonly DrizzleRow[];
  /** Rows of our ledger that match no migration: the object is ahead of this code. */
  readonly ahead: readonly LedgerRow[];
  /** Applied migrations whose SQL has changed since. */
  readonly drift: readonly Migration[];
  /** Whether Drizzle's ledger is to be dropped. */
  readonly retire: boolean;
  /** What Drizzle's ledger lacks, where it is to be kept true. */
  readonly mirror: MirrorPlan | undefined;
  /** How many migrations the object has before anything runs. */
  readonly appliedBefore: number;
  /** How many rows the ledger has afterwards. */
  readonly size: number;
  /** Whether the object is to be left alone because it is ahead. */
  readonly standStill: boolean;
}

/** Matches Drizzle's rows: by identity, or by key or count where no migration has a tag. */
function matchTheirs(
  rows: readonly DrizzleRow[],
  migrations: readonly Migration[],
  { drizzleTable, unknown }: ResolvedRules,
): Matches<DrizzleRow> {
  if (migrations.some(({ tag }) => tag !== null)) {
    return matchDrizzle(rows, migrations, drizzleTable);
  }
  if (rows.length > migrations.length && unknown === 'error') {
    refuseTooFew(rows.length, migrations.length, drizzleTable);
  }
  return matchByCount(rows, migrations, drizzleTable);
}

function toStep(migration: Migration, skipped: boolean, table: string): Step {
  const statements = splitStatements(migration.sql);
  statements.forEach((statement, i) => {
    if (namesTable(statement, table)) {
      throw new InputError(
        'INVALID_TABLE_NAME',
        `Statement ${i + 1} of ${named(migration)} names ${table}, which is the ledger, and nobody else writes there. ` +
          'Take it out, or name another ledger with the option `table`.',
        migration.key,
      );
    }
    const bytes = excessBytes(statement);
    if (bytes > 0) {
      throw new InputError(
        'STATEMENT_TOO_LONG',
        `Statement ${i + 1} of ${named(migration)} has ${bytes} bytes; the runtime takes ${MAX_STATEMENT_BYTES} in ` +
          'one. Split it, for instance into several INSERTs of fewer rows.',
        migration.key,
      );
    }
  });
  return { migration, statements, skipped };
}

const toEntry = (
  migration: Migration,
  origin: Origin,
  { version, created_at }: { version?: number; created_at?: number | null } = {},
): Entry => ({
  version,
  origin,
  migration,
  tag: migration.tag,
  checksum: migration.checksum,
  // The row's own time is exact where a 1.x folder knows only the second.
  created_at: migration.when ?? created_at ?? createdAt(migration),
});

/** How the object's history and the migrations compare. */
interface Comparison {
  readonly ours: Matches<LedgerRow>;
  readonly theirs: Matches<DrizzleRow>;
  readonly unknown: readonly DrizzleRow[];
  /** Rows of Drizzle's that stand for a migration once more. */
  readonly repeated: readonly DrizzleRow[];
  readonly ahead: readonly LedgerRow[];
  readonly drift: readonly Migration[];
  /** Migrations that the object lacks. */
  readonly open: readonly Migration[];
  /** Those that it has. */
  readonly applied: ReadonlySet<Migration>;
}

function compare(
  migrations: readonly Migration[],
  { ledger, drizzle }: State,
  options: ResolvedRules,
): Comparison {
  const rows = ledger?.rows ?? [];
  const drizzleRows = drizzle?.rows ?? [];
  const ours = matchLedger(rows, migrations, options.table);
  const theirs = matchTheirs(drizzleRows, migrations, options);
  const applied = new Set([...ours.values(), ...theirs.values()]);
  const isKnown = knownRows(drizzleRows, rows);
  const left = drizzleRows.filter((row) => !theirs.has(row) && !isKnown(row));
  const repeated = repeatedRows(left, theirs);
  return {
    ours,
    theirs,
    unknown: left.filter((row) => !repeated.has(row)),
    repeated: left.filter((row) => repeated.get(row)),
    ahead: rows.filter((row) => !ours.has(row) && !isKept(row)),
    drift: [...ours]
      .filter(([row, migration]) => hasDrifted(row, migration))
      .map(([, migration]) => migration),
    open: migrations.filter((migration) => !applied.has(migration)),
    applied,
  };
}

/** Refuses what the options do not allow. */
function checkRules(
  { unknown, ahead, drift, open, applied }: Comparison,
  migrations: readonly Migration[],
  options: ResolvedRules,
): void {
  if (unknown.length > 0 && options.unknown === 'error') {
    refuseUnknown(unknown, options.drizzleTable);
  }
  if (ahead.length > 0 && options.ahead === 'error') refuseAhead(ahead, options.table);
  if (open.length > 0 && applied.size === 0) {
    // With nothing in common, any of these may have run already.
    if (ahead.length > 0) refuseOther(ahead.length, options.table, 'table');
    if (unknown.length > 0) refuseOther(unknown.length, options.drizzleTable, 'drizzleTable');
  }
  const hasNoTag = ({ tag }: { readonly tag: string | null }): boolean => tag === null;
  // Without tags only the text tells what ran, and one that was edited would run again.
  const isDoubtful = ahead.some(hasNoTag) && open.some(hasNoTag);
  if (ahead.length > 0 && open.length > 0 && (options.unknown === 'error' || isDoubtful)) {
    refuseDiverged(ahead, open, options.table, isDoubtful);
  }
  if (drift.length > 0 && options.drift === 'error') refuseDrift(drift, options.table);
  const untagged = migrations.length > 0 && migrations.every(hasNoTag);
  if (options.drizzle === 'mirror' && untagged) refuseMirror();
}

/** Refuses the late migrations that may not run, or that the option says may not. */
function checkLate(
  late: ReadonlyMap<Migration, Obstacle | undefined>,
  latest: Migration | undefined,
  { ledger, drizzle }: State,
  options: ResolvedRules,
): void {
  const refused = [...late].filter(
    ([, obstacle]) =>
      options.skipped === 'error' || (options.skipped === undefined && obstacle !== undefined),
  );
  if (refused.length === 0) return;
  const isTheirs = drizzle !== undefined && ledger === undefined;
  refuseSkipped(refused, latest as Migration, isTheirs ? options.drizzleTable : options.table);
}

/** The rows to write for what is not run: do-orm's, Drizzle's in its order, and what is written off. */
function planEntries(
  { ours, theirs, unknown, repeated }: Comparison,
  ignored: readonly Migration[],
  { drizzle }: State,
): Entry[] {
  const bare = [...ours].filter(([row]) => row.origin === null);
  const adopted = new Set(ours.values());
  const kept = new Set([...unknown, ...repeated]);
  return [
    ...bare.map(([row, migration]) => toEntry(migration, 'do-orm', { version: row.version })),
    ...(drizzle?.rows ?? []).flatMap((row): Entry[] => {
      const migration = theirs.get(row);
      const { created_at } = row;
      if (migration === undefined) {
        const parts = { tag: ownTag(row), created_at, checksum: null, version: undefined };
        return kept.has(row) ? [{ ...parts, migration: null, origin: 'drizzle' }] : [];
      }
      if (adopted.has(migration)) return [];
      adopted.add(migration);
      return [toEntry(migration, 'drizzle', { created_at })];
    }),
    ...ignored.map((migration) => toEntry(migration, 'ignored')),
  ];
}

/**
 * Decides what must happen so that an object is level with the migrations. Pure: the same input gives the same plan.
 *
 * @param migrations all migrations, in the order in which they run
 * @param state what stands in the object
 * @param options the resolved options
 * @throws {AdoptionError} if a rule refuses what stands in the ledgers
 * @throws {InputError} if a statement to run is longer than the runtime takes
 */
export function makePlan(
  migrations: readonly Migration[],
  state: State,
  options: ResolvedRules,
): Plan {
  const comparison = compare(migrations, state, options);
  checkRules(comparison, migrations, options);
  const { ours, theirs, unknown, ahead, drift, open, applied } = comparison;
  const late = findLate(migrations, applied, open);
  const ignored = options.skipped === 'ignore' ? [...late.keys()] : [];
  const latest = migrations.findLast((migration) => applied.has(migration));
  checkLate(late, latest, state, options);
  const steps = open
    .filter((migration) => !ignored.includes(migration))
    .map((migration) => toStep(migration, late.has(migration), options.table));
  const entries = planEntries(comparison, ignored, state);
  const rows = state.ledger?.rows ?? [];
  const before = [...rows, ...entries.filter(({ version }) => version === undefined)];
  return {
    entries,
    steps,
    unknown,
    ahead,
    drift,
    retire: options.drizzle === 'retire' && state.drizzle !== undefined,
    mirror:
      options.drizzle === 'mirror'
        ? planMirror(migrations, rows, ours, state.drizzle, theirs)
        : undefined,
    appliedBefore: before.filter(({ origin }) => origin !== 'ignored').length,
    size: before.length + steps.length,
    standStill: ahead.length > 0 && open.length === 0,
  };
}

/**
 * Whether carrying a plan out would write anything.
 *
 * @param plan the plan
 * @param state what stands in the object
 * @param head what the object would be level with
 */
export const wouldWrite = (plan: Plan, { ledger }: State, head: string): boolean =>
  !plan.standStill &&
  (ledger === undefined ||
    ledger.missing.length > 0 ||
    plan.entries.length > 0 ||
    plan.steps.length > 0 ||
    plan.retire ||
    (plan.mirror !== undefined && mirrorChanges(plan.mirror)) ||
    (ledger.rows.length > 0 && ledger.rows.at(-1)?.head !== head));
