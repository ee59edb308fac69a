// What foreign keys do, where they are enforced, to rows that refer to rows which are deleted or whose key is changed:
// https://www.sqlite.org/foreignkeys.html#fk_actions
import type { Reference, Table } from './model.ts';
import { fold } from './names.ts';

/** A table at some time. */
export interface TableThen {
  readonly name: string;
  /** What it was called at first, folded; undefined if it is new. */
  readonly origin: string | undefined;
}

/** What was done to the rows that refer to a table, where foreign keys are enforced. */
export interface Reach {
  readonly position: number;
  /** What was done to the table that they refer to. */
  readonly cause: 'DROP TABLE' | 'DELETE' | 'REPLACE' | 'UPDATE';
  readonly table: TableThen;
  /** Tables whose referring rows are deleted. */
  readonly deleted: readonly TableThen[];
  /** Tables whose references are set to NULL or to their default. */
  readonly emptied: readonly TableThen[];
  /** Tables whose references follow a key that is changed. */
  readonly moved: readonly TableThen[];
  /** Tables whose referring rows make it throw. */
  readonly blocking: readonly TableThen[];
}

/** Carries out what a foreign key does. */
export interface Acts {
  /** Rows of a table are deleted. */
  delete(table: Table): void;
  /** Columns of a table get another value. */
  move(table: Table, columns: readonly string[]): void;
}

/** Follows foreign keys from one table to those that refer to it, and on from there. */
export class Reaching {
  readonly deleted = new Set<Table>();
  readonly emptied = new Set<Table>();
  readonly moved = new Set<Table>();
  readonly blocking = new Set<Table>();
  readonly #seen = new Set<Table>();

  /**
   * @param tables all tables
   * @param start the table that something is done to
   * @param cause what is done to it
   * @param acts carries out what foreign keys do
   */
  constructor(
    private readonly tables: readonly Table[],
    private readonly start: Table,
    private readonly cause: Reach['cause'],
    private readonly acts: Acts,
  ) {}

  /**
   * Rows of a table are deleted.
   *
   * @param parent the table
   */
  delete(parent: Table): void {
    for (const [child, reference] of this.#referring(parent)) {
      const action = reference.onDelete;
      if (action === 'Cascade') {
        if (this.deleted.has(child)) continue;
        this.deleted.add(child);
        this.acts.delete(child);
        if (child !== this.start) this.delete(child);
      } else if (action === 'SetNull' || action === 'SetDefault') {
        this.emptied.add(child);
        this.#move(child, reference);
      } else if (child !== this.start && !(this.cause === 'REPLACE' && action === 'NoAction')) {
        // What is replaced is there again before anything is checked.
        this.blocking.add(child);
      }
    }
  }

  /**
   * Columns of a table get another value.
   *
   * @param parent the table
   * @param columns the columns
   */
  update(parent: Table, columns: readonly string[]): void {
    for (const [child, reference] of this.#referring(parent)) {
      const to = reference.to.length > 0 ? reference.to : parent.key;
      if (!to.some((column) => columns.includes(column))) continue;
      const action = reference.onUpdate;
      if (action === 'NoAction' || action === 'Restrict') {
        if (child !== this.start) this.blocking.add(child);
        continue;
      }
      (action === 'Cascade' ? this.moved : this.emptied).add(child);
      this.#move(child, reference);
    }
  }

  /** What refers to a table; a table that is dropped may refer to itself. */
  #referring(parent: Table): (readonly [child: Table, reference: Reference])[] {
    const name = fold(parent.name);
    return this.tables
      .filter((child) => child !== this.start || this.cause !== 'DROP TABLE')
      .flatMap((child) =>
        child.references
          .filter((reference) => reference.parent === name)
          .map((reference) => [child, reference] as const),
      );
  }

  #move(child: Table, { columns }: Reference): void {
    this.acts.move(child, columns);
    if (this.#seen.has(child)) return;
    this.#seen.add(child);
    this.update(child, columns);
  }
}
