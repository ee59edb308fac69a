// What an object answered, for people.

import { FAILURES } from '../../events.ts';
import type { DrizzleRow, LedgerRow } from '../../ledger/row.ts';
import type {
  FittingRepair,
  HistoryAnswer,
  InspectAnswer,
  ObjectState,
  PreflightAnswer,
  RepairAnswer,
  RepairRecord,
  RowInQuestion,
} from '../../object/commands.ts';
import type { MigrationRef } from '../../plan/result.ts';
import { indent, indentedTable, paint, plural, table } from '../output.ts';
import { toWords } from './repair.ts';

/** How an object is called in a report, and how it is named on a command line. */
export interface Called {
  /** The class and the object's name or id. */
  readonly title: string;
  /** The command up to the word that says what to do. */
  readonly command: string;
  /** Options that the command needs behind that: `--url …`. */
  readonly options: string;
}

const PAINT: Record<ObjectState, (text: string) => string> = {
  'up-to-date': paint.green,
  pending: paint.yellow,
  ahead: paint.yellow,
  refused: paint.red,
  empty: paint.dim,
};

const inWords = (state: ObjectState): string => PAINT[state](state.replaceAll('-', ' '));

/** The state as events have it too: a rule refuses, a statement fails. */
const stateOf = ({ state, refusal }: InspectAnswer): string =>
  state === 'refused' && FAILURES.includes(refusal?.code ?? '')
    ? paint.red('failing')
    : inWords(state);

const MEANING: Record<ObjectState, string> = {
  'up-to-date': 'It has all migrations of the code that answers.',
  pending: 'It lacks something that the code has: its next wake writes it.',
  ahead: 'It has all migrations of the code that answers, and some that the code lacks.',
  refused: 'Its class is not constructed: it answers this command, and no call of your app.',
  empty: 'It has no data, and this question has made none.',
};

/** What follows from the state after a repair. */
const OUTLOOK: Record<ObjectState, string> = {
  'up-to-date': '',
  pending: ' (the next request migrates it)',
  ahead: '',
  refused: ' (there is more to repair)',
  empty: '',
};

/** A part of a report under a title; nothing if there is nothing in it. */
const section = (title: string, body: string): string[] =>
  body === '' ? [] : ['', paint.bold(title), body];

const time = (milliseconds: number | null): string =>
  milliseconds === null ? '–' : new Date(milliseconds).toISOString();

/** A `created_at` as it stands in the ledger, and the time that it is. */
const created = (milliseconds: number | null): string => {
  if (milliseconds === null) return '–';
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime())
    ? String(milliseconds)
    : `${milliseconds} (${date.toISOString()})`;
};

const ref = ({ key, tag }: MigrationRef): string => (tag === null ? key : `${key} ${tag}`);

/** How much of a fingerprint is shown: enough to tell two apart. */
const SHORT = 12;

/** What a command line is that does a repair. */
const commandOf = ({ command, options }: Called, repair: FittingRepair['repair']): string =>
  `${command} ${toWords(repair)}${options}`;

/** What one must know before a repair, beside what it does. */
const conditionOf = ({ repair, leaves }: FittingRepair): string =>
  (repair.kind === 'mark-applied' ? ' Do this only if what it does is there already.' : '') +
  (leaves === null ? '' : ` Still refused then: ${leaves}.`);

/**
 * Repairs that fit, each as it is typed, and what it does.
 *
 * @param repairs the repairs
 * @param called how the object is called
 */
export const repairsToText = (repairs: readonly FittingRepair[], called: Called): string =>
  repairs
    .map((one) =>
      indent(`${commandOf(called, one.repair)}\n${indent(one.effect + conditionOf(one))}`),
    )
    .join('\n');

/** A row in question, by all that is known of it, and the migrations that it may be. */
function rowToLines({
  table: name,
  version,
  tag,
  created_at: createdAt,
  nearest,
}: RowInQuestion): string {
  const known = [
    ...(version === null ? [] : [`version ${version}`]),
    ...(tag === null ? [] : [tag]),
    ...(createdAt === null ? [] : [`created_at ${created(createdAt)}`]),
  ];
  const near =
    nearest.length === 0 ? '' : `\n  nearest in the code: ${nearest.map(ref).join(', ')}`;
  return indent(`${name}: ${known.join(', ') || 'a row without a name and a time'}${near}`);
}

/** Actions of one kind and for one reason in a row, as one line. */
function actionsOf(actions: InspectAnswer['actions']): string {
  const groups: (Pick<InspectAnswer['actions'][number], 'action' | 'reason'> & {
    about: string[];
  })[] = [];
  for (const { action, key, tag, reason } of actions) {
    const last = groups.at(-1);
    const about = key ?? tag;
    if (last?.action === action && last.reason === reason && about !== null) last.about.push(about);
    else groups.push({ action, reason, about: about === null ? [] : [about] });
  }
  const list = (about: readonly string[]): string =>
    about.length > 2 ? `${about[0]} … ${about.at(-1)} (${about.length})` : about.join(', ');
  return indentedTable(
    [],
    groups.map(({ action, reason, about }) => [action, list(about), reason]),
  );
}

/** The codes of refusals that say that a ledger itself cannot be read. */
const UNREADABLE = ['NOT_A_LEDGER', 'BROKEN_LEDGER'];

function ledgersOf({ ours, drizzle, counts, refusal }: InspectAnswer): string {
  if (UNREADABLE.includes(refusal?.code ?? '')) return 'cannot be read';
  const theirs =
    drizzle === 'none'
      ? "no ledger of Drizzle's"
      : `Drizzle ${drizzle}'s with ${plural(counts.drizzle, 'row')}` +
        (counts.unknown > 0 ? `, ${counts.unknown} of them unknown` : '');
  const own =
    ours === 'none'
      ? 'none of drizzle-offramp'
      : `${ours === 'do-orm' ? "do-orm's" : "drizzle-offramp's"} with ${plural(counts.ledger, 'row')}` +
        (counts.ahead > 0 ? `, ${counts.ahead} of them unknown to the code` : '');
  return `${own}; ${theirs}`;
}

function codeOf({ counts, fingerprint, head }: InspectAnswer): string {
  const own = fingerprint?.slice(0, SHORT);
  const last = head?.slice(0, SHORT);
  const text = `${plural(counts.migrations, 'migration')}, fingerprint ${own ?? 'not known'}`;
  return last === undefined || last === own ? text : `${text}; the object's last one was ${last}`;
}

const lists = (refs: readonly MigrationRef[]): string =>
  refs.length > 3
    ? `${refs.length}: ${ref(refs[0] as MigrationRef)} … ${ref(refs.at(-1) as MigrationRef)}`
    : refs.map(ref).join(', ');

/** Nothing is to be done in it. */
const isSettled = ({ state }: InspectAnswer): boolean =>
  state === 'up-to-date' || state === 'empty';

/** What is known of an object: its id, the code that answers, the ledgers. */
function factsOf(answer: InspectAnswer): string {
  const { pending, drift, id } = answer;
  const facts = [
    ['Id', id],
    ['Code', codeOf(answer)],
    ['Ledgers', ledgersOf(answer)],
    ...(pending.length > 0 && !isSettled(answer) ? [['Pending', lists(pending)]] : []),
    ...(drift.length > 0 ? [['Drift', lists(drift)]] : []),
    ...(answer.foreignKeys === 'off' && !isSettled(answer)
      ? [['Foreign keys', 'disabled while it runs, and checked']]
      : []),
  ];
  return table([], facts);
}

/** What is wrong with an object, what its next wake does and which repairs fit; between them, what is known of it. */
function standing(answer: InspectAnswer, called: Called, facts: readonly string[] = []): string[] {
  const { refusal, rows, repairs, actions } = answer;
  return [
    ...(refusal === null ? [] : ['', paint.red(refusal.message)]),
    ...facts,
    ...section('Rows in question', rows.map(rowToLines).join('\n')),
    ...section(
      refusal === null ? 'Next wake' : 'Next wake, as planned',
      isSettled(answer) ? '' : actionsOf(actions),
    ),
    ...section(
      'Repairs that fit (each a dry run, until you add --yes)',
      repairsToText(repairs, called),
    ),
  ];
}

/** What the state means for whoever uses the object. */
function meaningOf({ state, built }: InspectAnswer): string {
  if (state === 'refused' && built) {
    return 'Its class is constructed, as its last row says that it is up to date. It is refused once there is something to do.';
  }
  return MEANING[state];
}

/**
 * An object, what is wrong with it, and what fits.
 *
 * @param answer what it answered
 * @param called how it is called
 */
export function inspectionToText(answer: InspectAnswer, called: Called): string {
  const { made, instance } = answer;
  const why = instance?.stays;
  const isNameless = answer.name === null && why !== null && why !== 'refused';
  return [
    `${called.title}  ${stateOf(answer)}`,
    meaningOf(answer),
    ...(made ? ['It is new: all that is in it was made since it woke.'] : []),
    ...(isNameless && why !== undefined
      ? [`It was woken by its id, and goes on without its name (${why}).`]
      : []),
    ...standing(answer, called, ['', factsOf(answer)]),
  ].join('\n');
}

function recordToText({ id, at, by, reason, repair, before }: RepairRecord): string {
  const rows = before.map((row) => `was: ${rowToText(row)}`);
  return [
    `${id}  ${time(at)}  ${by}: ${reason}`,
    indent([toWords(repair), ...rows].join('\n')),
  ].join('\n');
}

const rowToText = (row: LedgerRow | DrizzleRow): string =>
  Object.entries(row)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/**
 * What an object got, in which order, when and how.
 *
 * @param answer what it answered
 * @param called how it is called
 */
export function historyToText(
  { empty, rows, drizzle, repairs }: HistoryAnswer,
  { title }: Called,
): string {
  if (empty) return `${title}  ${inWords('empty')}\n${MEANING.empty}`;
  const own = indentedTable(
    ['Version', 'Migration', 'Origin', 'applied_at', 'created_at'],
    rows.map(({ version, tag, origin, applied_at: appliedAt, created_at: createdAt }) => [
      String(version),
      tag ?? '–',
      origin ?? '–',
      time(appliedAt),
      createdAt === null ? '–' : String(createdAt),
    ]),
  );
  const theirs = indentedTable(
    ['Row', 'Name', 'created_at'],
    drizzle.map(({ rowid, tag, created_at: createdAt }) => [
      String(rowid),
      tag ?? '–',
      created(createdAt),
    ]),
  );
  return [
    `${title}  ${plural(rows.length, 'migration')} in the ledger`,
    ...section("drizzle-offramp's ledger", rows.length === 0 ? '' : own),
    ...section("Drizzle's ledger", drizzle.length === 0 ? '' : theirs),
    ...section('Repairs', repairs.map(recordToText).join('\n')),
  ].join('\n');
}

/**
 * What migrations would do in an object.
 *
 * @param answer what it answered
 * @param called how it is called
 * @param whose whose migrations were tried, as a sentence has it
 */
export function preflightToText(
  { outcome, result, error, fingerprint }: PreflightAnswer,
  { title }: Called,
  whose: string,
): string {
  const words: Record<PreflightAnswer['outcome'], string> = {
    migrated: paint.green('would migrate'),
    nothing: paint.green('has nothing to do'),
    refused: paint.red('would refuse'),
    failed: paint.red('would fail'),
  };
  const names = ['adopted', 'ignored', 'applied', 'outOfOrder', 'ahead', 'drift'] as const;
  const facts = names.flatMap((name) => {
    const refs = result?.[name] ?? [];
    return refs.length === 0 ? [] : [[name === 'outOfOrder' ? 'out of order' : name, lists(refs)]];
  });
  if (result !== null && result.drizzleLedger !== null) {
    facts.push(["Drizzle's ledger", result.drizzleLedger]);
  }
  if (result !== null && result.violationCount > 0) {
    facts.push([
      'violations',
      `${plural(result.violationCount, 'row')} without a parent, as before`,
    ]);
  }
  return [
    `${title}  ${words[outcome]}`,
    `Tried on its rows and rolled back: ${whose}${fingerprint === null ? '' : `, fingerprint ${fingerprint.slice(0, SHORT)}`}.`,
    ...(error === null ? [] : ['', paint.red(error.message)]),
    ...(facts.length === 0 ? [] : ['', table([], facts)]),
  ].join('\n');
}

/**
 * A repair and what the object is after it.
 *
 * @param answer what it answered
 * @param called how it is called
 */
export function repairToText(
  { repaired, record, effect, after }: RepairAnswer,
  called: Called,
): string {
  const { before, repair, by, reason } = record;
  const { title } = called;
  return [
    ...(repaired
      ? [
          `${title}  ${paint.green('repaired')}: ${toWords(repair)}`,
          `Written down: ${by}: ${reason}`,
        ]
      : [
          `${title}  ${paint.yellow('dry run, nothing was changed')}: ${toWords(repair)}`,
          `It would do this: ${effect}`,
          'To do it:',
          indent(`${commandOf(called, repair)} --reason '…' --yes`),
        ]),
    ...section('Rows as they were', indent(before.map(rowToText).join('\n'))),
    '',
    `${paint.bold(repaired ? 'State now' : 'State would be')}  ${stateOf(after)}${OUTLOOK[after.state]}`,
    ...standing(after, called),
  ].join('\n');
}
