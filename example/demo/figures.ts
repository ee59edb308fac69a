// What the demo comes to, as numbers: for the manual and its picture, which a test holds against this.
import { type Count, countRows } from './compare.ts';
import { fleet } from './fleet.ts';
import type { Contents } from './storage.ts';

/** What became of a table's rows, or of the references in one of its columns, in all objects. */
export interface Line {
  /** A table, or `table.column` of a reference. */
  name: string;
  before: number;
  /** After drizzle-offramp. */
  ours: number;
  /** After Drizzle's migrator. */
  drizzle: number;
  /** What Drizzle's migrator deleted or emptied. */
  lost: number;
}

/** What the demo comes to. */
export interface Figures {
  objects: number;
  /** Rows of all objects. */
  before: number;
  after: number;
  /** Rows that drizzle-offramp lost. */
  missing: number;
  /** Rows that Drizzle's migrator deleted, and references that it emptied. */
  deleted: number;
  emptied: number;
  lines: Line[];
}

const sum = (counts: Count[], of: 'before' | 'after' | 'missing'): number =>
  counts.reduce((total, count) => total + count[of], 0);

const nameOf = ({ table, column }: Count): string => (column ? `${table}.${column}` : table);

/**
 * Adds up what became of all rows and references.
 *
 * @param before all objects as Drizzle left them
 * @param after the same after drizzle-offramp
 * @param ours what became of their rows
 * @param drizzles the same with Drizzle's migrator
 */
export function figuresOf(
  before: Contents[],
  after: Contents[],
  ours: Count[],
  drizzles: Count[],
): Figures {
  const lost = (isReference: boolean, counts: Count[]): number =>
    sum(
      counts.filter(({ column }) => (column !== undefined) === isReference),
      'missing',
    );
  const lines = [...new Set(ours.map(nameOf))].sort().flatMap((name): Line[] => {
    const own = ours.filter((count) => nameOf(count) === name);
    const drizzle = drizzles.filter((count) => nameOf(count) === name);
    // References matter where the row stayed and its reference did not.
    if (own[0]?.column && sum([...own, ...drizzle], 'missing') === 0) return [];
    return [
      {
        name,
        before: sum(own, 'before'),
        ours: sum(own, 'after'),
        drizzle: sum(drizzle, 'after'),
        lost: sum(drizzle, 'missing'),
      },
    ];
  });
  return {
    objects: fleet.length,
    before: countRows(...before),
    after: countRows(...after),
    missing: lost(false, ours),
    deleted: lost(false, drizzles),
    emptied: lost(true, drizzles),
    lines,
  };
}
