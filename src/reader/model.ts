// What is known of a database while statements are followed: its tables, and whose rows each of them holds.

/** A column of a table. */
export interface Column {
  /** As it is written. */
  name: string;
  readonly notNull: boolean;
  /** Whether it has a default that is not NULL. */
  readonly hasDefault: boolean;
  /** Whether it is the rowid itself, so that SQLite fills it. */
  readonly isRowid: boolean;
  /** Whether it is computed from other columns, so that nothing can be written into it. */
  readonly generated: boolean;
  /** How many times `begin` was called before ALTER TABLE added it; undefined if it came with its table. */
  readonly added?: number;
}

/** What a foreign key does: https://www.sqlite.org/foreignkeys.html#fk_actions */
export type Action = 'Cascade' | 'SetNull' | 'SetDefault' | 'Restrict' | 'NoAction';

/** A foreign key. Names are folded. */
export interface Reference {
  columns: readonly string[];
  parent: string;
  /** The columns that it names in the parent; empty for the parent's primary key. */
  to: readonly string[];
  readonly onDelete: Action;
  readonly onUpdate: Action;
  /** Whether it is checked at the end of a transaction only. */
  readonly deferred: boolean;
}

/** What keeps rows back, or takes them away. */
export interface Loss {
  /** In SQL's words, such as `WHERE`, `DELETE` or `ON DELETE CASCADE`. */
  readonly cause: string;
  /** The statement that does it, by its place among those that were followed. */
  readonly position: number;
  /** Whether it takes every row, whatever stands in it. */
  readonly all: boolean;
  /** Whether it happens only where foreign keys are enforced. */
  readonly enforced: boolean;
  /** By what it is said which rows. */
  readonly by?: Named;
}

/** By what a condition tells rows. All names are folded. */
export interface Named {
  /** Columns by their own values, and not only by being NULL. */
  readonly names: ReadonlySet<string>;
  /** Columns by being NULL. */
  readonly nulls: ReadonlySet<string>;
  /** Columns beside or within a SELECT. */
  readonly compared: ReadonlySet<string>;
  /** The tables that such a SELECT reads. */
  readonly against: ReadonlySet<string>;
}

/** Where a value comes from: columns of one table as it was at first. Names are folded. */
export interface Value {
  /** The column, if the value is that column's as it is. */
  readonly exact: string | undefined;
  /** All columns that the value is made of. */
  readonly sources: ReadonlySet<string>;
  /** The statement after which a foreign key may have changed it, where they are enforced. */
  readonly emptied?: number;
  /** What is known of every row; undefined where it may be either. */
  readonly known?: 'NULL' | 'not NULL' | undefined;
  /** The column of which it is another value wherever that is another value. */
  readonly apart?: string | undefined;
  /** The columns that can be read out of it again; undefined where that is only {@link exact}. */
  readonly keeps?: ReadonlySet<string>;
  /** Whether no two rows get the same, as of random bytes. */
  readonly random?: boolean;
  /** Where an UPDATE wrote it: by what it said which rows, if it did not mean all. */
  readonly updated?: { readonly by: Named | undefined };
}

/** Rows of a table as it was at first, in a table as it is now. */
export interface Held {
  /** The table at first, folded. */
  readonly origin: string;
  /** Whether they were copied here; else they have always been in this table. */
  readonly copied: boolean;
  /** The statement that copied them; -1 if none did. */
  readonly position: number;
  readonly losses: readonly Loss[];
  /** What each column holds, by its name now, folded. A column that is not in it holds nothing of the origin. */
  readonly values: ReadonlyMap<string, Value>;
  /** Sets of the origin's columns that no two of these rows share. */
  readonly uniques: readonly (readonly string[])[];
  /** Whether each row is there once at most, and which part of a compound SELECT gave them. */
  readonly once: boolean;
  readonly branch: number;
  /** Whether the statement that copied them would give the same rows before all others. */
  readonly first: boolean;
}

/** A table as it is now. */
export interface Table {
  name: string;
  /** Undefined in a virtual table: only its module knows them. */
  columns: Column[] | undefined;
  /** The columns of the primary key, folded. */
  key: readonly string[];
  /** Sets of columns that no two rows share, folded; the primary key is one of them. */
  uniques: (readonly string[])[];
  /** Whether a constraint says what happens on a conflict, or a row may be refused for something else than a key. */
  readonly conflict: 'Ignore' | 'Replace' | undefined;
  readonly hasChecks: boolean;
  readonly autoincrement: boolean;
  /** Whether it only finds the rows of another table, as a search does. */
  readonly derived?: boolean;
  references: Reference[];
  /** Whether anything was put into it since it was created; true for a table that was there at first. */
  filled: boolean;
  /** Undefined as long as it holds just what it held at first. */
  held: readonly Held[] | undefined;
  /** The name that it had at first, folded; undefined for a table that is new. */
  origin: string | undefined;
}

/** Nothing of the origin. */
export const NOTHING: Value = { exact: undefined, sources: new Set() };

/**
 * A column as it is.
 *
 * @param column the column, folded
 */
export const exactly = (column: string): Value => ({
  exact: column,
  apart: column,
  sources: new Set([column]),
});

/**
 * A value that is made of others.
 *
 * @param values the others
 */
export const mixed = (values: readonly Value[]): Value => ({
  exact: undefined,
  sources: new Set(values.flatMap(({ sources }) => [...sources])),
});

/**
 * What a column has that nothing was written into: its default.
 *
 * @param column the column
 */
export const unwritten = (column: Column | undefined): Value => {
  if (column === undefined || column.generated || column.isRowid) return NOTHING;
  return { ...NOTHING, known: column.hasDefault ? 'not NULL' : 'NULL' };
};
