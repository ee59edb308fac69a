// Why a plan cannot be made: the words for each rule that says no.
import { AdoptionError, InputError } from '../base/errors.ts';
import type { Migration } from '../input/migration.ts';
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
    `${table} has ${rows.length} row(s) that match no migration: ${names.join(', ')}. Code that lacks an applied ` +
      'migration must not go on: bring the migration back (if its `when` was changed, convert and name the old one ' +
      "under `was`), or pass unknown: 'ignore' to keep the row and go on.",
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
    `${table} has ${count} row(s), and none of them stands for a migration of this code: it is not the history of this ` +
      'object, and any of it may have run already. Two lists in one object, as of a class and its base class, need a ' +
      `ledger each: name another one with the option \`${option}\`.`,
    table,
  );
}

export function refuseTooFew(rows: number, migrations: number, table: string): never {
  throw new AdoptionError(
    'TOO_FEW_MIGRATIONS',
    `Drizzle has ${rows} migrations but only ${migrations} were provided. A record is matched with ${table} by count, ` +
      'so it must hold all that Drizzle ran, in its order.',
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
    `${table} has ${names.join(', ')}, which this code lacks, and the code has ${list(open)}, which the object ` +
      'lacks: neither is the older one. Bring the missing migration back' +
      (isDoubtful
        ? '. Without a tag a migration is known by its text alone: if one was edited, restore its text, as it would run a second time.'
        : ", or pass unknown: 'ignore' to go on without."),
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
  if (obstacle === undefined) return `\n  ${named(migration)}: nothing stands against it`;
  const { statement, other } = obstacle;
  return other === undefined
    ? `\n  ${named(migration)}: ${quoted(statement)} does more than add`
    : `\n  ${named(migration)}: ${quoted(statement)} stands against ${quoted(other.statement)} of ${named(other.migration)}`;
};

export function refuseSkipped(
  late: readonly (readonly [Migration, Obstacle | undefined])[],
  latest: Migration,
  table: string,
): never {
  const migrations = late.map(([migration]) => migration);
  throw new AdoptionError(
    'SKIPPED_MIGRATION',
    `${list(migrations)} was never applied in this object, though ${named(latest)} was, which comes later or was made ` +
      `later. Applied out of order, it may not leave what a new object has:${late.map(reasonOf).join('')}\n` +
      "Write a new migration with what it should have done and pass skipped: 'ignore', or pass skipped: 'apply' if it " +
      'is safe to run now.',
    table,
    keysOf(migrations),
  );
}

export function refuseAhead(ahead: readonly LedgerRow[], table: string): never {
  const names = ahead.map(nameOfRow);
  throw new AdoptionError(
    'AHEAD',
    `${table} has ${names.join(', ')}, which this code does not know: it is older than the object. Deploy the newer ` +
      "code again, or pass ahead: 'report' to run on the newer schema.",
    table,
    names,
  );
}

export function refuseDrift(drift: readonly Migration[], table: string): never {
  throw new AdoptionError(
    'DRIFT',
    `The SQL of ${list(drift)} has changed since it was applied in this object. Restore it and write a new migration ` +
      "with the change, or pass drift: 'warn' if both do the same.",
    table,
    keysOf(drift),
  );
}

export function refuseMirror(): never {
  throw new InputError(
    'INVALID_OPTION',
    "drizzle: 'mirror' needs to know when Drizzle made each migration, and a record without tags does not say. Pass " +
      "drizzle-kit's migrations.js, or a converted module.",
    'drizzle',
  );
}
