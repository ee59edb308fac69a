// Where a query finds the rows that a migration puts into a table, in the schema before that migration.
import { quote } from '../../../base/storage.ts';
import { rewritten } from '../../../reader/expressions.ts';
import type { Held } from '../../../reader/model.ts';
import { fold } from '../../../reader/names.ts';
import {
  type AstNode,
  type Expr,
  parse,
  type Select,
  type SelectFrom,
} from '../../../reader/parser.ts';
import type { ColumnFacts, TableFacts } from './facts.ts';

/** An expression in a copy. */
interface Tree {
  readonly tree: Expr;
  /** The statement that it stands in. */
  readonly sql: string;
  /** Whether its names are those of the table that the rows come from, as it was; else only the copy knows them. */
  readonly isPlain: boolean;
}

/** Rows that a table gets. */
export interface RowSource {
  /** A WITH, or nothing. */
  readonly prefix: string;
  readonly from: string;
  /** Whether these are the rows, no fewer and no more: else no query can tell before. */
  readonly isWhole: boolean;
  /** The copy's own condition. */
  readonly where: string | undefined;
  /** What a column gets, as SQL; undefined where no query can tell before. */
  sqlOf(column: string): string | undefined;
  /** The same as a tree, where one expression of a copy gives it. */
  treeOf(column: string): Tree | undefined;
}

const textOf = (sql: string, { span }: AstNode): string =>
  sql.slice(span.offset, span.offset + span.length);

/** What is written where a copy does not say: the default, or what a column is computed by. */
function fallbackOf(facts: ColumnFacts, of: (column: string) => string | undefined) {
  if (facts.expression === undefined) return facts.fallback ?? 'NULL';
  const sql = rewritten(facts.expression, of);
  return sql && `(${sql})`;
}

type SqlOf = (column: string) => string | undefined;

/** Columns by a map, and all others by their defaults. */
function sqlBy(table: TableFacts, written: ReadonlyMap<string, string | undefined>): SqlOf {
  const of = (column: string, depth = 0): string | undefined => {
    if (written.has(column)) return written.get(column);
    const facts = table.columns.find(({ name }) => fold(name) === column);
    if (facts === undefined || depth > 9) return undefined;
    return fallbackOf(facts, (other) => of(other, depth + 1));
  };
  return (column) => of(column);
}

/** Rows by the columns that they had at first. */
function byOrigin(held: Held, table: TableFacts, before: TableFacts): RowSource {
  const nameOf = (column: string): string =>
    before.columns.find(({ name }) => fold(name) === column)?.name ?? column;
  const written = new Map(
    Array.from(held.values, ([column, { exact, sources, updated }]) => {
      if (exact !== undefined) return [column, quote(nameOf(exact))] as const;
      // What was added since has its default.
      return sources.size === 0 && !updated && !held.copied
        ? undefined
        : ([column, undefined] as const);
    }).filter((one) => one !== undefined),
  );
  // Rows that a copy has multiplied or left out are not these.
  const isWhole = held.once && held.losses.every(({ cause }) => cause === 'DELETE');
  return {
    prefix: '',
    from: quote(before.name),
    where: undefined,
    isWhole,
    sqlOf: sqlBy(table, written),
    treeOf: () => undefined,
  };
}

/** A SELECT from one table that gives each row once. */
function plainOf({ with: common, compounds, limit, select }: Select): SelectFrom | undefined {
  const isPlain =
    common === undefined &&
    compounds === undefined &&
    limit === undefined &&
    select.type === 'SelectFrom' &&
    select.distinctness === undefined &&
    select.groupBy === undefined &&
    select.having === undefined &&
    select.from?.select?.type === 'TableSelectTable' &&
    (select.from.joins ?? []).length === 0;
  return isPlain ? (select as SelectFrom) : undefined;
}

/** What a copy writes, and into which columns. */
interface CopyText {
  readonly sql: string;
  readonly select: Select;
  /** The WITH before INSERT, as it is written. */
  readonly common: string;
  /** Folded. */
  readonly targets: readonly string[];
}

function copyIn(sql: string, table: TableFacts): CopyText | undefined {
  const statement = parse(sql);
  if (statement?.type !== 'InsertStmt' || statement.body.type !== 'SelectInsertBody')
    return undefined;
  const writable = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  return {
    sql,
    select: statement.body.select,
    common: statement.with === undefined ? '' : `${textOf(sql, statement.with)} `,
    targets: (statement.columns?.map(({ text }) => text) ?? writable).map(fold),
  };
}

/** The expressions of a SELECT that names each column. */
function treesOf({ sql, targets }: CopyText, { columns }: SelectFrom, isPlain = false) {
  const trees = new Map<string, Tree>();
  columns.forEach((column, i) => {
    const target = targets[i];
    if (column.type === 'ExprResultColumn' && target !== undefined) {
      trees.set(target, { tree: column.expr, sql, isPlain });
    }
  });
  const isListed = columns.every(({ type }) => type === 'ExprResultColumn');
  return isListed ? trees : new Map<string, never>();
}

function byPlain(
  copy: CopyText,
  select: SelectFrom,
  table: TableFacts,
  before: TableFacts,
): RowSource | undefined {
  const { sql, targets } = copy;
  const trees = treesOf(copy, select, true);
  const written: (string | undefined)[] = [];
  for (const column of select.columns) {
    if (column.type === 'ExprResultColumn') {
      const isName = column.expr.type === 'Id' || column.expr.type === 'QualifiedExpr';
      const text = textOf(sql, column.expr);
      written.push(isName ? text : `(${text})`);
    } else {
      written.push(...before.columns.map(({ name }) => quote(name)));
    }
  }
  if (written.length !== targets.length || select.from?.select === undefined) return undefined;
  return {
    prefix: '',
    from: textOf(sql, select.from.select).trim(),
    isWhole: true,
    where: select.whereClause && textOf(sql, select.whereClause),
    sqlOf: sqlBy(table, new Map(targets.map((target, i) => [target, written[i]]))),
    treeOf: (column) => trees.get(column),
  };
}

/**
 * Where a query finds rows that a table holds, in the schema before the migration.
 *
 * @param held the rows
 * @param table the table as it is now
 * @param before the table that they come from, as it was
 * @param statement the statement that copied them, if one did
 */
export function rowSource(
  held: Held,
  table: TableFacts,
  before: TableFacts,
  statement: string | undefined,
): RowSource {
  const copy = held.copied ? copyIn(statement ?? '', table) : undefined;
  if (copy === undefined) return byOrigin(held, table, before);
  const { select } = copy.select;
  if (!held.first) {
    const trees = select.type === 'SelectFrom' ? treesOf(copy, select) : undefined;
    return { ...byOrigin(held, table, before), treeOf: (column) => trees?.get(column) };
  }
  const plain = copy.common === '' ? plainOf(copy.select) : undefined;
  const isOwn =
    plain?.from?.select?.type === 'TableSelectTable' &&
    fold(plain.from.select.tblName.objName.text) === fold(before.name);
  const simple = plain && isOwn && byPlain(copy, plain, table, before);
  if (simple) return simple;
  const list = copy.targets.map(quote).join(', ');
  return {
    prefix: `WITH copied (${list}) AS (${copy.common}${textOf(copy.sql, copy.select)}) `,
    from: 'copied',
    isWhole: true,
    where: undefined,
    sqlOf: sqlBy(table, new Map(copy.targets.map((target) => [target, quote(target)]))),
    treeOf: (column) =>
      select.type === 'SelectFrom' ? treesOf(copy, select).get(column) : undefined,
  };
}
