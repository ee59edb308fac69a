// What a repair comes to. It is worked out on what was read of the ledgers, and held against the planner's comparison before
// and after: one that would change anything but what it names does not fit.
import {
  AdoptionError,
  ForeignKeyError,
  MigrationError,
  type OfframpError,
} from '../base/errors.ts';
import { quote, type SqlStorageLike } from '../base/storage.ts';
import type { Migration } from '../input/migration.ts';
import { insertRows, prepareLedger } from '../ledger/ledger.ts';
import { applyMirror, planMirror } from '../ledger/mirror.ts';
import type { DrizzleRow, LedgerRow } from '../ledger/row.ts';
import { readLedgers, type State } from '../ledger/state.ts';
import type { ResolvedOptions } from '../options.ts';
import { compare, createdAt, makePlan, type Plan } from '../plan/plan.ts';
import { named } from '../plan/refusals.ts';
import { applyPlan } from '../run/apply.ts';
import type { FittingRepair, Repair, RowName } from './commands.ts';
import { type AnyRow, type Findings, find, isOurs } from './findings.ts';

/** What a repair changes in the ledgers. */
export interface Change {
  /** What it does, in a sentence. */
  readonly effect: string;
  /** Rows of either ledger that it takes away. */
  readonly removed: readonly AnyRow[];
  /** Rows of ours that it changes: as they are, and as they become. */
  readonly changed: ReadonlyMap<LedgerRow, LedgerRow>;
  /** The migration that gets a row at the end of our ledger. */
  readonly added: Migration | undefined;
  /** What happens before the migration is added: what Drizzle's ledger has is adopted, and those that come before it run. */
  readonly first: Plan | undefined;
}

/** Why a repair does not workOut, in a sentence. */
export type Misfit = string;

const NONE = { removed: [], changed: new Map(), added: undefined, first: undefined } as const;

/** A row as messages name it. */
const rowName = (row: AnyRow, { table, drizzleTable }: ResolvedOptions): string => {
  const { tag, created_at } = row;
  const known = tag ?? (created_at === null ? 'no time' : `created_at ${created_at}`);
  return isOurs(row)
    ? `version ${row.version} (${known}) of ${table}`
    : `the row with ${known} of ${drizzleTable}`;
};

/** Whether two rows say the same of a migration: the time, and the tag where both have one. */
const saysTheSame = (one: AnyRow, other: AnyRow): boolean =>
  one.created_at === other.created_at &&
  (one.tag === other.tag || (one.created_at !== null && (one.tag === null || other.tag === null)));

const allRows = ({ ledger, drizzle }: State): AnyRow[] => [
  ...(ledger?.rows ?? []),
  ...(drizzle?.rows ?? []),
  ...(drizzle?.extras ?? []),
];

/** The rows that stand for a migration, and those that say the same as one of them. */
function rowsOf(migration: Migration, { state, comparison }: Findings): AnyRow[] {
  const matches = new Map<AnyRow, Migration>([
    ...(comparison?.ours ?? []),
    ...(comparison?.theirs ?? []),
  ]);
  const rows = allRows(state);
  const standing = rows.filter((row) => matches.get(row) === migration);
  return rows.filter((row) => {
    const found = matches.get(row);
    if (found !== undefined) return found === migration;
    return (
      migration.was.includes(row.created_at ?? -1) ||
      standing.some((other) => saysTheSame(row, other)) ||
      (row.tag !== null && [migration.tag, migration.key].includes(row.tag))
    );
  });
}

function planForget(name: RowName, findings: Findings, options: ResolvedOptions): Change | Misfit {
  const { state, comparison, rows, refusal } = findings;
  const isCalledSo = (row: AnyRow): boolean =>
    (name.version === undefined || (isOurs(row) && row.version === name.version)) &&
    (name.created_at === undefined || row.created_at === name.created_at) &&
    (name.tag === undefined || row.tag === name.tag);
  const [row, ...more] = rows.filter(isCalledSo);
  if (row === undefined) {
    return allRows(state).some(isCalledSo)
      ? 'That row stands for a migration that the code has, or says the same as one that does.'
      : 'There is no such row.';
  }
  if (!more.every((other) => saysTheSame(row, other))) {
    return `${more.length + 1} rows are called so: name one by its version, or by created_at and tag.`;
  }
  if (isOurs(row) && refusal === undefined) {
    return `${rowName(row, options)} stands for a migration of another deploy, and nothing is wrong with that: the object is ahead of this code.`;
  }
  const isFree = (other: AnyRow): boolean =>
    isOurs(other) ? !comparison?.ours.has(other) : !comparison?.theirs.has(other);
  const removed = comparison
    ? allRows(state).filter((other) => isFree(other) && saysTheSame(row, other))
    : [row];
  return {
    ...NONE,
    removed,
    effect: `Takes ${removed.map((one) => rowName(one, options)).join(' and ')} away.`,
  };
}

function planApplied(
  migration: Migration,
  { comparison, rows }: Findings,
  { table }: ResolvedOptions,
): Change | Misfit {
  const what = `It is never run in this object.`;
  if (comparison) {
    if (comparison.applied.has(migration)) return `The object has ${named(migration)} already.`;
    return { ...NONE, added: migration, effect: `Adds ${named(migration)} to ${table}. ${what}` };
  }
  // Nobody can tell which of several a row stands for, but the person who repairs can.
  const second = migration.tag?.slice(0, 14);
  const isOfSecond = ({ created_at, tag }: AnyRow): boolean =>
    created_at !== null
      ? second === new Date(created_at).toISOString().replace(/\..*|\D/g, '')
      : tag?.slice(0, 14) === second;
  const candidates = rows.filter(isOfSecond);
  const row =
    candidates.find(({ created_at }) => created_at === migration.when) ??
    candidates.find(({ tag }) => tag === migration.tag) ??
    candidates[0];
  if (row === undefined) return 'The rows in question must be told first.';
  if (isOurs(row)) {
    const { tag, checksum } = migration;
    const right = { ...row, tag, checksum, created_at: createdAt(migration) };
    return {
      ...NONE,
      changed: new Map([[row, right]]),
      effect: `Writes into version ${row.version} of ${table} that it is ${named(migration)}. ${what}`,
    };
  }
  return {
    ...NONE,
    removed: [row],
    added: migration,
    effect: `Adds ${named(migration)} to ${table} in place of the row in question. ${what}`,
  };
}

function planUnapplied(
  migration: Migration,
  findings: Findings,
  options: ResolvedOptions,
): Change | Misfit {
  if (!findings.comparison?.applied.has(migration)) {
    return `The object does not have ${named(migration)}.`;
  }
  const removed = rowsOf(migration, findings);
  const names = removed.map((row) => rowName(row, options)).join(' and ');
  return {
    ...NONE,
    removed,
    effect: `Takes ${names} away. ${named(migration)} runs at the next wake.`,
  };
}

function planAccept(
  migration: Migration,
  { comparison }: Findings,
  { table }: ResolvedOptions,
): Change | Misfit {
  const row = [...(comparison?.ours ?? [])].find(([, found]) => found === migration)?.[0];
  if (row === undefined || !comparison?.drift.includes(migration)) {
    return `The SQL of ${named(migration)} has not changed since the object got it.`;
  }
  return {
    ...NONE,
    changed: new Map([[row, { ...row, checksum: migration.checksum }]]),
    effect: `Writes into version ${row.version} of ${table} that the code's SQL of ${named(migration)} is right.`,
  };
}

function planChange(repair: Repair, findings: Findings, options: ResolvedOptions): Change | Misfit {
  if (repair.kind === 'forget') return planForget(repair, findings, options);
  const { migrations } = findings;
  const migration = migrations.find(
    ({ key, tag }) => key === repair.migration || tag === repair.migration,
  );
  if (migration === undefined) return `The code has no migration ${repair.migration}.`;
  const plans = {
    'mark-applied': planApplied,
    'mark-unapplied': planUnapplied,
    accept: planAccept,
  };
  return plans[repair.kind](migration, findings, options);
}

/**
 * The change that adds a migration after those that come before it have run, where they would be applied out of order
 * after it.
 */
function afterEarlier(
  change: Change,
  { migrations, state, comparison }: Findings,
  options: ResolvedOptions,
): Change | undefined {
  const { added } = change;
  if (added === undefined || comparison === undefined) return undefined;
  const end = migrations.indexOf(added);
  const earlier = migrations.filter((one, at) => comparison.applied.has(one) || at < end);
  try {
    const first = makePlan(earlier, state, options);
    if (first.steps.length === 0) return undefined;
    const names = first.steps.map((step) => named(step.migration)).join(', ');
    return { ...change, first, effect: `Runs ${names} first. ${change.effect}` };
  } catch {
    return undefined;
  }
}

/**
 * The change that adds a migration after those that Drizzle's ledger stands for are adopted, as the ledger has them in the
 * order in which the object got them.
 */
function afterAdoption(
  change: Change,
  { migrations, state }: Findings,
  options: ResolvedOptions,
): Change | undefined {
  if (change.added === undefined || state.drizzle === undefined) return undefined;
  const left = changedState(state, { ...change, added: undefined });
  try {
    const { applied } = compare(migrations, left, options);
    const first = makePlan(
      migrations.filter((one) => applied.has(one)),
      left,
      options,
    );
    if (first.entries.length === 0) return undefined;
    const effect = `Adopts what ${options.drizzleTable} has first. ${change.effect}`;
    return { ...change, first, effect };
  } catch {
    return undefined;
  }
}

/** The state after a plan is carried out, as far as it tells which migrations the object has. */
function stateAfter({ ledger, drizzle, tables, other }: State, plan: Plan): State {
  const rows = [...(ledger?.rows ?? [])];
  for (const { version, migration, ...entry } of plan.entries) {
    const row = { ...entry, version: version ?? rows.length, applied_at: null, head: null };
    if (version === undefined) rows.push(row);
    else rows[version] = row;
  }
  for (const { migration } of plan.steps) rows.push(rowFor(migration, rows.length));
  return {
    ledger: { rows, missing: [] },
    drizzle: plan.retire ? undefined : drizzle,
    tables,
    other: plan.drop ? undefined : other,
  };
}

/** The state after a change. */
function changedState(before: State, change: Change): State {
  const gone = new Set<AnyRow>(change.removed);
  const { ledger, drizzle, ...rest } = before;
  const rows = (ledger?.rows ?? [])
    .filter((row) => !gone.has(row))
    .map((row) => change.changed.get(row) ?? row);
  const left: State = {
    ...rest,
    ledger: ledger && {
      missing: change.changed.size > 0 ? [] : ledger.missing,
      rows: rows.map((row, version) => ({ ...row, version, head: null })),
    },
    drizzle: drizzle && {
      ...drizzle,
      rows: drizzle.rows.filter((row) => !gone.has(row)),
      extras: drizzle.extras.filter((row) => !gone.has(row)),
    },
  };
  const { added, first } = change;
  const ready = first ? stateAfter(left, first) : left;
  if (added === undefined) return ready;
  const others = ready.ledger?.rows ?? [];
  return { ...ready, ledger: { missing: [], rows: [...others, rowFor(added, others.length)] } };
}

const rowFor = (migration: Migration, version: number): LedgerRow => ({
  version,
  tag: migration.tag,
  checksum: migration.checksum,
  created_at: createdAt(migration),
  applied_at: Date.now(),
  origin: 'repair',
  head: null,
});

const isSubset = (part: readonly string[], whole: readonly string[]): boolean =>
  part.every((one) => whole.includes(one));
const words = ({ tag, created_at, checksum }: AnyRow): string => `${tag} ${created_at} ${checksum}`;

/** Whether what the planner finds afterwards differs by what the repair names, and by nothing else. */
function isExact(repair: Repair, { first }: Change, before: Findings, after: Findings): boolean {
  const keys = (of: Iterable<Migration> = []): string[] => Array.from(of, ({ key }) => key).sort();
  const [old, now] = [before.comparison, after.comparison];
  if (now === undefined) return old === undefined && after.rows.length < before.rows.length;
  const target = before.migrations.find(
    ({ key, tag }) =>
      repair.kind !== 'forget' && (key === repair.migration || tag === repair.migration),
  )?.key;
  const has = keys(now.applied);
  if (old === undefined) return target === undefined || has.includes(target);
  const ran = first?.steps.map((step) => step.migration) ?? [];
  const expected = new Set([...keys(old.applied), ...keys(ran)]);
  if (target !== undefined && repair.kind === 'mark-applied') expected.add(target);
  if (target !== undefined && repair.kind === 'mark-unapplied') expected.delete(target);
  const drift = keys(old.drift).filter((key) => repair.kind !== 'accept' || key !== target);
  return (
    has.join() === [...expected].sort().join() &&
    isSubset(after.rows.map(words), before.rows.map(words)) &&
    isSubset(keys(now.drift), drift)
  );
}

/** A repair with what it changes and what the planner says afterwards. */
export interface Fitting {
  readonly change: Change;
  readonly after: Findings;
}

/**
 * Works out a repair.
 *
 * @param repair the repair
 * @param before what the planner found
 * @param options the resolved options
 * @returns what it changes, or why it does not fit
 */
export function workOut(
  repair: Repair,
  before: Findings,
  options: ResolvedOptions,
): Fitting | Misfit {
  const change = planChange(repair, before, options);
  if (typeof change === 'string') return change;
  const ways = [
    afterAdoption(change, before, options),
    change,
    afterEarlier(change, before, options),
  ].flatMap((way) => (way ? [check(way, repair, before, options)] : []));
  return ways.find((way) => typeof way !== 'string') ?? (ways[0] as Misfit);
}

/** Holds a change against what the planner says before and after it. */
function check(
  change: Change,
  repair: Repair,
  before: Findings,
  options: ResolvedOptions,
): Fitting | Misfit {
  const after = find(before.migrations, changedState(before.state, change), options);
  if (!isExact(repair, change, before, after)) {
    return 'It would change more than it names: rows would stand for other migrations than before.';
  }
  if (before.refusal === undefined && after.refusal !== undefined) {
    return `The object would be refused then: ${after.refusal.message}`;
  }
  return { change, after };
}

/** How many repairs of each kind are tried for one object. */
const TRIED = 10;

/** Of repairs that leave the same, what can do least harm comes first: a migration that was marked as applied never runs. */
const ORDER: readonly Repair['kind'][] = ['forget', 'accept', 'mark-unapplied', 'mark-applied'];

/** What an object is known to be refused with after a repair. */
function leftBy({ after }: Fitting, error: OfframpError | undefined): string | null {
  if (after.refusal) return after.refusal.code;
  const fails = (key: string): boolean =>
    after.comparison?.open.some((migration) => migration.key === key) ?? false;
  // What a statement or a row said no to says no again, as long as it is still to run.
  if (error instanceof MigrationError) return fails(error.key) ? error.code : null;
  if (error instanceof ForeignKeyError) return error.keys.some(fails) ? error.code : null;
  return null;
}

/**
 * The repairs that fit what is wrong with an object, those first that leave nothing wrong.
 *
 * @param findings what the planner found
 * @param options the resolved options
 * @param error what is wrong with it
 * @param suspects keys of migrations that a row in question may stand for
 */
export function fittingRepairs(
  findings: Findings,
  options: ResolvedOptions,
  error: OfframpError | undefined,
  suspects: readonly string[],
): FittingRepair[] {
  const { rows, comparison, migrations } = findings;
  const forgets = rows.map(
    (row): Repair => ({
      kind: 'forget',
      ...(isOurs(row) ? { version: row.version } : { created_at: row.created_at, tag: row.tag }),
    }),
  );
  const named =
    error instanceof MigrationError
      ? [error.key]
      : error instanceof AdoptionError
        ? error.keys
        : [];
  const isNamed = ({ key, tag }: Migration): boolean =>
    named.includes(key) || (tag !== null && named.includes(tag));
  const markOf = ({ key }: Migration): Repair => ({ kind: 'mark-applied', migration: key });
  const marks = migrations.filter(isNamed).map(markOf);
  const guesses = migrations
    .filter((migration) => suspects.includes(migration.key) && !isNamed(migration))
    .map(markOf);
  const accepts = (comparison?.drift ?? []).map(
    ({ key }): Repair => ({ kind: 'accept', migration: key }),
  );
  const listed = (repairs: readonly Repair[]): FittingRepair[] =>
    repairs.slice(0, TRIED).flatMap((repair) => {
      const fitting = workOut(repair, findings, options);
      if (typeof fitting === 'string') return [];
      return [{ repair, effect: fitting.change.effect, leaves: leftBy(fitting, error) }];
    });
  return [
    ...listed(forgets),
    ...listed(accepts),
    ...listed(marks),
    // Nothing says that it is one of these, so that one is worth naming only if all is well with it.
    ...listed(guesses).filter(({ leaves }) => leaves === null),
  ].sort(
    (a, b) =>
      Number(a.leaves !== null) - Number(b.leaves !== null) ||
      ORDER.indexOf(a.repair.kind) - ORDER.indexOf(b.repair.kind),
  );
}

/**
 * Carries out a change of the ledgers. Must be called inside a transaction.
 *
 * @param sql the object's SQL storage
 * @param fitting the change
 * @param before what stands in the object
 * @param options the resolved options
 * @param look sees each statement of a migration before it runs
 */
export function applyChange(
  sql: SqlStorageLike,
  { change, after }: Fitting,
  before: State,
  options: ResolvedOptions,
  look: (statement: string) => void,
): void {
  const { table, drizzleTable } = options;
  const name = quote(table);
  const { removed, changed, added, first } = change;
  for (const row of removed) {
    if (isOurs(row)) sql.exec(`DELETE FROM ${name} WHERE version = ?`, row.version);
    else sql.exec(`DELETE FROM ${quote(drizzleTable)} WHERE rowid = ?`, row.rowid);
  }
  const left = (before.ledger?.rows ?? []).filter((row) => !removed.includes(row));
  left.forEach(({ version }, now) => {
    if (now !== version) sql.exec(`UPDATE ${name} SET version = ? WHERE version = ?`, now, version);
  });
  if (changed.size > 0) prepareLedger(sql, table, before.ledger);
  for (const [{ version }, { tag, checksum, created_at }] of changed) {
    sql.exec(
      `UPDATE ${name} SET tag = ?, checksum = ?, created_at = ${created_at} WHERE version = ?`,
      tag,
      checksum,
      version,
    );
  }
  if (first) applyPlan({ sql }, first, readLedgers(sql, options), '', options, look);
  const state = readLedgers(sql, options);
  if (added) prepareLedger(sql, table, state.ledger);
  // So that the next wake takes the slow path.
  if (state.ledger && !state.ledger.missing.includes('head')) {
    sql.exec(`UPDATE ${name} SET head = NULL WHERE head IS NOT NULL`);
  }
  if (added) {
    insertRows(sql, table, [rowFor(added, state.ledger?.rows.length ?? 0)]);
    if (options.drizzle === 'mirror' && after.comparison && added.tag !== null) {
      const { ledger, drizzle } = after.state;
      const { ours, theirs } = after.comparison;
      const plan = planMirror(after.migrations, ledger?.rows ?? [], ours, drizzle, theirs);
      const rows = plan.rows.filter(({ tag }) => tag === added.tag);
      // What else Drizzle's ledger lacks it gets at the next wake.
      if (!plan.create && !plan.upgrade) {
        applyMirror(sql, drizzleTable, { ...plan, marks: [], rows });
      }
    }
  }
}

/** Rows as a repair found them, for its record. */
export const rowsBefore = ({ removed, changed }: Change): (LedgerRow | DrizzleRow)[] => [
  ...removed,
  ...changed.keys(),
];
