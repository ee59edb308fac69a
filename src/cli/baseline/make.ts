// Makes the baseline of a history, and proves that it makes what the history makes.
import { OfframpError } from '../../base/errors.ts';
import { keyOf } from '../../base/key.ts';
import { quote } from '../../base/storage.ts';
import { baselineHeader, isCurrent, replacedBy } from '../../input/baseline.ts';
import { entryOf } from '../../input/entry.ts';
import type { Migration, MigrationRecord } from '../../input/migration.ts';
import { migrate } from '../../migrate.ts';
import { MAX_STATEMENT_BYTES } from '../../sql/statements.ts';
import { type Database, type OpenOptions, openDatabase } from '../database.ts';
import { CliError } from '../output.ts';
import { otherClock, underOtherClock } from './clock.ts';
import { compareSnapshots, type Difference } from './compare.ts';
import { renderSnapshot } from './render.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

/** A baseline that was made and proved. */
export interface Baseline {
  /** The whole text, its first line with what it stands for. */
  readonly text: string;
  readonly statements: number;
  /** How many rows it inserts. */
  readonly rows: number;
}

/** Names that no history has: with the option `table` it may have a table of the usual name. */
const NAMES = { table: '__offramp_ledger', drizzleTable: '__offramp_drizzle' };
const LEDGERS = Object.values(NAMES);
/** The runtime gives no result of more columns: https://developers.cloudflare.com/durable-objects/platform/limits/ */
const MAX_COLUMNS = 100;
/** Virtual tables that a baseline can make with their rows. */
const MODULES = ['fts5', 'rtree', 'rtree_i32'];
const SEPARATOR = ';\n--> statement-breakpoint\n';

const nameOf = ({ key, tag }: Migration): string => (tag === null ? key : `${key} (${tag})`);

const recordOf = (migrations: readonly Migration[]): MigrationRecord =>
  Object.fromEntries(migrations.map((one, number) => [keyOf(number), entryOf(one)]));

/** A history without its baseline, if all of it is there: else what is gone is what the baseline makes. */
function inFull(migrations: readonly Migration[]): Migration[] {
  const isGone = migrations.some(({ sql, up }) => sql === null && up === undefined);
  return migrations.map((one) => (isGone ? one : { ...one, baseline: undefined }));
}

/** A new object that has run a history, in memory. */
function run(migrations: readonly Migration[], options: OpenOptions = {}): Database {
  const database = openDatabase(':memory:', options);
  try {
    migrate(database, recordOf(migrations), { ...NAMES, drift: 'ignore' });
    return database;
  } catch (error) {
    closeLater(database);
    throw error;
  }
}

/** The runner enables foreign keys again once this turn is over. */
const closeLater = (database: Database): void => {
  setImmediate(() => database.close());
};

function take<T>(database: Database, look: (database: Database) => T): T {
  try {
    return look(database);
  } finally {
    closeLater(database);
  }
}

const snapshotOf = ({ sql }: Database): Snapshot => readSnapshot(sql, LEDGERS);

const placeOf = ({ table, column }: Difference): string =>
  column === undefined ? table : `${table}.${column}`;

const listOf = (differences: readonly Difference[]): string =>
  differences.map((one) => `\n  ${placeOf(one)} ${one.found}`).join('');

/** Refuses what cannot be written as SQL that makes it again. */
function checkSnapshot({ made, filled, texts }: Snapshot): void {
  const problems = [
    ...made.flatMap(({ name, module }) =>
      module === undefined || MODULES.includes(module)
        ? []
        : [`${name} is a virtual table of ${module}: only fts5 and rtree can be made again`],
    ),
    ...[...texts].flatMap(([name, { content, hasRows }]) =>
      content === 'none' && hasRows
        ? [`${name} has rows and no content: nobody can tell what they were made from`]
        : [],
    ),
    ...filled.flatMap(({ table, columns, rows }) => {
      if (columns.length > MAX_COLUMNS) {
        return [
          `${table.name} has rows of ${columns.length} columns: more than ${MAX_COLUMNS} cannot be inserted`,
        ];
      }
      const long = rows.find(
        (row) => Buffer.byteLength(row.join(', ')) > MAX_STATEMENT_BYTES - 5000,
      );
      const at = long?.findIndex(
        (value) => value.length === Math.max(...long.map(({ length }) => length)),
      );
      return at === undefined
        ? []
        : [`${table.name}.${columns[at]} has a row that is longer than one statement may be`];
    }),
  ];
  if (problems.length > 0) {
    throw new CliError(`No baseline can be made here:\n  ${problems.join('\n  ')}`);
  }
}

/** How often a history is run that may roll dice: a coin comes out the same eight times in a row once in 256 times. */
const THROWS = 8;

/** Whether what a history does may depend on chance. */
const mayRoll = ({ sql, up }: Migration): boolean => up !== undefined || /random/i.test(sql ?? '');

/** Refuses rows that are other ones whenever and wherever they are made. */
function checkRepeatable(migrations: readonly Migration[], first: Snapshot): void {
  const { functions, close } = otherClock();
  try {
    for (let times = migrations.some(mayRoll) ? THROWS : 1; times > 0; times--) {
      const again = underOtherClock(() => take(run(migrations, { functions }), snapshotOf));
      checkSame(first, again);
    }
  } finally {
    close();
  }
}

function checkSame(first: Snapshot, again: Snapshot): void {
  const differences = compareSnapshots(first, again).filter(
    // What AUTOINCREMENT counted and what is found in a text differ with the rows.
    ({ column }, _, all) => column !== undefined || all.every((one) => one.column === undefined),
  );
  if (differences.length === 0) return;
  throw new CliError(
    'No baseline can be made here: each new object has other rows, as they depend on time or chance.' +
      `${listOf(differences)}\nTake a baseline before the migration that writes them.`,
  );
}

/** The tables that a table refers to. */
const parentsIn =
  ({ sql }: Database) =>
  (table: string): string[] =>
    [...sql.exec(`PRAGMA foreign_key_list(${quote(table)})`)].map((row) => String(row.table));

const textOf = (replaced: readonly Migration[], statements: readonly string[]): string =>
  `${baselineHeader(replaced)}\n${statements.join(SEPARATOR)}${statements.length > 0 ? ';\n' : ''}`;

/** Runs the baseline in a new object and compares. */
function prove(replaced: readonly Migration[], text: string, expected: Snapshot): void {
  const last = replaced.at(-1) as Migration;
  const found = take(run([...replaced.slice(0, -1), { ...last, baseline: text }]), snapshotOf);
  const differences = compareSnapshots(expected, found);
  if (differences.length > 0) {
    throw new CliError(
      `The baseline of ${nameOf(last)} does not make what the history makes:${listOf(differences)}`,
    );
  }
}

/** Without foreign keys, where rows of two tables refer to each other: no order of them is right. */
const withoutForeignKeys = (statements: readonly string[]): string[] => [
  'PRAGMA foreign_keys=OFF',
  ...statements,
  'PRAGMA foreign_keys=ON',
];

/**
 * Makes the baseline of a history: the schema, and the rows that the history itself inserts, as SQL. It is run and
 * compared before it is returned.
 *
 * @param replaced the migrations that it is to stand for, in order: all from the first
 * @throws {CliError} if it cannot be made, with each table and column that is in the way
 */
export function makeBaseline(replaced: readonly Migration[]): Baseline {
  const history = inFull(replaced);
  const last = nameOf(history.at(-1) as Migration);
  const { snapshot, statements } = take(runHistory(history, last), (database) => {
    const found = snapshotOf(database);
    checkSnapshot(found);
    return { snapshot: found, statements: renderSnapshot(found, parentsIn(database)) };
  });
  checkRepeatable(history, snapshot);
  const ways = [statements, withoutForeignKeys(statements)];
  let failure: unknown;
  for (const way of ways) {
    const text = textOf(replaced, way);
    try {
      prove(history, text, snapshot);
      const rows = snapshot.filled.reduce((sum, one) => sum + one.rows.length, 0);
      return { text, statements: way.length, rows };
    } catch (error) {
      if (!(error instanceof OfframpError)) throw error;
      failure = error;
      // Only a reference to a row that comes later is fixed by that.
      if (!/FOREIGN KEY constraint failed/.test(error.message)) break;
    }
  }
  throw new CliError(
    `No baseline can be made of ${last}: a new object cannot have the rows that the history leaves.\n${(failure as Error).message}`,
    { cause: failure },
  );
}

function runHistory(history: readonly Migration[], last: string): Database {
  try {
    return run(history);
  } catch (cause) {
    if (!(cause instanceof OfframpError)) throw cause;
    throw new CliError(
      `No baseline can be made of ${last}: the history does not run in a new object.\n${cause.message}`,
      { cause },
    );
  }
}

/** What a new object that runs migrations throws. */
function failureOf(migrations: readonly Migration[]): OfframpError | undefined {
  try {
    closeLater(run(migrations));
    return undefined;
  } catch (error) {
    if (error instanceof OfframpError) return error;
    throw error;
  }
}

/**
 * Checks that a new object can run what comes after a baseline too: in one transaction with it, foreign keys may be
 * enforced where they were not, or the other way round.
 *
 * @param migrations all migrations, one of them with the baseline
 * @throws {CliError} if it cannot, though it can run the history
 */
export function checkRest(migrations: readonly Migration[]): void {
  const last = replacedBy(migrations).at(-1);
  const failure = failureOf(migrations);
  if (last === undefined || failure === undefined) return;
  const history = inFull(migrations);
  const runs = history.every(({ baseline }) => baseline === undefined) && !failureOf(history);
  if (!runs) return;
  throw new CliError(
    `A new object that begins with the baseline of ${nameOf(last)} cannot run what comes after it, though it can run the ` +
      `history. Take another migration.\n${failure.message}`,
    { cause: failure },
  );
}

/**
 * Proves a baseline again, as far as the history is there.
 *
 * @param migrations all migrations
 * @returns false if nothing could be proved: there is no baseline, or SQL of what it replaces is gone
 * @throws {CliError} if it was made of other migrations, or does not make what they make
 */
export function checkBaseline(migrations: readonly Migration[]): boolean {
  const replaced = replacedBy(migrations);
  const last = replaced.at(-1);
  if (last?.baseline === undefined) return false;
  if (!isCurrent(replaced)) {
    throw new CliError(
      `The baseline of ${nameOf(last)} was made of other migrations than those up to it. Run ` +
        `\`npx drizzle-offramp convert --baseline ${last.key}\` again.`,
    );
  }
  const history = inFull(replaced);
  if (history.at(-1)?.baseline !== undefined) return false;
  prove(history, last.baseline, take(runHistory(history, nameOf(last)), snapshotOf));
  checkRest(migrations);
  return true;
}
