/** What to do about objects that failed, by the code of their failure. Each code has more in the manual's page of errors. */
const ADVICE: Readonly<Record<string, string>> = {
  // What a sweep itself finds.
  OVERLOADED:
    'They had more to do than they can. Nothing is wrong with their migrations. Retry in a quiet hour, or with a lower rate.',
  TIMEOUT:
    'They did not answer in time, each time that they were asked. Look at one of them: a constructor that waits for something is slow for your users too. Then retry.',
  OLD_CODE:
    'They still ran old code when the run gave up. Deploy again, or wait until the deploy has settled. Then retry.',
  UNREACHABLE: 'The platform lost them for a moment, again and again. Retry.',
  PENDING:
    'They were woken, and still have something to run. Their class may migrate later than in its constructor. Wrap it with withMigrations, or look into one of them.',
  CONSTRUCTOR_THREW:
    'Their constructor threw something else than an error of a migration. Read the message, fix the class, deploy, and retry.',
  OBJECT_FAILED: 'They threw at the call. Read the message, and look into one of them.',
  NOT_TRIED:
    'The migrations could not be tried, as a statement, a table or a trigger says ROLLBACK. Say ABORT in the migration, or rehearse it.',
  // What a migration says.
  MIGRATION_FAILED:
    'A statement does not work on their rows, and was rolled back. Change its SQL so that it works on these rows too and ends in the same schema. Deploy, and sweep again. Until then these objects fail for your users as well.',
  FOREIGN_KEY_VIOLATION:
    'The migrations leave rows that refer to nothing, and were rolled back. Delete or fix these rows in the migration that removes their parents. Deploy, and sweep again.',
  FOREIGN_KEYS_AFTER_WRITE:
    'Something is written before the migrations run, mostly by super() of a base class. Migrate before it, or with migrateAsync. Deploy, and retry.',
  FOREIGN_KEYS_IN_TRANSACTION:
    'The migrations run inside of a transaction. Call them outside of it. Deploy, and retry.',
  STORAGE_FAILED:
    'The database refused a statement that belongs to no migration; its storage may be full. Look into one of them.',
  // What does not fit.
  UNKNOWN_ROW:
    "Drizzle's ledger has a row that matches no migration of the code. Deploy the newer code, or bring the migration back. If nobody needs it, repair the objects one by one.",
  UNKNOWN_MIGRATION:
    'They have a migration that the code lacks, and lack one that it has. Merge the two branches, deploy, and sweep again.',
  OTHER_HISTORY:
    'None of their rows stands for a migration of this code: there are two lists of migrations, or it is another folder. Name tables of its own for the second list.',
  AMBIGUOUS_ROW:
    'Two migrations were made in the same second, and nobody can tell which of them ran. Pass the migrations of the journal of 0.x, which has the milliseconds.',
  SKIPPED_MIGRATION:
    "Drizzle's migrator has skipped a migration there, and running it now may not give what a new object has. The manual's page of merging branches has the three ways.",
  TOO_FEW_MIGRATIONS:
    "The migrations have no tags, and Drizzle's ledger has more rows than there are migrations. Pass all that Drizzle ran, or drizzle-kit's own migrations.js.",
  AHEAD: 'They have migrations that this code lacks. Deploy the newer code, and sweep again.',
  DRIFT: 'The SQL of an applied migration has changed. Restore it, and write a new migration.',
  NOT_A_LEDGER: 'A table with the name of a ledger has another owner. Name another table.',
  BROKEN_LEDGER:
    'Somebody has edited the ledger, and no repair knows what was there. Put the row back, or go back in time: the manual says how.',
  NOT_SQLITE: 'The class keeps its data in the old way, without SQLite. It cannot be migrated.',
};

/** What a wrong input means: it is about the code, and not about an object. */
const OF_INPUT =
  'The migrations or the options of the code are wrong, so each object of the class fails. `npx drizzle-offramp check` says where. Deploy, and sweep again.';

const INPUT_CODES: readonly string[] = [
  ...[
    'INVALID_TARGET',
    'D1_DATABASE',
    'INVALID_INPUT',
    'MIGRATIONS_FOLDER',
    'INVALID_KEY',
    'KEY_GAP',
  ],
  ...[
    'INVALID_TAG',
    'REPEATED_TAG',
    'INVALID_WHEN',
    'INVALID_ENTRY',
    'REPEATED_IDX',
    'MISSING_SQL',
  ],
  ...['ORPHAN_SQL', 'SQL_NOT_TEXT', 'STALE_FINGERPRINT', 'NOT_WRITTEN', 'STATEMENT_TOO_LONG'],
  ...['INVALID_OPTION', 'INVALID_TABLE_NAME'],
];

/** What can be said of a code that is not ours. */
const OF_OTHERS =
  'This code is not one of drizzle-offramp. Read the message, and look into one of them.';

/**
 * What to do about objects that failed with a code.
 *
 * @param code the code of the failure
 * @returns a few sentences
 */
export const adviceFor = (code: string): string =>
  (Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined) ??
  (INPUT_CODES.includes(code) ? OF_INPUT : OF_OTHERS);
