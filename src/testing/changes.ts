// What the option `changes` lists: tables, columns, triggers, indexes and views that change on purpose.
import { fold } from '../reader/names.ts';
import type { FilledTable } from './contents.ts';

/** The names that a rehearsal has seen, as they are written. */
export class Names {
  readonly tables = new Set<string>();
  readonly others = new Set<string>();

  /**
   * Takes in what an object has.
   *
   * @param tables its tables
   * @param entries what sqlite_master has
   */
  see(
    tables: readonly FilledTable[],
    entries: readonly { readonly type: string; readonly name: string }[],
  ): void {
    for (const { name, columns } of tables) {
      this.tables.add(name);
      for (const column of columns) this.others.add(`${name}.${column.name}`);
    }
    for (const { type, name } of entries) if (type !== 'table') this.others.add(name);
  }

  /**
   * The first name that nothing has.
   *
   * @param names any names
   * @param only whether only tables count
   */
  strangerIn(names: readonly string[], only: 'tables' | 'all'): string | undefined {
    const known = new Set([...this.tables, ...(only === 'all' ? this.others : [])].map(fold));
    return names.find((name) => !known.has(fold(name)));
  }
}

/** What changes on purpose. */
export class Changes {
  readonly #names: ReadonlySet<string>;

  /** @param names the option */
  constructor(names: readonly string[]) {
    this.#names = new Set(names.map(fold));
  }

  /**
   * Whether something is listed: a table, or whatever hangs on one.
   *
   * @param names what it is called, before and after
   */
  has(...names: readonly (string | undefined)[]): boolean {
    return names.some((name) => name !== undefined && this.#names.has(fold(name)));
  }

  /**
   * Whether a column is listed.
   *
   * @param tables what its table is called, before and after
   * @param column what it is called
   */
  hasColumn(tables: readonly (string | undefined)[], column: string): boolean {
    return tables.some((table) => table !== undefined && this.has(`${table}.${column}`));
  }
}
