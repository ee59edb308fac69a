// How the page and the command write what they say of a run: the same everywhere, whatever the language of the machine.
import type { Nameless, Outcome, RunStatus } from './protocol.ts';

/** What objects are once they are through, in the order in which they are listed. */
export const OUTCOMES: readonly (readonly [Outcome, string])[] = [
  ['up-to-date', 'up to date'],
  ['migrates', 'would migrate'],
  ['nothing', 'nothing to do'],
  ['ahead', 'ahead of this code'],
  ['woken', 'woken, not asked'],
  ['empty', 'empty'],
];

/** What is left to do for objects that are not through, and the field of the counts. */
export const WAITING = [
  ['later', 'still with old code, tried later'],
  ['again', 'failed for a moment, tried again'],
  ['open', 'not yet woken'],
] as const;

/** What a run is called. */
export const MODES: Readonly<Record<RunStatus['mode'], string>> = {
  sweep: 'sweep',
  verify: 'verification',
  preflight: 'preflight',
};

/**
 * Objects that are through or have failed.
 *
 * @param counts of a run
 */
export const doneOf = ({ outcomes, failed }: RunStatus['counts']): number =>
  Object.values(outcomes).reduce((sum, objects) => sum + objects, 0) + failed;

/**
 * Which objects a run is about.
 *
 * @param run the run
 */
export const rangeOf = ({ range: { from, to } }: Pick<RunStatus, 'range'>): string =>
  from === null && to === null
    ? 'all objects'
    : `ids ${from === null ? '' : `from ${from} `}${to === null ? '' : `up to ${to}`}`.trim();

/** Why an instance that was woken by its id goes on, after a number of them. */
export const STAYS: Readonly<Record<Nameless['why'], string>> = {
  'not-asked': 'that were not asked to end',
  used: 'in use',
  sockets: 'with WebSockets',
  alarm: 'with an alarm that is due',
  unwatched: 'of a class that cannot be watched',
};

/**
 * A number with its thousands apart.
 *
 * @param value the number
 * @param digits how many decimals
 */
export function count(value: number, digits = 0): string {
  const [whole = '', decimals] = value.toFixed(digits).split('.');
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

/**
 * A count with its noun.
 *
 * @param value how many
 * @param noun the noun in the singular, which takes an s in the plural
 */
export const counted = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/**
 * A share in percent. It says 100 % only where nothing is left out, and 0 % only where there is nothing.
 *
 * @param part how many of them
 * @param whole how many there are
 */
export function percent(part: number, whole: number): string {
  // The space before the sign is one at which no line ends.
  if (whole <= 0 || part <= 0) return '0\u00a0%';
  if (part >= whole) return '100\u00a0%';
  const tenths = Math.floor((part / whole) * 1000);
  return tenths === 0 ? '<\u00a00.1\u00a0%' : `${(tenths / 10).toFixed(1)}\u00a0%`;
}

/** The last millisecond that a date can have. */
const LAST = 8.64e15;

/**
 * A time of day in UTC.
 *
 * @param milliseconds since 1970
 * @returns such as `2026-11-25 02:57:10`; `–` if it is none
 */
export const time = (milliseconds: number | null): string =>
  milliseconds === null || !(Math.abs(milliseconds) <= LAST)
    ? '–'
    : new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ');

/**
 * How long something takes.
 *
 * @param seconds how many
 * @returns such as `2 h 5 min`
 */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours < 48) return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
  return `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

/**
 * An amount of money.
 *
 * @param value US dollars
 */
export const dollars = (value: number): string => {
  if (value > 0 && value < 0.01) return 'less than $0.01';
  return `$${count(value, value < 10_000 ? 2 : 0)}`;
};
