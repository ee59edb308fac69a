// Why a plan cannot be made: each rule that says no, and its words.
import { AdoptionError, InputError } from '../base/errors.ts';
import { isCurrent } from '../input/baseline.ts';
import type { Migration } from '../input/migration.ts';
import { PASS_TAGS } from '../ledger/match.ts';
import type { DrizzleRow, LedgerRow } from '../ledger/row.ts';
import type { Obstacle } from './late.ts';
import type { ResolvedRules } from './rules.ts';

/** A migration as messages name it. */
export const named = ({ key, tag }: Migration): string => (tag === null ? key : `${key} (${tag})`);
const list = (migrations: readonly Migration[]): string => migrations.map(named).join(', ');
const keysOf = (migrations: readonly Migration[]): string[] => migrations.map(({ key }) => key);
const hasNoTag = ({ tag }: { readonly tag: string | null }): boolean => tag === null;

const describe = ({ tag, created_at }: DrizzleRow): string =>
  tag ?? (created_at === null ? 'a row without a time' : `created_at ${created_at}`);

/** What there is in an object, as far as a rule may refuse it. */
export interface Findings {
  /** Rows of Drizzle's ledger that match no migration. */
  readonly unknown: readonly DrizzleRow[];
  /** What another history has that is no migration. */
  readonly strange: readonly string[];
  /** Rows of ours that match none. */
  readonly ahead: readonly LedgerRow[];
  readonly drift: readonly Migration[];
  /** Migrations that the object lacks. */
  readonly open: readonly Migration[];
  /** Those that it has. */
  readonly applied: ReadonlySet<Migration>;
}

/**
 * Refuses rows that are another list's history.
 *
 * @param name the ledger's name
 * @param count how many rows it has
 * @param option the option that names another table
 */
export function refuseOther(name: string, count: number, option: 'table' | 'drizzleTable'): never {
  throw new AdoptionError(
    'OTHER_HISTORY',
    `${name} has ${count} row(s), and none matches a migration. Two lists in one object, as of a class and its base ` +
      `class, need a table each: name another one with the option \`${option}\`.`,
    name,
  );
}

/**
 * Refuses what the options do not allow.
 *
 * @param findings what there is in the object
 * @param migrations all migrations
 * @param rules the resolved options
 * @param other what messages call the history beside both ledgers
 * @param isMirrored whether Drizzle's ledger is kept in sync
 * @throws {AdoptionError} if a rule says no
 * @throws {InputError} if a ledger cannot be mirrored, as no migration has a tag
 */
export function checkRules(
  { unknown, strange, ahead, drift, open, applied }: Findings,
  migrations: readonly Migration[],
  rules: ResolvedRules,
  other = '',
  isMirrored = false,
): void {
  const { table, drizzleTable } = rules;
  const names = ahead.map(({ tag, version }) => tag ?? `version ${version}`);
  const lacking = `${table} has ${names.join(', ')}, which the code lacks`;
  const mustMatch = rules.unknown === 'error';
  const rows = mustMatch ? unknown.map(describe) : [];
  for (const [name, list, more] of [
    [other, strange, ', or correct `adopt`'],
    [
      drizzleTable,
      rows,
      '. If its `when` was changed, convert and name the old one under `was`: else it would run again. If it is gone for ' +
        "good, pass unknown: 'ignore' to keep the rows",
    ],
  ] as const) {
    if (list.length === 0) continue;
    throw new AdoptionError(
      'UNKNOWN_ROW',
      `${name} has ${list.length} row(s) that match no migration: ${list.join(', ')}. Bring the migration back${more}.`,
      name,
      list,
    );
  }
  if (ahead.length > 0 && rules.ahead === 'error') {
    throw new AdoptionError(
      'AHEAD',
      `${lacking}. Deploy the newer code again, or pass ahead: 'report' to run on the newer schema.`,
      table,
      names,
    );
  }
  if (open.length > 0 && applied.size === 0 && ahead.length + unknown.length > 0) {
    // With nothing in common, any of these may have run already.
    const option = ahead.length > 0 ? 'table' : 'drizzleTable';
    refuseOther(rules[option], ahead.length || unknown.length, option);
  }
  // Without tags only the text tells what ran, and one that was edited would run again.
  const isDoubtful = ahead.some(hasNoTag) || open.some(hasNoTag);
  if (ahead.length > 0 && open.length > 0 && (mustMatch || isDoubtful)) {
    throw new AdoptionError(
      'UNKNOWN_MIGRATION',
      `${lacking}, and the code has ${list(open)}, which the object lacks. Bring the migration back` +
        (isDoubtful
          ? ', or its text if that was edited: without a tag it would run again.'
          : ", or pass unknown: 'ignore' to keep the rows."),
      table,
      names,
    );
  }
  if (drift.length > 0 && rules.drift === 'error') {
    throw new AdoptionError(
      'DRIFT',
      `The SQL of ${list(drift)} has changed since it was applied in this object. Restore it and write a new migration, ` +
        "or pass drift: 'warn' if both do the same.",
      table,
      keysOf(drift),
    );
  }
  if (isMirrored && migrations.length > 0 && migrations.every(hasNoTag)) {
    throw new InputError(
      'INVALID_OPTION',
      `drizzle: 'mirror' needs migrations with tags. ${PASS_TAGS}`,
      'drizzle',
    );
  }
}

/**
 * Refuses a baseline that was made of other migrations than those it would stand for: one of them would never run.
 *
 * @param replaced what it would stand for
 * @throws {InputError} if it was made of others
 */
export function checkBaseline(replaced: readonly Migration[]): void {
  const last = replaced.at(-1);
  if (last === undefined || isCurrent(replaced)) return;
  throw new InputError(
    'STALE_BASELINE',
    `The baseline of ${named(last)} was made of other migrations than the ${replaced.length} up to it. Run ` +
      `\`npx drizzle-offramp convert --baseline ${last.key}\` again, or take the baseline out.`,
    last.key,
  );
}

/**
 * Refuses to go on in an object that lacks migrations whose SQL is gone.
 *
 * @param migrations those that must run
 * @param table the ledger
 * @throws {AdoptionError} if the SQL of any was replaced by a baseline
 */
export function checkReplaced(migrations: readonly Migration[], table: string): void {
  const gone = migrations.filter(({ sql, up }) => sql === null && up === undefined);
  if (gone.length === 0) return;
  throw new AdoptionError(
    'REPLACED_MIGRATION',
    `This object lacks ${list(gone)}, and the code has no SQL of them any more: a baseline replaced them, and it is for ` +
      'new objects only. Bring their SQL back (as it was before `convert --drop-replaced`) until this object has run them.',
    table,
    keysOf(gone),
  );
}

/** How much of a statement a message repeats, in characters. */
const STATEMENT = 100;
const quoted = (statement: string): string => {
  const line = statement.replace(/\s+/g, ' ');
  return `"${line.length > STATEMENT ? `${line.slice(0, STATEMENT)}…` : line}"`;
};

const reasonOf = (obstacle: Obstacle | undefined): string => {
  if (obstacle === undefined) return 'nothing stands against it';
  const { statement, other } = obstacle;
  return `${quoted(statement)} ${other ? `stands against ${quoted(other.text)} of ${named(other.migration)}` : 'does more than add'}`;
};

/**
 * Refuses the migrations that would run out of order and may not, or that the option says may not.
 *
 * @param late all that would, each with what stands against it
 * @param latest the last migration that the object has
 * @param table the ledger that says so
 * @param rules the resolved options
 * @throws {AdoptionError} if there is any
 */
export function checkLate(
  late: ReadonlyMap<Migration, Obstacle | undefined>,
  latest: Migration,
  table: string,
  { skipped }: ResolvedRules,
): void {
  const refused = [...late].filter(
    ([, obstacle]) => skipped === 'error' || (skipped === undefined && obstacle),
  );
  if (refused.length === 0) return;
  const migrations = refused.map(([migration]) => migration);
  const reasons = refused.map(
    ([migration, obstacle]) => `  ${named(migration)}: ${reasonOf(obstacle)}\n`,
  );
  throw new AdoptionError(
    'SKIPPED_MIGRATION',
    `${list(migrations)} was never applied in this object, though ${named(latest)} was. Applied now, it may not leave ` +
      `what a new object has:\n${reasons.join('')}Write a new migration with what it should have done and pass skipped: ` +
      "'ignore', or pass skipped: 'apply' if it is safe to run now.",
    table,
    keysOf(migrations),
  );
}
