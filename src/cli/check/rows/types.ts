// What the type of a column does to values that are copied into it: https://www.sqlite.org/datatype3.html
import { fold } from '../../../reader/names.ts';
import type { Expr } from '../../../reader/parser.ts';
import { affinityOf, type ColumnFacts, columnIn, type TableFacts } from './facts.ts';

const isNumber = ({ affinity }: ColumnFacts): boolean => /^(INTEGER|REAL|NUMERIC)$/.test(affinity);

/**
 * Whether values that differ may become one by the type of the new column.
 *
 * @param was the column that they come from
 * @param is the column that they are copied into
 */
export const merges = (was: ColumnFacts, is: ColumnFacts): boolean =>
  was.affinity !== is.affinity &&
  !was.isRowid &&
  is.affinity !== 'BLOB' &&
  (was.affinity === 'TEXT' || was.affinity === 'BLOB');

/**
 * A text as a column of numbers keeps it.
 *
 * @param sql the text
 */
export const asNumber = (sql: string): string =>
  `CASE WHEN CAST(${sql} AS NUMERIC) = ${sql} THEN CAST(${sql} AS NUMERIC) ELSE ${sql} END`;

/**
 * The condition of values that a new type changes, such as a text '007' that becomes 7.
 *
 * @param sql the value
 * @param was the column that it comes from
 * @param is the column that it is copied into
 * @returns undefined if it changes none
 */
export function changedBy(sql: string, was: ColumnFacts, is: ColumnFacts): string | undefined {
  if (was.affinity === 'TEXT' && isNumber(is)) {
    const number = `CAST(${sql} AS ${is.affinity === 'REAL' ? 'REAL' : 'NUMERIC'})`;
    return `typeof(${sql}) = 'text' AND ${number} = ${sql} AND CAST(${number} AS TEXT) COLLATE BINARY <> ${sql}`;
  }
  if (is.affinity === 'REAL' && /^(INTEGER|NUMERIC)$/.test(was.affinity) && !was.isRowid) {
    return `typeof(${sql}) = 'integer' AND CAST(${sql} AS REAL) <> ${sql}`;
  }
  return undefined;
}

const isAny = ({ type }: ColumnFacts): boolean => /^any$/i.test(type);

/**
 * Whether a column of a STRICT table takes all that another column can have.
 *
 * @param was the other column
 * @param is the column
 * @param wasStrict whether the other one was in a STRICT table
 */
export function takesAll(was: ColumnFacts, is: ColumnFacts, wasStrict: boolean): boolean {
  if (isAny(is)) return true;
  if (was.isRowid) return is.affinity !== 'BLOB';
  if (!wasStrict || isAny(was)) return false;
  if (was.affinity === is.affinity) return true;
  return was.affinity === 'INTEGER' && (is.affinity === 'REAL' || is.affinity === 'TEXT');
}

const TEXTS =
  /^(upper|lower|trim|ltrim|rtrim|hex|quote|printf|format|typeof|concat|date|time|datetime|strftime|json\w*)$/;
const INTEGERS = /^(length|unixepoch|instr|unicode|count|random|changes)$/;

/**
 * The type that an expression gives, if it always gives one.
 *
 * @param tree the expression
 */
export function typeOf(tree: Expr): string | undefined {
  switch (tree.type) {
    case 'CastExpr':
      return affinityOf(tree.typeName?.name ?? '');
    case 'StringLiteral':
      return 'TEXT';
    case 'NumericLiteral':
      return /^\d+$/.test(String(tree.value)) ? 'INTEGER' : 'REAL';
    case 'BinaryExpr':
      return tree.op === 'Concat'
        ? 'TEXT'
        : /^(Is|Equals|Not|Less|Greater|And|Or)/.test(tree.op)
          ? 'INTEGER'
          : undefined;
    case 'FunctionCallExpr': {
      const name = fold(tree.name.name);
      return TEXTS.test(name) ? 'TEXT' : INTEGERS.test(name) ? 'INTEGER' : undefined;
    }
  }
  return undefined;
}

type Name = Extract<Expr, { type: 'Id' | 'QualifiedExpr' }>;

const columnNamed = (name: Name, table: TableFacts): ColumnFacts | undefined =>
  columnIn(table, fold(name.type === 'Id' ? name.name : name.column.text));

/**
 * Whether a column of a STRICT table takes all that an expression can give.
 *
 * @param tree the expression
 * @param is the column
 * @param before the table that its names are of
 */
export function takesExpression(tree: Expr, is: ColumnFacts, before: TableFacts): boolean {
  if (isAny(is) || tree.type === 'NullLiteral') return true;
  const type = typeOf(tree);
  if (type !== undefined) {
    return (
      type === is.affinity ||
      (type === 'INTEGER' && /^(REAL|TEXT)$/.test(is.affinity)) ||
      (type === 'REAL' && is.affinity === 'TEXT')
    );
  }
  switch (tree.type) {
    case 'Id':
    case 'QualifiedExpr': {
      const was = columnNamed(tree, before);
      return was !== undefined && takesAll(was, is, before.strict);
    }
    case 'ParenthesizedExpr':
      return tree.exprs.every((one) => takesExpression(one, is, before));
    case 'FunctionCallExpr':
      return (
        /^(coalesce|ifnull)$/i.test(tree.name.name) &&
        (tree.args ?? []).every((one) => takesExpression(one, is, before))
      );
  }
  return false;
}

/**
 * Whether a column stores all that an expression gives as it is.
 *
 * @param tree the expression
 * @param is the column
 * @param before the table that its names are of
 */
export function isStoredAs(tree: Expr, is: ColumnFacts, before: TableFacts): boolean {
  if (tree.type === 'NullLiteral' || is.affinity === 'BLOB') return true;
  const type = typeOf(tree);
  if (type !== undefined)
    return type === is.affinity || (type === 'INTEGER' && is.affinity === 'NUMERIC');
  const all = (trees: readonly (Expr | undefined)[]): boolean =>
    trees.every((one) => one === undefined || isStoredAs(one, is, before));
  switch (tree.type) {
    case 'Id':
    case 'QualifiedExpr':
      return columnNamed(tree, before)?.affinity === is.affinity;
    case 'ParenthesizedExpr':
      return all(tree.exprs);
    case 'CaseExpr':
      return all([...tree.whenThenPairs.map(({ then }) => then), tree.elseExpr]);
    case 'FunctionCallExpr':
      return /^(coalesce|ifnull)$/i.test(tree.name.name) && all(tree.args ?? []);
  }
  return false;
}

/**
 * The condition of values that a column of a STRICT table refuses: https://www.sqlite.org/stricttables.html
 *
 * @param sql the value
 * @param is the column
 */
export function refusedBy(sql: string, is: ColumnFacts): string {
  switch (is.affinity) {
    case 'TEXT':
      return `typeof(${sql}) = 'blob'`;
    case 'BLOB':
      return `typeof(${sql}) NOT IN ('blob', 'null')`;
    case 'REAL':
      return `NOT (typeof(${sql}) IN ('integer', 'real', 'null') OR (typeof(${sql}) = 'text' AND CAST(${sql} AS REAL) = ${sql}))`;
    default:
      return `NOT (typeof(${sql}) IN ('integer', 'null') OR (typeof(${sql}) IN ('real', 'text') AND CAST(${sql} AS INTEGER) = ${sql}))`;
  }
}
