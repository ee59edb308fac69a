import { fold } from '../reader/names.ts';
import type { Column, FilledTable, TableRow, Value } from './contents.ts';
import type { Fate } from './fate.ts';

/** A row that is gone, or one that is not what it was. */
export interface DamagedRow {
  /** The table, by its name before. */
  readonly table: string;
  readonly before: TableRow;
  /** The values that changed, by the columns' names before; undefined if the whole row is gone. */
  readonly now: TableRow | undefined;
}

/** What was compared of one table, and what was found. */
export interface Comparison {
  /** How many rows were looked for. */
  readonly rows: number;
  readonly damaged: readonly DamagedRow[];
}

interface Pairing {
  readonly before: Column;
  readonly after: Column;
}

/** A rebuild with another type may turn 5 into '5': https://www.sqlite.org/datatype3.html#type_affinity */
const loosely = (value: Value): string =>
  value !== null &&
  typeof value !== 'object' &&
  String(value).trim() !== '' &&
  !Number.isNaN(Number(value))
    ? String(Number(value))
    : JSON.stringify(value);

const shown = (row: TableRow, column: Column, loose: boolean): string => {
  const value = row[column.name] ?? null;
  return loose ? loosely(value) : JSON.stringify(value);
};

/** What tells a row by some of its columns, as it was or as it is. */
const identity = (row: TableRow, pairs: readonly Pairing[], side: 'before' | 'after'): string =>
  pairs.map((pair) => shown(row, pair[side], pair.before.type !== pair.after.type)).join(' ');

/** The columns that are there before and after and that no migration changes. */
function comparable(before: FilledTable, after: FilledTable, fate: Fate): Pairing[] {
  const { changed } = fate;
  if (changed === 'all') return [];
  return before.columns.flatMap((column): Pairing[] => {
    const name = fold(column.name);
    const now = fate.renamed.get(name) ?? name;
    const found = after.columns.find((other) => fold(other.name) === now);
    if (found === undefined || found.generated || changed.has(name)) return [];
    return [{ before: column, after: found }];
  });
}

/**
 * Looks for every row that a table had before, by its primary key where that stays as it is, and compares each value
 * that the migrations have no business with.
 *
 * @param before the table before
 * @param after the table afterwards
 * @param fate what the migrations do to it
 */
export function compareRows(before: FilledTable, after: FilledTable, fate: Fate): Comparison {
  const pairs = comparable(before, after, fate);
  const key = before.columns.filter((column) => column.key > 0);
  const keyPairs = pairs.filter((pair) => pair.before.key > 0);
  const byKey = key.length > 0 && keyPairs.length === key.length;
  const identifying = byKey ? keyPairs : pairs;
  const left = new Map<string, TableRow[]>();
  for (const row of after.rows) {
    const id = identity(row, identifying, 'after');
    left.set(id, [...(left.get(id) ?? []), row]);
  }
  const damaged: DamagedRow[] = [];
  for (const row of before.rows) {
    const found = left.get(identity(row, identifying, 'before'))?.shift();
    if (found === undefined) {
      if (!fate.losesRows) damaged.push({ table: before.name, before: row, now: undefined });
      continue;
    }
    const now = Object.fromEntries(
      pairs
        .filter((pair) => identity(row, [pair], 'before') !== identity(found, [pair], 'after'))
        .map((pair) => [pair.before.name, found[pair.after.name] ?? null]),
    );
    if (Object.keys(now).length > 0) damaged.push({ table: before.name, before: row, now });
  }
  return { rows: before.rows.length, damaged };
}
