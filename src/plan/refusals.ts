// Why a plan cannot be made: the words for each rule that says no.
import { AdoptionError, InputError } from '../base/errors.ts';
import type { Migration } from '../input/migration.ts';
import { PASS_TAGS } from '../ledger/match.ts';
import type { DrizzleRow, LedgerRow } from '../ledger/row.ts';
import type { Obstacle } from './late.ts';

export const named = ({ key, tag }: Migration): string => (tag === null ? key : `${key} (${tag})`);
const list = (migrations: readonly Migration[]): string => migrations.map(named).join(', ');
const keysOf = (migrations: readonly Migration[]): string[] => migrations.map(({ key }) => key);

const nameOfRow = (row: LedgerRow): string => row.tag ?? `version ${row.version}`;

const describe = (row: DrizzleRow): string =>
  row.tag ?? (row.created_at === null ? 'a row without a time' : `created_at ${row.created_at}`);

export function refuseUnknown(rows: readonly DrizzleRow[], table: string): never {
  const names = rows.map(describe);
  throw new AdoptionError(
    'UNKNOWN_ROW',
    `${table} has ${rows.length} row(s) that match no migration: ${names.join(', ')}. Bring the migration back ` +
      "(after a change of its `when`, convert and name the old one under `was`), or pass unknown: 'ignore' to keep the rows.",
    table,
    names,
  );
}

/**
 * With nothing in common, any migration of this code may have run already.
 *
 * @param count how many rows the ledger has
 * @param table the ledger's name
 * @param option the option that names another ledger
 */
export function refuseOther(count: number, table: string, option: string): never {
  throw new AdoptionError(
    'OTHER_HISTORY',
    `${table} has ${count} row(s) that match no migration, and none that does. If it belongs to another list of ` +
      `migrations, as of a base class, name another table with the option \`${option}\`.`,
    table,
  );
}

export function refuseTooFew(rows: number, migrations: number, table: string): never {
  throw new AdoptionError(
    'TOO_FEW_MIGRATIONS',
    `${table} has ${rows} row(s), and the code has only ${migrations} migration(s). Without tags they are matched by ` +
      'count: pass all that Drizzle ran, in its order.',
    table,
  );
}

export function refuseDiverged(
  ahead: readonly LedgerRow[],
  open: readonly Migration[],
  table: string,
  isDoubtful: boolean,
): never {
  const names = ahead.map(nameOfRow);
  throw new AdoptionError(
    'UNKNOWN_MIGRATION',
    `${table} has ${names.join(', ')}, which the code lacks, and the code has ${list(open)}, which the object ` +
      'lacks. Bring the migration back' +
      (isDoubtful
        ? ', or its text if it was edited: without tags it would run again.'
        : ", or pass unknown: 'ignore' to keep the rows."),
    table,
    names,
  );
}

/** How much of a statement a message repeats, in characters. */
const STATEMENT = 100;
const quoted = (statement: string): string => {
  const line = statement.replace(/\s+/g, ' ');
  return `"${line.length > STATEMENT ? `${line.slice(0, STATEMENT)}…` : line}"`;
};

const reasonOf = ([migration, obstacle]: readonly [Migration, Obstacle | undefined]): string => {
  let reason = 'nothing stands against it';
  if (obstacle) {
    const { statement, other } = obstacle;
    reason = `${quoted(statement)} ${other ? `stands against ${quoted(other.text)} of ${named(other.migration)}` : 'does more than add'}`;
  }
  return `\n  ${named(migration)}: ${reason}`;
};

export function refuseSkipped(
  late: readonly (readonly [Migration, Obstacle | undefined])[],
  latest: Migration,
  table: string,
): never {
  const migrations = late.map(([migration]) => migration);
  throw new AdoptionError(
    'SKIPPED_MIGRATION',
    `${list(migrations)} was never applied in this object, though ${named(latest)} was. Applied now, it may not leave ` +
      `what a new object has:${late.map(reasonOf).join('')}\nWrite a new migration with what it should have done and ` +
      "pass skipped: 'ignore', or pass skipped: 'apply' if it is safe to run now.",
    table,
    keysOf(migrations),
  );
}

export function refuseAhead(ahead: readonly LedgerRow[], table: string): never {
  const names = ahead.map(nameOfRow);
  throw new AdoptionError(
    'AHEAD',
    `${table} has ${names.join(', ')}, which the code lacks. Deploy the newer code again, or pass ahead: 'report' to ` +
      'run on the newer schema.',
    table,
    names,
  );
}

export function refuseDrift(drift: readonly Migration[], table: string): never {
  throw new AdoptionError(
    'DRIFT',
    `The SQL of ${list(drift)} has changed since it was applied in this object. Restore it and write a new migration, ` +
      "or pass drift: 'warn' if both do the same.",
    table,
    keysOf(drift),
  );
}

export function refuseMirror(): never {
  throw new InputError('INVALID_OPTION', `drizzle: 'mirror' needs tags. ${PASS_TAGS}`, 'drizzle');
}
