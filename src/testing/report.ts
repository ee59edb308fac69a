import { layOut } from '../base/columns.ts';
import { OfframpError } from '../base/errors.ts';
import type { MigrationRef } from '../plan/result.ts';
import { type StoredRow, textOf } from './contents.ts';
import type { Damage, DamagedRow } from './damage.ts';
import type { Unfilled } from './fill.ts';
import type { Risk } from './risks.ts';
import type { LeftBy, Start } from './starts.ts';

/** What is looked at after an object has woken, in the order of the matrix. */
export const CHECKS = [
  'migrates',
  'schema',
  'rows',
  'rebuilds',
  'foreign keys',
  'second wake',
] as const;

/** The name of a check. */
export type Check = (typeof CHECKS)[number];

/** What one check found in one object. */
export type Cell =
  /** All is well; `rows` says how many were looked for, where the check is about rows. */
  | { readonly status: 'ok'; readonly rows?: number }
  /** There was nothing to look at, or an earlier check of the object has failed. */
  | { readonly status: 'nothing' }
  /** `migrate` refuses the object, as the option `refused` says. */
  | { readonly status: 'refused'; readonly found: string }
  /** A migration fails in the object, as the option `failing` says. */
  | { readonly status: 'failing'; readonly found: string }
  /** No object stands there: the runner that would have left it throws too. */
  | { readonly status: 'impossible'; readonly found: string }
  | {
      readonly status: 'failed';
      /** What was found. */
      readonly found: string;
      /** What to do about it. */
      readonly fix: string;
      /** The rows that are gone, that changed, or that came. */
      readonly rows: readonly DamagedRow[];
    };

/** All that was found in one object. */
export interface RehearsedStart {
  readonly start: Start;
  readonly cells: Readonly<Record<Check, Cell>>;
  /** The tables that stayed empty, as no row could be made for them. */
  readonly empty: readonly Unfilled[];
}

/** What a rehearsal came to. */
export interface Rehearsal {
  /** Who left the objects. */
  readonly leftBy: LeftBy;
  /** One for each point of the history at which an object can stand, a new object first. */
  readonly starts: readonly RehearsedStart[];
  /** What depends on the rows of your objects, and what you may have meant: not certainly wrong. */
  readonly risks: readonly Risk[];
  /** The matrix for people: a line for each start, a column for each check; and the risks. */
  readonly text: string;
}

/** A check that failed. */
export interface RehearsalFailure {
  /** The start's name, as in the matrix. */
  readonly start: string;
  readonly check: Check;
  readonly found: string;
  readonly fix: string;
}

/** The code of a {@link RehearsalError}. */
export type RehearsalErrorCode =
  | 'REHEARSAL_FAILED'
  | 'HAS_RISKS'
  | 'NO_BINDING'
  | 'CANNOT_PREPARE'
  | 'SEED_FAILED'
  | 'NOT_REFUSED'
  | 'NOT_FAILING'
  | 'INVALID_OPTION';

/** An object fails, or could not be rehearsed on. */
export class RehearsalError extends OfframpError {
  override readonly name: string = 'RehearsalError';
  declare readonly code: RehearsalErrorCode;
  /** Everything that was found; undefined where it did not come to that. It is not in the error's JSON. */
  declare readonly rehearsal: Rehearsal | undefined;

  /**
   * @param code what went wrong
   * @param message the matrix, what was found in which object, and what to do
   * @param failures the checks that failed
   * @param rehearsal everything that was found
   */
  constructor(
    code: RehearsalErrorCode,
    message: string,
    readonly failures: readonly RehearsalFailure[] = [],
    rehearsal?: Rehearsal,
  ) {
    super(code, message);
    // Test runners print every field of an error, and this one is in the message already.
    Object.defineProperty(this, 'rehearsal', { value: rehearsal, enumerable: false });
  }
}

const MARKS = {
  ok: 'ok',
  nothing: '–',
  refused: 'refused',
  failing: 'fails',
  impossible: 'none',
  failed: 'FAILED',
};

const markOf = (cell: Cell): string =>
  cell.status === 'ok' && cell.rows !== undefined ? `${cell.rows} ok` : MARKS[cell.status];

const LEFT_BY: Record<LeftBy, string> = {
  '0.x': "Drizzle 0.x's migrator",
  '1.x': "Drizzle 1.x's migrator",
  'drizzle-offramp': 'drizzle-offramp',
};

/** The mark of a start with tables that stayed empty. */
const UNFILLED = '*';

/** The tables that stayed empty, each once, with the first of the starts. */
function unfilledText(starts: readonly RehearsedStart[]): string[] {
  const found = new Map<string, string[]>();
  for (const { start, empty } of starts) {
    for (const { table, reason } of empty) {
      const key = `${table} stays empty, as no row could be made for it: ${reason}`;
      found.set(key, [...(found.get(key) ?? []), start.name.trim()]);
    }
  }
  if (found.size === 0) return [];
  return [
    '',
    ...Array.from(found, ([what, names]) => `${UNFILLED} ${what} (at ${listed(names)})`),
    'Put rows into such a table with the option `seed`, or list it under `empty` if it has none in your objects either.',
  ];
}

const HEADING =
  'Depends on your data: the rows of this rehearsal are fine, but other rows were allowed too.';

const EFFECTS: Record<Risk['effect'], string> = {
  fails: 'fails where ',
  'loses rows': 'loses rows in silence where ',
  'changes values': 'changes values in silence where ',
  'reuses ids': ': ',
};

/**
 * Risks as text.
 *
 * @param risks all of them
 */
export function riskText(risks: readonly Risk[]): string {
  const lines = risks.map(({ effect, migration, found, query }) => {
    const says = EFFECTS[effect];
    const where = query === null ? '' : `\n    Find them: ${query}`;
    return `  ${migration ?? 'a migration'}${says.startsWith(':') ? '' : ' '}${says}${found}${where}`;
  });
  return [HEADING, ...lines].join('\n');
}

/**
 * The matrix as text, and the risks.
 *
 * @param leftBy who left the objects
 * @param starts what was found in each
 * @param risks what depends on the rows of objects
 */
export function matrixOf(
  leftBy: LeftBy,
  starts: readonly RehearsedStart[],
  risks: readonly Risk[] = [],
): string {
  const lines = [
    [`Objects that ${LEFT_BY[leftBy]} left`, ...CHECKS],
    ...starts.map(({ start, cells, empty }) => [
      empty.length > 0 ? `${start.name} ${UNFILLED}` : start.name,
      ...CHECKS.map((it) => markOf(cells[it])),
    ]),
  ];
  const notes = starts.flatMap(({ start, cells: { migrates } }) =>
    migrates.status === 'impossible'
      ? [
          `No object stands at ${start.name.trim()}: ${LEFT_BY[leftBy]} fails on the way. ${migrates.found}`,
        ]
      : [],
  );
  const after = risks.length === 0 ? [] : ['', riskText(risks)];
  return [...layOut(lines), ...notes, ...unfilledText(starts), ...after].join('\n');
}

/** How many rows of a table, and starts of one failure, a message names; the rest are counted. */
const LISTED = 3;
/** How much of a row a message shows, in characters. */
const SHOWN = 160;

/**
 * A few things by name, and how many more there are.
 *
 * @param names all of them
 */
export const listed = (names: readonly string[]): string =>
  names.slice(0, LISTED).join(', ') +
  (names.length > LISTED ? ` and ${names.length - LISTED} more` : '');

function show(row: StoredRow): string {
  const text = textOf(row);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function lineOf({ before, now }: Damage): string {
  if (before === undefined) return `  ${show(now ?? {})} came`;
  return `  ${show(before)}${now === undefined ? '' : ` now has ${show(now)}`}`;
}

/**
 * Damaged rows of one table as text: how many, and the first of them.
 *
 * @param table the table's name
 * @param total how many rows it had
 * @param damaged the rows that are gone, that changed, or that came
 */
export function damageText(table: string, total: number, damaged: readonly Damage[]): string {
  const gone = damaged.filter(({ now }) => now === undefined);
  const came = damaged.filter(({ before }) => before === undefined);
  const changed = damaged.filter(({ before, now }) => before !== undefined && now !== undefined);
  const columns = [...new Set(changed.flatMap(({ now }) => Object.keys(now ?? {})))];
  const of = total > 0 ? ` of ${total}` : '';
  const counts = [
    gone.length > 0 ? `${gone.length}${of} rows are gone` : '',
    changed.length > 0 ? `${changed.length}${of} rows have another ${columns.join(', ')}` : '',
    came.length > 0 ? `${came.length} rows came that no migration puts there` : '',
  ].filter((count) => count !== '');
  const lines = [...gone, ...changed, ...came].slice(0, LISTED).map(lineOf);
  const more = damaged.length > LISTED ? [`  and ${damaged.length - LISTED} more`] : [];
  return [`${table}: ${counts.join(', ')}`, ...lines, ...more].join('\n');
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');

/**
 * The error of a rehearsal in which something failed.
 *
 * @param rehearsal everything that was found
 * @returns undefined if nothing failed
 */
export function failureOf(rehearsal: Rehearsal): RehearsalError | undefined {
  const failures = rehearsal.starts.flatMap(({ start, cells }) =>
    CHECKS.flatMap((check): RehearsalFailure[] => {
      const cell = cells[check];
      if (cell.status !== 'failed') return [];
      return [{ start: start.name.trim(), check, found: cell.found, fix: cell.fix }];
    }),
  );
  if (failures.length === 0) return undefined;
  const groups = new Map<string, RehearsalFailure[]>();
  for (const failure of failures) {
    const key = `${failure.check}\n${failure.found}`;
    groups.set(key, [...(groups.get(key) ?? []), failure]);
  }
  const details = [...groups.values()].map((group) => {
    const { check, found, fix } = group[0] as RehearsalFailure;
    const starts = listed(group.map(({ start }) => start));
    return `${check}, ${starts}:\n${indented(found)}\n  Fix: ${fix}`;
  });
  const objects = new Set(failures.map(({ start }) => start)).size;
  return new RehearsalError(
    'REHEARSAL_FAILED',
    `${objects} of ${rehearsal.starts.length} objects fail.\n\n${rehearsal.text}\n\n${details.join('\n\n')}`,
    failures,
    rehearsal,
  );
}

/**
 * A migration by the name that people know.
 *
 * @param migration the migration
 */
export const nameOf = ({ key, tag }: MigrationRef): string => tag ?? key;

/**
 * What anything thrown says.
 *
 * @param error what was thrown
 */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
