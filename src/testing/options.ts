import type { Migration } from '../input/migration.ts';
import type { MigrateOptions } from '../options.ts';
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
  /** Tables that may stay empty, where neither a row can be made nor `seed` puts one in. */
  readonly empty?: readonly string[];
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
   * none. A new object must run them all the same.
   */
  readonly failing?: readonly string[];
  /** What migrations change in a way that is not seen from their statements: `table` or `table.column`. */
  readonly changes?: readonly string[];
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
  ...['seed', 'rows', 'empty', 'leftBy', 'skips', 'refused', 'failing', 'changes', 'migrate'],
  ...['table', 'drizzleTable'],
];
const RUNNERS: readonly unknown[] = ['0.x', '1.x', 'drizzle-offramp'];

const invalid = (message: string): RehearsalError => new RehearsalError('INVALID_OPTION', message);

/**
 * Who can have left objects with these migrations.
 *
 * @param migrations all migrations
 */
export function usualRunner(migrations: readonly Migration[]): LeftBy {
  if (migrations.some(({ tag }) => tag === null)) return 'drizzle-offramp';
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
  const isTagless = usualRunner(migrations) === 'drizzle-offramp';
  if (isTagless && leftBy !== undefined && leftBy !== 'drizzle-offramp') {
    throw invalid(
      "These migrations have no tags, so nobody knows what Drizzle's ledger says of them. Leave the option `leftBy` " +
        "out, or pass drizzle-kit's migrations.js or a converted module.",
    );
  }
  const known = migrations.flatMap(({ key, tag }) => [key, tag]);
  for (const option of ['refused', 'failing'] as const) {
    const stranger = options[option]?.find((name) => !known.includes(name));
    if (stranger === undefined) continue;
    throw invalid(
      `The option \`${option}\` names "${stranger}", which is no migration: give its tag, as the matrix has it, or its key.`,
    );
  }
}
