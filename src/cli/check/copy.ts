import { indexOutside, splitAtCommas } from '../../sql/nesting.ts';
import { words } from '../../sql/statements.ts';
import { unquote } from './names.ts';

/** The statement of a rebuild that fills the new table from the old one. */
export interface Copy {
  /** The old table, in capitals. */
  readonly source: string;
  /** The new table, in capitals. */
  readonly target: string;
  /** The new table's columns that are filled, in capitals; undefined if all are. */
  readonly columns: readonly string[] | undefined;
  /** The words of what each column gets, in capitals. */
  readonly values: readonly (readonly string[])[];
  /** What keeps rows back, such as `WHERE`; undefined if nothing does. */
  readonly filter: string | undefined;
}

/** A table's name at a place in a statement, without the name of the database before it. */
export const nameAt = (all: readonly string[], position: number): string =>
  unquote(all[all[position + 1] === '.' ? position + 2 : position] ?? '').toUpperCase();

// https://www.sqlite.org/lang_select.html
const FILTERS = ['WHERE', 'LIMIT', 'GROUP', 'HAVING', 'EXCEPT', 'INTERSECT', 'JOIN', ','];

/**
 * Reads a statement as `INSERT INTO target (columns) SELECT values FROM source`.
 *
 * @param statement one statement
 * @returns undefined for any other statement
 */
export function readCopy(statement: string): Copy | undefined {
  const all = words(statement);
  const into = all.indexOf('INTO');
  const select = indexOutside(all, /^SELECT$/, into);
  const from = indexOutside(all, /^FROM$/, select);
  if (all[0] !== 'INSERT' || into < 0 || select < 0 || from < 0) return undefined;
  const list = all.indexOf('(', into);
  const rest = all.slice(from + 1);
  const distinct = all[select + 1] === 'DISTINCT';
  const filter =
    all[1] === 'OR' && all[2] === 'IGNORE'
      ? 'OR IGNORE'
      : distinct
        ? 'DISTINCT'
        : FILTERS.find((word) => indexOutside(rest, new RegExp(`^${word}$`)) >= 0);
  return {
    source: nameAt(all, from + 1),
    target: nameAt(all, into + 1),
    columns:
      list >= 0 && list < select
        ? splitAtCommas(all.slice(list + 1, all.indexOf(')', list))).map((part) =>
            unquote(part[0] ?? '').toUpperCase(),
          )
        : undefined,
    values: splitAtCommas(all.slice(select + (distinct ? 2 : 1), from)),
    filter: filter === ',' ? 'JOIN' : filter,
  };
}
