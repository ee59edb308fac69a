// Drizzle names a migration after the UTC second it was made in: 14 digits, YYYYMMDDHHMMSS.

/** The first moment that has more than 14 digits, in milliseconds. */
const END = Date.UTC(10000, 0);

/**
 * Whether a value is a moment that Drizzle can have stamped: whole milliseconds from 1970 to 9999.
 *
 * @param value any value
 */
export const isTimestamp = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < END;

/**
 * The second of a moment in 14 digits, in UTC.
 *
 * @param millis milliseconds since 1970
 */
export const secondOf = (millis: number): string =>
  new Date(millis).toISOString().replace(/\..*|\D/g, '');

/**
 * Whether a value is a name as Drizzle 1.x gives them: the second, and `_` if more follows.
 *
 * @param tag any value
 */
export const isTag = (tag: unknown): tag is string =>
  typeof tag === 'string' && /^\d{14}(_|$)/.test(tag) && millisOf(tag.slice(0, 14)) >= 0;

/**
 * The moment that 14 digits say, in milliseconds since 1970.
 *
 * @param second `YYYYMMDDHHMMSS`, in UTC
 * @returns NaN for digits that are no date
 */
export function millisOf(second: string): number {
  const iso = second.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z');
  const millis = Date.parse(iso);
  // Date.parse rolls the 31st of February over into March.
  return isTimestamp(millis) && secondOf(millis) === second ? millis : Number.NaN;
}
