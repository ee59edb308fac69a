// Whether a value is still what it was: exactly, or as another declared type keeps it without loss.
import { fold } from '../reader/names.ts';
import type { StoredRow } from './contents.ts';

/** A text that a column of numbers takes for a number and gives back as it was. */
const NUMERIC = /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/;

/** A number as one text, whatever kind SQLite keeps it as; undefined for what is none. */
function numberOf(stored: string, isRead: boolean): string | undefined {
  if (stored === 'NULL' || stored.startsWith('b')) return undefined;
  const isText = stored.startsWith('t');
  // 5.0 is the text of a REAL in a column of texts, but as a number a text like it has lost its end.
  const digits = isText && isRead ? stored.slice(1).replace(/\.0$/, '') : stored.replace(/^t/, '');
  if (isText && !NUMERIC.test(digits)) return undefined;
  if (/^-?\d+$/.test(digits)) return String(BigInt(digits));
  const number = Number(digits);
  if (isText && String(number) !== digits) return undefined;
  return Number.isInteger(number) && Math.abs(number) < 2 ** 63
    ? String(BigInt(number))
    : String(number);
}

/**
 * Whether a value is what it was, where the column may have another type now: https://www.sqlite.org/datatype3.html#type_affinity
 * A text '5' may be 5, and 5 may be '5'; a text '00712' that is 712 has lost something.
 *
 * @param before the value, as SQLite kept it
 * @param now the value, as it does
 */
export function isSame(before: string, now: string): boolean {
  if (before === now) return true;
  const number = numberOf(before, false);
  return number !== undefined && number === numberOf(now, true);
}

/**
 * The value of a column.
 *
 * @param row a row
 * @param column the column's name, folded
 */
export const cellOf = (row: StoredRow, column: string): string =>
  row[column] ?? row[Object.keys(row).find((name) => fold(name) === column) ?? ''] ?? 'NULL';

/**
 * Whether a row carries all that another one had.
 *
 * @param before the row as it was
 * @param now the row that may be it
 * @param columns the columns of the first, by those of the second that carry them; all folded
 * @param except columns of the first that do not count, folded
 */
export function isKept(
  before: StoredRow,
  now: StoredRow,
  columns: ReadonlyMap<string, string>,
  except: ReadonlySet<string>,
): boolean {
  const pairs = [...columns].filter(([, first]) => !except.has(first));
  return (
    pairs.length > 0 &&
    pairs.every(([column, first]) => isSame(cellOf(before, first), cellOf(now, column)))
  );
}
