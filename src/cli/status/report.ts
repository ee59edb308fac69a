import { paint, plural, table } from '../output.ts';
import { LARGEST_TRIED } from './attempt.ts';
import type { ObjectState, ObjectStatus } from './inspect-object.ts';
import type { Source } from './source.ts';
import { stepOf } from './step.ts';

/** What `status` found. */
export interface FleetStatus {
  /** Where the objects are. */
  readonly path: string;
  /** The migrations that objects are compared with. */
  readonly sources: readonly Source[];
  readonly objects: readonly ObjectStatus[];
  /** Whether the code of a class imports drizzle-offramp. */
  readonly isSwapped: boolean;
}

/** The states in the order in which they are summed up. */
export const STATES: readonly ObjectState[] = [
  'up-to-date',
  'pending',
  'ahead',
  'refused',
  'failing',
  'not-compared',
  'unreadable',
];

/** The states of objects that do not work, or of which nobody can tell. */
const BAD: readonly ObjectState[] = ['refused', 'failing', 'unreadable'];

/**
 * Whether an object does not work, or nobody can tell: one whose class adopts another history is asked by itself.
 *
 * @param object what is known of it
 */
export const isBad = ({ state, against }: ObjectStatus): boolean =>
  BAD.includes(state) || (state === 'not-compared' && against === null);

/** A state in words. */
const inWords = (state: ObjectState): string => state.replaceAll('-', ' ');

/** The actions that are told with how many migrations they are about, in words, and those that are told alone. */
const COUNTED = {
  adopt: 'adopt',
  keep: 'keep',
  ignore: 'ignore',
  apply: 'apply',
  'apply out of order': 'out of order',
} as const;
const PLAIN = ['mirror', 'retire'] as const;
const BASELINE = 'apply baseline';

/** What is added to what the next wake does. */
const remarksOf = ({ state, tried, drift, problem }: ObjectStatus): string => {
  const remarks = [
    ...(state === 'pending' && problem !== null ? [problem] : []),
    ...(tried === false ? ['too large to try'] : []),
    ...(drift.length > 0 ? [`drift in ${drift.map(({ key }) => key).join(', ')}`] : []),
  ];
  return remarks.length > 0 ? ` (${remarks.join('; ')})` : '';
};

/** What the next wake does, in a few words. */
function wakeOf(status: ObjectStatus): string {
  const { state, actions, problem } = status;
  const times = (name: string): number => actions.filter(({ action }) => action === name).length;
  const counted = Object.entries(COUNTED)
    .filter(([name]) => times(name) > 0)
    .map(([name, words]) => `${words} ${times(name)}`);
  const told = (name: string): boolean => times(name) > 0;
  // A new object begins with it.
  const parts = [...[BASELINE].filter(told), ...counted, ...PLAIN.filter(told)];
  const said = parts.length > 0 ? parts.join(', ') : 'write down that it is up to date';
  const words: Record<ObjectState, string> = {
    'up-to-date': paint.green('nothing'),
    pending: said,
    ahead: paint.yellow('nothing: it is ahead'),
    refused: paint.red('refuse'),
    failing: paint.red(`fail: ${said}`),
    'not-compared': paint.yellow('not compared'),
    unreadable: paint.red(problem?.split(':')[0] ?? state),
  };
  return words[state] + remarksOf(status);
}

const UNITS = ['B', 'KB', 'MB', 'GB'];

/**
 * A size for people.
 *
 * @param bytes the size, in bytes
 */
export function showSize(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

/** The first digits of an id: enough to find the file. */
const SHORT_ID = 12;

/** A tag without its time, which the count stands for. */
const shortTag = (tag: string): string => tag.replace(/^\d{14}_(?=.)/, '');

/** Who tracks an object, in words. */
const tracked = ({ trackers }: ObjectStatus): string => trackers.join(' and ') || 'nobody';

/** An object by its name, or by the start of its id. */
const nameOf = ({ name, id }: ObjectStatus): string => name ?? `${id.slice(0, SHORT_ID)}…`;

const standsAt = ({ last, count }: ObjectStatus): string =>
  last === null ? paint.dim('–') : `${count}  ${shortTag(last)}`;

const counted = (values: readonly string[]): string =>
  [...new Set(values)]
    .map((value) => `${values.filter((other) => other === value).length} ${value}`)
    .join(', ');

/** Each reason once, with the objects that it is about. */
function problemsOf(objects: readonly ObjectStatus[]): string[] {
  const bad = objects.filter(({ state }) => BAD.includes(state) || state === 'not-compared');
  return [...new Set(bad.map(({ problem }) => problem))].map((problem) => {
    const about = bad.filter((object) => object.problem === problem);
    const [first] = about as [ObjectStatus];
    const more = about.length > 1 ? ` and ${about.length - 1} more` : '';
    const who = first.name === null ? first.file : `${first.className} ${first.name}`;
    return `${paint.red(inWords(first.state))} ${who}${more}: ${problem}`;
  });
}

/** Up to how many objects each has a row of its own. */
const LISTED = 20;

/** A row for each object, or for all that stand at one point and will do the same. */
function tableOf(objects: readonly ObjectStatus[], listAll: boolean): string {
  const sorted = objects.toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  const head = (second: string): string[] =>
    ['Class', second, 'Tracked by', 'Stands at', 'Next wake', 'Size'].map(paint.bold);
  if (listAll || objects.length <= LISTED) {
    return table(
      head('Object'),
      (listAll ? sorted : objects).map((status) => [
        status.className,
        nameOf(status),
        tracked(status),
        standsAt(status),
        wakeOf(status),
        showSize(status.bytes),
      ]),
    );
  }
  const groups = new Map<string, ObjectStatus[]>();
  for (const status of sorted) {
    const same = [status.className, tracked(status), standsAt(status), wakeOf(status)].join('\n');
    groups.set(same, [...(groups.get(same) ?? []), status]);
  }
  return table(
    head('Objects'),
    [...groups.values()].map((group) => {
      const [first] = group as [ObjectStatus];
      return [
        first.className,
        group.length === 1 ? nameOf(first) : String(group.length),
        tracked(first),
        standsAt(first),
        wakeOf(first),
        showSize(group.reduce((sum, { bytes }) => sum + bytes, 0)),
      ];
    }),
  );
}

/** The migrations, with the classes that have them where there are several. */
function againstOf(sources: readonly Source[], objects: readonly ObjectStatus[]): string {
  if (sources.length === 1) return sources[0]?.path as string;
  return sources
    .map(({ path }) => {
      const classes = objects.filter(({ against }) => against === path);
      return `${path} (${[...new Set(classes.map(({ className }) => className))].join(', ')})`;
    })
    .join(', ');
}

/**
 * The report for people: a row for each object or for each group of them, the totals, and the step of the way.
 *
 * @param fleet what was found
 * @param only the states of the objects to list; without it all are, or many by what they have in common
 */
export function toText(
  { path, sources, objects, isSwapped }: FleetStatus,
  only?: readonly ObjectState[],
): string {
  if (objects.length === 0) return `There is no object below ${path}.`;
  const listed = objects.filter(({ state }) => only?.includes(state) ?? true);
  const { step, reached, next } = stepOf(objects, sources, isSwapped);
  const states = objects
    .map(({ state }) => state)
    .toSorted((a, b) => STATES.indexOf(a) - STATES.indexOf(b));
  const grouped = only === undefined && objects.length > LISTED;
  return [
    ...(listed.length > 0 ? [tableOf(listed, only !== undefined)] : []),
    ...problemsOf(listed),
    [
      `${plural(objects.length, 'object')} against ${againstOf(sources, objects)}: ${counted(states.map(inWords))}.`,
      `Tracked by: ${counted(objects.map(tracked))}.`,
      ...(objects.some(({ drizzle }) => drizzle === 'mirror')
        ? ["Drizzle's ledger is mirrored, as --drizzle, the ledgers or the sources say."]
        : []),
      ...(objects.some(({ tried }) => tried === false)
        ? [
            `Objects above ${showSize(LARGEST_TRIED)} were planned, but not tried on a copy of their rows.`,
          ]
        : []),
      ...(grouped ? [`List the objects of a state with --only ${states.at(-1)}.`] : []),
    ].join('\n'),
    [`Step ${step} of 3, ${reached}.`, `Next: ${next}`].join('\n'),
  ].join('\n\n');
}

/**
 * The report for machines.
 *
 * @param fleet what was found
 * @param only the states of the objects to list; all without it
 */
export function toJson(
  { path, sources, objects, isSwapped }: FleetStatus,
  only?: readonly ObjectState[],
): object {
  const totals = Object.fromEntries(
    STATES.map((state) => [state, objects.filter((object) => object.state === state).length]),
  );
  return {
    path,
    migrations: sources.map(({ kind, path, ejected }) => ({ kind, path, ejected })),
    objects: objects.filter(({ state }) => only?.includes(state) ?? true),
    totals,
    ...stepOf(objects, sources, isSwapped),
  };
}
