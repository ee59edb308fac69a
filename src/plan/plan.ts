import { AdoptionError, InputError } from '../base/errors.ts';
import { millisOf } from '../base/time.ts';
import type { Migration } from '../input/migration.ts';
import { isCoarse, type Matches, matchByIdentity, pair, secondOfRow } from '../ledger/match.ts';
import { type MirrorPlan, mirrorChanges, planMirror } from '../ledger/mirror.ts';
import type { DrizzleRow, HistoryRow, LedgerRow, Origin } from '../ledger/row.ts';
import type { State } from '../ledger/state.ts';
import {
  excessBytes,
  isAdditive,
  MAX_STATEMENT_BYTES,
  namesTable,
  splitStatements,
} from '../sql/statements.ts';
import {
  named,
  refuseAhead,
  refuseDiverged,
  refuseDrift,
  refuseMirror,
  refuseSkipped,
  refuseUnknown,
} from './refusals.ts';
import type { ResolvedRules } from './rules.ts';

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

/** What Drizzle would write as `created_at`: the exact `when`, or the second of the tag. */
export const createdAt = ({ when, tag }: Migration): number | null =>
  when ?? (tag === null ? null : millisOf(tag.slice(0, 14)));

/** A row of Drizzle's that was unknown when it was adopted, and kept: settled, so it is neither ahead nor in the way. */
const isKept = (row: LedgerRow): boolean => row.origin === 'drizzle' && row.checksum === null;

/** Matches our own rows: by identity, by checksum, and where one side has no tag by number. */
function matchLedger(
  rows: readonly LedgerRow[],
  migrations: readonly Migration[],
  table: string,
): Matches<LedgerRow> {
  const matches = matchByIdentity(rows, migrations, table);
  const numbered = rows.filter((row) => !isKept(row));
  pair(
    matches,
    numbered,
    migrations,
    (row) => `${row.version} ${row.checksum}`,
    (migration, number) => `${number} ${migration.checksum}`,
    'first',
  );
  // What ran is told by its text before its number: a merge or `eject` may have numbered it anew.
  pair(
    matches,
    numbered,
    migrations,
    (row) => row.checksum,
    (migration) => migration.checksum,
    'none',
  );
  pair(
    matches,
    numbered,
    migrations,
    (row) => (row.tag === null || migrations[row.version]?.tag === null ? row.version : null),
    (_, number) => number,
    'first',
  );
  return matches;
}

/** Matches Drizzle's rows: by identity, or by count where no migration has a tag. */
function matchDrizzle(
  rows: readonly DrizzleRow[],
  migrations: readonly Migration[],
  { drizzleTable, unknown }: ResolvedRules,
): Matches<DrizzleRow> {
  if (migrations.some(({ tag }) => tag !== null)) {
    return matchByIdentity(rows, migrations, drizzleTable);
  }
  if (rows.length > migrations.length && unknown === 'error') {
    throw new AdoptionError(
      'TOO_FEW_MIGRATIONS',
      `Drizzle has ${rows.length} migrations but only ${migrations.length} were provided. A record is matched with ` +
        `${drizzleTable} by count, so it must hold all that Drizzle ran, in its order.`,
      drizzleTable,
    );
  }
  const matches: Matches<DrizzleRow> = new Map();
  pair(
    matches,
    rows,
    migrations,
    (_, count) => count,
    (_, count) => count,
    'first',
  );
  return matches;
}

/** Whether two rows may stand for one migration by their times; of those known to the second, names tell more. */
const isSameTime = (row: DrizzleRow, own: LedgerRow): boolean =>
  (row.tag === null || !isCoarse(own)) &&
  (row.created_at === own.created_at
    ? row.created_at !== null || isKept(own)
    : isCoarse(own) && secondOfRow(row) === secondOfRow(own));

/** A row of Drizzle's is also known if our ledger has it and only this code does not. */
function isKnown(
  row: DrizzleRow,
  drizzleRows: readonly DrizzleRow[],
  rows: readonly LedgerRow[],
): boolean {
  if (row.tag !== null && rows.some(({ tag }) => tag === row.tag)) return true;
  const inSecond = (all: readonly HistoryRow[]): number =>
    all.filter((other) => secondOfRow(other) === secondOfRow(row)).length;
  // One more than ours in a second is another migration: forgotten here, it would run again.
  return inSecond(drizzleRows) <= inSecond(rows) && rows.some((own) => isSameTime(row, own));
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
  readonly ahead: readonly LedgerRow[];
  readonly drift: readonly Migration[];
  /** Migrations that the object lacks. */
  readonly open: readonly Migration[];
  /** Those of `open` that come before the latest one it has. */
  readonly skipped: readonly Migration[];
  readonly latest: Migration | undefined;
}

function compare(
  migrations: readonly Migration[],
  { ledger, drizzle }: State,
  options: ResolvedRules,
): Comparison {
  const rows = ledger?.rows ?? [];
  const drizzleRows = drizzle?.rows ?? [];
  const ours = matchLedger(rows, migrations, options.table);
  const theirs = matchDrizzle(drizzleRows, migrations, options);
  const applied = new Set([...ours.values(), ...theirs.values()]);
  const latest = migrations.findLastIndex((migration) => applied.has(migration));
  return {
    ours,
    theirs,
    unknown: drizzleRows.filter((row) => !theirs.has(row) && !isKnown(row, drizzleRows, rows)),
    ahead: rows.filter((row) => !ours.has(row) && !isKept(row)),
    drift: [...ours]
      .filter(([row, migration]) => row.checksum !== null && row.checksum !== migration.checksum)
      .map(([, migration]) => migration),
    open: migrations.filter((migration) => !applied.has(migration)),
    skipped: migrations.filter(
      (migration, position) => position < latest && !applied.has(migration),
    ),
    latest: migrations[latest],
  };
}

/** Refuses what the options do not allow. */
function checkRules(
  { unknown, ahead, drift, open }: Comparison,
  migrations: readonly Migration[],
  options: ResolvedRules,
): void {
  if (unknown.length > 0 && options.unknown === 'error') {
    refuseUnknown(unknown, options.drizzleTable);
  }
  if (ahead.length > 0 && options.ahead === 'error') refuseAhead(ahead, options.table);
  if (ahead.length > 0 && open.length > 0 && options.unknown === 'error') {
    refuseDiverged(ahead, open, options.table);
  }
  if (drift.length > 0 && options.drift === 'error') refuseDrift(drift, options.table);
  const untagged = migrations.length > 0 && migrations.every(({ tag }) => tag === null);
  if (options.drizzle === 'mirror' && untagged) refuseMirror();
}

/** The migrations to run: skipped ones only if they are safe to run late, or were asked for. */
function planSteps(
  { open, skipped, latest }: Comparison,
  { ledger, drizzle }: State,
  options: ResolvedRules,
): Step[] {
  const steps = open
    .filter((migration) => options.skipped !== 'ignore' || !skipped.includes(migration))
    .map((migration) => toStep(migration, skipped.includes(migration), options.table));
  const refused = steps.filter(
    (step) =>
      step.skipped &&
      options.skipped !== 'apply' &&
      (options.skipped === 'error' || !step.statements.every(isAdditive)),
  );
  if (refused.length > 0 && latest !== undefined) {
    refuseSkipped(
      refused.map(({ migration }) => migration),
      latest,
      drizzle === undefined || ledger !== undefined ? options.table : options.drizzleTable,
    );
  }
  return steps;
}

/** The rows to write for what is not run: do-orm's, Drizzle's in its order, and what is written off. */
function planEntries(
  { ours, theirs, unknown, skipped }: Comparison,
  { drizzle }: State,
  options: ResolvedRules,
): Entry[] {
  const own = new Set(ours.values());
  const bare = [...ours].filter(([row]) => row.origin === null);
  const adopted = new Set(own);
  return [
    ...bare.map(([row, migration]) => toEntry(migration, 'do-orm', { version: row.version })),
    ...(drizzle?.rows ?? []).flatMap((row): Entry[] => {
      const migration = theirs.get(row);
      const { tag, created_at } = row;
      if (migration === undefined) {
        const kept = { tag, created_at, checksum: null, version: undefined, migration: null };
        return unknown.includes(row) ? [{ ...kept, origin: 'drizzle' }] : [];
      }
      if (adopted.has(migration)) return [];
      adopted.add(migration);
      return [toEntry(migration, 'drizzle', { created_at })];
    }),
    ...(options.skipped === 'ignore' ? skipped.map((item) => toEntry(item, 'ignored')) : []),
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
  const steps = planSteps(comparison, state, options);
  const entries = planEntries(comparison, state, options);
  const { ours, theirs, unknown, ahead, drift, open } = comparison;
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
