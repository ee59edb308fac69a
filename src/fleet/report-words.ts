// How the report writes numbers, shares and times: the same everywhere, whatever the language of the machine.

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
