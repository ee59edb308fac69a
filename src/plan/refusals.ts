// Why a plan cannot be made: the words for each rule that says no.
import { AdoptionError, InputError } from '../base/errors.ts';
import type { Migration } from '../input/migration.ts';
import type { DrizzleRow, LedgerRow } from '../ledger/row.ts';

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

export function refuseDiverged(
  ahead: readonly LedgerRow[],
  open: readonly Migration[],
  table: string,
): never {
  const names = ahead.map(nameOfRow);
  throw new AdoptionError(
    'UNKNOWN_MIGRATION',
    `${table} has ${names.join(', ')}, which this code lacks, and the code has ${list(open)}, which the object ` +
      "lacks: neither is the older one. Bring the missing migration back, or pass unknown: 'ignore' to go on without.",
    table,
    names,
  );
}

export function refuseSkipped(
  skipped: readonly Migration[],
  latest: Migration,
  table: string,
): never {
  throw new AdoptionError(
    'SKIPPED_MIGRATION',
    `${list(skipped)} was never applied in this object, though ${named(latest)} was, which comes later. Applied now, ` +
      'it could undo what came after it. Write a new migration with what it should have done and pass skipped: ' +
      "'ignore', or pass skipped: 'apply' if it is safe to run late.",
    table,
    keysOf(skipped),
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
