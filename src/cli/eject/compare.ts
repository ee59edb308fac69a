// Tries an ejected record in a database, in every state that an object of this history can be in, before it is written.
import { MigrationError, OfframpError } from '../../base/errors.ts';
import { keyOf } from '../../base/key.ts';
import { quote, type StateLike } from '../../base/storage.ts';
import { millisOf } from '../../base/time.ts';
import { replacedBy } from '../../input/baseline.ts';
import { entryOf } from '../../input/entry.ts';
import type { Migration, MigrationRecord } from '../../input/migration.ts';
import { type Inspection, inspect } from '../../inspect.ts';
import { migrate } from '../../migrate.ts';
import { findLate } from '../../plan/late.ts';
import { effectOf } from '../../sql/effects.ts';
import { splitStatements } from '../../sql/statements.ts';
import { type Database, openDatabase } from '../database.ts';
import { CliError } from '../output.ts';

/** What was compared. */
export interface StatesTried {
  /** How many states of objects were tried. */
  readonly states: number;
}

/** Migrations in their long form under new keys: an earlier deploy, or one that lacked a migration. */
const recordOf = (migrations: readonly Migration[]): MigrationRecord =>
  Object.fromEntries(migrations.map((migration, number) => [keyOf(number), entryOf(migration)]));

/** An object to try things on. */
interface Tried extends StateLike {
  readonly storage: Database;
}

/** An object whose database can be migrated inside a transaction, which is then rolled back. */
function newObject(): Tried {
  const storage = openDatabase(':memory:');
  // The switch does nothing in a transaction, and there are no rows here that a rebuild could lose.
  storage.sql.exec('PRAGMA foreign_keys = OFF');
  return { storage };
}

class RolledBack extends Error {}

/** Runs a function and undoes all that it did to a database. */
function undone<T>(object: Tried, run: () => T): T {
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
const MIRROR = { ...QUIET, drizzle: 'mirror' } as const;

const FORMS = ['0.x', '1.x'] as const;

/** Drizzle's ledger as its migrator leaves it after these migrations, each of which has a tag. */
function leaveDrizzleLedger(
  { storage: { sql } }: Tried,
  form: (typeof FORMS)[number],
  present: readonly Migration[],
): void {
  const isNamed = form === '1.x';
  const more = isNamed ? ', name text, applied_at TEXT' : '';
  // Plans alone are compared here, and one table is enough to show that these migrations have run.
  const created = present
    .flatMap((migration) => splitStatements(migration.sql ?? '').map(effectOf))
    .find(({ kind }) => kind === 'table');
  if (created !== undefined) sql.exec(`CREATE TABLE ${quote(created.name)} (x)`);
  sql.exec(
    `CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric${more})`,
  );
  const rows = present.map(({ tag, when }) => {
    const second = millisOf((tag as string).slice(0, 14));
    // Where only the second is known, Drizzle 0.x still wrote a millisecond.
    return isNamed ? [second, tag] : [when ?? second + 1];
  });
  sql.exec(
    `INSERT INTO __drizzle_migrations (hash, created_at${isNamed ? ', name' : ''}) ` +
      `SELECT '', value ->> 0${isNamed ? ', value ->> 1' : ''} FROM json_each(?)`,
    JSON.stringify(rows),
  );
}

const read = (object: Tried, sql: string): string =>
  JSON.stringify([...object.storage.sql.exec(sql)]);

/** The names of tables that hold rows but the ledgers: most migrations write none. */
function filledTables(object: Tried): string[] {
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
function contents(object: Tried): string {
  const schema = read(
    object,
    "SELECT type, name, sql FROM sqlite_master WHERE tbl_name NOT IN ('__migrations', '__drizzle_migrations') ORDER BY name",
  );
  const rows = filledTables(object).map(
    (name) => `${name} ${read(object, `SELECT * FROM ${quote(name)}`)}`,
  );
  return [schema, ...rows].join('\n');
}

/** Keys in a few words: those that follow on each other by the first and the last. */
function keys(refs: readonly { key: string }[]): string {
  const runs: { key: string; number: number }[][] = [];
  for (const { key } of refs) {
    const number = Number(key.slice(1));
    const run = runs.at(-1);
    if (run?.at(-1)?.number === number - 1) run.push({ key, number });
    else runs.push([{ key, number }]);
  }
  return runs
    .map((run) => [...new Set([run[0], run.at(-1)])].map((end) => end?.key).join(' to '))
    .join(', ');
}

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

/** The ledger's rows, with the tags that they had before the ejected record came. */
const LEDGER =
  'SELECT version, tag, checksum, created_at, origin FROM __migrations ORDER BY version';

const readLedger = (object: Tried): unknown[] => {
  const [made] = object.storage.sql.exec("PRAGMA table_list('__migrations')");
  return made === undefined ? [] : [...object.storage.sql.exec(LEDGER)];
};

/** What Drizzle's ledger says, but for the time at which that was written down. */
function readMirror(object: Tried): unknown[] {
  const [made] = object.storage.sql.exec("PRAGMA table_list('__drizzle_migrations')");
  if (made === undefined) return [];
  return Array.from(
    object.storage.sql.exec('SELECT * FROM __drizzle_migrations ORDER BY created_at, rowid'),
    ({ applied_at, ...row }) => row,
  );
}

/** What is compared. */
interface Compared {
  readonly migrations: readonly Migration[];
  readonly converted: MigrationRecord;
  readonly ejected: MigrationRecord;
  /** Whether the ejected record has the tags that the converted module has. */
  readonly tagged: boolean;
}

/** What a module makes of an object. */
interface Outcome {
  /** What stands in it, or why nothing changed. */
  readonly data: string;
  readonly ledger: readonly unknown[];
  readonly mirror: readonly unknown[];
}

/** Tries a module on an object, which is then as it was. */
const outcome = (object: Tried, record: MigrationRecord, { tagged }: Compared): Outcome =>
  undone(object, () => {
    let data: string;
    try {
      migrate(object, record, tagged ? MIRROR : QUIET);
      data = contents(object);
    } catch (error) {
      if (!(error instanceof OfframpError)) throw error;
      // Run late, a migration can fail; it must then fail in the same place.
      const place = error instanceof MigrationError ? [error.key, error.statementIndex] : [];
      data = [error.code, ...place].join(' ');
    }
    return { data, ledger: readLedger(object), mirror: readMirror(object) };
  });

/** Whether a ledger begins with the rows of another one: nothing that an object knows was lost. */
const beginsWith = (ledger: readonly unknown[], start: readonly unknown[]): boolean =>
  JSON.stringify(ledger.slice(0, start.length)) === JSON.stringify(start);

/** Compares what both modules leave in an object; returns what is wrong with the ejected one. */
function compareOutcomes(object: Tried, compared: Compared): string | undefined {
  const one = outcome(object, compared.converted, compared);
  const other = outcome(object, compared.ejected, compared);
  const differ = (part: keyof Outcome): boolean =>
    JSON.stringify(one[part]) !== JSON.stringify(other[part]);
  if (differ('data')) return 'the ejected record leaves another schema or other rows';
  if (compared.tagged && differ('ledger')) {
    return 'the ejected record leaves other rows in our ledger';
  }
  if (differ('mirror')) return "the ejected record leaves other rows in Drizzle's ledger";
  if (!beginsWith(other.ledger, readLedger(object))) {
    return 'the ejected record changes rows of our ledger';
  }
  return undefined;
}

/** Compares what both modules would do in an object; returns what is wrong with the ejected one. */
function comparePlans(object: Tried, { converted, ejected }: Compared): string | undefined {
  const [before, after] = [converted, ejected].map((record) =>
    verdict(inspect(object, record, QUIET)),
  );
  if (before === after) return undefined;
  return `the module says "${before}", the ejected record "${after}"`;
}

const WITH_TAGS =
  'Each migration keeps its tag, so the SQL of one is not what its checksum in the module says: run `drizzle-offramp convert`, which names it.';
const WITHOUT_TAGS =
  'Without tags a migration is known by its number and its SQL, so two with the same SQL can be mistaken for each ' +
  'other: eject without --plain, or keep the converted module.';

/** Tells the state of an object in which the two modules differ. */
function refuse({ tagged }: Compared, state: string, difference: string): never {
  throw new CliError(
    `The record was not written: it would not do the same in an object ${state}: ${difference}. ` +
      (tagged ? WITH_TAGS : WITHOUT_TAGS),
  );
}

/**
 * Tries one state. Where `run` is false only the plans are compared: the same migrations in the same order have been
 * run from other states, and running all of them from each takes minutes for a long history.
 */
function tryState(object: Tried, compared: Compared, state: string, run = false): void {
  const difference =
    comparePlans(object, compared) ?? (run ? compareOutcomes(object, compared) : undefined);
  if (difference !== undefined) refuse(compared, state, difference);
}

/** An object that never woke under drizzle-offramp, with the ledger of either form and nothing else: a plan needs no more. */
function tryDrizzleLedgers(
  compared: Compared,
  present: readonly Migration[],
  state: string,
): number {
  // Drizzle's ledger knows nothing of one that was written by hand.
  if (present.some(({ tag }) => tag === null)) return 0;
  for (const form of FORMS) {
    const object = newObject();
    try {
      leaveDrizzleLedger(object, form, present);
      tryState(object, compared, `that has not woken since Drizzle ${form} ${state}`);
    } finally {
      object.storage.close();
    }
  }
  return FORMS.length;
}

/** How many migrations only the baseline can make: their SQL was dropped. No older object can be made here. */
const countGone = (migrations: readonly Migration[]): number =>
  migrations.some(({ sql, up }) => sql === null && up === undefined)
    ? replacedBy(migrations).length
    : 0;

/** An object after each migration in turn: adopted, and with Drizzle's ledger alone. */
function tryPrefixes(compared: Compared): number {
  const { migrations } = compared;
  const object = newObject();
  let states = 0;
  try {
    for (let count = 0; count <= migrations.length; count++) {
      if (count > 0 && count < countGone(migrations)) continue;
      const present = migrations.slice(0, count);
      if (count > 0) migrate(object, recordOf(present), QUIET);
      tryState(object, compared, `with the first ${count} migrations`, true);
      states += 1 + tryDrizzleLedgers(compared, present, `ran its first ${count} migrations`);
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

/** An object over which Drizzle skipped a migration: not applied yet, and applied by the converted module. */
function tryGap(compared: Compared, position: number): number {
  const { migrations, converted, tagged } = compared;
  const gap = migrations[position] as Migration;
  let states = 0;
  for (const count of latestOf(position, migrations.length)) {
    const present = migrations.slice(0, count);
    const without = present.filter((migration) => migration !== gap);
    // Without tags Drizzle's ledger is matched by count, which --plain gives up, and says so.
    if (tagged) states += tryDrizzleLedgers(compared, without, `skipped ${gap.key}`);
    // No other is ever applied out of order.
    if (findLate(present, new Set(without), [gap]).get(gap) !== undefined) continue;
    const object = newObject();
    try {
      // A later migration may need the gap: then no object is in this state.
      if (!succeeds(() => migrate(object, recordOf(without), QUIET))) continue;
      tryState(object, compared, `in which ${gap.key} was skipped`);
      states++;
      if (inspect(object, converted, QUIET).refusal !== undefined) continue;
      if (!succeeds(() => migrate(object, recordOf(present), QUIET))) continue;
      const state = `in which ${gap.key} was skipped and applied late`;
      tryState(object, compared, state, count === migrations.length);
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
 * Checks that an ejected record does in every object just what the converted module does: after each number of its
 * migrations, with our ledger or with Drizzle's of either form alone, and where one was skipped, applied late or not.
 * A record with tags must also leave the same in Drizzle's ledger under `drizzle: 'mirror'`.
 *
 * @param migrations what the converted module has, in order
 * @param ejected the record
 * @returns how much was tried
 * @throws {CliError} if the two differ in any state, or a migration fails in an empty database
 */
export function compareRecords(
  migrations: readonly Migration[],
  ejected: MigrationRecord,
): StatesTried {
  const entries = Object.values(ejected);
  const compared: Compared = {
    migrations,
    ejected,
    converted: recordOf(migrations),
    tagged: entries.some((entry) => typeof entry !== 'string'),
  };
  try {
    let states = tryPrefixes(compared);
    for (let position = countGone(migrations); position < migrations.length - 1; position++) {
      states += tryGap(compared, position);
    }
    return { states };
  } catch (cause) {
    if (!(cause instanceof OfframpError)) throw cause;
    throw new CliError(
      `The record was not written, since it could not be tried: the migrations do not run in an empty database here.\n` +
        `  ${cause.message.replaceAll('\n', '\n  ')}`,
      { cause },
    );
  }
}
