// Follows a migration through a database: what it does to each table that was there, told from its statements alone.
import { type Copy, type Doing, type Fired, type Gone, nameOf } from './catalogue.ts';
import type { Column, Held, Reference, Table } from './model.ts';
import { fold } from './names.ts';
import {
  type CreateTableStmt,
  type PragmaStmt,
  parse,
  type QualifiedName,
  type Stmt,
} from './parser.ts';
import type { Reach } from './reach.ts';
import { tableOf, virtualTableOf } from './schema.ts';
import { isAlwaysTrue, Selects } from './select.ts';
import { Writing } from './writing.ts';

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
  readonly derived: boolean;
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

/** What was done since {@link Reader.begin}. */
export interface Effects {
  /** Tables that anything was done to, by their names at first, folded. */
  readonly tables: ReadonlyMap<string, TableEffect>;
  /** Tables that were created or touched, as they are now. */
  readonly touched: readonly Table[];
  readonly reaches: readonly Reach[];
  readonly copies: readonly Copy[];
  readonly gone: readonly Gone[];
  /** Triggers that statements have set off. */
  readonly fired: readonly Fired[];
  /** Statements that are no SQL, or more than was understood, by their places. */
  readonly unread: readonly number[];
  /** Whether the counters of AUTOINCREMENT were written. */
  readonly counted: boolean;
}

const isTemporary = (name: QualifiedName): boolean => fold(name.dbName?.text ?? '') === 'temp';

/** Follows statements, and tells what they did. */
export class Reader extends Writing {
  /**
   * @param schema the SQL of what is there at first, as sqlite_master has it, in its order
   */
  constructor(schema: readonly (string | null)[] = []) {
    super();
    for (const sql of schema) if (sql !== null) this.follow(sql, -1);
    this.begin();
  }

  /** What was done since {@link begin}. */
  effects(): Effects {
    const tables = new Map<string, TableEffect>();
    for (const [origin, { table, name, columns, references, key }] of this.begun) {
      const now = this.tables.get(origin);
      const holders = [...this.tables.values()]
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
        derived: table.derived === true,
        holders,
        dropped: this.dropped.get(origin),
        droppedColumns: this.droppedColumns.get(origin) ?? new Map(),
        replacement: now === table ? undefined : now,
      });
    }
    return {
      tables,
      touched: [...this.tables.values()].filter((table) => this.dirty.has(table)),
      reaches: this.reaches,
      copies: this.copies,
      gone: this.gone,
      fired: this.fired,
      unread: this.unread,
      counted: this.counted,
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
    if (statement === undefined) this.unread.push(position);
    else this.statement(statement, { position, enforced: false, within: [], fired: [] });
  }

  protected statement(statement: Stmt, doing: Doing): void {
    switch (statement.type) {
      case 'CreateTableStmt':
        this.createTable(statement, doing);
        return;
      case 'CreateVirtualTableStmt': {
        const name = nameOf(statement.tblName);
        if (!this.tables.has(name)) this.add(virtualTableOf(statement));
        return;
      }
      case 'CreateTriggerStmt': {
        const name = nameOf(statement.triggerName);
        if (statement.temporary || isTemporary(statement.triggerName) || this.triggers.has(name))
          return;
        const table = nameOf(statement.tblName);
        this.triggers.set(name, { name: statement.triggerName.objName.text, table, statement });
        this.made('trigger', name);
        return;
      }
      case 'CreateIndexStmt':
        this.createIndex(statement);
        return;
      case 'CreateViewStmt': {
        const name = nameOf(statement.viewName);
        if (statement.temporary || isTemporary(statement.viewName) || this.views.has(name)) return;
        this.views.set(name, statement);
        this.made('view', name);
        return;
      }
      case 'DropTableStmt':
        this.dropTable(nameOf(statement.tblName), doing);
        return;
      case 'DropTriggerStmt':
        this.drop('trigger', nameOf(statement.triggerName), doing, true);
        return;
      case 'DropIndexStmt':
        this.drop('index', nameOf(statement.idxName), doing, true);
        return;
      case 'DropViewStmt':
        this.dropView(nameOf(statement.viewName), doing);
        return;
      case 'AlterTableStmt':
        this.alter(statement, doing);
        return;
      case 'InsertStmt': {
        const { body } = statement;
        const isSelect = body.type === 'SelectInsertBody';
        this.insert(
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
        this.update(statement, whole, doing);
        return;
      }
      case 'DeleteStmt': {
        const all = isAlwaysTrue(statement.whereClause) && statement.limit === undefined;
        this.delete(nameOf(statement.tblName), all, doing, statement.whereClause);
        return;
      }
      case 'PragmaStmt':
        if (nameOf(statement.name) === 'legacy_alter_table') this.legacy = isSwitchedOn(statement);
    }
  }

  protected createTable(statement: CreateTableStmt, { position }: Doing): void {
    const name = nameOf(statement.tblName);
    if (statement.temporary || isTemporary(statement.tblName) || this.tables.has(name)) return;
    const table = tableOf(statement);
    if (statement.body.type === 'AsSelectCreateTableBody') {
      const first = this.isUnchanged([statement.body.select]);
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
      this.fill(table, relation, names, () => [], position, first);
    }
    this.add(table);
  }

  protected dropView(name: string, doing: Doing): void {
    this.drop('view', name, doing, true);
    for (const [key, trigger] of this.triggers) {
      if (trigger.table === name) this.drop('trigger', key, doing, false);
    }
  }

  protected dropTable(name: string, doing: Doing): void {
    const table = this.tables.get(name);
    if (table === undefined) return;
    this.touch(table);
    this.reach(table, 'DROP TABLE', doing);
    this.tables.delete(name);
    if (table.origin !== undefined) this.dropped.set(table.origin, doing.position);
    for (const [key, trigger] of this.triggers) {
      if (trigger.table === name) this.drop('trigger', key, doing, false, table.origin);
    }
    for (const [key, index] of this.indexes) {
      if (index.table === name) this.drop('index', key, doing, false, table.origin);
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

/** Which of several tables stands for one as it was: itself, then the one of its name, then whichever lost least. */
function rank({ table, held }: Holder, now: Table | undefined): number {
  if (!held.copied && !held.losses.some(({ all }) => all)) return 0;
  const losses = held.losses.some(({ all }) => all) ? 4 : held.losses.length > 0 ? 1 : 0;
  return (table === now ? 1 : 3) + losses;
}
