// What is known of an expression whatever stands in the rows: whether it can be NULL, and what it tells apart.
import type { Named } from './model.ts';
import { fold } from './names.ts';
import { type AstNode, childrenOf, type Expr, nodesOf } from './parser.ts';

/** Functions that give NULL only for an argument that is NULL: https://www.sqlite.org/lang_corefunc.html */
const STRICT = new Set(
  (
    'abs char hex length lower ltrim octet_length quote replace round rtrim substr substring trim typeof unicode upper ' +
    'json_array json_object json_quote printf format concat instr'
  ).split(' '),
);
/** Functions that never give NULL. */
const NEVER = new Set(
  'row_number rank dense_rank ntile percent_rank cume_dist count random randomblob changes total_changes last_insert_rowid typeof quote hex concat printf format json_array json_object zeroblob total'.split(
    ' ',
  ),
);
/** Of the time, with what is always one. */
const TIME = new Set('date time datetime julianday unixepoch strftime'.split(' '));

type Known = 'NULL' | 'not NULL' | undefined;

const isNow = (args: readonly Expr[]): boolean =>
  args.length === 0 ||
  args.some((one) => one.type === 'StringLiteral' && fold(one.value) === 'now');

function ofCall(name: string, args: readonly Expr[], of: (column: Expr) => Known): Known {
  const each = args.map((one) => knownOf(one, of));
  if (name === 'coalesce' || name === 'ifnull') {
    if (each.includes('not NULL')) return 'not NULL';
    return each.every((one) => one === 'NULL') ? 'NULL' : undefined;
  }
  if (NEVER.has(name)) return 'not NULL';
  if (TIME.has(name)) {
    return isNow(name === 'strftime' ? args.slice(1) : args) ? 'not NULL' : undefined;
  }
  if (name === 'iif' && args.length === 3) {
    return each[1] === 'not NULL' && each[2] === 'not NULL' ? 'not NULL' : undefined;
  }
  if (!STRICT.has(name)) return undefined;
  return each.every((one) => one === 'not NULL') ? 'not NULL' : undefined;
}

/**
 * Whether an expression is NULL in every row, or in none.
 *
 * @param expression the expression
 * @param of what is known of a column that it names
 */
export function knownOf(expression: Expr, of: (column: Expr) => Known): Known {
  const all = (...parts: readonly (Expr | undefined)[]): Known =>
    parts.every((part) => part !== undefined && knownOf(part, of) === 'not NULL')
      ? 'not NULL'
      : undefined;
  switch (expression.type) {
    case 'NullLiteral':
      return 'NULL';
    case 'NumericLiteral':
    case 'StringLiteral':
    case 'BlobLiteral':
    case 'CurrentDateLiteral':
    case 'CurrentTimeLiteral':
    case 'CurrentTimestampLiteral':
    case 'ExistsExpr':
    case 'IsNullExpr':
    case 'NotNullExpr':
      return 'not NULL';
    case 'Id':
    case 'QualifiedExpr':
      return of(expression);
    case 'ParenthesizedExpr':
      return expression.exprs.length === 1 ? knownOf(expression.exprs[0] as Expr, of) : undefined;
    case 'CollateExpr':
    case 'CastExpr':
    case 'UnaryExpr':
      return knownOf(expression.expr, of);
    case 'BinaryExpr':
      if (expression.op === 'Is' || expression.op === 'IsNot') return 'not NULL';
      return /^(Divide|Modulus|ArrowRight)/.test(expression.op)
        ? undefined
        : all(expression.left, expression.right);
    case 'CaseExpr':
      return all(expression.elseExpr, ...expression.whenThenPairs.map(({ then }) => then));
    case 'FunctionCallStarExpr':
      return NEVER.has(fold(expression.name.name)) ? 'not NULL' : undefined;
    case 'FunctionCallExpr':
      return ofCall(fold(expression.name.name), expression.args ?? [], of);
  }
  return undefined;
}

/** Whether an expression gives another value each time, as random bytes do. */
export const isRandom = (expression: Expr): boolean =>
  [...nodesOf(expression)].some(
    (node) => node.type === 'FunctionCallExpr' && /^random(blob)?$/i.test(node.name.name),
  );

const isConstant = (node: AstNode): boolean =>
  node.type !== 'Id' &&
  node.type !== 'QualifiedExpr' &&
  node.type !== 'Select' &&
  childrenOf(node).every(isConstant);

/**
 * The part of an expression that it tells apart: it has another value wherever that one has, as texts have with the
 * same text before each.
 *
 * @param expression the expression
 * @returns the part; undefined where two values may come to one
 */
export function partApart(expression: Expr): Expr | undefined {
  if (expression.type === 'CastExpr') {
    return /text|char|clob/i.test(expression.typeName?.name ?? '') ? expression.expr : undefined;
  }
  if (expression.type !== 'BinaryExpr' || !/^(?:Concat|Add|Subtract)$/.test(expression.op)) {
    return undefined;
  }
  if (isConstant(expression.left)) return expression.right;
  return isConstant(expression.right) ? expression.left : undefined;
}

const columnOf = (node: AstNode): string | undefined =>
  node.type === 'Id'
    ? fold(node.name)
    : node.type === 'QualifiedExpr'
      ? fold(node.column.text)
      : undefined;

const isNullTest = (node: AstNode): boolean =>
  node.type === 'IsNullExpr' ||
  (node.type === 'BinaryExpr' && node.op === 'Is' && node.right.type === 'NullLiteral');

const columnsIn = (node: AstNode): string[] =>
  [...nodesOf(node)].flatMap((one) => columnOf(one) ?? []);

const columnsBeside = (node: AstNode): string[] =>
  isNullTest(node) || node.type === 'Select'
    ? []
    : [columnOf(node) ?? [], ...childrenOf(node).map(columnsBeside)].flat();

const CONSTRUCTORS =
  /^(?:coalesce|ifnull|iif|json_object|json_array|json_quote|json|jsonb|printf|format|concat|concat_ws|group_concat|string_agg|json_group_array|json_group_object)$/;

/**
 * The columns of which an expression keeps the values, in whatever form.
 *
 * @param node the expression
 */
export function keptIn(node: Expr): Expr[] {
  switch (node.type) {
    case 'Id':
    case 'QualifiedExpr':
      return [node];
    case 'CollateExpr':
    case 'UnaryExpr':
      return keptIn(node.expr);
    case 'ParenthesizedExpr':
      return node.exprs.flatMap(keptIn);
    case 'CastExpr':
      return /text|char|clob/i.test(node.typeName?.name ?? '') ? keptIn(node.expr) : [];
    case 'CaseExpr':
      return [...node.whenThenPairs.map(({ then }) => then), node.elseExpr].flatMap((one) =>
        one === undefined ? [] : keptIn(one),
      );
    case 'BinaryExpr':
      return /^(?:Concat|Add|Subtract|Multiply)$/.test(node.op)
        ? [...keptIn(node.left), ...keptIn(node.right)]
        : [];
    case 'FunctionCallExpr':
      return CONSTRUCTORS.test(fold(node.name.name)) ? (node.args ?? []).flatMap(keptIn) : [];
    // What is looked up in rows is kept in many ways.
    case 'SubqueryExpr':
      return [...nodesOf(node)].filter(
        (one): one is Expr => one.type === 'Id' || one.type === 'QualifiedExpr',
      );
  }
  return [];
}

/**
 * By what conditions tell rows.
 *
 * @param conditions the conditions
 */
export function namedIn(conditions: readonly (Expr | undefined)[]): Named {
  const given = conditions.filter((one) => one !== undefined);
  const nodes = given.flatMap((one) => [...nodesOf(one)]);
  const isNested = nodes.some(({ type }) => type === 'Select');
  return {
    names: new Set(given.flatMap(columnsBeside)),
    nulls: new Set(nodes.filter(isNullTest).flatMap(columnsIn)),
    // A row is told by its rowid, outside of the SELECT, and by the columns within it.
    compared: new Set(isNested ? given.flatMap(columnsIn) : []),
    against: new Set(
      nodes.flatMap((one) => (one.type === 'QualifiedName' ? [fold(one.objName.text)] : [])),
    ),
  };
}

/**
 * The columns that cannot be NULL where a condition is true.
 *
 * @param condition the condition
 */
export function filledBy(condition: Expr | undefined): Expr[] {
  const columns = (...all: readonly Expr[]): Expr[] =>
    all.filter(({ type }) => type === 'Id' || type === 'QualifiedExpr');
  switch (condition?.type) {
    case 'ParenthesizedExpr':
      return condition.exprs.length === 1 ? filledBy(condition.exprs[0]) : [];
    case 'NotNullExpr':
      return columns(condition.expr);
    case 'BetweenExpr':
    case 'InListExpr':
    case 'InSelectExpr':
      return columns(condition.lhs);
    case 'BinaryExpr': {
      const { left, right, op } = condition;
      if (op === 'And') return [...filledBy(left), ...filledBy(right)];
      if (op === 'IsNot' && right.type === 'NullLiteral') return columns(left);
      return /^(Equals|NotEquals|Less|Greater)/.test(op) ? columns(left, right) : [];
    }
  }
  return [];
}

/**
 * Whether a condition is that a column is NULL, or that among others.
 *
 * @param condition the condition
 * @param column the column, folded
 */
export function isWhereNull(condition: Expr | undefined, column: string): boolean {
  const isColumn = (one: Expr): boolean =>
    (one.type === 'Id' && fold(one.name) === column) ||
    (one.type === 'QualifiedExpr' && fold(one.column.text) === column);
  switch (condition?.type) {
    case 'ParenthesizedExpr':
      return condition.exprs.length === 1 && isWhereNull(condition.exprs[0], column);
    case 'IsNullExpr':
      return isColumn(condition.expr);
    case 'BinaryExpr':
      if (condition.op === 'Or') {
        return isWhereNull(condition.left, column) || isWhereNull(condition.right, column);
      }
      return (
        condition.op === 'Is' && isColumn(condition.left) && condition.right.type === 'NullLiteral'
      );
  }
  return false;
}
