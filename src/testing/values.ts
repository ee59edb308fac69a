// Values that a column may take: by its declared type (https://www.sqlite.org/datatype3.html#determination_of_column_affinity),
// by what its CHECK constraints mention, and by its default.

import { checksOf, folded, unquote } from '../reader/names.ts';
import type { Column, Table } from './contents.ts';

/** A value that can be bound; undefined leaves the column to its DEFAULT. */
export type Candidate = string | number | null | ArrayBuffer | undefined;

type Kind = 'integer' | 'real' | 'text' | 'blob';

function kindOf({ type }: Column, isVirtual: boolean): Kind {
  if (/INT/i.test(type)) return 'integer';
  if (/CHAR|CLOB|TEXT/i.test(type) || (isVirtual && type === '')) return 'text';
  if (type === '' || /BLOB/i.test(type)) return 'blob';
  return /REAL|FLOA|DOUB/i.test(type) ? 'real' : 'integer';
}

/** A value that no other row of the column has. */
function distinct(column: Column, kind: Kind, serial: number): Candidate {
  switch (kind) {
    case 'integer':
      return serial;
    case 'real':
      return serial + 0.5;
    case 'text':
      return `${column.name} ${serial}`;
    case 'blob':
      return new TextEncoder().encode(`${column.name} ${serial}`).buffer as ArrayBuffer;
  }
}

/** JSON as the default has it: an application would not take other text there. */
function jsonLike(fallback: string, serial: number): string | undefined {
  const text = /^\(?'([\s\S]*)'\)?$/.exec(fallback)?.[1];
  if (text?.startsWith('{')) return JSON.stringify({ serial });
  return text?.startsWith('[') ? JSON.stringify([serial]) : undefined;
}

/** What a column is most likely to take. */
function usual(column: Column, kind: Kind, serial: number): Candidate {
  const fallback = column.fallback ?? '';
  if (/^\(?(true|false)\)?$/i.test(fallback)) return serial % 2;
  return jsonLike(fallback, serial) ?? distinct(column, kind, serial);
}

/** Lengths that a CHECK asks for are tried up to this one, in characters. */
const LONGEST = 1000;

const JSON_WORDS = /^(json|json_valid|json_type|json_extract|jsonb)$/i;

/** What the CHECK constraints that name a column mention: its texts, its numbers and those beside them. */
function hintsOf(table: Table, column: Column): { mentioned: Candidate[]; beside: Candidate[] } {
  const name = column.name.toLowerCase();
  const words = checksOf(table.sql)
    .map((check) => check.words)
    .filter((check) => check.some((word) => folded(word) === name))
    .flat();
  const found: Candidate[] = [];
  const beside: Candidate[] = [];
  for (const [at, word] of words.entries()) {
    if (word.startsWith("'")) found.push(word.slice(1, -1).replaceAll("''", "'"));
    // Double quotes are a text where no column has that name: https://www.sqlite.org/quirks.html#dblquote
    const isColumn = table.columns.some((other) => other.name.toLowerCase() === folded(word));
    if (word.startsWith('"') && !isColumn) found.push(unquote(word));
    if (!/^\d/.test(word)) continue;
    const fraction = words[at + 1] === '.' ? `.${words[at + 2]}` : '';
    const number = Number(`${words[at - 1] === '-' ? '-' : ''}${word}${fraction}`);
    if (Number.isNaN(number)) continue;
    found.push(number);
    beside.push(number + 1, number - 1);
    if (number > 0 && number <= LONGEST) beside.push('x'.repeat(number), 'x'.repeat(number + 1));
  }
  // What is no JSON makes SQLite throw without naming the column.
  if (words.some((word) => JSON_WORDS.test(word))) found.unshift('{"a":1}', '[1]', '1');
  if (words.some((word) => /^(glob|like)$/i.test(word))) {
    beside.push(...words.filter((word) => word.startsWith("'")).map(patternToText));
  }
  return { mentioned: found, beside };
}

/** A text that a pattern of GLOB or LIKE matches, for patterns without much in them. */
const patternToText = (pattern: string): string =>
  pattern
    .slice(1, -1)
    .replace(/\[\^?([^\]])[^\]]*\]/g, '$1')
    .replace(/[*%]/g, 'x')
    .replace(/[?_]/g, 'x');

/** Of how many rows one is left empty where a column may be. */
const EMPTY_EVERY = 4;

/**
 * What may be put into a column that refers to nothing.
 *
 * @param table the table
 * @param column one of its columns
 * @returns what gives the values to try for a row, the best first, by the row's number from 0
 */
export function candidatesOf(table: Table, column: Column): (row: number) => Candidate[] {
  const kind = kindOf(column, table.isVirtual);
  const { mentioned, beside } = hintsOf(table, column);
  const mayBeEmpty = !column.notNull && column.key === 0 && !table.isVirtual;
  return (row) => {
    const serial = row + 1;
    const turn = row % Math.max(mentioned.length, 1);
    return [
      ...(mayBeEmpty && row % EMPTY_EVERY === EMPTY_EVERY - 1 ? [null] : []),
      ...mentioned.slice(turn),
      ...mentioned.slice(0, turn),
      ...beside,
      usual(column, kind, serial),
      distinct(column, kind, serial),
      distinct(column, 'text', serial),
      serial,
      0,
      ...(mayBeEmpty ? [null] : []),
      ...(column.fallback === null ? [] : [undefined]),
    ];
  };
}
