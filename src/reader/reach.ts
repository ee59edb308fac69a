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
  readonly blocking = new Set<Table>();
  readonly #moved = new Set<Table>();

  /**
   * @param tables all tables
   * @param start the table that something is done to
   * @param isDropped whether it is dropped, so that what refers to itself does not matter
   * @param acts carries out what foreign keys do
   */
  constructor(
    private readonly tables: readonly Table[],
    private readonly start: Table,
    private readonly isDropped: boolean,
    private readonly acts: Acts,
  ) {}

  /**
   * Rows of a table are deleted, or their keys changed.
   *
   * @param parent the table
   * @param how which of the two
   */
  from(parent: Table, how: 'onDelete' | 'onUpdate'): void {
    for (const child of this.tables) {
      if (child === this.start && this.isDropped) continue;
      for (const reference of child.references) {
        if (reference.parent === fold(parent.name)) this.#follow(child, reference, how);
      }
    }
  }

  #follow(child: Table, reference: Reference, how: 'onDelete' | 'onUpdate'): void {
    const action = reference[how];
    if (action === 'NoAction' || action === 'Restrict') {
      if (child !== this.start) this.blocking.add(child);
    } else if (how === 'onDelete' && action === 'Cascade') {
      if (this.deleted.has(child)) return;
      this.deleted.add(child);
      this.acts.delete(child);
      if (child !== this.start) this.from(child, 'onDelete');
    } else {
      if (action !== 'Cascade') this.emptied.add(child);
      this.acts.move(child, reference.columns);
      const isKey = child.uniques.some((key) =>
        key.some((column) => reference.columns.includes(column)),
      );
      if (!isKey || this.#moved.has(child)) return;
      this.#moved.add(child);
      this.from(child, 'onUpdate');
    }
  }
}
