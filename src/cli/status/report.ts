import { paint, plural, table } from '../output.ts';
import type { ObjectState, ObjectStatus } from './inspect-object.ts';
import type { Source } from './source.ts';
import { stepOf } from './step.ts';

/** What `status` found. */
export interface FleetStatus {
  /** Where the objects are. */
  readonly path: string;
  readonly source: Source;
  readonly objects: readonly ObjectStatus[];
}

/** The states in the order in which they are summed up. */
const STATES: readonly ObjectState[] = ['level', 'pending', 'ahead', 'refused', 'unreadable'];

/** The actions that are told with how many migrations they are about, and those that are told alone. */
const COUNTED = ['adopt', 'keep', 'ignore', 'heal', 'apply'] as const;
const PLAIN = ['mirror', 'retire'] as const;

/** What the next wake does, in a few words. */
function wakeOf({ state, actions, problem }: ObjectStatus): string {
  const times = (name: string): number => actions.filter(({ action }) => action === name).length;
  const counted = COUNTED.filter((name) => times(name) > 0).map((name) =>
    name === 'heal' ? paint.yellow(`heal ${times(name)}`) : `${name} ${times(name)}`,
  );
  const parts = [...counted, ...PLAIN.filter((name) => times(name) > 0)];
  if (state === 'refused') return paint.red('refuse');
  if (state === 'unreadable') return paint.red(problem?.split(':')[0] ?? state);
  if (state === 'ahead') return paint.yellow('stand still: it is ahead');
  if (state === 'level') return paint.green('nothing');
  const said = parts.length > 0 ? parts.join(', ') : 'write down that it is level';
  return problem === null ? said : `${said} (${problem})`;
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

const rowOf = (status: ObjectStatus): string[] => [
  status.className,
  status.name ?? `${status.id.slice(0, SHORT_ID)}…`,
  tracked(status),
  status.last === null ? paint.dim('–') : `${status.count}  ${shortTag(status.last)}`,
  wakeOf(status),
  showSize(status.bytes),
];

const counted = (values: readonly string[]): string =>
  [...new Set(values)]
    .map((value) => `${values.filter((other) => other === value).length} ${value}`)
    .join(', ');

/** Each reason once, with the objects that it is about. */
function problemsOf(objects: readonly ObjectStatus[]): string[] {
  const bad = objects.filter(({ state }) => state === 'refused' || state === 'unreadable');
  return [...new Set(bad.map(({ problem }) => problem))].map((problem) => {
    const about = bad.filter((object) => object.problem === problem);
    const [first] = about;
    const more = about.length > 1 ? ` and ${about.length - 1} more` : '';
    return `${paint.red(first?.state ?? '')} ${first?.file}${more}: ${problem}`;
  });
}

/**
 * The report for people: a row for each object, the totals, and the step of the way.
 *
 * @param fleet what was found
 */
export function toText({ path, source, objects }: FleetStatus): string {
  if (objects.length === 0) return `There is no object below ${path}.`;
  const head = ['Class', 'Object', 'Tracked by', 'Stands at', 'Next wake', 'Size'];
  const { step, reached, next } = stepOf(objects, source);
  const states = objects
    .map(({ state }) => state)
    .toSorted((a, b) => STATES.indexOf(a) - STATES.indexOf(b));
  return [
    table(
      head.map((title) => paint.bold(title)),
      objects.map(rowOf),
    ),
    ...problemsOf(objects),
    [
      `${plural(objects.length, 'object')} against ${source.path}: ${counted(states)}.`,
      `Tracked by: ${counted(objects.map(tracked))}.`,
    ].join('\n'),
    [`Step ${step} of 3, ${reached}.`, `Next: ${next}`].join('\n'),
  ].join('\n\n');
}

/**
 * The report for machines.
 *
 * @param fleet what was found
 */
export function toJson({ path, source, objects }: FleetStatus): object {
  const totals = Object.fromEntries(
    STATES.map((state) => [state, objects.filter((object) => object.state === state).length]),
  );
  return {
    path,
    migrations: { kind: source.kind, path: source.path },
    objects,
    totals,
    ...stepOf(objects, source),
  };
}
