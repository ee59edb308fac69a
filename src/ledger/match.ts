import { AdoptionError } from '../base/errors.ts';
import { secondOf } from '../base/time.ts';
import type { Migration } from '../input/migration.ts';
import type { HistoryRow } from './row.ts';

/** Which migration each row stands for; rows that stand for none are not in it. */
export type Matches<Row> = Map<Row, Migration>;

/**
 * What a value means that fewer rows bear than migrations: the first migrations in order are meant, nobody can tell,
 * or the value says nothing unless as many bear it.
 */
type Fewer = 'first' | 'refuse' | 'none';

/**
 * Pairs rows and migrations by one value that both have. Rows and migrations that are paired already do not take part.
 *
 * @param matches the pairs so far; new ones are added
 * @param rows all rows
 * @param migrations all migrations
 * @param valueOfRow a row's value, or null if it has none
 * @param valueOfMigration a migration's value, or null if it has none
 * @param fewer what to do where fewer rows than migrations bear a value
 * @param refuse makes the error for rows and migrations that cannot be told apart
 */
export function pair<Row>(
  matches: Matches<Row>,
  rows: readonly Row[],
  migrations: readonly Migration[],
  valueOfRow: (row: Row, position: number) => string | number | null,
  valueOfMigration: (migration: Migration, position: number) => string | number | null,
  fewer: Fewer,
  refuse?: (rows: Row[], migrations: Migration[]) => Error,
): void {
  const taken = new Set(matches.values());
  const groups = new Map<string | number, { rows: Row[]; migrations: Migration[] }>();
  const group = (value: string | number) => {
    const found = groups.get(value) ?? { rows: [], migrations: [] };
    groups.set(value, found);
    return found;
  };
  rows.forEach((row, position) => {
    const value = matches.has(row) ? null : valueOfRow(row, position);
    if (value !== null) group(value).rows.push(row);
  });
  migrations.forEach((migration, position) => {
    const value = taken.has(migration) ? null : valueOfMigration(migration, position);
    if (value !== null) groups.get(value)?.migrations.push(migration);
  });
  for (const { rows: bearers, migrations: candidates } of groups.values()) {
    if (bearers.length !== candidates.length && fewer === 'none') continue;
    if (bearers.length < candidates.length && fewer === 'refuse' && refuse !== undefined) {
      throw refuse(bearers, candidates);
    }
    bearers.slice(0, candidates.length).forEach((row, i) => {
      matches.set(row, candidates[i] as Migration);
    });
  }
}

/** @param row a row of any ledger */
export const secondOfRow = ({ created_at }: HistoryRow): string | null =>
  created_at === null ? null : secondOf(created_at);
const secondOfMigration = ({ tag }: Migration): string => (tag as string).slice(0, 14);

/**
 * Whether a row is of 1.x, or of ours from a 1.x folder: it has a name, and its time is the start or the end of a second.
 *
 * @param row a row of any ledger
 */
export const isCoarse = ({ tag, created_at }: HistoryRow): boolean =>
  tag !== null && created_at !== null && [0, 999].includes(created_at % 1000);

/**
 * Finds the migration that each row of a ledger stands for, by what Drizzle leaves: the name, the exact `when`, an
 * earlier `when`, the checksum, and at last the second alone.
 *
 * @param rows the rows of a ledger, ours or Drizzle's, in the order in which they were written
 * @param migrations the migrations, in the order in which they run
 * @param table the ledger's name, for the message
 * @throws {AdoptionError} `AMBIGUOUS_ROW` if only the second is known, and more migrations than rows share it
 */
export function matchByIdentity<Row extends HistoryRow>(
  rows: readonly Row[],
  migrations: readonly Migration[],
  table: string,
): Matches<Row> {
  const matches: Matches<Row> = new Map();
  const tagged = migrations.filter(({ tag }) => tag !== null);
  pair(
    matches,
    rows,
    tagged,
    (row) => row.tag,
    (migration) => migration.tag,
    'first',
  );
  pair(
    matches,
    rows,
    tagged,
    (row) => row.created_at,
    (migration) => migration.when,
    'first',
  );
  for (const row of rows) {
    const { created_at } = row;
    if (matches.has(row) || created_at === null) continue;
    const restamped = tagged.find(({ was }) => was.includes(created_at));
    if (restamped !== undefined) matches.set(row, restamped);
  }
  pair(
    matches,
    rows,
    tagged,
    (row) => row.checksum,
    (migration) => migration.checksum,
    'none',
  );
  const ambiguous = (bearers: Row[], candidates: Migration[]): AdoptionError => {
    const tags = candidates.map(({ tag }) => tag as string);
    return new AdoptionError(
      'AMBIGUOUS_ROW',
      `${table} has ${bearers.length} row(s) for the second ${tags[0]?.slice(0, 14)}, in which ${tags.length} ` +
        `migrations were made: ${tags.join(', ')}. Nobody can tell which of them ran. Convert the migrations from ` +
        'the 0.x journal, which has the milliseconds, and pass those.',
      table,
      tags,
    );
  };
  // Two times that are both exact and differ are two migrations, even in one second.
  const coarse = tagged.filter(({ when }) => when === null);
  pair(matches, rows, coarse, secondOfRow, secondOfMigration, 'refuse', ambiguous);
  const fromSecond = (row: Row) => (isCoarse(row) ? secondOfRow(row) : null);
  pair(matches, rows, tagged, fromSecond, secondOfMigration, 'refuse', ambiguous);
  return matches;
}
