// What is written into tables: rows that are inserted, changed and deleted, by statements, triggers and foreign keys.
import { Catalogue, type Doing, nameOf } from './catalogue.ts';
import { isWhereNull, namedIn } from './known.ts';
import {
  type Held,
  type Loss,
  mixed,
  NOTHING,
  type Table,
  unwritten,
  type Value,
} from './model.ts';
import { fold } from './names.ts';
import {
  type AstNode,
  type Expr,
  type FromClause,
  nodesOf,
  type QualifiedName,
  type ResolveType,
  type Select,
  type SetAssignment,
  type TriggerCmd,
  type Upsert,
  type With,
} from './parser.ts';
import { type Reach, Reaching, type TableThen } from './reach.ts';
import { LOOKED_UP, type Relation, type Scope, Selects } from './select.ts';

/** What an INSERT does instead of throwing. */
interface Conflict {
  readonly cause: string;
  /** Whether it passes over rows that NOT NULL or CHECK refuse, too. */
  readonly skips: boolean;
}

/** An INSERT, of a statement or a trigger. */
export interface Insert {
  readonly orConflict: ResolveType | undefined;
  readonly tblName: QualifiedName;
  readonly names: readonly string[] | undefined;
  readonly select: Select | undefined;
  readonly with?: With | undefined;
  readonly upsert: Upsert | undefined;
}

/** An UPDATE, of a statement or a trigger. */
export interface Update {
  readonly orConflict: ResolveType | undefined;
  readonly tblName: QualifiedName;
  readonly sets: readonly SetAssignment[];
  readonly from: FromClause | undefined;
  readonly with?: With | undefined;
  readonly whereClause?: Expr | undefined;
}

/** A database whose tables are written. */
export class Writing extends Catalogue {
  protected insert(insert: Insert, doing: Doing): void {
    const name = nameOf(insert.tblName);
    if (name === 'sqlite_sequence') this.counted = true;
    const table = this.tables.get(name);
    if (table === undefined) {
      this.fireOnView(name, 'InsertTriggerEvent', doing);
      return;
    }
    const first = doing.within.length === 0 && this.isUnchanged([insert.with, insert.select]);
    this.touch(table);
    const selects = new Selects(this, doing.position, doing.fired);
    const named = selects.with(insert.with, new Map());
    const relation: Relation =
      insert.select === undefined
        ? { columns: [], parts: [], single: true }
        : selects.read(insert.select, named);
    const writable = table.columns?.filter(({ generated }) => !generated) ?? [];
    const targets = (insert.names ?? writable.map((column) => column.name)).map((target) =>
      this.columnCalled(table, target),
    );
    const conflicts = this.conflictsOf(insert, table);
    const wasFilled = table.filled;
    const before = table.held ?? [];
    this.fill(
      table,
      relation,
      targets,
      (values, uniques) => {
        const isAlone = !wasFilled && relation.parts.length === 1;
        return conflicts
          .filter(({ skips }) => !isAlone || this.mayCollide(table, values, uniques, skips))
          .map(({ cause }) => cause);
      },
      doing.position,
      first,
    );
    const skips = conflicts.some((conflict) => conflict.skips);
    for (const held of table.held?.slice(before.length) ?? []) {
      const columns = table.columns ?? [];
      this.copies.push({ position: doing.position, target: table.name, columns, held, skips });
    }
    table.filled = true;
    this.overwrite(table, before, insert, conflicts, doing);
    this.fire(name, 'InsertTriggerEvent', [], doing);
  }

  /** Whether all tables that are read are as they were at first. */
  protected isUnchanged(read: readonly (AstNode | undefined)[]): boolean {
    return read
      .flatMap((node) => (node === undefined ? [] : [...nodesOf(node)]))
      .every((node) => {
        if (node.type !== 'QualifiedName') return true;
        const name = nameOf(node);
        const table = this.tables.get(name);
        return (table === undefined || !this.changed.has(table)) && !this.fresh.has(`view ${name}`);
      });
  }

  protected columnCalled(table: Table, name: string): string {
    const folded = fold(name);
    const found = table.columns?.some((column) => fold(column.name) === folded) ?? true;
    if (found || !/^(rowid|_rowid_|oid)$/.test(folded)) return folded;
    return fold(table.columns?.find(({ isRowid }) => isRowid)?.name ?? name);
  }

  /** What an INSERT does where a row is in the way, or refused. */
  protected conflictsOf({ orConflict, upsert }: Insert, table: Table): Conflict[] {
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
  protected mayCollide(
    table: Table,
    values: ReadonlyMap<string, Value>,
    uniques: readonly (readonly string[])[],
    skips: boolean,
  ): boolean {
    const isSafe = table.uniques.every((unique) => {
      const exact = new Set(unique.map((column) => values.get(column)?.exact));
      const filledBySqlite =
        unique.length === 1 && this.isFreeRowid(table, unique[0] ?? '', values);
      return filledBySqlite || uniques.some((old) => old.every((column) => exact.has(column)));
    });
    if (!isSafe) return true;
    // OR IGNORE passes over rows that NOT NULL or CHECK refuse, too.
    return (
      skips &&
      (table.hasChecks || (table.columns ?? []).some(({ notNull, isRowid }) => notNull && !isRowid))
    );
  }

  protected isFreeRowid(table: Table, column: string, values: ReadonlyMap<string, Value>): boolean {
    const found = table.columns?.find(({ name }) => fold(name) === column);
    return found?.isRowid === true && !values.has(column);
  }

  /** Adds the rows of a relation to a table. */
  protected fill(
    table: Table,
    relation: Relation,
    targets: readonly string[],
    lossesOf: (
      values: ReadonlyMap<string, Value>,
      uniques: readonly (readonly string[])[],
    ) => readonly string[],
    position: number,
    first: boolean,
  ): void {
    const added = relation.parts.map((part): Held => {
      const { origin, losses, values, uniques, once, branch } = part;
      const filled = new Map(targets.map((target, i) => [target, values[i] ?? NOTHING]));
      const more = lossesOf(filled, uniques).map((cause): Loss => {
        return { cause, position, all: false, enforced: false };
      });
      const all = [...losses, ...more];
      return {
        ...{ origin, copied: true, position, losses: all, values: filled },
        ...{ uniques, once, branch, first },
      };
    });
    table.held = [...(table.held ?? []), ...added];
  }

  /** What an INSERT does to rows that stood in its way. */
  protected overwrite(
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
      this.reach(table, 'REPLACE', doing);
    }
    for (let one = upsert; one !== undefined; one = one.next) {
      if (one.doClause.type === 'SetUpsertDo') {
        this.set(table, one.doClause.sets, false, undefined, new Map(), doing);
        this.fire(fold(table.name), 'UpdateTriggerEvent', setColumns(one.doClause.sets), doing);
      }
    }
  }

  protected set(
    table: Table,
    sets: readonly SetAssignment[],
    whole: boolean,
    from: FromClause | undefined,
    named: ReadonlyMap<string, Relation>,
    { position, enforced, fired }: Doing,
    where?: Expr,
  ): void {
    const selects = new Selects(this, position, fired);
    const others = selects.from(from, named);
    const valuesOf = (held: Held, scope: Scope): Held => {
      const values = new Map(held.values);
      for (const { colNames, expr } of sets) {
        const value = selects.value(expr, held.origin, scope, named);
        for (const { text } of colNames) {
          const name = this.columnCalled(table, text);
          const own = table.columns?.find((column) => fold(column.name) === name);
          const before = held.values.get(name) ?? unwritten(own);
          const after = colNames.length === 1 ? value : mixed([value]);
          values.set(name, written(before, after, name, whole, { where, expr }));
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
        const blank = {
          ...{ origin, copied: true, position, losses: [loss], values: new Map() },
          ...{ uniques: [], once: false, branch: 0, first: false },
        };
        return valuesOf(blank, [...selects.scopeOf(table, undefined), ...others]);
      })
      .filter(({ values }) => [...values.values()].some(({ sources }) => sources.size > 0));
    table.held = [
      ...held.map((one) => valuesOf(one, [...selects.scopeOf(table, one), ...others])),
      ...added,
    ];
  }

  protected update(update: Update, whole: boolean, doing: Doing): void {
    const { tblName, sets, from, orConflict } = update;
    const name = nameOf(tblName);
    if (name === 'sqlite_sequence') this.counted = true;
    const table = this.tables.get(name);
    const columns = setColumns(sets);
    if (table === undefined) {
      this.fireOnView(name, 'UpdateTriggerEvent', doing);
      return;
    }
    this.touch(table);
    const named = new Selects(this, doing.position).with(update.with, new Map());
    this.set(table, sets, whole, from, named, doing, update.whereClause);
    if (orConflict === 'Replace') this.lose(table, 'REPLACE', false, doing);
    this.reach(table, 'UPDATE', doing, columns);
    this.fire(name, 'UpdateTriggerEvent', columns, doing);
  }

  protected lose(
    table: Table,
    cause: string,
    all: boolean,
    { position, enforced }: Doing,
    where?: Expr,
  ): void {
    const by = where === undefined ? {} : { by: namedIn([where]) };
    const loss: Loss = { cause, position, all, enforced, ...by };
    table.held = table.held?.map((held) => ({ ...held, losses: [...held.losses, loss] }));
  }

  protected delete(name: string, all: boolean, doing: Doing, where?: Expr): void {
    const table = this.tables.get(name);
    if (table === undefined) {
      this.fireOnView(name, 'DeleteTriggerEvent', doing);
      return;
    }
    this.touch(table);
    this.lose(table, 'DELETE', all, doing, where);
    this.reach(table, 'DELETE', doing);
    this.fire(name, 'DeleteTriggerEvent', [], doing);
  }

  /** What foreign keys do to the rows that refer to a table: to rows that are deleted, or to columns that are changed. */
  protected reach(
    table: Table,
    cause: Reach['cause'],
    doing: Doing,
    changed?: readonly string[],
  ): void {
    const byKey = { ...doing, enforced: true };
    const reaching = new Reaching([...this.tables.values()], table, cause, {
      delete: (child) => {
        this.lose(this.touch(child), 'ON DELETE CASCADE', false, byKey);
        this.fire(fold(child.name), 'DeleteTriggerEvent', [], byKey);
      },
      move: (child, columns) => {
        this.move(this.touch(child), columns, doing);
        this.fire(fold(child.name), 'UpdateTriggerEvent', columns, byKey);
      },
    });
    if (changed === undefined) reaching.delete(table);
    else reaching.update(table, changed);
    const { deleted, emptied, moved, blocking } = reaching;
    if (deleted.size + emptied.size + moved.size + blocking.size === 0) return;
    const then = (tables: Iterable<Table>): TableThen[] =>
      Array.from(tables, ({ name, origin }) => ({ name, origin }));
    this.reaches.push({
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
  protected move(table: Table, columns: readonly string[], { position }: Doing): void {
    table.held = table.held?.map((held) => {
      const values = new Map(held.values);
      for (const column of columns) {
        values.set(column, { ...(values.get(column) ?? NOTHING), emptied: position });
      }
      return { ...held, values };
    });
  }

  /** The triggers that what is done to a table or a view sets off. */
  protected fire(
    name: string,
    event: 'InsertTriggerEvent' | 'UpdateTriggerEvent' | 'DeleteTriggerEvent',
    columns: readonly string[],
    doing: Doing,
  ): void {
    for (const trigger of [...this.triggers.values()]) {
      if (trigger.table !== name || doing.within.includes(trigger)) continue;
      const on = trigger.statement.event;
      const ofColumns =
        on.type === 'UpdateOfTriggerEvent' &&
        event === 'UpdateTriggerEvent' &&
        on.columns.some(({ text }) => columns.includes(fold(text)));
      if (on.type !== event && !ofColumns) continue;
      const old = !this.fresh.has(`trigger ${fold(trigger.name)}`);
      if (doing.within.length === 0) this.fired.push({ position: doing.position, trigger, old });
      const table = this.tables.get(name);
      const selects = new Selects(this, doing.position);
      const rows = table?.held?.flatMap((held) => selects.scopeOf(table, held)) ?? [];
      const fired = rows.flatMap(({ relation }) =>
        ['new', 'old'].map((row) => ({ name: row, relation })),
      );
      const within = { ...doing, within: [...doing.within, trigger], fired };
      for (const command of trigger.statement.commands) this.command(command, within);
    }
  }

  protected fireOnView(
    name: string,
    event: 'InsertTriggerEvent' | 'UpdateTriggerEvent' | 'DeleteTriggerEvent',
    doing: Doing,
  ): void {
    if (this.views.has(name)) this.fire(name, event, [], doing);
  }

  protected command(command: TriggerCmd, doing: Doing): void {
    switch (command.type) {
      case 'InsertTriggerCmd':
        this.insert({ ...command, names: command.colNames?.map(({ text }) => text) }, doing);
        return;
      case 'UpdateTriggerCmd':
        // A trigger's command is about the rows that set it off.
        this.update(command, false, doing);
        return;
      case 'DeleteTriggerCmd':
        this.delete(nameOf(command.tblName), false, doing, command.whereClause);
        return;
    }
  }
}

/** Whether an expression leaves a column as it is but where it is NULL. */
const isFill = (expression: Expr, column: string): boolean => {
  if (expression.type !== 'FunctionCallExpr') return false;
  const [first] = expression.args ?? [];
  return (
    /^(coalesce|ifnull)$/i.test(expression.name.name) &&
    first?.type === 'Id' &&
    fold(first.name) === column
  );
};

/** What a column holds once an UPDATE wrote a value into all rows, or into some. */
function written(
  before: Value,
  after: Value,
  column: string,
  whole: boolean,
  { where, expr }: { where: Expr | undefined; expr: Expr },
): Value {
  const by = whole && !isFill(expr, column) ? undefined : namedIn([where]);
  if (whole || (before.known === 'NULL' && isWhereNull(where, column))) {
    return { ...after, updated: { by: whole ? by : undefined } };
  }
  const isFilled =
    after.known === 'not NULL' && (before.known === after.known || isWhereNull(where, column));
  const { names, nulls, compared } = namedIn([where]);
  // It says which rows by the very values that it moves.
  const moves =
    compared.size === 0 &&
    [...names, ...nulls].every((one) => one === column || after.sources.has(one));
  // Rows that it does not mean have what they had.
  const own = before.keeps ?? (before.exact === undefined ? [] : [before.exact]);
  const keeps = new Set([...own, ...(moves ? (after.keeps ?? after.sources) : [])]);
  return {
    ...mixed([before, after]),
    keeps,
    known: isFilled ? 'not NULL' : undefined,
    updated: { by },
  };
}

const setColumns = (sets: readonly SetAssignment[]): string[] =>
  sets.flatMap(({ colNames }) => colNames.map(({ text }) => fold(text)));
