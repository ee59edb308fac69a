// Which migration each row of a ledger stands for, and by what that is told.
import { AdoptionError } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import { secondOf } from '../base/time.ts';
import type { Migration } from '../input/migration.ts';
import { spellingsOf } from '../sql/spellings.ts';
import { type Matches, match, type Rule } from './pair.ts';
import type { DrizzleRow, HistoryRow, LedgerRow } from './row.ts';
/** @param row a row of any ledger */
export const secondOfRow = ({ created_at }: HistoryRow): string | null =>
  created_at === null ? null : secondOf(created_at);
const secondOfTag = (tag: string): string => tag.slice(0, 14);
const secondOfMigration = ({ tag }: Migration): string | null => tag && secondOfTag(tag);

/** Whether a row's name says the second that its time says: Drizzle 1.x may have named it after another migration. */
const isConsistent = (row: HistoryRow): boolean =>
  row.tag !== null && secondOfTag(row.tag) === secondOfRow(row);

/**
 * Whether of a row's time only the second is known, as 1.x writes it: the time is the start or the end of the second
 * that its name says.
 *
 * @param row a row of any ledger
 */
export const isCoarse = (row: HistoryRow): boolean =>
  isConsistent(row) && [0, 999].includes((row.created_at as number) % 1000);

/**
 * The name by which a row can be known again later, or null for one that was named after another migration.
 *
 * @param row a row of any ledger
 */
export const ownTag = (row: HistoryRow): string | null =>
  row.created_at === null || isConsistent(row) ? row.tag : null;

const isWhole = ({ tag, created_at }: HistoryRow): boolean =>
  tag === null && created_at !== null && created_at % 1000 === 0;

/** What tells a row apart from all others but those that stand there twice. */
const sameness = ({ tag, created_at }: HistoryRow): string => `${tag} ${created_at}`;

const BY_TAG: Rule<HistoryRow> = { row: ({ tag }) => tag, migration: ({ tag }) => tag };
const BY_OWN_TAG: Rule<HistoryRow> = { ...BY_TAG, row: ownTag };
const BY_TAG_AND_WHEN: Rule<HistoryRow> = {
  row: sameness,
  migration: ({ tag, when }) => `${tag} ${when}`,
};
/** Drizzle 1.x with a folder of 0.x names its rows after the keys. */
const BY_KEY: Rule<HistoryRow> = { ...BY_TAG, migration: ({ key }) => key };
const BY_EARLIER_WHEN: Rule<HistoryRow> = {
  row: ({ created_at }) => created_at,
  migration: ({ was }) => was,
};
const BY_CHECKSUM: Rule<HistoryRow> = {
  row: ({ checksum }) => checksum,
  migration: ({ checksum }) => checksum,
  fewer: 'none',
};

/** The rules by time. */
function byTime(rows: readonly HistoryRow[], migrations: readonly Migration[], isTheirs: boolean) {
  const tags = new Set(migrations.map(({ tag }) => tag));
  // Drizzle 1.0.0-beta.2 to beta.14 write no name and the whole second. Beside rows of 0.x such a row may as well be
  // one that was made in just that millisecond.
  const nameless = rows.filter(({ tag, created_at }) => tag === null && created_at !== null);
  const isBeta = isTheirs && nameless.every(isWhole);
  const when: Rule<HistoryRow> = {
    // A name that nobody knows: all that its time tells is the second.
    row: (row) => (isCoarse(row) && !tags.has(row.tag) ? null : row.created_at),
    migration: ({ when: exact }) => exact,
  };
  const second = { row: secondOfRow, migration: secondOfMigration, fewer: 'refuse' } as const;
  const seconds: Rule<HistoryRow>[] = [
    // Two times that are both exact and differ are two migrations, even in one second.
    { ...second, migration: (one) => (one.when === null ? secondOfMigration(one) : null) },
    {
      ...second,
      row: (row) => (isCoarse(row) || (isBeta && isWhole(row)) ? secondOfRow(row) : null),
    },
    { ...second, row: (row) => (isWhole(row) ? secondOfRow(row) : null), fewer: 'doubt' },
  ];
  return { when, seconds };
}

/** What to do where the migrations say too little. */
export const PASS_TAGS = "Pass drizzle-kit's migrations.js, or a converted module.";

const ambiguous =
  (table: string) =>
  (rows: readonly HistoryRow[], candidates: readonly Migration[]): AdoptionError => {
    const tags = candidates.map(({ tag }) => tag as string);
    return new AdoptionError(
      'AMBIGUOUS_ROW',
      `${table} has ${rows.length} row(s) for the second ${tags[0]?.slice(0, 14)}, in which ${tags.length} ` +
        `migration(s) were made: ${tags.join(', ')}. Nobody can tell which of them ran. ` +
        (candidates.some(({ when }) => when === null)
          ? 'Convert the migrations from the 0.x journal, which has the milliseconds.'
          : 'Write the `when` of the one that ran into the row as its created_at.'),
      table,
      tags,
    );
  };

const isTagged = ({ tag }: Migration): boolean => tag !== null;

/**
 * Finds the migration that each row of a ledger stands for: by the tag, the exact `when`, an earlier `when`, the
 * checksum, and at last the second alone. In Drizzle's a name beside another second than its own counts after all of
 * these but the second. Migrations without a tag take no part.
 *
 * @param rows the rows of a ledger
 * @param migrations the migrations, in the order in which they run
 * @param table the ledger's name, for the message
 * @param isTheirs whether it is Drizzle's
 * @throws {AdoptionError} `AMBIGUOUS_ROW` if nobody can tell which of several migrations a row stands for
 */
export function matchByIdentity<Row extends HistoryRow>(
  rows: readonly Row[],
  migrations: readonly Migration[],
  table: string,
  isTheirs = false,
): Matches<Row> {
  const refuse = ambiguous(table);
  const named = migrations.filter(isTagged);
  const { when, seconds } = byTime(rows, named, isTheirs);
  const byTag = isTheirs ? BY_OWN_TAG : BY_TAG;
  const rules = [BY_TAG_AND_WHEN, byTag, when, BY_KEY, BY_EARLIER_WHEN, BY_CHECKSUM, BY_TAG];
  const matches = match<Row>(rows, named, rules, refuse);
  // A row of theirs that stands twice stands for one migration, and must not be taken for another of its second.
  const seen = new Set(isTheirs ? [...matches.keys()].map(sameness) : []);
  const twice: Rule<Row> = {
    row: (row) => (row.tag !== null && seen.has(sameness(row)) ? secondOfRow(row) : null),
    migration: secondOfMigration,
    fewer: 'doubt',
  };
  return match(rows, named, [twice, ...seconds], refuse, matches);
}

/**
 * The rows that stand for a migration once more: they say just what another row says, or an earlier `when` of it.
 *
 * @param rows rows of Drizzle's ledger that are left
 * @param matches what {@link matchByIdentity} found
 * @returns which of them may be one of another migration all the same, and must be kept in mind
 */
export function repeatedRows(
  rows: readonly DrizzleRow[],
  matches: Matches<DrizzleRow>,
): Map<DrizzleRow, boolean> {
  const seen = new Set([...matches.keys()].map(sameness));
  const found = [...matches.values()];
  const stamps = new Set(found.map(({ when }) => when));
  const earlier = new Set(found.flatMap(({ was }) => was));
  return new Map(
    rows.flatMap((row): [DrizzleRow, boolean][] => {
      const { tag, created_at } = row;
      if (created_at === null) return [];
      if (earlier.has(created_at)) return [[row, false]];
      const isRepeated = seen.has(sameness(row)) || (tag === null && stamps.has(created_at));
      return isRepeated ? [[row, true]] : [];
    }),
  );
}

/** A row of Drizzle's that stood for no migration when it was adopted, and was kept: it is neither ahead nor in the way. */
export const isKept = (row: LedgerRow): boolean =>
  row.origin === 'drizzle' && row.checksum === null;

/** The checksums of all texts that cannot differ from a migration's in effect; made only where a row is not found else. */
const spelled = new WeakMap<Migration, readonly string[]>();
function checksumsOf(migration: Migration): readonly string[] {
  const { sql, checksum } = migration;
  const found =
    spelled.get(migration) ?? (sql === null ? [checksum] : spellingsOf(sql).map(sha256));
  spelled.set(migration, found);
  return found;
}

/**
 * Whether the SQL of an applied migration is another than the one that ran.
 *
 * @param row its row
 * @param migration the migration
 */
export const hasDrifted = ({ checksum }: LedgerRow, migration: Migration): boolean =>
  checksum !== null &&
  checksum !== migration.checksum &&
  !checksumsOf(migration).includes(checksum);

/** Where one side has no tag the text is the identity; the number only tells equal texts apart. */
const byText = (
  textsOf: (migration: Migration) => readonly string[],
): readonly Rule<LedgerRow>[] => [
  {
    row: ({ version, checksum }) => checksum && `${version} ${checksum}`,
    migration: (migration, number) => textsOf(migration).map((text) => `${number} ${text}`),
  },
  { row: ({ tag, checksum }) => (tag === null ? checksum : null), migration: textsOf },
  {
    row: ({ checksum }) => checksum,
    migration: (migration) => (migration.tag === null ? textsOf(migration) : null),
  },
];
/** do-orm writes a number and nothing else. */
const BY_NUMBER: Rule<LedgerRow> = {
  row: ({ version, checksum }) => (checksum === null ? version : null),
  migration: (_, number) => number,
};

/**
 * Finds the migration that each row of our ledger stands for: by identity, and where one side has no tag by the text.
 *
 * @param rows the rows of our ledger
 * @param migrations the migrations, in the order in which they run
 * @param table the ledger's name, for the message
 * @throws {AdoptionError} `AMBIGUOUS_ROW` if only the second is known, and more migrations than rows share it
 */
export function matchLedger(
  rows: readonly LedgerRow[],
  migrations: readonly Migration[],
  table: string,
): Matches<LedgerRow> {
  const matches = matchByIdentity(rows, migrations, table);
  const own = rows.filter((row) => !isKept(row));
  const rules = [...byText(({ checksum }) => [checksum]), ...byText(checksumsOf), BY_NUMBER];
  match(own, migrations, rules, ambiguous(table), matches);
  // A text was edited if all the rest is as it was: with anything else open, nobody can tell which one became which.
  const rest = own.filter((row) => !matches.has(row));
  const found = new Set(matches.values());
  const isEdited = ({ version, tag }: LedgerRow): boolean => {
    const migration = migrations[version];
    return (
      migration !== undefined && !found.has(migration) && (tag === null || !isTagged(migration))
    );
  };
  const isAll = found.size > 0 && found.size + rest.length === migrations.length;
  if (isAll && rest.length === 1 && rest.every(isEdited)) {
    for (const row of rest) matches.set(row, migrations[row.version] as Migration);
  }
  return matches;
}

/**
 * Finds the migration that each row of Drizzle's ledger stands for where no migration has a tag: by the key, which some
 * rows bear as their name, and else by count.
 *
 * @param rows the rows of Drizzle's ledger
 * @param migrations the migrations, in the order in which they run
 * @param table the ledger's name, for the message
 * @throws {AdoptionError} `AMBIGUOUS_ROW` if two rows are the same, so that nobody can tell how many to count
 */
export function matchByCount(
  rows: readonly DrizzleRow[],
  migrations: readonly Migration[],
  table: string,
): Matches<DrizzleRow> {
  const seen = new Set<string>();
  const counted = rows.filter((row) => !seen.has(sameness(row)) && seen.add(sameness(row)));
  if (counted.length < rows.length && rows.some(({ tag }) => tag === null)) {
    throw new AdoptionError(
      'AMBIGUOUS_ROW',
      `${table} has ${rows.length - counted.length} row(s) that say the same as another one, so nobody can tell how many ` +
        `migrations ran. ${PASS_TAGS}`,
      table,
    );
  }
  const byKey = match<DrizzleRow>(rows, migrations, [BY_KEY], ambiguous(table));
  if (byKey.size > 0) return byKey;
  return new Map(
    counted.slice(0, migrations.length).map((row, at) => [row, migrations[at] as Migration]),
  );
}
