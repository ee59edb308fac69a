// Tries a plain record in a database, in every state that an object of this history can be in, before it is written.
import { MigrationError, OfframpError } from '../../base/errors.ts';
import { keyOf } from '../../base/key.ts';
import type { StateLike } from '../../base/storage.ts';
import type { Migration, MigrationRecord } from '../../input/migration.ts';
import { type Inspection, inspect } from '../../inspect.ts';
import { quote } from '../../ledger/ledger.ts';
import { migrate } from '../../migrate.ts';
import { addsNoRows, isAdditive, splitStatements } from '../../sql/statements.ts';
import { type Database, openDatabase } from '../database.ts';
import { CliError } from '../output.ts';

/** What was tried. */
export interface Rehearsal {
  /** How many states of objects were tried. */
  readonly states: number;
}

/** Migrations in their long form under new keys: an earlier deploy, or one that lacked a migration. */
const recordOf = (migrations: readonly Migration[]): MigrationRecord =>
  Object.fromEntries(
    migrations.map(({ tag, when, was, checksum, sql }, number) => [
      keyOf(number),
      { sql, checksum, was, ...(tag !== null && { tag }), ...(when !== null && { when }) },
    ]),
  );

/** An object to try things on. */
interface Rehearsed extends StateLike {
  readonly storage: Database;
}

/** An object whose database can be migrated inside a transaction, which is then rolled back. */
function newObject(): Rehearsed {
  const storage = openDatabase(':memory:');
  // The switch does nothing in a transaction, and there are no rows here that a rebuild could lose.
  storage.sql.exec('PRAGMA foreign_keys = OFF');
  return { storage, blockConcurrencyWhile: (callback) => callback() };
}

class RolledBack extends Error {}

/** Runs a function and undoes all that it did to a database. */
function undone<T>(object: Rehearsed, run: () => T): T {
  let result: { value: T } | undefined;
  try {
    object.storage.transactionSync(() => {
      result = { value: run() };
      throw new RolledBack();
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  return (result as { value: T }).value;
}

const QUIET = { drift: 'ignore' } as const;

const read = (object: Rehearsed, sql: string): string =>
  JSON.stringify([...object.storage.sql.exec(sql)]);

/** The names of tables that hold rows but the ledgers: most migrations write none. */
function filledTables(object: Rehearsed): string[] {
  const tables = Array.from(
    object.storage.sql.exec(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('__migrations', '__drizzle_migrations')",
    ),
    ({ name }) => name as string,
  );
  return tables.filter((name) => {
    const [row] = object.storage.sql.exec(`SELECT 1 FROM ${quote(name)} LIMIT 1`);
    return row !== undefined;
  });
}

/** Everything that a database holds but the ledgers: the schema, and the rows that migrations wrote. */
function contents(object: Rehearsed, rowless: boolean): string {
  const schema = read(
    object,
    "SELECT type, name, sql FROM sqlite_master WHERE tbl_name NOT IN ('__migrations', '__drizzle_migrations') ORDER BY name",
  );
  const filled = rowless ? [] : filledTables(object);
  const rows = filled.map((name) => `${name} ${read(object, `SELECT * FROM ${quote(name)}`)}`);
  return [schema, ...rows].join('\n');
}

const keys = (refs: readonly { key: string }[]): string => refs.map(({ key }) => key).join(', ');

/** What a module would do in an object, as far as the two modules must agree. */
const verdict = ({ refusal, result }: Inspection): string =>
  refusal === undefined
    ? [
        `apply: ${keys(result.applied) || 'nothing'}`,
        `late: ${keys(result.outOfOrder) || 'none'}`,
        `changed since: ${keys(result.drift) || 'none'}`,
        `unknown: ${result.ahead.length + result.unknown.length}`,
      ].join('; ')
    : `refuse (${refusal.code})`;

/** The ledger's rows, with the tags that they had before the plain record came. */
const LEDGER =
  'SELECT version, tag, checksum, created_at, origin FROM __migrations ORDER BY version';

const readLedger = (object: Rehearsed): unknown[] => {
  const [made] = object.storage.sql.exec("PRAGMA table_list('__migrations')");
  return made === undefined ? [] : [...object.storage.sql.exec(LEDGER)];
};

/** What is compared. */
interface Rehearsing {
  readonly migrations: readonly Migration[];
  readonly converted: MigrationRecord;
  readonly plain: MigrationRecord;
  /** Whether no migration writes rows, so that none need be looked for. */
  readonly rowless: boolean;
}

/** What a module makes of an object. */
interface Outcome {
  /** What stands in it, or why nothing changed. */
  readonly data: string;
  readonly ledger: readonly unknown[];
}

/** Tries a module on an object, which is then as it was. */
const outcome = (object: Rehearsed, record: MigrationRecord, rowless: boolean): Outcome =>
  undone(object, () => {
    try {
      migrate(object, record, QUIET);
      return { data: contents(object, rowless), ledger: readLedger(object) };
    } catch (error) {
      if (!(error instanceof OfframpError)) throw error;
      // Run late, a migration can fail; it must then fail in the same place.
      const place = error instanceof MigrationError ? [error.key, error.statementIndex] : [];
      return { data: [error.code, ...place].join(' '), ledger: readLedger(object) };
    }
  });

/** Whether a ledger begins with the rows of another one: nothing that an object knows was lost. */
const beginsWith = (ledger: readonly unknown[], start: readonly unknown[]): boolean =>
  JSON.stringify(ledger.slice(0, start.length)) === JSON.stringify(start);

/** Compares what both modules leave in an object; returns what is wrong with the plain one. */
function compareOutcomes(
  object: Rehearsed,
  { converted, plain, rowless }: Rehearsing,
): string | undefined {
  const one = outcome(object, converted, rowless);
  const other = outcome(object, plain, rowless);
  if (one.data !== other.data) return 'the plain record leaves another schema or other rows';
  const start = readLedger(object);
  if (!beginsWith(other.ledger, start)) return 'the plain record changes rows of the ledger';
  return undefined;
}

/** Compares what both modules would do in an object; returns what is wrong with the plain one. */
function comparePlans(object: Rehearsed, { converted, plain }: Rehearsing): string | undefined {
  const [before, after] = [converted, plain].map((record) =>
    verdict(inspect(object, record, QUIET)),
  );
  if (before === after) return undefined;
  return `the module says "${before}", the plain record "${after}"`;
}

/** Tells an object's state that cannot be told apart from another one. */
function refuse(state: string, difference: string): never {
  throw new CliError(
    `The plain record was not written: it would not be level in an object ${state}: ${difference}. Without tags a ` +
      'migration is known by its number and its SQL, so two with the same SQL can be mistaken for each other: keep ' +
      'the converted module.',
  );
}

/**
 * Tries one state. Where `run` is false only the plans are compared: the same migrations in the same order have been
 * run from other states, and running all of them from each takes minutes for a long history.
 */
function tryState(object: Rehearsed, rehearsing: Rehearsing, state: string, run = false): void {
  const difference =
    comparePlans(object, rehearsing) ?? (run ? compareOutcomes(object, rehearsing) : undefined);
  if (difference !== undefined) refuse(state, difference);
}

/** An object after each migration in turn, adopted; with Drizzle's ledger alone where the tags can be written there. */
function tryPrefixes(rehearsing: Rehearsing): number {
  const { migrations } = rehearsing;
  const object = newObject();
  let states = 0;
  try {
    for (let count = 0; count <= migrations.length; count++) {
      const present = migrations.slice(0, count);
      const record = recordOf(present);
      if (count > 0) migrate(object, record, QUIET);
      tryState(object, rehearsing, `with the first ${count} migrations`, true);
      states++;
      // Drizzle's ledger knows nothing of one that was written by hand.
      if (present.some(({ tag }) => tag === null)) continue;
      undone(object, () => {
        migrate(object, record, { ...QUIET, drizzle: 'mirror' });
        object.storage.sql.exec('DROP TABLE __migrations');
        const state = `that has not woken since Drizzle ran its first ${count} migrations`;
        tryState(object, rehearsing, state);
      });
      states++;
    }
  } finally {
    object.storage.close();
  }
  return states;
}

/** How far an object is that got a migration late: one migration later, or all of them. */
const latestOf = (position: number, size: number): number[] => [
  ...new Set([Math.min(position + 2, size), size]),
];

/** An object over which Drizzle skipped a migration: not mended yet, and mended by the converted module. */
function tryGap(rehearsing: Rehearsing, position: number): number {
  const { migrations, converted } = rehearsing;
  const gap = migrations[position] as Migration;
  let states = 0;
  for (const count of latestOf(position, migrations.length)) {
    const present = migrations.slice(0, count);
    const without = present.filter((migration) => migration !== gap);
    const object = newObject();
    try {
      // A later migration may need the gap: then no object is in this state.
      if (!succeeds(() => migrate(object, recordOf(without), QUIET))) continue;
      tryState(object, rehearsing, `in which ${gap.key} was skipped`);
      states++;
      if (inspect(object, converted, QUIET).refusal !== undefined) continue;
      if (!succeeds(() => migrate(object, recordOf(present), QUIET))) continue;
      const state = `in which ${gap.key} was skipped and applied late`;
      tryState(object, rehearsing, state, count === migrations.length);
      states++;
    } finally {
      object.storage.close();
    }
  }
  return states;
}

function succeeds(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof OfframpError) return false;
    throw error;
  }
}

/**
 * Checks that a plain record does in every object just what the converted module does: after each number of its
 * migrations, with our ledger or with Drizzle's alone, and where a migration that only adds was skipped, mended or not.
 *
 * @param migrations what the converted module has, in order
 * @param plain the plain record
 * @returns how much was tried
 * @throws {CliError} if the two differ in any state, or a migration fails in an empty database
 */
export function rehearse(migrations: readonly Migration[], plain: MigrationRecord): Rehearsal {
  const texts = [...migrations.map(({ sql }) => sql), ...Object.values(plain).map(String)];
  const rehearsing: Rehearsing = {
    migrations,
    plain,
    converted: recordOf(migrations),
    rowless: texts.every((sql) => splitStatements(sql).every(addsNoRows)),
  };
  try {
    let states = tryPrefixes(rehearsing);
    migrations.forEach(({ sql }, position) => {
      // Only such a migration is ever applied late.
      const late = position < migrations.length - 1 && splitStatements(sql).every(isAdditive);
      if (late) states += tryGap(rehearsing, position);
    });
    return { states };
  } catch (cause) {
    if (!(cause instanceof OfframpError)) throw cause;
    throw new CliError(
      `The plain record was not written, since it could not be tried: the migrations do not run in an empty database ` +
        `here.\n  ${cause.message.replaceAll('\n', '\n  ')}`,
      { cause },
    );
  }
}
