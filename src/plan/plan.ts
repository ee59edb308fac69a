import { AdoptionError, InputError } from '../base/errors.ts';
import { keyOf } from '../base/key.ts';
import { replacedBy } from '../input/baseline.ts';
import type { Migration, Up } from '../input/migration.ts';
import { knownRows } from '../ledger/known.ts';
import {
  hasDrifted,
  isKept,
  matchByCount,
  matchByIdentity,
  matchLedger,
  ownTag,
  repeatedRows,
} from '../ledger/match.ts';
import { type MirrorPlan, mirrorChanges, planMirror } from '../ledger/mirror.ts';
import { migrationNamed } from '../ledger/other.ts';
import type { Matches } from '../ledger/pair.ts';
import type { DrizzleRow, LedgerRow, Origin } from '../ledger/row.ts';
import type { State } from '../ledger/state.ts';
import { effectOf } from '../sql/effects.ts';
import {
  excessBytes,
  MAX_STATEMENT_BYTES,
  namesTable,
  splitStatements,
} from '../sql/statements.ts';
import { createdAt, findLate } from './late.ts';
import {
  checkBaseline,
  checkLate,
  checkReplaced,
  checkRules,
  named,
  refuseOther,
} from './refusals.ts';
import type { ResolvedRules } from './rules.ts';

export { createdAt };

/** A migration to run. */
export interface Step {
  readonly migration: Migration;
  /** Its statements; none of a function, whose statements are known once it has run. */
  readonly statements: readonly string[];
  readonly up: Up | undefined;
  /** Whether a later migration was applied before it. */
  readonly skipped: boolean;
  /** Whether these are the statements of the migration's baseline, which stands for all before it too. */
  readonly isBaseline: boolean;
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
  /** Takes away the history beside both ledgers, where there is one to be taken away. */
  readonly drop: (() => void) | undefined;
  /** What Drizzle's ledger lacks, where it is kept in sync. */
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
  { tables }: State,
  ours: ReadonlySet<Migration>,
  { drizzleTable, unknown }: ResolvedRules,
): Matches<DrizzleRow> {
  if (migrations.some(({ tag }) => tag !== null)) {
    return matchByIdentity(rows, migrations, drizzleTable, true);
  }
  if (rows.length > migrations.length && unknown === 'error') {
    throw new AdoptionError(
      'TOO_FEW_MIGRATIONS',
      `${drizzleTable} has ${rows.length} row(s), and the code has ${migrations.length} migration(s). Without tags they ` +
        'are matched by count: pass all that Drizzle ran, in its order.',
      drizzleTable,
    );
  }
  const matches = matchByCount(rows, migrations, drizzleTable);
  const adopted = [...matches.values()].filter((migration) => !ours.has(migration));
  if (createdNoneOf(adopted, tables)) {
    refuseOther(drizzleTable, rows.length, 'drizzleTable');
  }
  return matches;
}

/** Whether migrations create tables, and an object has none of these: so it is not they that ran in it. */
function createdNoneOf(migrations: readonly Migration[], tables: ReadonlySet<unknown>): boolean {
  const effects = migrations.flatMap(({ sql }) => splitStatements(sql ?? '').map(effectOf));
  const created = effects.filter(({ kind }) => kind === 'table');
  return created.length > 0 && !created.some(({ name }) => tables.has(name));
}

/**
 * Refuses a statement that no migration may run.
 *
 * @param statement the statement
 * @param index its number, from 0
 * @param migration its migration
 * @param tables the names of ledgers
 * @throws {InputError} if it names a ledger, or is longer than the runtime takes
 */
export function checkStatement(
  statement: string,
  index: number,
  migration: Migration,
  tables: readonly string[],
): void {
  const name = `Statement ${index + 1} of ${named(migration)}`;
  for (const table of tables) {
    if (namesTable(statement, table)) {
      throw new InputError(
        'INVALID_TABLE_NAME',
        `${name} names ${table}, the ledger. Take it out, or name another table with the option \`table\`.`,
        migration.key,
      );
    }
  }
  const bytes = excessBytes(statement);
  if (bytes > 0) {
    throw new InputError(
      'STATEMENT_TOO_LONG',
      `${name} has ${bytes} bytes, and the runtime takes ${MAX_STATEMENT_BYTES}. Split it.`,
      migration.key,
    );
  }
}

function toStep(
  migration: Migration,
  skipped: boolean,
  table: string,
  baseline?: string | undefined,
): Step {
  const isBaseline = baseline !== undefined;
  const statements = splitStatements(baseline ?? migration.sql ?? '');
  statements.forEach((statement, i) => {
    checkStatement(statement, i, migration, [table]);
  });
  return { migration, statements, up: isBaseline ? undefined : migration.up, skipped, isBaseline };
}

const toEntry = (
  migration: Migration,
  origin: Origin,
  version?: number,
  time?: number | null,
): Entry => ({
  version,
  origin,
  migration,
  tag: migration.tag,
  checksum: migration.checksum,
  // The row's own time is exact where a 1.x folder knows only the second.
  created_at: migration.when ?? time ?? createdAt(migration),
});

/** The rows to write for what is not run: do-orm's, Drizzle's in its order, and what is written off. */
function planEntries(
  ours: Matches<LedgerRow>,
  theirs: Matches<DrizzleRow>,
  rows: readonly DrizzleRow[],
  kept: ReadonlySet<DrizzleRow>,
  added: readonly Entry[],
): Entry[] {
  const entries: Entry[] = [];
  for (const [{ origin, version }, migration] of ours) {
    if (origin === null) entries.push(toEntry(migration, 'do-orm', version));
  }
  const adopted = new Set(ours.values());
  for (const row of rows) {
    const migration = theirs.get(row);
    const { created_at } = row;
    if (migration === undefined) {
      const parts = { tag: ownTag(row), created_at, checksum: null, version: undefined };
      if (kept.has(row)) entries.push({ ...parts, migration: null, origin: 'drizzle' });
    } else if (!adopted.has(migration)) {
      adopted.add(migration);
      entries.push(toEntry(migration, 'drizzle', undefined, created_at));
    }
  }
  return [...entries, ...added.filter(({ migration }) => !adopted.has(migration as Migration))];
}

/** What an object has of the migrations, and what in it is none of them. */
export interface Comparison {
  /** Which migration each row of our ledger stands for. */
  readonly ours: Matches<LedgerRow>;
  /** The same for Drizzle's. */
  readonly theirs: Matches<DrizzleRow>;
  /** What another history has. */
  readonly others: ReadonlySet<Migration>;
  /** What in it is no migration. */
  readonly strange: readonly string[];
  readonly applied: ReadonlySet<Migration>;
  /** Migrations that the object lacks, in order. */
  readonly open: readonly Migration[];
  /** Rows of Drizzle's ledger that must be kept in mind, though they match no migration. */
  readonly kept: ReadonlySet<DrizzleRow>;
  readonly unknown: readonly DrizzleRow[];
  readonly ahead: readonly LedgerRow[];
  readonly drift: readonly Migration[];
}

/**
 * Compares what stands in an object with the migrations, and refuses nothing that can be compared.
 *
 * @param migrations all migrations, in the order in which they run
 * @param state what stands in the object
 * @param options the resolved options
 * @throws {AdoptionError} if nobody can tell which migrations the rows stand for
 */
export function compare(
  migrations: readonly Migration[],
  state: State,
  options: ResolvedRules,
): Comparison {
  const rows = state.ledger?.rows ?? [];
  const drizzleRows = state.drizzle?.rows ?? [];
  const ours = matchLedger(rows, migrations, options.table);
  const theirs = matchTheirs(drizzleRows, migrations, state, new Set(ours.values()), options);
  const others = new Set<Migration>();
  const strange: string[] = [];
  for (const name of state.other?.keys ?? []) {
    const migration = migrationNamed(migrations, name);
    if (migration) others.add(migration);
    else if (!rows.some(({ tag, version }) => [tag, keyOf(version)].includes(name as string))) {
      strange.push(String(name));
    }
  }
  const applied = new Set([...ours.values(), ...theirs.values(), ...others]);
  const isKnown = knownRows(drizzleRows, rows);
  const left = drizzleRows.filter((row) => !theirs.has(row) && !isKnown(row));
  const repeated = repeatedRows(left, theirs);
  return {
    ours,
    theirs,
    others,
    strange,
    applied,
    open: migrations.filter((migration) => !applied.has(migration)),
    // One that may be another migration's all the same must be kept in mind.
    kept: new Set(left.filter((row) => repeated.get(row) !== false)),
    unknown: left.filter((row) => !repeated.has(row)),
    ahead: rows.filter((row) => !ours.has(row) && !isKept(row)),
    drift: [...ours].filter((pair) => hasDrifted(...pair)).map(([, migration]) => migration),
  };
}

/**
 * Decides what must happen so that an object is up to date with the migrations. Pure: the same input gives the same plan.
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
  const { ledger, drizzle, other } = state;
  const { table, drizzleTable } = options;
  const rows = ledger?.rows ?? [];
  const drizzleRows = drizzle?.rows ?? [];
  const found = compare(migrations, state, options);
  const { ours, theirs, others, applied, open, kept, unknown, ahead, drift } = found;
  // Whose history is another's has no ledger of Drizzle's to come back to.
  const isMirrored = options.drizzle === 'mirror' && !(options.adopt && !drizzle);
  checkRules(found, migrations, options, other?.name, isMirrored);

  const late = findLate(migrations, applied, open);
  const latest = migrations.findLast((migration) => applied.has(migration)) as Migration;
  const first = drizzle ? drizzleTable : (other?.name ?? table);
  const ignored = options.skipped === 'ignore' ? [...late.keys()] : [];
  // Whatever a row stands for, an object that has one is not new.
  const isNew = rows.length + drizzleRows.length + applied.size === 0;
  const replaced = isNew ? replacedBy(migrations) : [];
  checkBaseline(replaced);
  const toRun = open.slice(replaced.length).filter((migration) => !ignored.includes(migration));
  // Without its SQL nobody can tell whether one that is late may run.
  checkReplaced(toRun, table);
  checkLate(late, latest, ledger ? table : first, options);
  const steps = toRun.map((migration) => toStep(migration, late.has(migration), table));
  const last = replaced.at(-1);
  if (last) steps.unshift(toStep(last, false, table, last.baseline));
  const entries = planEntries(ours, theirs, drizzleRows, kept, [
    ...migrations.flatMap((one) => (other && others.has(one) ? toEntry(one, other.origin) : [])),
    ...ignored.map((migration) => toEntry(migration, 'ignored')),
    ...replaced.map((migration) => toEntry(migration, 'baseline')),
  ]);
  const before = [...rows, ...entries.filter(({ version }) => version === undefined)];
  return {
    entries,
    steps,
    unknown,
    ahead,
    drift,
    // Without tags nothing but our own ledger tells whose a later ledger of Drizzle's is.
    retire:
      options.drizzle === 'retire' &&
      drizzle !== undefined &&
      (rows.length === 0 || migrations.some(({ tag }) => tag !== null)),
    drop: options.drizzle === 'retire' ? other?.drop : undefined,
    mirror: isMirrored ? planMirror(migrations, rows, ours, drizzle, theirs) : undefined,
    appliedBefore: before.filter(({ origin }) => origin !== 'ignored' && origin !== 'baseline')
      .length,
    size: before.length + toRun.length,
    standStill: ahead.length > 0 && open.length === 0,
  };
}

/**
 * Whether carrying a plan out would write anything.
 *
 * @param plan the plan
 * @param state what stands in the object
 * @param head what its last row would say
 */
export const wouldWrite = (plan: Plan, { ledger }: State, head: string): boolean =>
  !plan.standStill &&
  (ledger === undefined ||
    ledger.missing.length > 0 ||
    plan.entries.length > 0 ||
    plan.steps.length > 0 ||
    plan.retire ||
    plan.drop !== undefined ||
    (plan.mirror !== undefined && mirrorChanges(plan.mirror)) ||
    (ledger.rows.length > 0 && ledger.rows.at(-1)?.head !== head));
