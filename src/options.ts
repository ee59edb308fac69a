import { check, reading, refuse, typeOf } from './base/errors.ts';
import type { MigrateEvent } from './events.ts';
import { DEFAULT_DRIZZLE_TABLE } from './ledger/drizzle.ts';
import { DEFAULT_TABLE } from './ledger/ledger.ts';
import { type Adopter, type OtherLedger, tableAdopter } from './ledger/other.ts';
import type { ResolvedRules, Rules } from './plan/rules.ts';

/** What `migrate` can be told. Every option has a default that a team can start with. */
export interface MigrateOptions extends Rules {
  /**
   * Hears of everything that a call found or did, once it is committed, of every refusal and failure, and at last of a
   * summary. A wake with nothing to do tells nothing. What it throws is only logged.
   */
  readonly onEvent?: (event: MigrateEvent) => unknown;
}

/** The options with their defaults. */
export type ResolvedOptions = ResolvedRules & Pick<MigrateOptions, 'onEvent'>;

/** The defaults; `skipped`, `adopt`, `untracked` and `onEvent` have none. */
export const DEFAULT_OPTIONS: ResolvedOptions = {
  drizzle: 'retire',
  unknown: 'error',
  ahead: 'report',
  drift: 'warn',
  table: DEFAULT_TABLE,
  drizzleTable: DEFAULT_DRIZZLE_TABLE,
};

/** What an option takes: in words, and whether a value is that. */
type Takes = readonly [words: string, fits: (value: unknown) => boolean];

const oneOf = (...choices: unknown[]): Takes => [
  `'${choices.join("' or '")}'`,
  (value) => choices.includes(value),
];
// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/ and https://www.sqlite.org/fileformat2.html#intschema
const TABLE: Takes = [
  'a table name that does not start with sqlite_ or _cf_',
  (value) => typeof value === 'string' && /^(?!sqlite_|_cf_)[^\0]{1,500}$/i.test(value),
];

const TAKES = new Map<string, Takes>([
  ['drizzle', oneOf('retire', 'mirror')],
  ['skipped', oneOf('apply', 'ignore', 'error')],
  ['unknown', oneOf('error', 'ignore')],
  ['ahead', oneOf('report', 'error')],
  ['drift', oneOf('warn', 'error', 'ignore')],
  ['table', TABLE],
  ['drizzleTable', TABLE],
  [
    'adopt',
    [
      '{ table, key: (row) => … }, or an adopter of drizzle-offramp/adopt',
      (value) => {
        const { table, key, read } = Object(value) as Partial<OtherLedger & Adopter>;
        return typeof read === 'function' || (TABLE[1](table) && typeof key === 'function');
      },
    ],
  ],
  // Who reads the schemas checks it.
  ['untracked', ['', () => true]],
  ['onEvent', ['a function', (value) => typeof value === 'function']],
]);

/**
 * Fills in the defaults and checks the rest.
 *
 * @param options what was passed
 * @throws {InputError} for an option or a value that there is not, and for a table's name that the runtime refuses
 */
export function resolveOptions(options?: MigrateOptions): ResolvedOptions {
  if (options === undefined) return DEFAULT_OPTIONS;
  if (typeof options !== 'object' || options === null) {
    refuse('INVALID_OPTION', `The options are of type ${typeOf(options)}, not an object.`);
  }
  const resolved: ResolvedOptions = { ...DEFAULT_OPTIONS };
  reading('INVALID_OPTION', 'options', () => {
    for (const [option, value] of Object.entries(options)) {
      if (value === undefined) continue;
      const takes = TAKES.get(option);
      if (takes === undefined) {
        refuse('INVALID_OPTION', `There is no option \`${option}\`.`, option);
      }
      const code = takes === TABLE ? 'INVALID_TABLE_NAME' : 'INVALID_OPTION';
      check(takes[1](value), code, `The option \`${option}\``, value, takes[0], option);
      const isTable = option === 'adopt' && !('read' in (value as object));
      (resolved as unknown as Record<string, unknown>)[option] = isTable
        ? tableAdopter(value as OtherLedger)
        : value;
    }
  });
  const { table, drizzleTable, adopt } = resolved;
  const others = Object.entries({ drizzleTable, adopt: adopt?.name });
  for (const [option, name] of others) {
    if (table.toLowerCase() !== name?.toLowerCase()) continue;
    refuse(
      'INVALID_TABLE_NAME',
      `The options \`table\` and \`${option}\` are both "${table}". Name another one with the option \`table\`.`,
      'table',
    );
  }
  return resolved;
}
