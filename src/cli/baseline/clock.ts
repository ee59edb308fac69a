// Another clock: what a migration writes down of the time is another value under it.
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/** How far the other clock is ahead, in milliseconds: all parts of a date differ. */
const AHEAD = ((400 * 24 + 13) * 60 + 17) * 60_000 + 11_411;

/** SQLite's functions that can tell the time: https://www.sqlite.org/lang_datefunc.html */
const FUNCTIONS = [
  'date',
  'time',
  'datetime',
  'julianday',
  'unixepoch',
  'strftime',
  'timediff',
  'current_date',
  'current_time',
  'current_timestamp',
] as const;

/** A function of SQL, in place of SQLite's own. */
export type SqlFunction = (...values: SQLInputValue[]) => SQLInputValue;

/** Those of {@link FUNCTIONS} that take a format first. */
const FORMATTED = new Set(['strftime']);
const WORDS = new Map([
  ['current_date', 'date'],
  ['current_time', 'time'],
  ['current_timestamp', 'datetime'],
]);

/**
 * SQLite's functions of the time under a clock that is more than a year ahead.
 *
 * @returns them by name, and how to end it
 */
export function otherClock(): {
  readonly functions: ReadonlyMap<string, SqlFunction>;
  readonly close: () => void;
} {
  const helper = new DatabaseSync(':memory:');
  const now = new Date(Date.now() + AHEAD).toISOString().replace('T', ' ').replace('Z', '');
  const isNow = (value: unknown): boolean =>
    typeof value === 'string' && value.toLowerCase() === 'now';
  const functions = FUNCTIONS.map((name): [string, SqlFunction] => [
    name,
    (...given) => {
      const values = given.map((value) => (isNow(value) ? now : value));
      const at = FORMATTED.has(name) ? 1 : 0;
      // Without a time the present one is meant, and `subsec` may stand alone.
      if (name !== 'timediff' && /^(undefined|subsec(ond)?)$/i.test(String(values[at]))) {
        values.splice(at, 0, now);
      }
      const call = `SELECT ${WORDS.get(name) ?? name}(${values.map(() => '?').join(', ')}) AS value`;
      return helper.prepare(call).get(...values)?.value as SQLInputValue;
    },
  ]);
  return { functions: new Map(functions), close: () => helper.close() };
}

/**
 * Runs something under the same clock for JavaScript: a migration's function may ask it.
 *
 * @param run what to run, synchronously
 */
export function underOtherClock<T>(run: () => T): T {
  const { Date: own } = globalThis;
  globalThis.Date = class extends own {
    constructor(...values: unknown[]) {
      super(...((values.length === 0 ? [own.now() + AHEAD] : values) as [number]));
    }

    static override now(): number {
      return own.now() + AHEAD;
    }
  } as DateConstructor;
  try {
    return run();
  } finally {
    globalThis.Date = own;
  }
}
