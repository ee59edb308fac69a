// Values that a column may take: by its declared type (https://www.sqlite.org/datatype3.html#determination_of_column_affinity),
// by what its CHECK constraints mention, and by its default.

import { type Check, checksOf, folded, unquote } from '../reader/names.ts';
import type { DeclaredColumn, DeclaredTable } from './contents.ts';

/** A value that can be bound; undefined leaves the column to its DEFAULT. */
export type Candidate = string | number | null | ArrayBuffer | undefined;

type Kind = 'integer' | 'real' | 'text' | 'blob';

function kindOf({ type }: DeclaredColumn, isVirtual: boolean): Kind {
  if (/INT/i.test(type)) return 'integer';
  if (/CHAR|CLOB|TEXT/i.test(type) || (isVirtual && type === '')) return 'text';
  if (type === '' || /BLOB/i.test(type)) return 'blob';
  return /REAL|FLOA|DOUB/i.test(type) ? 'real' : 'integer';
}

/** A value that no other row of the column has. */
function distinct(column: DeclaredColumn, kind: Kind, serial: number): Candidate {
  switch (kind) {
    case 'integer':
      return serial;
    case 'real':
      return serial + 0.5;
    case 'text':
      return `${column.name} ${serial}`;
    case 'blob':
      return bytesOf(`${column.name} ${serial}`);
  }
}

/** JSON as the default has it: an application would not take other text there. */
function jsonLike(fallback: string, serial: number): string | undefined {
  const text = /^\(?'([\s\S]*)'\)?$/.exec(fallback)?.[1];
  if (text?.startsWith('{')) return JSON.stringify({ serial });
  return text?.startsWith('[') ? JSON.stringify([serial]) : undefined;
}

/** What a column is most likely to take. */
function usual(column: DeclaredColumn, kind: Kind, serial: number): Candidate {
  const fallback = column.fallback ?? '';
  if (/^\(?(true|false)\)?$/i.test(fallback)) return serial % 2;
  return jsonLike(fallback, serial) ?? distinct(column, kind, serial);
}

/** Lengths that a CHECK asks for are tried up to this one, in characters. */
const LONGEST = 1000;
/** How many elements of a JSON array are tried. */
const MOST_ELEMENTS = 20;

/** What is no JSON makes SQLite throw without naming the column. */
const JSON_WORDS = /^jsonb?(_\w+)?$/i;
const PATTERN_WORDS = /^(glob|like|regexp|match)$/i;
const TIME_WORDS = /^(date|time|datetime|julianday|unixepoch|strftime)$/i;

/** Ways to write a time, of which a CHECK may know one only. */
function timesOf(serial: number): string[] {
  const day = String((serial % 28) + 1).padStart(2, '0');
  const date = `2026-01-${day}`;
  const times = [`${date}T12:00:00.000Z`, `${date} 12:00:00`, date, `${date}T12:00:00Z`];
  return [
    ...times,
    `${date}T12:00:00`,
    `${date}T12:00:00+00:00`,
    `${date} 12:00`,
    '12:00:00',
    '12:00',
  ];
}

/** Numbers with zeros before them are hashes, ULIDs and codes all in one: digits are in every alphabet. */
const padded = (serial: number, length: number): string =>
  String(serial).padStart(length, '0').slice(-length);

/** What a CHECK mentions: its texts, its numbers, and what is made of them. */
interface Hints {
  readonly mentioned: Candidate[];
  readonly beside: (serial: number) => Candidate[];
}

const textIn = (word: string): string => word.slice(1, -1).replaceAll("''", "'");

/** The numbers among the words of an expression. */
function numbersIn(words: readonly string[]): number[] {
  return words.flatMap((word, at) => {
    if (!/^\d/.test(word)) return [];
    const number = Number(`${words[at - 1] === '-' ? '-' : ''}${word}`);
    return Number.isNaN(number) ? [] : [number];
  });
}

/** A path such as `$.a.b` with a value at its end, as JSON. */
function jsonAt(path: string, value: Candidate): string | undefined {
  const keys = path.slice(2).split('.');
  if (!path.startsWith('$.') || keys.some((key) => key === '' || /[[\]"]/.test(key)))
    return undefined;
  return JSON.stringify(keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value));
}

function jsonsFor(texts: readonly string[], numbers: readonly number[], serial: number): string[] {
  const paths = texts.filter((text) => text.startsWith('$.'));
  const values = [
    ...texts.filter((text) => !text.startsWith('$')),
    ...numbers,
    `text ${serial}`,
    serial,
    [serial],
  ];
  const lengths = [...new Set(numbers.flatMap((number) => [number, number + 1]))];
  return [
    ...paths.flatMap((path) => values.flatMap((value) => jsonAt(path, value as Candidate) ?? [])),
    JSON.stringify([serial]),
    JSON.stringify({ serial }),
    ...lengths
      .filter((length) => Number.isInteger(length) && length >= 0 && length <= MOST_ELEMENTS)
      .map((length) => JSON.stringify(Array.from({ length }, (_, at) => at + serial))),
    JSON.stringify(Array.from({ length: 3 }, (_, at) => `text ${at + serial}`)),
    '{"a":1}',
    '[1]',
    '[]',
    '{}',
    '1',
    '"a"',
  ];
}

/** What the CHECK constraints that name a column mention. */
function hintsOf(
  table: DeclaredTable,
  column: DeclaredColumn,
  checks: readonly Check[],
  kind: Kind,
): Hints {
  const name = column.name.toLowerCase();
  const words = checks
    .map((check) => check.words)
    .filter((check) => check.some((word) => folded(word) === name))
    .flat();
  if (words.length === 0) return { mentioned: [], beside: () => [] };
  // Double quotes are a text where no column has that name: https://www.sqlite.org/quirks.html#dblquote
  const isColumn = (word: string): boolean =>
    table.columns.some((other) => other.name.toLowerCase() === folded(word));
  const texts = words.flatMap((word) => {
    if (word.startsWith("'")) return textIn(word);
    return word.startsWith('"') && !isColumn(word) ? unquote(word) : [];
  });
  const numbers = numbersIn(words);
  const says = (pattern: RegExp): boolean => words.some((word) => pattern.test(word));
  const patterns = words.flatMap((word, at) =>
    PATTERN_WORDS.test(word) && words[at + 1]?.startsWith("'") === true
      ? [{ text: textIn(words[at + 1] as string), isGlob: /glob/i.test(word) }]
      : [],
  );
  const isPattern = (text: string): boolean => patterns.some((pattern) => pattern.text === text);
  const lengths = [
    ...new Set(numbers.flatMap((number) => [number, number + 1, number - 1])),
  ].filter((length) => Number.isInteger(length) && length > 0 && length <= LONGEST);
  return {
    mentioned: [...texts.filter((text) => !isPattern(text)), ...numbers],
    beside: (serial) => [
      ...(says(JSON_WORDS) ? jsonsFor(texts, numbers, serial) : []),
      ...patterns.flatMap((pattern) => patternToTexts(pattern, serial)),
      ...(says(TIME_WORDS) || patterns.length > 0 || lengths.length > 0 ? timesOf(serial) : []),
      ...(texts.includes('@') ? [`name${serial}@example.com`] : []),
      ...numbers.flatMap((number) => [
        number + 1,
        number - 1,
        number + serial,
        number * (serial + 1),
      ]),
      ...(kind === 'blob' ? lengths.map((length) => bytesOf(padded(serial, length))) : []),
      ...lengths.flatMap((length) => [
        padded(serial, length),
        'x'.repeat(length),
        'A'.repeat(length),
      ]),
      `${name}${serial}`,
      `${name}${serial}`.toUpperCase(),
      String(serial),
      0,
      1,
      2,
      serial,
      serial + 1,
      -serial,
    ],
  };
}

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;

/** One character of a set such as `[0-9a-f]`, a digit if it has one. */
function oneOf(set: string, digit: string): string {
  const negated = set.startsWith('^');
  const matches = (character: string): boolean => {
    const body = negated ? set.slice(1) : set;
    const ranges = body.replaceAll(/(.)-(.)/g, (_, from: string, to: string) =>
      character >= from && character <= to ? character : '',
    );
    return ranges.includes(character) !== negated;
  };
  return [digit, ...'0123456789abcxyzABCXYZ_-.@ '].find(matches) ?? set[0] ?? '';
}

/** Texts that a pattern of GLOB or LIKE matches: the shortest, and one that is told by its number. */
function patternToTexts(
  { text, isGlob }: { text: string; isGlob: boolean },
  serial: number,
): string[] {
  const digits = String(serial);
  let used = 0;
  const digit = (): string => digits[digits.length - 1 - used++] ?? '0';
  const parts: (string | { any: true })[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    const end = isGlob && character === '[' ? text.indexOf(']', at + 2) : -1;
    if (end > at) {
      parts.push(oneOf(text.slice(at + 1, end), digit()));
      at = end;
    } else if (character === (isGlob ? '?' : '_')) parts.push(digit());
    else if (character === (isGlob ? '*' : '%')) parts.push({ any: true });
    else parts.push(character);
  }
  const filled = (any: string): string =>
    parts.map((part) => (typeof part === 'string' ? part : any)).join('');
  return [filled(digits), filled(''), filled('x')];
}

/** Of how many rows one is left empty where a column may be. */
const EMPTY_EVERY = 4;

/**
 * What may be put into a column that refers to nothing.
 *
 * @param table the table
 * @param column one of its columns
 * @param checks the CHECK constraints that its rows must meet
 * @returns what gives the values to try for a row, the best first, by the row's number from 0
 */
export function candidatesOf(
  table: DeclaredTable,
  column: DeclaredColumn,
  checks: readonly Check[] = checksOf(table.sql),
): (row: number) => Candidate[] {
  const kind = kindOf(column, table.isVirtual);
  const { mentioned, beside } = hintsOf(table, column, checks, kind);
  const mayBeEmpty = !column.notNull && column.key === 0 && !table.isVirtual;
  return (row) => {
    const serial = row + 1;
    const turn = row % Math.max(mentioned.length, 1);
    return [
      ...(mayBeEmpty && row % EMPTY_EVERY === EMPTY_EVERY - 1 ? [null] : []),
      ...mentioned.slice(turn),
      ...mentioned.slice(0, turn),
      ...beside(serial),
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
