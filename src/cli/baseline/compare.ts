import type { Filled, Snapshot } from './snapshot.ts';

/** A place where two databases differ: a table and a column, or what else it is. */
export interface Difference {
  readonly table: string;
  /** Undefined where not one column differs, but the table itself or how many rows there are. */
  readonly column: string | undefined;
  /** What differs, as the rest of a sentence that starts with the place. */
  readonly found: string;
}

const rowsOf = ({ filled }: Snapshot): Map<string, Filled> =>
  new Map(filled.map((one) => [one.table.name, one]));

function compareRows(some: Snapshot, others: Snapshot): Difference[] {
  const before = rowsOf(some);
  const after = rowsOf(others);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((table): Difference[] => {
    const rows = before.get(table)?.rows ?? [];
    const other = after.get(table)?.rows ?? [];
    if (rows.length !== other.length) {
      return [{ table, column: undefined, found: `has ${rows.length} and ${other.length} row(s)` }];
    }
    const columns = before.get(table)?.columns ?? [];
    return columns.flatMap((column, at) => {
      const row = rows.findIndex((values, i) => values[at] !== other[i]?.[at]);
      if (row < 0) return [];
      return [{ table, column, found: `is ${rows[row]?.[at]} and ${other[row]?.[at]}` }];
    });
  });
}

/**
 * Compares two databases: texts, rows, sequences, and the words of full-text tables.
 *
 * @param some what one of them holds
 * @param others what the other holds
 * @returns where they differ; none if they are the same
 */
export function compareSnapshots(some: Snapshot, others: Snapshot): Difference[] {
  const textsOf = ({ made }: Snapshot) => new Map(made.map((one) => [one.name, one.sql]));
  const [mine, theirs] = [textsOf(some), textsOf(others)];
  const texts = [...new Set([...mine.keys(), ...theirs.keys()])].flatMap((table): Difference[] =>
    mine.get(table) === theirs.get(table)
      ? []
      : [{ table, column: undefined, found: `is ${mine.get(table)} and ${theirs.get(table)}` }],
  );
  const sequence = (one: Snapshot, name: string): string | undefined =>
    one.sequences.find((it) => it.name === name)?.seq;
  const names = [...some.sequences, ...others.sequences].map(({ name }) => name);
  const sequences = [...new Set(names)].flatMap((table): Difference[] => {
    const [seq, other] = [sequence(some, table), sequence(others, table)];
    return seq === other
      ? []
      : [{ table, column: undefined, found: `has counted to ${seq} and ${other}` }];
  });
  const fullTexts = [...some.texts].flatMap(([table, mine]): Difference[] =>
    JSON.stringify(mine) === JSON.stringify(others.texts.get(table))
      ? []
      : [{ table, column: undefined, found: 'finds other words' }],
  );
  return [...texts, ...compareRows(some, others), ...sequences, ...fullTexts];
}
