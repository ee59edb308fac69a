// Rows that are gone, that are not what they were, or that came.
import { fold } from '../reader/names.ts';
import type { DeclaredColumn, FilledTable, StoredRow } from './contents.ts';
import { rowOf, type TableRow } from './contents.ts';
import type { Fate } from './follow.ts';
import { cellOf, isSame } from './kept.ts';
import type { Traced } from './trace.ts';

/** A row that is gone, that is not what it was, or that came. */
export interface DamagedRow {
  /** The table, by its name before. */
  readonly table: string;
  /** The row as it was; undefined if it came. */
  readonly before: TableRow | undefined;
  /** The values that changed; the whole row if it came; undefined if it is gone. */
  readonly now: TableRow | undefined;
}

/** A {@link DamagedRow} exactly as SQLite keeps it. */
export interface Damage {
  readonly table: string;
  readonly before: StoredRow | undefined;
  readonly now: StoredRow | undefined;
}

/**
 * Damage as a rehearsal tells it.
 *
 * @param damage the damage
 */
export const damagedRow = ({ table, before, now }: Damage): DamagedRow => ({
  table,
  before: before && rowOf(before),
  now: now && rowOf(now),
});

/** A column before and after. Names are folded. */
interface Pair {
  readonly before: string;
  readonly after: string;
  /** How it is called where it is shown. */
  readonly name: string;
  /** Whether the declared type is another one, so that SQLite may keep the same value in another way. */
  readonly loose: boolean;
  readonly isKey: boolean;
}

const agrees = (before: StoredRow, after: StoredRow, pair: Pair): boolean => {
  const [one, other] = [cellOf(before, pair.before), cellOf(after, pair.after)];
  return pair.loose ? isSame(one, other) : one === other;
};

function pairsOf(
  before: readonly DeclaredColumn[],
  after: readonly DeclaredColumn[],
  placeOf: (column: string) => string | undefined,
): Pair[] {
  return before.flatMap(({ name, type, key }): Pair[] => {
    const place = placeOf(fold(name));
    const now = after.find((column) => fold(column.name) === place);
    if (now === undefined || place === undefined) return [];
    const loose = fold(type) !== fold(now.type);
    return [{ before: fold(name), after: place, name, loose, isKey: key > 0 }];
  });
}

/** A row to look for, and what of it counts. */
interface Wanted {
  readonly row: StoredRow;
  readonly pairs: readonly Pair[];
  /** Whether the key is whole and tells it. */
  readonly byKey: boolean;
  readonly id: string | undefined;
}

interface Found {
  readonly row: StoredRow;
  readonly id: string;
}

/** Gives each wanted row the one that it has become: by its key, else one that is equal, else the one most like it. */
function match(wanted: readonly Wanted[], found: readonly Found[]): Map<Wanted, Found> {
  const left = new Set(found);
  const matched = new Map<Wanted, Found>();
  const take = (one: Wanted, isIt: (other: Found) => boolean): void => {
    if (matched.has(one)) return;
    for (const other of left) {
      if (!isIt(other)) continue;
      left.delete(other);
      matched.set(one, other);
      return;
    }
  };
  for (const one of wanted) {
    const pairs = one.byKey ? one.pairs.filter(({ isKey }) => isKey) : one.pairs;
    if (pairs.length > 0) take(one, ({ row }) => pairs.every((pair) => agrees(one.row, row, pair)));
  }
  for (const one of wanted) {
    if (one.byKey) continue;
    take(one, ({ id }) => id === one.id);
    take(one, ({ row }) => {
      const equal = one.pairs.filter((pair) => agrees(one.row, row, pair)).length;
      return equal * 2 > one.pairs.length;
    });
  }
  return matched;
}

const changesOf = ({ row, pairs }: Wanted, now: StoredRow): StoredRow =>
  Object.fromEntries(
    pairs
      .filter((pair) => !agrees(row, now, pair))
      .map((pair) => [pair.name, cellOf(now, pair.after)]),
  );

const isEmpty = (row: StoredRow): boolean => Object.keys(row).length === 0;

/** What was compared of one table, and what was found. */
export interface Comparison {
  /** How many rows were looked for. */
  readonly rows: number;
  readonly damaged: readonly Damage[];
}

const rowsIn = ({ rows, ids }: FilledTable): Found[] =>
  rows.map((row, at) => ({ row, id: ids[at] ?? '' }));

/** Whether a full-text table has its rows from another: https://www.sqlite.org/fts5.html#external_content_tables */
const isDerived = ({ isVirtual, sql }: FilledTable): boolean =>
  isVirtual && /\bcontent\s*=/i.test(sql);

/**
 * Looks for every row that a table had before, and compares each value that no statement set in it.
 *
 * @param before the table before
 * @param traced its rows, with what statements did to each
 * @param after the table afterwards; undefined if there is none of that name
 * @param fate what becomes of it; undefined if no statement was about it
 */
export function compareRows(
  before: FilledTable,
  traced: readonly Traced[],
  after: FilledTable | undefined,
  fate: Fate | undefined,
): Comparison {
  const isKnown = fate !== undefined && !before.isVirtual;
  const pairs = pairsOf(before.columns, after?.columns ?? [], (column) =>
    isKnown ? fate.columns.get(column) : column,
  );
  const key = before.columns.filter((column) => column.key > 0);
  const isSameTable = fate?.rebuilt !== true;
  const wanted = traced
    .filter(({ taken, leftOut }) => !taken && !leftOut.has(fate?.table))
    .map(({ row, id, set, forgotten }): Wanted => {
      const own = pairs.filter((pair) => !set.has(pair.before) || forgotten.has(pair.before));
      const isWhole = key.length > 0 && own.filter((pair) => pair.isKey).length === key.length;
      return { row, pairs: own, byKey: isWhole, id: isSameTable ? id : undefined };
    });
  // Rows like them in a table that got none of them are others.
  const isOther = fate?.rebuilt === true && !fate.copied && !isDerived(before);
  const matched = match(wanted, after === undefined || isOther ? [] : rowsIn(after));
  const damaged = wanted.flatMap((one): Damage[] => {
    const found = matched.get(one);
    if (found === undefined) {
      // Where no column is left to tell the row by, nobody can say that it is gone.
      const isTold =
        after === undefined || after.rows.length < wanted.length || one.pairs.length > 0;
      return isTold ? [{ table: before.name, before: one.row, now: undefined }] : [];
    }
    const now = changesOf(one, found.row);
    return isEmpty(now) ? [] : [{ table: before.name, before: one.row, now }];
  });
  return { rows: before.rows.length, damaged };
}

/**
 * How the rows of a table differ from what they should be.
 *
 * @param expected the table as it should be
 * @param found the table as it is; undefined if it is gone
 * @param mayDiffer whether a column's values may differ all the same
 */
export function compareSame(
  expected: FilledTable,
  found: FilledTable | undefined,
  mayDiffer: (column: DeclaredColumn) => boolean = () => false,
): Damage[] {
  const compared = expected.columns.filter((column) => !mayDiffer(column));
  const pairs = pairsOf(compared, found?.columns ?? [], (column) => column);
  const key = expected.columns.filter((column) => column.key > 0);
  const byKey = key.length > 0 && pairs.filter(({ isKey }) => isKey).length === key.length;
  const wanted = expected.rows.map((row, at): Wanted => {
    return { row, pairs, byKey, id: expected.ids[at] };
  });
  const there = found === undefined ? [] : rowsIn(found);
  const matched = match(wanted, there);
  const taken = new Set(matched.values());
  const table = expected.name;
  return [
    ...wanted.flatMap((one): Damage[] => {
      const other = matched.get(one);
      if (other === undefined) return [{ table, before: one.row, now: undefined }];
      const now = changesOf(one, other.row);
      return isEmpty(now) ? [] : [{ table, before: one.row, now }];
    }),
    ...there.flatMap((one): Damage[] =>
      taken.has(one) ? [] : [{ table, before: undefined, now: one.row }],
    ),
  ];
}
