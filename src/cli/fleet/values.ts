// What stands behind options on a command line: shares, rates, limits and times.
import type { FailureLimit, IdRange } from '../../fleet/protocol.ts';
import { CliError } from '../output.ts';

const number = (text: string): number | undefined =>
  /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;

const shareOf = (text: string): number | undefined => {
  const percent = text.endsWith('%') ? number(text.slice(0, -1)) : undefined;
  return percent !== undefined && percent > 0 && percent <= 100 ? percent / 100 : undefined;
};

/** Ids begin with four digits of 16 values each. */
const PREFIXES = 16 ** 4;

/**
 * The ids of a share of all objects. Ids are spread evenly, so their first digits tell.
 *
 * @param text such as `1%`
 * @returns all ids for `100%`
 * @throws {CliError} if it is no share
 */
export function readCanary(text: string): IdRange {
  const share = shareOf(text);
  if (share === undefined) {
    throw new CliError(`--canary ${text}: it takes a share of the objects, such as 1%.`);
  }
  const prefixes = Math.max(1, Math.round(share * PREFIXES));
  return {
    from: null,
    to: prefixes >= PREFIXES ? null : prefixes.toString(16).padStart(4, '0'),
  };
}

/** Seconds of the units of a rate. */
const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

/**
 * How many objects a second.
 *
 * @param text such as `500/s`, `500` or `3000/min`; `none` for no limit
 * @throws {CliError} if it is no rate
 */
export function readRate(text: string): number | null {
  if (text === 'none') return null;
  const [amount = '', unit = 's', ...more] = text.split('/');
  const [count, seconds] = [number(amount), Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined];
  if (!count || seconds === undefined || more.length > 0) {
    throw new CliError(`--rate ${text}: it takes objects a second, such as 500/s, or none.`);
  }
  return count / seconds;
}

/** What a limit counts besides, if only a share is named. */
const DEFAULT_COUNT = 20;

/**
 * When a run stops by itself.
 *
 * @param text a share, such as `0.5%`, or with a number of objects that may fail whatever the share: `0.5%,100`; `none` for never
 * @throws {CliError} if it is neither
 */
export function readMaxFailures(text: string): FailureLimit | null {
  if (text === 'none') return null;
  const [first = '', second, ...more] = text.split(',');
  const share = first === '0%' ? 0 : shareOf(first);
  const count = second === undefined ? DEFAULT_COUNT : number(second);
  if (share === undefined || !Number.isInteger(count) || more.length > 0) {
    throw new CliError(
      `--max-failures ${text}: it takes a share of the objects, such as 0.5%, or with a number that may fail whatever the share, 0.5%,100; or none.`,
    );
  }
  return { share, count: count as number };
}

/**
 * A whole number.
 *
 * @param option the option's name, for the error
 * @param text its value
 * @throws {CliError} if it is none
 */
export function readWhole(option: string, text: string): number {
  const value = number(text);
  if (value !== undefined && Number.isSafeInteger(value)) return value;
  throw new CliError(`${option} ${text}: it takes a whole number.`);
}

/**
 * A time.
 *
 * @param option the option's name, for the error
 * @param text such as `2026-11-25T02:00:00Z`; without a zone it is this machine's time
 * @returns milliseconds since 1970
 * @throws {CliError} if it is none
 */
export function readTime(option: string, text: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new CliError(`${option} ${text}: it takes a time, such as 2026-11-25T02:00:00Z.`);
}
