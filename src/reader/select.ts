// Whose rows a SELECT gives, and which of their columns: through joins, subqueries, common table expressions and views.
import { filledBy, isRandom, keptIn, knownOf, namedIn, partApart } from './known.ts';
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
  childrenOf,
  type Expr,
  type FromClause,
  type Id,
  type JoinConstraint,
  nodesOf,
  type OneSelect,
  type Select,
  type SelectFrom,
  type SelectTable,
  type SelectValues,
  type With,
} from './parser.ts';

/** Rows of one table as it was at first, among those that a SELECT gives. */
interface Part {
  readonly origin: string;
  readonly losses: readonly Loss[];
  /** What each column of the result holds of the origin, by its place. */
  readonly values: readonly Value[];
  /** Sets of the origin's columns that no two rows of the result share. */
  readonly uniques: readonly (readonly string[])[];
  /** Whether each row is there once at most. */
  readonly once: boolean;
  /** Which SELECT of a compound gives them. */
  readonly branch: number;
}

/** What a SELECT gives. */
export interface Relation {
  /** The columns' names, folded; undefined where only SQLite knows them. */
  readonly columns: readonly string[] | undefined;
  readonly parts: readonly Part[];
  /** Whether it is always one row. */
  readonly single: boolean;
  /** The column that is the rowid, folded. */
  readonly rowid?: string | undefined;
}

/** What a name stands for in a SELECT's FROM. */
interface Source {
  readonly name: string;
  readonly relation: Relation;
}

/** What the names in an expression stand for. */
export type Scope = readonly Source[];

/** What can stand in a FROM. */
export interface Known {
  table(name: string): Table | undefined;
  held(table: Table): readonly Held[];
  view(name: string): { select: Select; columns: readonly string[] | undefined } | undefined;
}

/** Relations by name: those of WITH. */
type Named = ReadonlyMap<string, Relation>;

/** Single values are no rows. */
const LOOSE = { uniques: [], once: false, branch: 0 };

const EMPTY: Relation = { columns: [], parts: [], single: false };
const UNKNOWN: Relation = { columns: undefined, parts: [], single: false };

/** https://www.sqlite.org/lang_aggfunc.html */
const AGGREGATES = new Set(
  (
    'avg count group_concat max min string_agg sum total json_group_array json_group_object jsonb_group_array ' +
    'jsonb_group_object median percentile percentile_cont percentile_disc'
  ).split(' '),
);

/** The cause where single values of a table are read, but none of its rows. */
export const LOOKED_UP = 'a subquery';

const JOIN = { left: 8, right: 16 };
const ROWID = new Set(['rowid', '_rowid_', 'oid']);

/** Whether a condition is true of every row, as in `WHERE true`, which an upsert behind a SELECT needs. */
export function isAlwaysTrue(condition: Expr | undefined): boolean {
  if (condition === undefined) return true;
  if (condition.type === 'NumericLiteral') return Number(condition.value) !== 0;
  if (condition.type === 'ParenthesizedExpr' && condition.exprs.length === 1) {
    return isAlwaysTrue(condition.exprs[0]);
  }
  return condition.type === 'Id' && fold(condition.name) === 'true' && condition.span.length === 4;
}

/** The number that an expression is, if it is one. */
function numberOf(expression: Expr): number | undefined {
  if (expression.type === 'NumericLiteral') return Number(expression.value);
  if (expression.type !== 'UnaryExpr' || expression.op !== 'Negative') return undefined;
  const number = numberOf(expression.expr);
  return number === undefined ? undefined : -number;
}

function isAggregate(node: AstNode): boolean {
  if (node.type !== 'FunctionCallExpr' && node.type !== 'FunctionCallStarExpr') return false;
  if (node.filterOver?.overClause !== undefined || !AGGREGATES.has(fold(node.name.name)))
    return false;
  // With more arguments than one these compare within a row.
  const isScalar = node.type === 'FunctionCallExpr' && (node.args?.length ?? 0) > 1;
  return !(isScalar && /^(max|min)$/i.test(node.name.name));
}

function aggregates(node: AstNode): boolean {
  if (node.type === 'Select') return false;
  return isAggregate(node) || childrenOf(node).some(aggregates);
}

/** Each row is there once. */
function distinct(part: Part): Part {
  const exact = part.values.map((value) => value.exact);
  const isWhole = part.values.every(
    (value, i) => exact[i] !== undefined || value.sources.size === 0,
  );
  const columns = exact.filter((column) => column !== undefined);
  return isWhole ? { ...part, uniques: [...part.uniques, columns] } : part;
}

/** The columns that a join compares by `=`. */
function equalIn(constraint: JoinConstraint | undefined): Expr[] {
  const columns = (expression: Expr): Expr[] => {
    if (expression.type === 'ParenthesizedExpr' && expression.exprs.length === 1) {
      return columns(expression.exprs[0] as Expr);
    }
    if (expression.type !== 'BinaryExpr') return [];
    const { op, left, right } = expression;
    if (op === 'And') return [...columns(left), ...columns(right)];
    return op === 'Equals' ? [left, right] : [];
  };
  return constraint?.type === 'OnJoinConstraint' ? columns(constraint.expr) : [];
}

/** Whether columns that are compared are a key of a source. */
function isKeyed({ name, relation }: Source, columns: readonly Expr[]): boolean {
  const source = { name, relation };
  const places = columns.flatMap((column) =>
    column.type === 'QualifiedExpr' && isCalled(source, column.table.text)
      ? [placeOf(source, column.column.text)]
      : [],
  );
  return (
    relation.parts.length > 0 &&
    relation.parts.every(({ uniques, values }) => {
      const exact = new Set(places.map((place) => values[place]?.exact));
      return uniques.some((unique) => unique.every((one) => exact.has(one)));
    })
  );
}

/** What a condition leaves of the values: columns that it names cannot be NULL any more. */
function filled(scope: Scope, condition: Expr | undefined): Scope {
  return filledBy(condition).reduce<Scope>((all, column) => {
    const [table, name] =
      column.type === 'QualifiedExpr'
        ? [column.table.text, column.column.text]
        : [undefined, column.type === 'Id' ? column.name : ''];
    const found = all.find((one) => isCalled(one, table) && placeOf(one, name) >= 0);
    return all.map((source) => {
      if (source !== found) return source;
      const place = placeOf(source, name);
      const parts = source.relation.parts.map((part) => ({
        ...part,
        values: part.values.map((value, i) =>
          i === place ? ({ ...value, known: 'not NULL' } as const) : value,
        ),
      }));
      return { ...source, relation: { ...source.relation, parts } };
    });
  }, scope);
}

/** Whether a condition is true only of rows that have no partner in a table. */
function lacks(condition: Expr | undefined, table: string): boolean {
  switch (condition?.type) {
    case 'ParenthesizedExpr':
      return condition.exprs.length === 1 && lacks(condition.exprs[0], table);
    case 'IsNullExpr':
      return condition.expr.type === 'QualifiedExpr' && fold(condition.expr.table.text) === table;
    case 'BinaryExpr':
      if (condition.op === 'And')
        return lacks(condition.left, table) || lacks(condition.right, table);
      return (
        condition.op === 'Is' &&
        condition.right.type === 'NullLiteral' &&
        condition.left.type === 'QualifiedExpr' &&
        fold(condition.left.table.text) === table
      );
  }
  return false;
}

const losing = (part: Part, ...losses: readonly Loss[]): Part => ({
  ...part,
  losses: [...part.losses, ...losses],
});

/** Reads what the SELECTs of one statement give. */
export class Selects {
  #depth = 0;

  /**
   * @param known what can stand in a FROM
   * @param position the statement's place
   * @param fired in a trigger what `new` and `old` stand for
   */
  constructor(
    private readonly known: Known,
    private readonly position: number,
    private readonly fired: Scope = [],
  ) {}

  #loss(cause: string, ...conditions: readonly (Expr | undefined)[]): Loss {
    const loss = { cause, position: this.position, all: false, enforced: false };
    return conditions.length === 0 ? loss : { ...loss, by: namedIn(conditions) };
  }

  /**
   * What a SELECT gives.
   *
   * @param select the SELECT
   * @param named what its names stand for that an outer WITH says
   */
  read(select: Select, named: Named = new Map()): Relation {
    const inner = this.with(select.with, named);
    let relation = this.#readOne(select.select, inner);
    for (const { operator, select: other } of select.compounds ?? []) {
      relation = this.#compound(relation, this.#readOne(other, inner), operator);
    }
    const { limit } = select;
    if (limit === undefined) return relation;
    const all = (numberOf(limit.expr) ?? 0) < 0 && limit.offset === undefined;
    if (all) return relation;
    const parts = relation.parts.map((part) => losing(part, this.#loss('LIMIT')));
    return { ...relation, parts, single: false };
  }

  /**
   * What the names stand for that a WITH defines.
   *
   * @param clause the WITH, if there is one
   * @param outer what names stand for outside
   */
  with(clause: With | undefined, outer: Named): Named {
    if (clause === undefined) return outer;
    const named = new Map(outer);
    for (const { tblName, columns, select } of clause.ctes) {
      const name = fold(tblName.text);
      const listed = columns?.map(({ colName }) => fold(colName.text));
      // Its own name within it gives rows that are made of those of its first part.
      named.set(name, { ...EMPTY, columns: listed });
      const relation = this.read(select, named);
      named.set(name, { ...relation, rowid: undefined, columns: listed ?? relation.columns });
    }
    return named;
  }

  #compound(one: Relation, other: Relation, operator: string): Relation {
    const losses = (parts: readonly Part[], cause: string): Part[] =>
      parts.map((part) => {
        const isDistinct = operator === 'Union' && this.#hasKey(part);
        return isDistinct ? part : losing(part, this.#loss(cause));
      });
    const together = (parts: readonly Part[]): Relation => ({
      columns: one.columns,
      parts: parts.map((part) => {
        // A table that stands in several of them gives its rows several times.
        const isAlone = parts.filter(({ origin }) => origin === part.origin).length === 1;
        return isAlone ? part : { ...part, uniques: [], once: false };
      }),
      single: false,
    });
    const branches = 1 + Math.max(0, ...one.parts.map(({ branch }) => branch));
    const others = other.parts.map((part) => ({ ...part, branch: part.branch + branches }));
    if (operator === 'UnionAll') return together([...one.parts, ...others]);
    const cause = operator.toUpperCase();
    if (operator === 'Union') {
      return together([...losses(one.parts, cause), ...losses(others, cause)]);
    }
    return together(losses(one.parts, cause));
  }

  /** Whether rows that are told apart by a key stay apart: the key is among the values. */
  #hasKey({ uniques, values }: Part): boolean {
    const exact = new Set(values.map((value) => value.exact));
    return uniques.some((unique) => unique.every((column) => exact.has(column)));
  }

  #readOne(select: OneSelect, named: Named): Relation {
    if (select.type === 'SelectValues') return this.#readValues(select, named);
    const all = this.from(select.from, named, select.whereClause);
    const scope = filled(all, select.whereClause);
    const relation = this.#project(select, scope, named);
    const losses = this.#lossesOf(select, all);
    const hasFrom = select.from !== undefined;
    const grouped = select.groupBy !== undefined;
    const whole =
      losses.filter(({ cause }) => cause === 'WHERE' || cause === 'HAVING').length === 0;
    const aggregated = losses.some(({ cause }) => cause === 'an aggregate');
    let parts = relation.parts.map((part) => losing(part, ...losses));
    if (grouped) {
      parts = parts.map((part) =>
        this.#groupsByKey(select, scope, part, named)
          ? part
          : losing(this.#grouped(select, scope, part, named), this.#loss('GROUP BY')),
      );
    }
    if (select.distinctness === 'Distinct') {
      parts = parts.map((part) =>
        this.#hasKey(part) ? part : losing(distinct(part), this.#loss('DISTINCT')),
      );
    }
    return { ...relation, parts, single: (whole && !hasFrom) || (aggregated && whole) };
  }

  /** VALUES: rows of no table, but in a trigger of those that set it off, and of what a SELECT within reads. */
  #readValues({ values: rows }: SelectValues, named: Named): Relation {
    const columns = rows[0]?.values.map((_, i) => `column${i + 1}`) ?? [];
    const read = rows.flatMap(({ values }) =>
      values.flatMap((one) => this.originsWithin(one, named)),
    );
    const parts = [...new Set([...read, ...this.originsFired()])].flatMap((origin): Part[] => {
      const values = columns.map((_, i) => {
        const all = rows.flatMap((row) => row.values[i] ?? []);
        const held = all.map((one) => this.value(one, origin, [], named));
        return held.length === 1 ? (held[0] ?? NOTHING) : mixed(held);
      });
      const isUsed = values.some(({ sources }) => sources.size > 0);
      return isUsed ? [{ origin, losses: [this.#loss(LOOKED_UP)], values, ...LOOSE }] : [];
    });
    return { columns, parts, single: rows.length === 1 };
  }

  #lossesOf(select: SelectFrom, scope: Scope): Loss[] {
    const aggregate = select.groupBy === undefined && select.columns.some(aggregates);
    return [
      ...(this.#isTrueOfAll(select.whereClause, scope)
        ? []
        : [this.#loss('WHERE', select.whereClause)]),
      ...(select.having === undefined ? [] : [this.#loss('HAVING', select.having)]),
      ...(aggregate ? [this.#loss('an aggregate')] : []),
    ];
  }

  /** Each group is one row. */
  #grouped({ groupBy = [] }: SelectFrom, scope: Scope, part: Part, named: Named): Part {
    const columns = groupBy.map((one) => this.value(one, part.origin, scope, named).exact);
    return columns.every((column) => column !== undefined)
      ? { ...part, uniques: [...part.uniques, columns] }
      : part;
  }

  /** Whether a condition is true of every row: it says so, or only that a column is not NULL which never is. */
  #isTrueOfAll(condition: Expr | undefined, scope: Scope): boolean {
    const tested =
      condition?.type === 'NotNullExpr'
        ? condition.expr
        : condition?.type === 'BinaryExpr' &&
            condition.op === 'IsNot' &&
            condition.right.type === 'NullLiteral'
          ? condition.left
          : undefined;
    if (tested === undefined) return isAlwaysTrue(condition);
    return this.#alwaysOf(tested, scope).known === 'not NULL';
  }

  #groupsByKey({ groupBy = [] }: SelectFrom, scope: Scope, part: Part, named: Named): boolean {
    const exact = new Set(
      groupBy.map((expression) => this.value(expression, part.origin, scope, named).exact),
    );
    return part.uniques.some((unique) => unique.every((column) => exact.has(column)));
  }

  /**
   * What stands in a FROM, each with the losses that joining it brings.
   *
   * @param clause the FROM, if there is one
   * @param named what names stand for
   * @param where the condition behind it, if there is one
   */
  from(clause: FromClause | undefined, named: Named, where?: Expr): Scope {
    if (clause?.select === undefined) return [];
    let scope: Source[] = [this.#source(clause.select, named)];
    for (const { operator, table, constraint } of clause.joins ?? []) {
      const next = this.#source(table, named);
      const type = operator.type === 'TypedJoinJoinOperator' ? (operator.joinType ?? 0) : 0;
      const keepsLeft =
        (type & JOIN.left) !== 0 || (next.relation.single && constraint === undefined);
      const before = scope.every(({ relation }) => relation.single);
      // Rows without a partner, and only they.
      const isAnti = (type & JOIN.left) !== 0 && lacks(where, next.name);
      const keepsRight = (type & JOIN.right) !== 0 || (before && constraint === undefined);
      const equal = equalIn(constraint);
      // Each row finds one at most by a key.
      const findsOne = next.relation.single || isAnti || isKeyed(next, equal);
      const isFoundOnce = before || scope.some((source) => isKeyed(source, equal));
      scope = [
        ...scope.map((source) => this.#joined(source, keepsLeft, findsOne, keepsRight)),
        this.#joined(next, keepsRight, isFoundOnce, keepsLeft),
      ];
    }
    return scope;
  }

  /** A source that is joined with another: rows without a partner are gone, and those with several stand several times. */
  #joined({ name, relation }: Source, keeps: boolean, once: boolean, optional: boolean): Source {
    const parts = relation.parts.map((part) => ({
      ...(keeps ? part : losing(part, this.#loss('JOIN'))),
      uniques: once ? part.uniques : [],
      once: once && part.once,
      // Where the other side keeps all, this one is NULL where it has no partner.
      values: optional ? part.values.map((value) => ({ ...value, known: undefined })) : part.values,
    }));
    return { name, relation: { ...relation, parts } };
  }

  #source(table: SelectTable, named: Named): Source {
    const alias = 'alias' in table ? table.alias?.name.text : undefined;
    switch (table.type) {
      case 'TableSelectTable': {
        const name = table.tblName.objName.text;
        const isMain = table.tblName.dbName === undefined;
        return {
          name: fold(alias ?? name),
          relation: this.#called(name, isMain ? named : new Map()),
        };
      }
      case 'SelectSelectTable':
        return {
          name: fold(alias ?? ''),
          relation: { ...this.read(table.select, named), rowid: undefined },
        };
      case 'SubSelectTable': {
        const scope = this.from(table.from, named);
        return { name: fold(alias ?? ''), relation: this.#star(scope) };
      }
      default:
        return { name: fold(alias ?? table.tblName.objName.text), relation: UNKNOWN };
    }
  }

  #called(name: string, named: Named): Relation {
    const common = named.get(fold(name));
    if (common !== undefined) return common;
    const view = this.known.view(name);
    if (view !== undefined && this.#depth < 50) {
      this.#depth++;
      const relation = this.read(view.select);
      this.#depth--;
      const columns = view.columns ?? relation.columns;
      return { ...relation, rowid: undefined, columns };
    }
    const table = this.known.table(name);
    return table === undefined ? UNKNOWN : this.#base(table);
  }

  /**
   * What names stand for in a statement that changes rows of a table.
   *
   * @param table the table
   * @param held whose rows are meant; undefined if the table's own do not count
   */
  scopeOf(table: Table, held: Held | undefined): Scope {
    const relation = this.#relation(table, held === undefined ? [] : [held]);
    return [{ name: fold(table.name), relation }];
  }

  #base(table: Table): Relation {
    return this.#relation(table, this.known.held(table));
  }

  #relation(table: Table, held: readonly Held[]): Relation {
    const columns = table.columns?.map((column) => fold(column.name));
    const rowid = table.columns?.find(({ isRowid }) => isRowid)?.name;
    const parts = held.map(({ origin, losses, values, uniques: apart }): Part => {
      const all = (columns ?? [...values.keys()]).map((column, place): Value => {
        const value = values.get(column) ?? unwritten(table.columns?.[place]);
        const isFilled = table.columns?.[place]?.notNull || table.columns?.[place]?.isRowid;
        return isFilled ? { ...value, known: 'not NULL' } : value;
      });
      const uniques = table.uniques.flatMap((unique) => {
        const exact = unique.map((column) => values.get(column)?.exact);
        return exact.every((column) => column !== undefined) ? [exact as string[]] : [];
      });
      return {
        origin,
        losses,
        values: all,
        uniques: [...uniques, ...apart],
        once: true,
        branch: 0,
      };
    });
    return { columns, parts, single: false, rowid: rowid === undefined ? undefined : fold(rowid) };
  }

  /** All columns of a FROM. */
  #star(scope: Scope): Relation {
    const unknown = scope.some(({ relation }) => relation.columns === undefined);
    const columns = unknown ? undefined : scope.flatMap(({ relation }) => relation.columns ?? []);
    const parts = scope.flatMap(({ relation }, at): Part[] => {
      const before = scope.slice(0, at).flatMap((source) => source.relation.columns ?? []).length;
      const after = scope.slice(at + 1).flatMap((source) => source.relation.columns ?? []).length;
      return relation.parts.map((part) => ({
        ...part,
        values: [...Array(before).fill(NOTHING), ...part.values, ...Array(after).fill(NOTHING)],
      }));
    });
    return {
      columns,
      parts,
      single: scope.length > 0 && scope.every(({ relation }) => relation.single),
    };
  }

  #project(select: SelectFrom, scope: Scope, named: Named): Relation {
    const star = this.#star(scope);
    const columns: (readonly string[] | undefined)[] = [];
    const parts = star.parts.map((part) => ({ ...part, values: [] as Value[] }));
    for (const column of select.columns) {
      if (column.type === 'StarResultColumn') {
        columns.push(star.columns);
        for (const [i, part] of parts.entries()) part.values.push(...(star.parts[i]?.values ?? []));
      } else if (column.type === 'TableStarResultColumn') {
        const source = scope.find(({ name }) => name === fold(column.table.text));
        columns.push(source?.relation.columns);
        for (const part of parts) {
          const own = source?.relation.parts.find(({ origin }) => origin === part.origin);
          const width = source?.relation.columns?.length ?? 0;
          part.values.push(...(own?.values ?? Array<Value>(width).fill(NOTHING)));
        }
      } else {
        columns.push([this.#nameOf(column.expr, column.alias?.name.text)]);
        for (const part of parts) {
          part.values.push(this.value(column.expr, part.origin, scope, named));
        }
      }
    }
    const known = columns.every((names) => names !== undefined);
    return {
      columns: known ? columns.flatMap((names) => names ?? []) : undefined,
      parts: [...parts, ...this.#lookedUp(select, scope, star, named)],
      single: star.single,
    };
  }

  /** Tables that only a SELECT within an expression reads: some of their values are there, none of their rows. */
  #lookedUp(select: SelectFrom, scope: Scope, star: Relation, named: Named): Part[] {
    const expressions = select.columns.map((column) =>
      column.type === 'ExprResultColumn' ? column.expr : undefined,
    );
    const read = expressions.flatMap((one) =>
      one === undefined ? [] : this.originsWithin(one, named),
    );
    const rows = new Set(star.parts.map(({ origin }) => origin));
    const origins = new Set([...read, ...this.originsFired()].filter((one) => !rows.has(one)));
    return [...origins].flatMap((origin): Part[] => {
      const values = select.columns.flatMap((column): Value[] => {
        if (column.type === 'StarResultColumn') return (star.columns ?? []).map(() => NOTHING);
        if (column.type === 'TableStarResultColumn') {
          const source = scope.find(({ name }) => name === fold(column.table.text));
          return (source?.relation.columns ?? []).map(() => NOTHING);
        }
        return [this.value(column.expr, origin, scope, named)];
      });
      const isUsed = values.some(({ sources }) => sources.size > 0);
      const losses = [this.#loss(LOOKED_UP)];
      return isUsed ? [{ origin, losses, values, ...LOOSE }] : [];
    });
  }

  /**
   * The tables that SELECTs within an expression read, as they were at first.
   *
   * @param node the expression
   * @param named what the names of tables stand for
   */
  originsWithin(node: AstNode, named: Named): string[] {
    const here =
      node.type === 'SelectFrom'
        ? this.from(node.from, named).flatMap(({ relation }) =>
            relation.parts.map(({ origin }) => origin),
          )
        : [];
    return [...here, ...childrenOf(node).flatMap((child) => this.originsWithin(child, named))];
  }

  /** The tables of `new` and `old`, as they were at first. */
  originsFired(): string[] {
    return this.fired.flatMap(({ relation }) => relation.parts.map(({ origin }) => origin));
  }

  #nameOf(expression: Expr, alias: string | undefined): string {
    if (alias !== undefined) return fold(alias);
    if (expression.type === 'Id') return fold(expression.name);
    return expression.type === 'QualifiedExpr' ? fold(expression.column.text) : '';
  }

  /**
   * What an expression holds of one table.
   *
   * @param expression the expression
   * @param origin the table as it was at first
   * @param scope what its names stand for
   * @param named what the names of tables stand for
   */
  value(expression: Expr, origin: string, scope: Scope, named: Named): Value {
    switch (expression.type) {
      case 'ParenthesizedExpr':
        if (expression.exprs.length !== 1) break;
        return this.value(expression.exprs[0] as Expr, origin, scope, named);
      case 'CollateExpr':
        return this.value(expression.expr, origin, scope, named);
      case 'UnaryExpr':
        if (expression.op !== 'Positive') break;
        return this.value(expression.expr, origin, scope, named);
      case 'Id':
        if (!knows(scope, undefined, expression.name)) {
          return { ...NOTHING, ...this.#alwaysOf(expression, scope) };
        }
        return find(scope, undefined, expression.name, origin);
      case 'QualifiedExpr':
        return find(
          [...scope, ...this.fired],
          expression.table.text,
          expression.column.text,
          origin,
        );
    }
    const apart = partApart(expression);
    const keeps = new Set(
      keptIn(expression).flatMap((one) => [
        ...mixed(this.#valuesBelow(one, origin, [scope, this.fired], named)).sources,
      ]),
    );
    const looks = [...nodesOf(expression)].some(({ type }) => type === 'Select');
    const all = mixed(this.#valuesBelow(expression, origin, [scope, this.fired], named));
    return {
      ...all,
      keeps: looks ? all.sources : keeps,
      ...this.#alwaysOf(expression, scope),
      ...(apart !== undefined && { apart: this.value(apart, origin, scope, named).apart }),
    };
  }

  /** What is known of an expression in every row. */
  #alwaysOf(expression: Expr, scope: Scope): Pick<Value, 'known' | 'random'> {
    const known = knownOf(expression, (column) => {
      const [table, name] =
        column.type === 'QualifiedExpr'
          ? [column.table.text, column.column.text]
          : [undefined, column.type === 'Id' ? column.name : ''];
      const source = scope.find((one) => isCalled(one, table) && placeOf(one, name) >= 0);
      // In double quotes a name that is none is a text.
      const isText =
        scope.length > 0 && scope.every(({ relation }) => relation.columns !== undefined);
      if (source === undefined) return isText ? 'not NULL' : undefined;
      const values = source.relation.parts.map((part) => part.values[placeOf(source, name)]);
      const [first, ...more] = new Set(values.map((value) => value?.known));
      return more.length === 0 ? first : undefined;
    });
    return { known, ...(isRandom(expression) && { random: true }) };
  }

  /** The columns of an origin that stand anywhere in an expression, also in a SELECT within it that means the outer one. */
  #valuesBelow(node: AstNode, origin: string, scopes: readonly Scope[], named: Named): Value[] {
    if (node.type === 'Id' || node.type === 'QualifiedExpr') {
      const [table, column] =
        node.type === 'Id' ? [undefined, node.name] : [node.table.text, node.column.text];
      const scope = scopes.find((names) => knows(names, table, column));
      return scope === undefined ? [] : [find(scope, table, column, origin)];
    }
    if (node.type === 'FunctionCallExpr' || node.type === 'FunctionCallStarExpr') {
      const below = childrenOf(node).filter((child) => child !== (node.name as Id));
      return below.flatMap((child) => this.#valuesBelow(child, origin, scopes, named));
    }
    if (node.type === 'SelectFrom') {
      const inner = this.from(node.from, named);
      return childrenOf(node).flatMap((child) =>
        this.#valuesBelow(child, origin, [inner, ...scopes], named),
      );
    }
    return childrenOf(node).flatMap((child) => this.#valuesBelow(child, origin, scopes, named));
  }
}

const isCalled = (source: Source, table: string | undefined): boolean =>
  table === undefined || source.name === fold(table);

/** The place of a column among those of a source. */
function placeOf({ relation }: Source, column: string): number {
  const { columns, rowid } = relation;
  if (columns === undefined) return -1;
  const place = columns.indexOf(fold(column));
  if (place >= 0 || rowid === undefined || !ROWID.has(fold(column))) return place;
  return columns.indexOf(rowid);
}

const knows = (scope: Scope, table: string | undefined, column: string): boolean =>
  scope.some((source) => isCalled(source, table) && placeOf(source, column) >= 0);

function find(scope: Scope, table: string | undefined, column: string, origin: string): Value {
  const source = scope.find((one) => isCalled(one, table) && placeOf(one, column) >= 0);
  if (source === undefined) return NOTHING;
  const part = source.relation.parts.find((one) => one.origin === origin);
  return part?.values[placeOf(source, column)] ?? NOTHING;
}
