import { InputError, reading, show } from './base/errors.ts';
import type { MigrateEvent } from './events.ts';
import { DEFAULT_DRIZZLE_TABLE } from './ledger/drizzle.ts';
import { DEFAULT_TABLE } from './ledger/ledger.ts';
import type { ResolvedRules, Rules } from './plan/rules.ts';

/** What `migrate` can be told. Every option has a default that a team can start with. */
export interface MigrateOptions extends Rules {
  /** Hears of everything that a call found or did, once it is committed; what it throws is only logged. */
  readonly onEvent?: (event: MigrateEvent) => unknown;
}

/** The options with their defaults. */
export type ResolvedOptions = ResolvedRules & Pick<MigrateOptions, 'onEvent'>;

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
