// Follows statements from table to table: to which column each value is carried, and which statement leaves one behind.
import type { Held, Table } from '../reader/model.ts';
import { fold } from '../reader/names.ts';
import { type CreateTableStmt, nodesOf, parse, type Stmt } from '../reader/parser.ts';
import { type Holder, Reader, type TableEffect } from '../reader/reader.ts';
import { LOOKED_UP } from '../reader/select.ts';

/** To which column of a table each column of another, as it was at first, was carried; by the column now. All folded. */
type Carried = Map<string, string>;

/** Rows of a table that a statement puts into another one. */
export interface Copied {
  /** The table that they are put into. */
  readonly target: Table;
  /** The table that they came from, as it was at first, folded. */
  readonly origin: string;
  /** Whether the statement says itself that it takes some of the rows only: by WHERE, LIMIT, DISTINCT and the like. */
  readonly picks: boolean;
  /** Whether it passes over rows that are in each other's way, or replaces them. */
  readonly skips: boolean;
  /** The tables that held rows of the origin before. */
  readonly sources: readonly Table[];
  /** Columns of the origin that the target has and the statement leaves out. */
  readonly forgotten: readonly string[];
  /** Whether rows that are equal in what is copied become one, and whether rows without a partner are left out. */
  readonly distinct: boolean;
  readonly joins: boolean;
}

/** What a statement was about. */
export interface Followed {
  readonly statement: Stmt | undefined;
  readonly copies: readonly Copied[];
}

/** What becomes of one table. */
export interface Fate {
  /** Its name afterwards, folded; undefined if it is dropped. */
  readonly name: string | undefined;
  /** What tells the table that stands for it afterwards, whatever that is called meanwhile. */
  readonly table?: unknown;
  /** Whether it is replaced by another table. */
  readonly rebuilt: boolean;
  /** Whether that table was given rows of it. */
  readonly copied: boolean;
  /**
   * Where each of its columns can be looked for afterwards, folded. What is not in it is dropped, or a statement says
   * what takes its place.
   */
  readonly columns: ReadonlyMap<string, string>;
}

/** A SELECT that says so takes some of the rows only. A JOIN does not: who writes one rarely knows that it does. */
const PICKS = new Set([
  'WHERE',
  'HAVING',
  'LIMIT',
  'GROUP BY',
  'an aggregate',
  'UNION',
  'EXCEPT',
  'INTERSECT',
]);

const SKIPS = new Set(['REPLACE', 'OR IGNORE', 'ON CONFLICT DO NOTHING', 'ON CONFLICT DO UPDATE']);

const isLookedUp = ({ losses }: Held): boolean => losses.some(({ cause }) => cause === LOOKED_UP);

const isCopy = ({ held }: Holder): boolean => !isLookedUp(held);

const has = (table: Table, column: string): boolean =>
  table.columns?.some(({ name }) => fold(name) === column) ?? false;

/** The tables that a statement reads, as far as it names them; all if it names none of them. */
function readBy<T>(statement: Stmt | undefined, before: ReadonlyMap<Table, T>): Map<Table, T> {
  const names = new Set(
    (statement === undefined ? [] : [...nodesOf(statement)]).flatMap((node) =>
      node.type === 'TableSelectTable' ? [fold(node.tblName.objName.text)] : [],
    ),
  );
  const read = [...before].filter(([table]) => names.has(fold(table.name)));
  return new Map(read.length > 0 ? read : before);
}

/** The columns of a copy that take a column by its name alone: which takes which. */
function bareIn(statement: Stmt | undefined, target: Table): ReadonlyMap<string, string> {
  if (statement?.type !== 'InsertStmt' || statement.body.type !== 'SelectInsertBody')
    return new Map();
  const { select } = statement.body.select;
  if (select.type !== 'SelectFrom') return new Map();
  const targets =
    statement.columns?.map(({ text }) => text) ?? target.columns?.map(({ name }) => name) ?? [];
  return new Map(
    select.columns.flatMap((column, at) => {
      const expression = column.type === 'ExprResultColumn' ? column.expr : undefined;
      const name =
        expression?.type === 'Id'
          ? expression.name
          : expression?.type === 'QualifiedExpr'
            ? expression.column.text
            : undefined;
      return name === undefined ? [] : [[fold(targets[at] ?? ''), fold(name)] as const];
    }),
  );
}

/** Which columns of a copy carry what: those that take a column of the other table as it is. */
function carriedBy(
  values: Held['values'],
  own: Held | undefined,
  of: ReadonlyMap<string, string>,
  target: Table,
  table: Table,
  bare: ReadonlyMap<string, string>,
): [column: string, first: string][] {
  return [...values].flatMap(([column, value]) => {
    const isCarrier = ([name, first]: [string, string]): boolean => {
      if (value.exact === first) return true;
      if (value.sources.size > 0) return own?.values.get(name) === value;
      // A column that an earlier copy left out holds nothing, but is copied by its name.
      return bare.get(column) === name;
    };
    const from = [...of].find(isCarrier)?.[0];
    if (from === undefined) return [];
    // Two columns that both tables have, and one copied into the other: nobody renames like that.
    const isMixedUp = from !== column && has(target, from) && has(table, column);
    const first = of.get(isMixedUp ? column : from);
    return first === undefined ? [] : [[column, first]];
  });
}

/** Follows statements. */
export class Follower extends Reader {
  readonly #carried = new Map<Table, Map<string, Carried>>();
  /** The statement that created a table; none for those that were there at first. */
  readonly #created = new Map<Table, number>();
  /** The migration that each statement is of. */
  readonly #migrations = new Map<number, number>();
  readonly #definitions = new Map<Table, { sql: string; statement: CreateTableStmt }>();

  /**
   * @param schema the SQL of what is there at first, as sqlite_master has it, in its order
   */
  constructor(schema: readonly string[]) {
    super(schema);
    for (const table of this.tables.values()) {
      const names = table.columns?.map(({ name }) => fold(name)) ?? [];
      const carried = new Map(names.map((name) => [name, name]));
      this.#carried.set(table, new Map([[fold(table.name), carried]]));
    }
    for (const sql of schema) this.#define(sql, parse(sql));
  }

  #define(sql: string, statement: Stmt | undefined): void {
    if (statement?.type !== 'CreateTableStmt') return;
    const table = this.table(statement.tblName.objName.text);
    if (table !== undefined && !this.#definitions.has(table)) {
      this.#definitions.set(table, { sql, statement });
    }
  }

  /**
   * The SQL that created a table.
   *
   * @param table the table
   * @returns undefined for one that holds what a SELECT gave
   */
  definitionOf(table: Table): { sql: string; statement: CreateTableStmt } | undefined {
    return this.#definitions.get(table);
  }

  /** All tables as they are now. */
  all(): Table[] {
    return [...this.tables.values()];
  }

  /**
   * Whether a trigger fires on what is done to a table.
   *
   * @param table the table
   */
  fires(table: Table): boolean {
    return [...this.triggers.values()].some((trigger) => trigger.table === fold(table.name));
  }

  /**
   * Which columns of which tables, as they were at first, the columns of a table carry.
   *
   * @param table the table
   */
  carried(table: Table): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return this.#carried.get(table) ?? new Map();
  }

  /**
   * Follows one statement.
   *
   * @param sql the statement
   * @param position its place
   * @param migration the place of its migration
   */
  step(sql: string, position: number, migration = 0): Followed {
    this.#migrations.set(position, migration);
    const statement = parse(sql);
    const before = new Map(this.all().map((table) => [table, this.held(table)] as const));
    if (statement?.type === 'AlterTableStmt') this.#alter(statement);
    this.follow(sql, position);
    this.#define(sql, statement);
    for (const table of this.all()) if (!before.has(table)) this.#created.set(table, position);
    const copies = this.all().flatMap((target) =>
      (target.held ?? [])
        .filter((held) => held.copied && held.position === position && !isLookedUp(held))
        .map((held) =>
          this.#copy(target, held, position, readBy(statement, before), bareIn(statement, target)),
        ),
    );
    return { statement, copies };
  }

  #alter({ tblName, body }: Extract<Stmt, { type: 'AlterTableStmt' }>): void {
    const table = this.table(tblName.objName.text);
    if (table === undefined) return;
    for (const carried of this.#carried.get(table)?.values() ?? []) {
      if (body.type === 'DropColumnAlterTableBody') carried.delete(fold(body.column.text));
      if (body.type !== 'RenameColumnAlterTableBody') continue;
      const origin = carried.get(fold(body.old.text));
      carried.delete(fold(body.old.text));
      if (origin !== undefined) carried.set(fold(body.new.text), origin);
    }
  }

  #copy(
    target: Table,
    held: Held,
    position: number,
    before: ReadonlyMap<Table, readonly Held[]>,
    bare: ReadonlyMap<string, string>,
  ): Copied {
    const { origin, values } = held;
    const carried = this.#carried.get(target)?.get(origin) ?? new Map<string, string>();
    const forgotten: string[] = [];
    const sources: Table[] = [];
    for (const [table, all] of before) {
      const of = this.#carried.get(table)?.get(origin);
      if (of === undefined || table === target) continue;
      sources.push(table);
      const own = all.find((one) => one.origin === origin);
      for (const [column, first] of carriedBy(values, own, of, target, table, bare)) {
        carried.set(column, first);
      }
      for (const [column, first] of of) {
        if (!has(target, column) || values.has(column)) continue;
        forgotten.push(first);
        // There it should be: what becomes of that column is followed all the same.
        carried.set(column, first);
      }
    }
    this.#carried.set(target, (this.#carried.get(target) ?? new Map()).set(origin, carried));
    const causes = held.losses.flatMap((loss) => (loss.position === position ? [loss.cause] : []));
    return {
      target,
      origin,
      picks: causes.some((cause) => PICKS.has(cause)),
      skips: causes.some((cause) => SKIPS.has(cause)),
      distinct: causes.some((cause) => cause === 'DISTINCT' || cause === 'UNION'),
      joins: causes.includes('JOIN'),
      sources,
      forgotten,
    };
  }

  /**
   * The one column of the origin that a column's value is made of.
   *
   * @param table the table
   * @param column its column, folded
   * @param origin the table at first, folded
   * @returns undefined if it is made of none, or of several
   */
  sourceOf(table: Table, column: string, origin: string): string | undefined {
    const value = table.held?.find((one) => one.origin === origin)?.values.get(column);
    const own = this.#carried.get(table)?.get(origin)?.get(column);
    const others = [...(value?.sources ?? [])].filter((source) => source !== own);
    return value?.exact ?? (others.length === 1 ? others[0] : undefined);
  }

  /**
   * Whether a column of a table holds something of a column of the origin, if only as a part.
   *
   * @param table the table
   * @param column its column, folded
   * @param origin the table at first, folded
   * @param first that one's column, folded
   */
  isMadeOf(table: Table, column: string, origin: string, first: string): boolean {
    const held = table.held?.find((one) => one.origin === origin);
    return held?.values.get(column)?.sources.has(first) === true;
  }

  /** What becomes of each table that any statement was about, by its name at first, folded. */
  fates(): Map<string, Fate> {
    const fates = new Map<string, Fate>();
    for (const [origin, effect] of this.effects().tables) {
      const { columns, holders, dropped } = effect;
      const holder = this.#standsFor(origin, holders.filter(isCopy));
      const table = holder?.table ?? this.#replacementOf(effect);
      fates.set(origin, {
        name: table === undefined ? undefined : fold(table.name),
        table,
        rebuilt: dropped !== undefined,
        copied: holder !== undefined,
        columns: new Map(
          (columns ?? []).flatMap(({ name }) => {
            const now = table && this.#placeOf(origin, fold(name), table, holder?.held);
            return now === undefined ? [] : [[fold(name), now] as const];
          }),
        ),
      });
    }
    return fates;
  }

  /** Which of several tables stands for one as it was: it itself, one of its name, or else the one that carries most of it. */
  #standsFor(origin: string, holders: readonly Holder[]): Holder | undefined {
    const [first] = holders;
    if (first === undefined || !first.held.copied || fold(first.table.name) === origin)
      return first;
    const carries = ({ table }: Holder): number => this.#carried.get(table)?.get(origin)?.size ?? 0;
    const most = Math.max(...holders.map(carries));
    return holders.find((holder) => carries(holder) === most);
  }

  /** Whether a table was dropped whose rows are elsewhere by then: what foreign keys do at that nobody asked for. */
  isRebuilt(origin: string): boolean {
    const effect = this.effects().tables.get(origin);
    if (effect?.dropped === undefined) return false;
    return effect.holders.some(isCopy) || this.#replacementOf(effect) !== undefined;
  }

  /**
   * The table that took the place of one that was dropped. One of the same name that a later migration creates is just
   * another table: there it was meant to go.
   */
  #replacementOf({ dropped, replacement }: TableEffect): Table | undefined {
    if (replacement === undefined || dropped === undefined) return replacement;
    const created = this.#created.get(replacement) ?? -1;
    const isLater = (this.#migrations.get(created) ?? 0) > (this.#migrations.get(dropped) ?? 0);
    return isLater ? undefined : replacement;
  }

  #placeOf(origin: string, name: string, table: Table, held: Held | undefined): string | undefined {
    const carried = this.#carried.get(table)?.get(origin);
    const places = [...(carried ?? [])].flatMap(([now, first]) => (first === name ? [now] : []));
    if (places.length > 0) return places.includes(name) ? name : places[0];
    const exact = [...(held?.values ?? [])].find(([, value]) => value.exact === name)?.[0];
    const isThere = table.columns?.some(
      (column) => fold(column.name) === name && !column.generated,
    );
    if (exact !== undefined && carried?.get(exact) === undefined) return exact;
    if (isThere !== true) return undefined;
    return held?.values.get(name) === undefined ? name : undefined;
  }
}
