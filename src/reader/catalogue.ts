// The tables, triggers, indexes and views of a database, as statements change them, and what is gone since the beginning.
import { type Column, exactly, type Held, type Reference, type Table } from './model.ts';
import { fold } from './names.ts';
import {
  type AlterTableStmt,
  type CreateIndexStmt,
  type CreateTriggerStmt,
  type CreateViewStmt,
  nodesOf,
  type QualifiedName,
  type Select,
} from './parser.ts';
import type { Reach, TableThen } from './reach.ts';
import { columnOf, keyOf, referencesOf } from './schema.ts';
import type { Known, Scope } from './select.ts';

/** A trigger, an index or a view that is gone. */
export interface Gone {
  readonly kind: 'trigger' | 'index' | 'view';
  readonly name: string;
  /** The table that it was on then; of a view itself. */
  readonly table: TableThen;
  readonly position: number;
  /** Whether it was dropped by itself; else it went with its table. */
  readonly asked: boolean;
}

/** A trigger. */
export interface Trigger {
  readonly name: string;
  table: string;
  readonly statement: CreateTriggerStmt;
}

/** An index that somebody created. */
export interface Index {
  readonly name: string;
  table: string;
}

/** A table as it was when it was first touched, with what it then was. */
export interface Begin {
  readonly table: Table;
  readonly name: string;
  readonly columns: readonly Column[] | undefined;
  readonly references: readonly Reference[];
  readonly key: readonly string[];
}

/** A trigger that a statement sets off. */
export interface Fired {
  readonly position: number;
  readonly trigger: Trigger;
  /** Whether the trigger was there at first. */
  readonly old: boolean;
}

/** Rows that were copied, as they were then. */
export interface Copy {
  readonly position: number;
  /** The table that they were copied into, by its name then. */
  readonly target: string;
  readonly columns: readonly Column[];
  readonly held: Held;
  /** Whether it passes over rows that a constraint refuses. */
  readonly skips: boolean;
}

/** How something is done: by which statement, and whether only enforced foreign keys do it. */
export interface Doing {
  readonly position: number;
  readonly enforced: boolean;
  readonly within: readonly Trigger[];
  /** What `new` and `old` stand for. */
  readonly fired: Scope;
}

/**
 * A name as SQLite compares it, without its schema.
 *
 * @param name a name in a tree
 */
export const nameOf = ({ objName }: QualifiedName): string => fold(objName.text);

/** The tables, triggers, indexes and views of a database, and whose rows the tables hold. */
export class Catalogue implements Known {
  protected readonly tables = new Map<string, Table>();
  protected readonly triggers = new Map<string, Trigger>();
  protected readonly indexes = new Map<string, Index>();
  protected readonly views = new Map<string, CreateViewStmt>();
  /** What was touched since the beginning, by the name at first. */
  protected begun = new Map<string, Begin>();
  /** Tables that were created or touched since, and those of them whose rows or columns are not as they were. */
  protected dirty = new Set<Table>();
  protected changed = new Set<Table>();
  /** What was created since: kind and name. */
  protected fresh = new Set<string>();
  protected dropped = new Map<string, number>();
  protected droppedColumns = new Map<string, Map<string, number>>();
  protected reaches: Reach[] = [];
  protected copies: Copy[] = [];
  protected gone: Gone[] = [];
  protected fired: Fired[] = [];
  protected unread: number[] = [];
  protected counted = false;
  /** Whether `PRAGMA legacy_alter_table` is on. */
  protected legacy = false;

  /** How many times {@link begin} was called. */
  generation = 0;

  /** Takes what stands now for what was there at first. */
  begin(): void {
    this.generation++;
    for (const table of this.dirty) {
      table.held = undefined;
      table.filled = true;
      table.origin = fold(table.name);
    }
    this.begun = new Map();
    this.dirty = new Set();
    this.changed = new Set();
    this.fresh = new Set();
    this.dropped = new Map();
    this.droppedColumns = new Map();
    this.reaches = [];
    this.copies = [];
    this.gone = [];
    this.fired = [];
    this.unread = [];
    this.counted = false;
    this.legacy = false;
  }

  /**
   * A table as it is now.
   *
   * @param name its name, in any case
   */
  table(name: string): Table | undefined {
    return this.tables.get(fold(name));
  }

  /**
   * A view as it is now.
   *
   * @param name its name, in any case
   */
  view(name: string): { select: Select; columns: readonly string[] | undefined } | undefined {
    const found = this.views.get(fold(name));
    const columns = found?.columns?.map(({ colName }) => fold(colName.text));
    return found === undefined ? undefined : { select: found.select, columns };
  }

  /**
   * Whose rows a table holds.
   *
   * @param table a table as it is now
   */
  held(table: Table): readonly Held[] {
    if (table.held !== undefined) return table.held;
    const { origin } = table;
    if (origin === undefined) return [];
    const names = table.columns?.map(({ name }) => fold(name)) ?? [];
    const values = new Map(names.map((name) => [name, exactly(name)]));
    const uniques = [...table.uniques];
    const own = { copied: false, position: -1, losses: [], once: true, branch: 0, first: true };
    return [{ origin, ...own, values, uniques }];
  }

  /** A table as it is about to be changed: from now on it is known whose rows it holds. */
  protected touch(table: Table, changes = true): Table {
    if (changes) this.changed.add(table);
    if (table.held === undefined) table.held = this.held(table);
    if (table.origin !== undefined && !this.begun.has(table.origin)) {
      this.begun.set(table.origin, {
        table,
        name: table.name,
        columns: table.columns?.map((column) => ({ ...column })),
        references: table.references.map((reference) => ({ ...reference })),
        key: table.key,
      });
    }
    this.dirty.add(table);
    return table;
  }

  protected add(table: Table): void {
    this.changed.add(table);
    this.tables.set(fold(table.name), table);
    this.dirty.add(table);
  }

  protected made(kind: Gone['kind'], name: string): void {
    const again = this.gone.findIndex((one) => one.kind === kind && fold(one.name) === name);
    if (again >= 0) this.gone.splice(again, 1);
    else this.fresh.add(`${kind} ${name}`);
  }

  protected createIndex({ idxName, tblName, unique, columns, whereClause }: CreateIndexStmt): void {
    const name = nameOf(idxName);
    if (this.indexes.has(name)) return;
    this.indexes.set(name, { name: idxName.objName.text, table: fold(tblName.text) });
    const key = keyOf(columns);
    const table = this.table(tblName.text);
    if (unique && table !== undefined) this.touch(table, false);
    if (unique && key !== undefined && whereClause === undefined) table?.uniques.push(key);
    this.made('index', name);
  }

  protected drop(
    kind: Gone['kind'],
    name: string,
    { position }: Doing,
    asked: boolean,
    origin?: string,
  ): void {
    const all = { trigger: this.triggers, index: this.indexes, view: this.views }[kind];
    const found = all.get(name);
    if (found === undefined) return;
    all.delete(name);
    if (this.fresh.delete(`${kind} ${name}`)) return;
    const written = 'viewName' in found ? found.viewName.objName.text : found.name;
    const on = 'table' in found ? found.table : name;
    const table = { name: on, origin: origin ?? this.tables.get(on)?.origin };
    this.gone.push({ kind, name: written, table, position, asked });
  }

  protected alter({ tblName, body }: AlterTableStmt, { position }: Doing): void {
    const table = this.tables.get(nameOf(tblName));
    if (table === undefined) return;
    this.touch(table);
    switch (body.type) {
      case 'RenameToAlterTableBody':
        this.rename(table, body.name.text);
        return;
      case 'AddColumnAlterTableBody':
        this.addColumn(table, columnOf(body.column));
        table.references.push(...referencesOf(body.column));
        return;
      case 'RenameColumnAlterTableBody':
        this.renameColumn(table, body.old.text, body.new.text);
        return;
      case 'DropColumnAlterTableBody': {
        const name = fold(body.column.text);
        for (const { origin, values } of table.held ?? []) {
          const dropped = this.droppedColumns.get(origin) ?? new Map<string, number>();
          for (const source of values.get(name)?.sources ?? []) dropped.set(source, position);
          this.droppedColumns.set(origin, dropped);
        }
        table.columns = table.columns?.filter((column) => fold(column.name) !== name);
        table.references = table.references.filter(({ columns }) => !columns.includes(name));
        table.held = table.held?.map((held) => {
          const values = new Map(held.values);
          values.delete(name);
          return { ...held, values };
        });
      }
    }
  }

  protected addColumn(table: Table, column: Column): void {
    table.columns?.push({ ...column, added: this.generation });
  }

  protected rename(table: Table, to: string): void {
    const [old, now] = [fold(table.name), fold(to)];
    this.tables.delete(old);
    this.tables.set(now, table);
    table.name = to;
    for (const on of [...this.triggers.values(), ...this.indexes.values()]) {
      if (on.table === old) on.table = now;
    }
    if (this.legacy) return;
    for (const other of this.tables.values()) {
      if (!other.references.some(({ parent }) => parent === old)) continue;
      this.touch(other);
      other.references = other.references.map((reference) =>
        reference.parent === old ? { ...reference, parent: now } : reference,
      );
    }
    for (const one of [...this.views.values(), ...this.triggersOf()]) {
      for (const node of nodesOf(one)) {
        if (node.type === 'QualifiedName' && fold(node.objName.text) === old) {
          Object.assign(node.objName, { text: to });
        }
      }
    }
  }

  protected triggersOf(): CreateTriggerStmt[] {
    return [...this.triggers.values()].map(({ statement }) => statement);
  }

  protected renameColumn(table: Table, from: string, to: string): void {
    const [old, now] = [fold(from), fold(to)];
    const renamed = (name: string): string => (name === old ? now : name);
    table.columns = table.columns?.map((column) =>
      fold(column.name) === old ? { ...column, name: to } : column,
    );
    table.key = table.key.map(renamed);
    table.uniques = table.uniques.map((unique) => unique.map(renamed));
    for (const other of this.tables.values()) {
      if (!other.references.some(({ parent }) => parent === fold(table.name))) continue;
      this.touch(other);
      other.references = other.references.map((reference) =>
        reference.parent === fold(table.name)
          ? { ...reference, to: reference.to.map(renamed) }
          : reference,
      );
    }
    table.references = table.references.map((reference) => ({
      ...reference,
      columns: reference.columns.map(renamed),
    }));
    table.held = table.held?.map((held) => ({
      ...held,
      values: new Map([...held.values].map(([name, value]) => [renamed(name), value])),
    }));
    const name = fold(table.name);
    // In a trigger only what it writes, and when it fires, matter here.
    for (const statement of this.triggersOf()) {
      const { event, commands } = statement;
      const lists = commands.flatMap((command) =>
        command.type === 'UpdateTriggerCmd' && nameOf(command.tblName) === name
          ? command.sets.flatMap(({ colNames }) => colNames)
          : command.type === 'InsertTriggerCmd' && nameOf(command.tblName) === name
            ? (command.colNames ?? [])
            : [],
      );
      const ofEvent =
        event.type === 'UpdateOfTriggerEvent' && nameOf(statement.tblName) === name
          ? event.columns
          : [];
      for (const column of [...lists, ...ofEvent]) {
        if (fold(column.text) === old) Object.assign(column, { text: to });
      }
    }
    for (const view of this.views.values()) renameInView(view, name, old, to);
  }
}

/** A view goes on to give the column, under the name that it had in it. */
function renameInView(view: CreateViewStmt, table: string, old: string, to: string): void {
  const nodes = [...nodesOf(view)];
  const isOfTable = nodes.some(
    (node) => node.type === 'QualifiedName' && fold(node.objName.text) === table,
  );
  if (!isOfTable) return;
  for (const node of nodes) {
    if (node.type === 'Id' && fold(node.name) === old) Object.assign(node, { name: to });
    if (node.type === 'QualifiedExpr' && fold(node.column.text) === old) {
      Object.assign(node.column, { text: to });
    }
  }
}
