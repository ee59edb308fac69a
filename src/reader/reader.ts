// Follows a migration through a database: what it does to each table that was there, told from its statements alone.
import {
  type Column,
  exactly,
  type Held,
  type Loss,
  mixed,
  NOTHING,
  type Reference,
  type Table,
  type Value,
} from './model.ts';
import { fold } from './names.ts';
import {
  type AlterTableStmt,
  type CreateIndexStmt,
  type CreateTableStmt,
  type CreateTriggerStmt,
  type CreateViewStmt,
  type FromClause,
  nodesOf,
  type PragmaStmt,
  parse,
  type QualifiedName,
  type ResolveType,
  type Select,
  type SetAssignment,
  type Stmt,
  type TriggerCmd,
  type Upsert,
  type With,
} from './parser.ts';
import { type Reach, Reaching, type TableThen } from './reach.ts';
import { columnOf, keyOf, referencesOf, tableOf, virtualTableOf } from './schema.ts';
import {
  isAlwaysTrue,
  type Known,
  LOOKED_UP,
  type Relation,
  type Scope,
  Selects,
} from './select.ts';

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

/** Where rows of a table are now. */
export interface Holder {
  readonly table: Table;
  readonly held: Held;
}

/** What became of one table that was there at first. */
export interface TableEffect {
  /** As it was at first. */
  readonly name: string;
  readonly columns: readonly Column[] | undefined;
  readonly autoincrement: boolean;
  readonly references: readonly Reference[];
  /** The columns of its primary key, folded. */
  readonly key: readonly string[];
  /** The tables that hold rows of it now, the one that stands for it first. */
  readonly holders: readonly Holder[];
  /** The statement that dropped it, and the columns dropped from it, by their names at first. */
  readonly dropped: number | undefined;
  readonly droppedColumns: ReadonlyMap<string, number>;
  /** The table that has its name now, if it is another one. */
  readonly replacement: Table | undefined;
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

/** What was done since {@link Reader.begin}. */
export interface Effects {
  /** Tables that anything was done to, by their names at first, folded. */
  readonly tables: ReadonlyMap<string, TableEffect>;
  readonly reaches: readonly Reach[];
  readonly copies: readonly Copy[];
  readonly gone: readonly Gone[];
  /** Statements that are no SQL, or more than was understood, by their places. */
  readonly unread: readonly number[];
  /** Whether the counters of AUTOINCREMENT were written. */
  readonly counted: boolean;
}

interface Trigger {
  readonly name: string;
  table: string;
  readonly statement: CreateTriggerStmt;
}

interface Index {
  readonly name: string;
  table: string;
}

interface Begin {
  readonly table: Table;
  readonly name: string;
  readonly columns: readonly Column[] | undefined;
  readonly references: readonly Reference[];
  readonly key: readonly string[];
}

/** What an INSERT does instead of throwing. */
interface Conflict {
  readonly cause: string;
  /** Whether it passes over rows that NOT NULL or CHECK refuse, too. */
  readonly skips: boolean;
}

/** How something is done: by which statement, and whether only enforced foreign keys do it. */
interface Doing {
  readonly position: number;
  readonly enforced: boolean;
  readonly within: readonly Trigger[];
  /** What `new` and `old` stand for. */
  readonly fired: Scope;
}

interface Insert {
  readonly orConflict: ResolveType | undefined;
  readonly tblName: QualifiedName;
  readonly names: readonly string[] | undefined;
  readonly select: Select | undefined;
  readonly with?: With | undefined;
  readonly upsert: Upsert | undefined;
}

interface Update {
  readonly orConflict: ResolveType | undefined;
  readonly tblName: QualifiedName;
  readonly sets: readonly SetAssignment[];
  readonly from: FromClause | undefined;
  readonly with?: With | undefined;
}

const nameOf = ({ objName }: QualifiedName): string => fold(objName.text);

const isTemporary = (name: QualifiedName): boolean => fold(name.dbName?.text ?? '') === 'temp';

/** The tables, triggers, indexes and views of a database, and whose rows the tables hold. */
export class Reader implements Known {
  readonly #tables = new Map<string, Table>();
  readonly #triggers = new Map<string, Trigger>();
  readonly #indexes = new Map<string, Index>();
  readonly #views = new Map<string, CreateViewStmt>();
  #begun = new Map<string, Begin>();
  #dirty = new Set<Table>();
  #fresh = new Set<string>();
  #dropped = new Map<string, number>();
  #droppedColumns = new Map<string, Map<string, number>>();
  #reaches: Reach[] = [];
  #copies: Copy[] = [];
  #gone: Gone[] = [];
  #unread: number[] = [];
  #counted = false;
  #legacy = false;

  /**
   * @param schema the SQL of what is there at first, as sqlite_master has it, in its order
   */
  constructor(schema: readonly (string | null)[] = []) {
    for (const sql of schema) if (sql !== null) this.follow(sql, -1);
    this.begin();
  }

  /** Takes what stands now for what was there at first. */
  begin(): void {
    for (const table of this.#dirty) {
      table.held = undefined;
      table.filled = true;
      table.origin = fold(table.name);
    }
    this.#begun = new Map();
    this.#dirty = new Set();
    this.#fresh = new Set();
    this.#dropped = new Map();
    this.#droppedColumns = new Map();
    this.#reaches = [];
    this.#copies = [];
    this.#gone = [];
    this.#unread = [];
    this.#counted = false;
    this.#legacy = false;
  }

  /**
   * A table as it is now.
   *
   * @param name its name, in any case
   */
  table(name: string): Table | undefined {
    return this.#tables.get(fold(name));
  }

  /**
   * A view as it is now.
   *
   * @param name its name, in any case
   */
  view(name: string): { select: Select; columns: readonly string[] | undefined } | undefined {
    const found = this.#views.get(fold(name));
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
    return [{ origin, copied: false, position: -1, losses: [], values }];
  }

  /** What was done since {@link begin}. */
  effects(): Effects {
    const tables = new Map<string, TableEffect>();
    for (const [origin, { table, name, columns, references, key }] of this.#begun) {
      const now = this.#tables.get(origin);
      const holders = [...this.#tables.values()]
        .flatMap((one): Holder[] =>
          this.held(one)
            .filter((held) => held.origin === origin)
            .map((held) => ({ table: one, held })),
        )
        .sort((a, b) => rank(a, now) - rank(b, now));
      tables.set(origin, {
        name,
        columns,
        references,
        key,
        autoincrement: table.autoincrement,
        holders,
        dropped: this.#dropped.get(origin),
        droppedColumns: this.#droppedColumns.get(origin) ?? new Map(),
        replacement: now === table ? undefined : now,
      });
    }
    return {
      tables,
      reaches: this.#reaches,
      copies: this.#copies,
      gone: this.#gone,
      unread: this.#unread,
      counted: this.#counted,
    };
  }

  /**
   * Follows one statement.
   *
   * @param sql the statement
   * @param position its place, by which the effects name it
   */
  follow(sql: string, position: number): void {
    const statement = parse(sql);
    if (statement === undefined) this.#unread.push(position);
    else this.#statement(statement, { position, enforced: false, within: [], fired: [] });
  }

  #statement(statement: Stmt, doing: Doing): void {
    switch (statement.type) {
      case 'CreateTableStmt':
        this.#createTable(statement, doing);
        return;
      case 'CreateVirtualTableStmt': {
        const name = nameOf(statement.tblName);
        if (!this.#tables.has(name)) this.#add(virtualTableOf(statement));
        return;
      }
      case 'CreateTriggerStmt': {
        const name = nameOf(statement.triggerName);
        if (statement.temporary || isTemporary(statement.triggerName) || this.#triggers.has(name))
          return;
        const table = nameOf(statement.tblName);
        this.#triggers.set(name, { name: statement.triggerName.objName.text, table, statement });
        this.#made('trigger', name);
        return;
      }
      case 'CreateIndexStmt':
        this.#createIndex(statement);
        return;
      case 'CreateViewStmt': {
        const name = nameOf(statement.viewName);
        if (statement.temporary || isTemporary(statement.viewName) || this.#views.has(name)) return;
        this.#views.set(name, statement);
        this.#made('view', name);
        return;
      }
      case 'DropTableStmt':
        this.#dropTable(nameOf(statement.tblName), doing);
        return;
      case 'DropTriggerStmt':
        this.#drop('trigger', nameOf(statement.triggerName), doing, true);
        return;
      case 'DropIndexStmt':
        this.#drop('index', nameOf(statement.idxName), doing, true);
        return;
      case 'DropViewStmt':
        this.#drop('view', nameOf(statement.viewName), doing, true);
        return;
      case 'AlterTableStmt':
        this.#alter(statement, doing);
        return;
      case 'InsertStmt': {
        const { body } = statement;
        const isSelect = body.type === 'SelectInsertBody';
        this.#insert(
          {
            ...statement,
            names: statement.columns?.map(({ text }) => text),
            select: isSelect ? body.select : undefined,
            upsert: isSelect ? body.upsert : undefined,
          },
          doing,
        );
        return;
      }
      case 'UpdateStmt': {
        const whole =
          isAlwaysTrue(statement.whereClause) &&
          statement.limit === undefined &&
          statement.from === undefined;
        this.#update(statement, whole, doing);
        return;
      }
      case 'DeleteStmt': {
        const all = isAlwaysTrue(statement.whereClause) && statement.limit === undefined;
        this.#delete(nameOf(statement.tblName), all, doing);
        return;
      }
      case 'PragmaStmt':
        if (nameOf(statement.name) === 'legacy_alter_table') this.#legacy = isSwitchedOn(statement);
    }
  }

  /** A table as it is about to be changed: from now on it is known whose rows it holds. */
  #touch(table: Table): Table {
    if (table.held === undefined) table.held = this.held(table);
    if (table.origin !== undefined && !this.#begun.has(table.origin)) {
      this.#begun.set(table.origin, {
        table,
        name: table.name,
        columns: table.columns?.map((column) => ({ ...column })),
        references: table.references.map((reference) => ({ ...reference })),
        key: table.key,
      });
    }
    this.#dirty.add(table);
    return table;
  }

  #add(table: Table): void {
    this.#tables.set(fold(table.name), table);
    this.#dirty.add(table);
  }

  #made(kind: Gone['kind'], name: string): void {
    const again = this.#gone.findIndex((one) => one.kind === kind && fold(one.name) === name);
    if (again >= 0) this.#gone.splice(again, 1);
    else this.#fresh.add(`${kind} ${name}`);
  }

  #createTable(statement: CreateTableStmt, { position }: Doing): void {
    const name = nameOf(statement.tblName);
    if (statement.temporary || isTemporary(statement.tblName) || this.#tables.has(name)) return;
    const table = tableOf(statement);
    if (statement.body.type === 'AsSelectCreateTableBody') {
      const relation = new Selects(this, position).read(statement.body.select);
      const names = relation.columns ?? [];
      table.columns = names.map((column) => ({
        name: column,
        notNull: false,
        hasDefault: false,
        isRowid: false,
        generated: false,
      }));
      table.filled = true;
      this.#fill(table, relation, names, () => [], position);
    }
    this.#add(table);
  }

  #createIndex({ idxName, tblName, unique, columns, whereClause }: CreateIndexStmt): void {
    const name = nameOf(idxName);
    if (this.#indexes.has(name)) return;
    this.#indexes.set(name, { name: idxName.objName.text, table: fold(tblName.text) });
    const key = keyOf(columns);
    if (unique && key !== undefined && whereClause === undefined) {
      this.table(tblName.text)?.uniques.push(key);
    }
    this.#made('index', name);
  }

  #drop(
    kind: Gone['kind'],
    name: string,
    { position }: Doing,
    asked: boolean,
    origin?: string,
  ): void {
    const all = { trigger: this.#triggers, index: this.#indexes, view: this.#views }[kind];
    const found = all.get(name);
    if (found === undefined) return;
    all.delete(name);
    if (this.#fresh.delete(`${kind} ${name}`)) return;
    const written = 'viewName' in found ? found.viewName.objName.text : found.name;
    const on = 'table' in found ? found.table : name;
    const table = { name: on, origin: origin ?? this.#tables.get(on)?.origin };
    this.#gone.push({ kind, name: written, table, position, asked });
  }

  #dropTable(name: string, doing: Doing): void {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    this.#touch(table);
    this.#reach(table, 'DROP TABLE', doing);
    this.#tables.delete(name);
    if (table.origin !== undefined) this.#dropped.set(table.origin, doing.position);
    for (const [key, trigger] of this.#triggers) {
      if (trigger.table === name) this.#drop('trigger', key, doing, false, table.origin);
    }
    for (const [key, index] of this.#indexes) {
      if (index.table === name) this.#drop('index', key, doing, false, table.origin);
    }
  }

  #alter({ tblName, body }: AlterTableStmt, { position }: Doing): void {
    const table = this.#tables.get(nameOf(tblName));
    if (table === undefined) return;
    this.#touch(table);
    switch (body.type) {
      case 'RenameToAlterTableBody':
        this.#rename(table, body.name.text);
        return;
      case 'AddColumnAlterTableBody':
        table.columns?.push(columnOf(body.column));
        table.references.push(...referencesOf(body.column));
        return;
      case 'RenameColumnAlterTableBody':
        this.#renameColumn(table, body.old.text, body.new.text);
        return;
      case 'DropColumnAlterTableBody': {
        const name = fold(body.column.text);
        for (const { origin, values } of table.held ?? []) {
          const dropped = this.#droppedColumns.get(origin) ?? new Map<string, number>();
          for (const source of values.get(name)?.sources ?? []) dropped.set(source, position);
          this.#droppedColumns.set(origin, dropped);
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

  #rename(table: Table, to: string): void {
    const [old, now] = [fold(table.name), fold(to)];
    this.#tables.delete(old);
    this.#tables.set(now, table);
    table.name = to;
    for (const on of [...this.#triggers.values(), ...this.#indexes.values()]) {
      if (on.table === old) on.table = now;
    }
    if (this.#legacy) return;
    for (const other of this.#tables.values()) {
      if (!other.references.some(({ parent }) => parent === old)) continue;
      this.#touch(other);
      other.references = other.references.map((reference) =>
        reference.parent === old ? { ...reference, parent: now } : reference,
      );
    }
    for (const one of [...this.#views.values(), ...this.#triggersOf()]) {
      for (const node of nodesOf(one)) {
        if (node.type === 'QualifiedName' && fold(node.objName.text) === old) {
          Object.assign(node.objName, { text: to });
        }
      }
    }
  }

  #triggersOf(): CreateTriggerStmt[] {
    return [...this.#triggers.values()].map(({ statement }) => statement);
  }

  #renameColumn(table: Table, from: string, to: string): void {
    const [old, now] = [fold(from), fold(to)];
    const renamed = (name: string): string => (name === old ? now : name);
    table.columns = table.columns?.map((column) =>
      fold(column.name) === old ? { ...column, name: to } : column,
    );
    table.key = table.key.map(renamed);
    table.uniques = table.uniques.map((unique) => unique.map(renamed));
    for (const other of this.#tables.values()) {
      if (!other.references.some(({ parent }) => parent === fold(table.name))) continue;
      this.#touch(other);
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
    for (const statement of this.#triggersOf()) {
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
    for (const view of this.#views.values()) renameInView(view, name, old, to);
  }

  #insert(insert: Insert, doing: Doing): void {
    const name = nameOf(insert.tblName);
    if (name === 'sqlite_sequence') this.#counted = true;
    const table = this.#tables.get(name);
    if (table === undefined) {
      this.#fireOnView(name, 'InsertTriggerEvent', doing);
      return;
    }
    this.#touch(table);
    const selects = new Selects(this, doing.position, doing.fired);
    const named = selects.with(insert.with, new Map());
    const relation: Relation =
      insert.select === undefined
        ? { columns: [], parts: [], single: true }
        : selects.read(insert.select, named);
    const writable = table.columns?.filter(({ generated }) => !generated) ?? [];
    const targets = (insert.names ?? writable.map((column) => column.name)).map((target) =>
      this.#columnCalled(table, target),
    );
    const conflicts = this.#conflictsOf(insert, table);
    const wasFilled = table.filled;
    const before = table.held ?? [];
    this.#fill(
      table,
      relation,
      targets,
      (values, uniques) => {
        const isAlone = !wasFilled && relation.parts.length === 1;
        return conflicts
          .filter(({ skips }) => !isAlone || this.#mayCollide(table, values, uniques, skips))
          .map(({ cause }) => cause);
      },
      doing.position,
    );
    const skips = conflicts.some((conflict) => conflict.skips);
    for (const held of table.held?.slice(before.length) ?? []) {
      const columns = table.columns ?? [];
      this.#copies.push({ position: doing.position, target: table.name, columns, held, skips });
    }
    table.filled = true;
    this.#overwrite(table, before, insert, conflicts, doing);
    this.#fire(name, 'InsertTriggerEvent', [], doing);
  }

  #columnCalled(table: Table, name: string): string {
    const folded = fold(name);
    const found = table.columns?.some((column) => fold(column.name) === folded) ?? true;
    if (found || !/^(rowid|_rowid_|oid)$/.test(folded)) return folded;
    return fold(table.columns?.find(({ isRowid }) => isRowid)?.name ?? name);
  }

  /** What an INSERT does where a row is in the way, or refused. */
  #conflictsOf({ orConflict, upsert }: Insert, table: Table): Conflict[] {
    const conflicts: Conflict[] = [];
    const what = orConflict ?? table.conflict;
    if (what === 'Replace') conflicts.push({ cause: 'REPLACE', skips: false });
    if (what === 'Ignore') conflicts.push({ cause: 'OR IGNORE', skips: true });
    for (let one = upsert; one !== undefined; one = one.next) {
      const cause =
        one.doClause.type === 'SetUpsertDo' ? 'ON CONFLICT DO UPDATE' : 'ON CONFLICT DO NOTHING';
      conflicts.push({ cause, skips: false });
    }
    return conflicts;
  }

  /** Whether two copied rows may be in each other's way: each key of the new table must hold a key of the old one. */
  #mayCollide(
    table: Table,
    values: ReadonlyMap<string, Value>,
    uniques: readonly (readonly string[])[],
    skips: boolean,
  ): boolean {
    const isSafe = table.uniques.every((unique) => {
      const exact = new Set(unique.map((column) => values.get(column)?.exact));
      const filledBySqlite =
        unique.length === 1 && this.#isFreeRowid(table, unique[0] ?? '', values);
      return filledBySqlite || uniques.some((old) => old.every((column) => exact.has(column)));
    });
    if (!isSafe) return true;
    // OR IGNORE passes over rows that NOT NULL or CHECK refuse, too.
    return (
      skips &&
      (table.hasChecks || (table.columns ?? []).some(({ notNull, isRowid }) => notNull && !isRowid))
    );
  }

  #isFreeRowid(table: Table, column: string, values: ReadonlyMap<string, Value>): boolean {
    const found = table.columns?.find(({ name }) => fold(name) === column);
    return found?.isRowid === true && !values.has(column);
  }

  /** Adds the rows of a relation to a table. */
  #fill(
    table: Table,
    relation: Relation,
    targets: readonly string[],
    lossesOf: (
      values: ReadonlyMap<string, Value>,
      uniques: readonly (readonly string[])[],
    ) => readonly string[],
    position: number,
  ): void {
    const added = relation.parts.map(({ origin, losses, values, uniques }): Held => {
      const filled = new Map(targets.map((target, i) => [target, values[i] ?? NOTHING]));
      const more = lossesOf(filled, uniques).map((cause): Loss => {
        return { cause, position, all: false, enforced: false };
      });
      return { origin, copied: true, position, losses: [...losses, ...more], values: filled };
    });
    table.held = [...(table.held ?? []), ...added];
  }

  /** What an INSERT does to rows that stood in its way. */
  #overwrite(
    table: Table,
    before: readonly Held[],
    { upsert }: Insert,
    conflicts: readonly Conflict[],
    doing: Doing,
  ): void {
    if (before.length === 0) return;
    if (conflicts.some(({ cause }) => cause === 'REPLACE') && table.uniques.length > 0) {
      const loss = {
        cause: 'REPLACE',
        position: doing.position,
        all: false,
        enforced: doing.enforced,
      };
      table.held = table.held?.map((held) =>
        before.includes(held) ? { ...held, losses: [...held.losses, loss] } : held,
      );
      this.#reach(table, 'REPLACE', doing);
    }
    for (let one = upsert; one !== undefined; one = one.next) {
      if (one.doClause.type === 'SetUpsertDo') {
        this.#set(table, one.doClause.sets, false, undefined, new Map(), doing);
        this.#fire(fold(table.name), 'UpdateTriggerEvent', setColumns(one.doClause.sets), doing);
      }
    }
  }

  #set(
    table: Table,
    sets: readonly SetAssignment[],
    whole: boolean,
    from: FromClause | undefined,
    named: ReadonlyMap<string, Relation>,
    { position, enforced, fired }: Doing,
  ): void {
    const selects = new Selects(this, position, fired);
    const others = selects.from(from, named);
    const valuesOf = (held: Held, scope: Scope): Held => {
      const values = new Map(held.values);
      for (const { colNames, expr } of sets) {
        const value = selects.value(expr, held.origin, scope, named);
        for (const { text } of colNames) {
          const name = this.#columnCalled(table, text);
          const before = held.values.get(name) ?? NOTHING;
          const after = colNames.length === 1 ? value : mixed([value]);
          values.set(name, whole ? after : mixed([before, after]));
        }
      }
      return { ...held, values };
    };
    const held = table.held ?? [];
    const read = [
      ...others.flatMap(({ relation }) => relation.parts.map(({ origin }) => origin)),
      ...sets.flatMap(({ expr }) => selects.originsWithin(expr, named)),
      ...selects.originsFired(),
    ];
    const loss: Loss = { cause: LOOKED_UP, position, all: false, enforced };
    const added = [...new Set(read)]
      .filter((origin) => !held.some((one) => one.origin === origin))
      .map((origin): Held => {
        const blank = { origin, copied: true, position, losses: [loss], values: new Map() };
        return valuesOf(blank, [...selects.scopeOf(table, undefined), ...others]);
      })
      .filter(({ values }) => [...values.values()].some(({ sources }) => sources.size > 0));
    table.held = [
      ...held.map((one) => valuesOf(one, [...selects.scopeOf(table, one), ...others])),
      ...added,
    ];
  }

  #update(update: Update, whole: boolean, doing: Doing): void {
    const { tblName, sets, from, orConflict } = update;
    const name = nameOf(tblName);
    if (name === 'sqlite_sequence') this.#counted = true;
    const table = this.#tables.get(name);
    const columns = setColumns(sets);
    if (table === undefined) {
      this.#fireOnView(name, 'UpdateTriggerEvent', doing);
      return;
    }
    this.#touch(table);
    const named = new Selects(this, doing.position).with(update.with, new Map());
    this.#set(table, sets, whole, from, named, doing);
    if (orConflict === 'Replace') this.#lose(table, 'REPLACE', false, doing);
    this.#reach(table, 'UPDATE', doing, columns);
    this.#fire(name, 'UpdateTriggerEvent', columns, doing);
  }

  #lose(table: Table, cause: string, all: boolean, { position, enforced }: Doing): void {
    const loss: Loss = { cause, position, all, enforced };
    table.held = table.held?.map((held) => ({ ...held, losses: [...held.losses, loss] }));
  }

  #delete(name: string, all: boolean, doing: Doing): void {
    const table = this.#tables.get(name);
    if (table === undefined) {
      this.#fireOnView(name, 'DeleteTriggerEvent', doing);
      return;
    }
    this.#touch(table);
    this.#lose(table, 'DELETE', all, doing);
    this.#reach(table, 'DELETE', doing);
    this.#fire(name, 'DeleteTriggerEvent', [], doing);
  }

  /** What foreign keys do to the rows that refer to a table: to rows that are deleted, or to columns that are changed. */
  #reach(table: Table, cause: Reach['cause'], doing: Doing, changed?: readonly string[]): void {
    const byKey = { ...doing, enforced: true };
    const reaching = new Reaching([...this.#tables.values()], table, cause, {
      delete: (child) => {
        this.#lose(this.#touch(child), 'ON DELETE CASCADE', false, byKey);
        this.#fire(fold(child.name), 'DeleteTriggerEvent', [], byKey);
      },
      move: (child, columns) => {
        this.#move(this.#touch(child), columns, doing);
        this.#fire(fold(child.name), 'UpdateTriggerEvent', columns, byKey);
      },
    });
    if (changed === undefined) reaching.delete(table);
    else reaching.update(table, changed);
    const { deleted, emptied, moved, blocking } = reaching;
    if (deleted.size + emptied.size + moved.size + blocking.size === 0) return;
    const then = (tables: Iterable<Table>): TableThen[] =>
      Array.from(tables, ({ name, origin }) => ({ name, origin }));
    this.#reaches.push({
      position: doing.position,
      cause,
      table: { name: table.name, origin: table.origin },
      deleted: then(deleted),
      emptied: then([...emptied].filter((child) => !deleted.has(child))),
      moved: then(moved),
      blocking: then([...blocking].filter((child) => !deleted.has(child))),
    });
  }

  /** A foreign key changes the columns that refer. */
  #move(table: Table, columns: readonly string[], { position }: Doing): void {
    table.held = table.held?.map((held) => {
      const values = new Map(held.values);
      for (const column of columns) {
        values.set(column, { ...(values.get(column) ?? NOTHING), emptied: position });
      }
      return { ...held, values };
    });
  }

  /** The triggers that what is done to a table or a view sets off. */
  #fire(
    name: string,
    event: 'InsertTriggerEvent' | 'UpdateTriggerEvent' | 'DeleteTriggerEvent',
    columns: readonly string[],
    doing: Doing,
  ): void {
    for (const trigger of [...this.#triggers.values()]) {
      if (trigger.table !== name || doing.within.includes(trigger)) continue;
      const on = trigger.statement.event;
      const ofColumns =
        on.type === 'UpdateOfTriggerEvent' &&
        event === 'UpdateTriggerEvent' &&
        on.columns.some(({ text }) => columns.includes(fold(text)));
      if (on.type !== event && !ofColumns) continue;
      const table = this.#tables.get(name);
      const selects = new Selects(this, doing.position);
      const rows = table?.held?.flatMap((held) => selects.scopeOf(table, held)) ?? [];
      const fired = rows.flatMap(({ relation }) =>
        ['new', 'old'].map((row) => ({ name: row, relation })),
      );
      const within = { ...doing, within: [...doing.within, trigger], fired };
      for (const command of trigger.statement.commands) this.#command(command, within);
    }
  }

  #fireOnView(
    name: string,
    event: 'InsertTriggerEvent' | 'UpdateTriggerEvent' | 'DeleteTriggerEvent',
    doing: Doing,
  ): void {
    if (this.#views.has(name)) this.#fire(name, event, [], doing);
  }

  #command(command: TriggerCmd, doing: Doing): void {
    switch (command.type) {
      case 'InsertTriggerCmd':
        this.#insert({ ...command, names: command.colNames?.map(({ text }) => text) }, doing);
        return;
      case 'UpdateTriggerCmd':
        // A trigger's command is about the rows that set it off.
        this.#update(command, false, doing);
        return;
      case 'DeleteTriggerCmd':
        this.#delete(nameOf(command.tblName), false, doing);
        return;
    }
  }
}

function isSwitchedOn({ body }: PragmaStmt): boolean {
  if (body === undefined) return false;
  const { value } = body;
  const text =
    value.type === 'NameExpr' ? value.name.text : 'value' in value ? String(value.value) : '';
  return /^(on|yes|true|[1-9]\d*)$/i.test(text);
}

const setColumns = (sets: readonly SetAssignment[]): string[] =>
  sets.flatMap(({ colNames }) => colNames.map(({ text }) => fold(text)));

/** Which of several tables stands for one as it was: itself, then the one of its name, then whichever lost least. */
function rank({ table, held }: Holder, now: Table | undefined): number {
  if (!held.copied && !held.losses.some(({ all }) => all)) return 0;
  const losses = held.losses.some(({ all }) => all) ? 4 : held.losses.length > 0 ? 1 : 0;
  return (table === now ? 1 : 3) + losses;
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
