import type { Migration } from '../input/migration.ts';
import type { MigrateOptions } from '../options.ts';
import { fold } from '../reader/names.ts';
import type { Names } from './changes.ts';
import { RehearsalError } from './report.ts';
import type { LeftBy, Start } from './starts.ts';

/** What a rehearsal can be told. It needs none of it to start with. */
export interface RehearseOptions {
  /**
   * Puts rows like yours into an object that has its schema of `start` and no row yet; called for every start but a
   * new object. Tables that it leaves empty are filled with rows made from the schema.
   */
  readonly seed?: (ctx: DurableObjectState, start: Start) => void | Promise<void>;
  /** How many rows are made for each table; fewer where its constraints leave no room. The default is 4. */
  readonly rows?: number;
  /** Tables that stay empty unless `seed` puts rows into them. */
  readonly empty?: readonly string[];
  /**
   * The first migration, by tag or key, that every object has: points of the history before it are left out, but for a new
   * object.
   */
  readonly from?: string;
  /**
   * Who left the objects. The default is `'0.x'` where the migrations have the `when` of a journal, `'1.x'` where they
   * have only the names of 1.x, and `'drizzle-offramp'` for a record without tags.
   */
  readonly leftBy?: LeftBy;
  /** Whether to rehearse on objects in which Drizzle 0.x skipped a migration, where the journal's order allows it. */
  readonly skips?: boolean;
  /** Skipped migrations, by tag or key, that `migrate` may refuse (`SKIPPED_MIGRATION`). */
  readonly refused?: readonly string[];
  /**
   * Migrations, by tag or key, that may fail in objects with rows: where no such object can stand there, or the fleet has
   * none. A new object must run them all the same. Risks that say of them that they fail are left out.
   */
  readonly failing?: readonly string[];
  /**
   * What changes on purpose although no statement says so: `table` or `table.column`, or the name of a trigger, an index or
   * a view.
   */
  readonly changes?: readonly string[];
  /**
   * What is done about the result's `risks`: `'warn'` (the default) prints them, `'error'` has the rehearsal fail,
   * `'ignore'` leaves it to whoever reads the result.
   */
  readonly risks?: 'warn' | 'error' | 'ignore';
  /**
   * Has the rehearsal call `migrate` itself, with these options (`{}` will do), for a class that does not do so in its
   * constructor.
   */
  readonly migrate?: MigrateOptions;
  /** The ledger's name, if the class names another one. */
  readonly table?: string;
  /** The name of Drizzle's ledger, if the class names another one. */
  readonly drizzleTable?: string;
}

const NAMES: readonly string[] = [
  ...['seed', 'rows', 'empty', 'from', 'leftBy', 'skips', 'refused', 'failing', 'changes', 'risks'],
  ...['migrate', 'table', 'drizzleTable'],
];
const RISKS: readonly unknown[] = [undefined, 'warn', 'error', 'ignore'];
const RUNNERS: readonly unknown[] = ['0.x', '1.x', 'drizzle-offramp'];

const invalid = (message: string): RehearsalError => new RehearsalError('INVALID_OPTION', message);

const isTagless = (migrations: readonly Migration[]): boolean =>
  migrations.some(({ tag }) => tag === null);

/**
 * Who can have left objects with these migrations.
 *
 * @param migrations all migrations
 */
export function usualRunner(migrations: readonly Migration[]): LeftBy {
  // Drizzle has no functions.
  if (isTagless(migrations) || migrations.some(({ up }) => up)) return 'drizzle-offramp';
  return migrations.every(({ when }) => when !== null) ? '0.x' : '1.x';
}

/**
 * Checks what a rehearsal was told.
 *
 * @param options what was passed
 * @param migrations all migrations
 * @throws {RehearsalError} for an option or a value that there is not
 */
export function checkOptions(options: RehearseOptions, migrations: readonly Migration[]): void {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw invalid(`There is no option \`${unknown}\`.`);
  const { rows = 1, leftBy } = options;
  if (!Number.isInteger(rows) || rows < 1) {
    throw invalid(`The option \`rows\` is ${rows}: it takes a whole number from 1.`);
  }
  if (leftBy !== undefined && !RUNNERS.includes(leftBy)) {
    throw invalid(
      `The option \`leftBy\` is ${JSON.stringify(leftBy)}: it takes '0.x' or '1.x' or 'drizzle-offramp'.`,
    );
  }
  if (isTagless(migrations) && leftBy !== undefined && leftBy !== 'drizzle-offramp') {
    throw invalid(
      "These migrations have no tags, so nobody knows what Drizzle's ledger says of them. Leave the option `leftBy` " +
        "out, or pass drizzle-kit's migrations.js or a converted module.",
    );
  }
  if (!RISKS.includes(options.risks)) {
    throw invalid(
      `The option \`risks\` is ${JSON.stringify(options.risks)}: it takes 'warn', 'error' or 'ignore'.`,
    );
  }
  const known = migrations.flatMap(({ key, tag }) => [key, tag]);
  for (const option of ['refused', 'failing', 'from'] as const) {
    const names = [options[option] ?? []].flat();
    const stranger = names.find((name) => !known.includes(name));
    if (stranger === undefined) continue;
    const all = migrations.map(({ key, tag }) => (tag === null ? key : `${tag} (${key})`));
    throw invalid(
      `The option \`${option}\` names "${stranger}", which is no migration: give a tag or a key. There are:${linesOf(all)}`,
    );
  }
}

const linesOf = (names: readonly string[]): string => names.map((name) => `\n  ${name}`).join('');

/**
 * Checks the names of tables and what hangs on them, which are known at the end only.
 *
 * @param options what was passed
 * @param names what any of the objects had
 * @throws {RehearsalError} for a name that none had
 */
export function checkNames(
  { changes = [], empty = [] }: Pick<RehearseOptions, 'changes' | 'empty'>,
  names: Names,
): void {
  for (const [option, listed, only] of [
    ['changes', changes, 'all'],
    ['empty', empty, 'tables'],
  ] as const) {
    const stranger = names.strangerIn(listed, only);
    if (stranger === undefined) continue;
    const table = stranger.slice(0, Math.max(stranger.lastIndexOf('.'), 0));
    const columns = [...names.others].filter((name) => fold(name).startsWith(`${fold(table)}.`));
    const all = table !== '' && only === 'all' && columns.length > 0 ? columns : [...names.tables];
    const others = all === columns ? [] : [...names.others].filter((name) => !name.includes('.'));
    throw invalid(
      `The option \`${option}\` names "${stranger}", which no object has at any point of the history. There are:` +
        linesOf(only === 'all' ? [...all, ...others] : all),
    );
  }
}
