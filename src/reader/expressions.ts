// Expressions as texts: with other names for the columns in them, and whether one says less than another.
import { fold, normalized } from './names.ts';
import { type AstNode, childrenOf, type Expr, parse } from './parser.ts';

const BEFORE = 'SELECT ';

/**
 * The tree of an expression.
 *
 * @param text the expression; the spans of its tree count from a SELECT before it
 * @returns undefined if it is none
 */
export function expressionOf(text: string): Expr | undefined {
  const statement = parse(BEFORE + text);
  if (statement?.type !== 'SelectStmt') return undefined;
  const { select } = statement.body;
  const [column] = select.type === 'SelectFrom' ? select.columns : [];
  return column?.type === 'ExprResultColumn' ? column.expr : undefined;
}

/** The columns in an expression, and not the names of its functions. */
function columnNodes(node: AstNode): { name: string; node: AstNode }[] {
  if (node.type === 'Id') return [{ name: node.name, node }];
  if (node.type === 'QualifiedExpr') return [{ name: node.column.text, node }];
  const isCall = node.type === 'FunctionCallExpr' || node.type === 'FunctionCallStarExpr';
  const below = childrenOf(node).filter((child) => !isCall || child !== node.name);
  return below.flatMap(columnNodes);
}

/**
 * The columns that an expression names, folded.
 *
 * @param text the expression
 * @returns undefined if it is none
 */
export function columnsOf(text: string): string[] | undefined {
  const tree = expressionOf(text);
  return tree && [...new Set(columnNodes(tree).map(({ name }) => fold(name)))];
}

/**
 * An expression with other texts for its columns.
 *
 * @param text the expression
 * @param toText what to write for a column, by its folded name
 * @returns undefined if it is no expression, or there is no text for a column
 */
export function rewritten(
  text: string,
  toText: (column: string) => string | undefined,
): string | undefined {
  const tree = expressionOf(text);
  if (tree === undefined) return undefined;
  let written = '';
  let end = BEFORE.length;
  const whole = BEFORE + text;
  for (const { name, node } of columnNodes(tree)) {
    const replacement = toText(fold(name));
    if (replacement === undefined) return undefined;
    written += whole.slice(end, node.span.offset) + replacement;
    end = node.span.offset + node.span.length;
  }
  return written + whole.slice(end);
}

/** What must all be true for a condition to be true. */
function conjuncts(tree: Expr, text: string): { tree: Expr; sql: string }[] {
  if (tree.type === 'ParenthesizedExpr' && tree.exprs.length === 1) {
    return conjuncts(tree.exprs[0] as Expr, text);
  }
  if (tree.type === 'BinaryExpr' && tree.op === 'And') {
    return [...conjuncts(tree.left, text), ...conjuncts(tree.right, text)];
  }
  if (tree.type === 'BetweenExpr' && !tree.not) {
    const [value, low, high] = [tree.lhs, tree.start, tree.end].map(({ span }) =>
      (BEFORE + text).slice(span.offset, span.offset + span.length),
    ) as [string, string, string];
    return [`${value} >= ${low}`, `${value} <= ${high}`].flatMap((sql) => {
      const one = expressionOf(sql);
      return one === undefined ? [] : [{ tree: one, sql }];
    });
  }
  return [
    { tree, sql: (BEFORE + text).slice(tree.span.offset, tree.span.offset + tree.span.length) },
  ];
}

const partsOf = (text: string): { tree: Expr; sql: string }[] => {
  const tree = expressionOf(text);
  return tree === undefined ? [] : conjuncts(tree, text);
};

function literalOf(expression: Expr): string | undefined {
  switch (expression.type) {
    case 'NumericLiteral':
    case 'StringLiteral':
      return JSON.stringify([expression.type, String(expression.value)]);
    case 'UnaryExpr':
      return expression.op === 'Negative' ? `-${literalOf(expression.expr)}` : undefined;
  }
  return undefined;
}

/** The left side and the literals of `x IN ('a', 'b')`, or of `x = 'a'`. */
function choiceOf({
  tree,
  sql,
}: {
  tree: Expr;
  sql: string;
}): { of: string; literals: string[] } | undefined {
  const [left, right] =
    tree.type === 'InListExpr' && !tree.not
      ? [tree.lhs, tree.rhs ?? []]
      : tree.type === 'BinaryExpr' && tree.op === 'Equals'
        ? [tree.left, [tree.right]]
        : [];
  if (left === undefined || right === undefined) return undefined;
  const literals = right.map(literalOf);
  if (literals.includes(undefined)) return undefined;
  return { of: sideOf(left, tree, sql), literals: literals as string[] };
}

/** The text of a part of a tree that begins where the text begins. */
const sideOf = (side: Expr, tree: Expr, sql: string): string => {
  const start = side.span.offset - tree.span.offset;
  return normalized(sql.slice(start, start + side.span.length));
};

const numberOf = (expression: Expr): number | undefined => {
  if (expression.type === 'NumericLiteral') return Number(expression.value);
  if (expression.type !== 'UnaryExpr' || expression.op !== 'Negative') return undefined;
  const number = numberOf(expression.expr);
  return number === undefined ? undefined : -number;
};

/** `x < 10`: the left side, whether it is an upper limit, the number, and whether the number itself is allowed. */
function limitOf({ tree, sql }: { tree: Expr; sql: string }) {
  if (tree.type !== 'BinaryExpr' || !/^(Greater|Less)/.test(tree.op)) return undefined;
  const number = numberOf(tree.right);
  if (number === undefined) return undefined;
  const isUpper = tree.op.startsWith('Less');
  return { of: sideOf(tree.left, tree, sql), isUpper, number, isIn: tree.op.endsWith('Equals') };
}

function implies(old: { tree: Expr; sql: string }, now: { tree: Expr; sql: string }): boolean {
  if (normalized(old.sql) === normalized(now.sql)) return true;
  const [was, is] = [choiceOf(old), choiceOf(now)];
  if (was !== undefined && is !== undefined) {
    return was.of === is.of && was.literals.every((literal) => is.literals.includes(literal));
  }
  const [from, to] = [limitOf(old), limitOf(now)];
  if (from === undefined || to === undefined) return false;
  if (from.of !== to.of || from.isUpper !== to.isUpper) return false;
  if (from.number === to.number) return to.isIn || !from.isIn;
  return from.isUpper ? to.number > from.number : to.number < from.number;
}

/**
 * What must all be true for a condition to be true.
 *
 * @param text the condition
 */
export const conjunctsOf = (text: string): string[] => partsOf(text).map(({ sql }) => sql);

/**
 * Whether a condition is true of all rows of which others are true: it is one of them, or a part, or allows more.
 *
 * @param olds the conditions that are known
 * @param now the condition
 */
export function isImplied(olds: readonly string[], now: string): boolean {
  const known = olds.flatMap(partsOf);
  const parts = partsOf(now);
  return (
    olds.some((old) => normalized(old) === normalized(now)) ||
    (parts.length > 0 && parts.every((part) => known.some((old) => implies(old, part))))
  );
}
