import { DEFAULT_DRIZZLE_TABLE } from './drizzle/ledger.ts';
import { InputError, reading, show } from './errors.ts';
import { DEFAULT_TABLE } from './ledger.ts';
import type { MigrateEvent } from './result.ts';

/** What `migrate` can be told. Every option has a default that a team can start with. */
export interface MigrateOptions {
  /**
   * What becomes of Drizzle's ledger: `'retire'` (the default) drops it once the object is adopted; `'mirror'` keeps it
   * true, and makes it again where it is gone, so that a deploy with Drizzle's migrator can come back.
   */
  readonly drizzle?: 'retire' | 'mirror';
  /**
   * What to do with a migration that was never applied though a later one was. Without this option it is applied if
   * it only adds, and refused otherwise: `'apply'` applies any, `'ignore'` writes it off for good, `'error'` refuses any.
   */
  readonly skipped?: 'apply' | 'ignore' | 'error';
  /**
   * What to do where an object has a migration that the code lacks and cannot just stand still: `'error'` (the
   * default) refuses, `'ignore'` keeps the row and goes on.
   */
  readonly unknown?: 'error' | 'ignore';
  /**
   * What to do where the object is ahead of this code, as after a deploy was rolled back: `'report'` (the default) runs
   * and changes nothing, `'error'` refuses.
   */
  readonly ahead?: 'report' | 'error';
  /** What to do where the SQL of an applied migration has changed since: `'warn'` (the default) on the console, once. */
  readonly drift?: 'warn' | 'error' | 'ignore';
  /** The ledger's name. The default is `__migrations`. */
  readonly table?: string;
  /** The name of Drizzle's ledger. The default is `__drizzle_migrations`. */
  readonly drizzleTable?: string;
  /** Hears of everything that a call found or did, once it is committed; what it throws is only logged. */
  readonly onEvent?: (event: MigrateEvent) => unknown;
}

/** The options with their defaults. */
export type ResolvedOptions = Required<Omit<MigrateOptions, 'skipped' | 'onEvent'>> &
  Pick<MigrateOptions, 'skipped' | 'onEvent'>;

/** The defaults; `skipped` and `onEvent` have none. */
export const DEFAULT_OPTIONS: ResolvedOptions = {
  drizzle: 'retire',
  unknown: 'error',
  ahead: 'report',
  drift: 'warn',
  table: DEFAULT_TABLE,
  drizzleTable: DEFAULT_DRIZZLE_TABLE,
};

const TABLE =
  'the name of a table, which cannot start with sqlite_ (kept by SQLite) or _cf_ (kept by the runtime)';
const FUNCTION = 'a function';

/** What each option takes. */
const TAKES = new Map<string, readonly unknown[] | typeof TABLE | typeof FUNCTION>([
  ['drizzle', ['retire', 'mirror']],
  ['skipped', ['apply', 'ignore', 'error']],
  ['unknown', ['error', 'ignore']],
  ['ahead', ['report', 'error']],
  ['drift', ['warn', 'error', 'ignore']],
  ['table', TABLE],
  ['drizzleTable', TABLE],
  ['onEvent', FUNCTION],
]);

function checkOption(option: string, value: unknown): void {
  const takes = TAKES.get(option);
  if (takes === undefined) {
    throw new InputError('INVALID_OPTION', `There is no option \`${option}\`.`, option);
  }
  if (takes === FUNCTION) {
    if (typeof value === 'function') return;
  } else if (takes === TABLE) {
    // https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/ and https://www.sqlite.org/fileformat2.html#intschema
    if (typeof value === 'string' && /^(?!sqlite_|_cf_)[^\0]{1,500}$/i.test(value)) return;
  } else if (takes.includes(value)) return;
  const choices = typeof takes === 'string' ? takes : takes.map((it) => `'${it}'`).join(' or ');
  throw new InputError(
    takes === TABLE ? 'INVALID_TABLE_NAME' : 'INVALID_OPTION',
    `The option \`${option}\` is ${show(value)}: it takes ${choices}.`,
    option,
  );
}

/**
 * Fills in the defaults and checks the rest.
 *
 * @param options what was passed
 * @throws {InputError} for an option or a value that there is not, and for a table's name that the runtime refuses
 */
export function resolveOptions(options?: MigrateOptions): ResolvedOptions {
  if (options === undefined) return DEFAULT_OPTIONS;
  if (typeof options !== 'object' || options === null) {
    const found = options === null ? 'null' : `of type ${typeof options}`;
    throw new InputError('INVALID_OPTION', `The options are ${found}, not an object.`);
  }
  const resolved: { -readonly [Option in keyof ResolvedOptions]: ResolvedOptions[Option] } = {
    ...DEFAULT_OPTIONS,
  };
  reading('INVALID_OPTION', 'options', () => {
    for (const option of Object.keys(options)) {
      const value = options[option as keyof MigrateOptions];
      if (value === undefined) continue;
      checkOption(option, value);
      resolved[option as 'table'] = value as never;
    }
  });
  if (resolved.table.toLowerCase() === resolved.drizzleTable.toLowerCase()) {
    throw new InputError(
      'INVALID_TABLE_NAME',
      `The options \`table\` and \`drizzleTable\` are both "${resolved.table}": our ledger and Drizzle's are two tables.`,
      'table',
    );
  }
  return resolved;
}
