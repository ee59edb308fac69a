// Names and expressions as SQL writes them: https://www.sqlite.org/lang_keywords.html
import { type AstNode, childrenOf, nodesOf, parse, tokensOf } from './parser.ts';

/**
 * A name as SQLite compares it: with ASCII letters in one case.
 *
 * @param name a name without quotes
 */
export const fold = (name: string): string => name.replace(/[A-Z]+/g, (all) => all.toLowerCase());

/**
 * Whether two names are one to SQLite.
 *
 * @param a a name without quotes
 * @param b another
 */
export const same = (a: string, b: string): boolean => fold(a) === fold(b);

const QUOTED = /^["`[]/;

/**
 * A name without its quotes.
 *
 * @param token a name as SQL has it, in any quotes or none
 */
export function unquote(token: string): string {
  const quote = token[0] ?? '';
  if (!QUOTED.test(token)) return token;
  const inner = token.slice(1, -1);
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
}

/**
 * A token of SQL as a name that can be compared: without quotes, in one case.
 *
 * @param token a name as SQL has it, in any quotes or none
 */
export const folded = (token: string): string => fold(unquote(token));

/**
 * A name as a message shows it: in double quotes where it would else run into what stands beside it.
 *
 * @param name a name without quotes
 */
export const shown = (name: string): string =>
  /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/**
 * Names as a message has them: `a`, `a and b`, `a, b and c`.
 *
 * @param names any names
 */
export const listOf = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/**
 * SQL in one spelling: no comments, one space, names in lower case and quoted only where they must be, texts as they
 * are.
 *
 * @param sql a statement or an expression; null where there is none
 * @param ofOneTable whether all columns are of one table, so that its name before them says nothing: a rebuild may
 *   name its table differently
 */
export function normalized(sql: string | null, ofOneTable = true): string {
  const tokens = tokensOf(sql ?? '').filter(({ text }) => text !== ';');
  const words = tokens.map(({ text, kind }) =>
    kind === 'name' ? shown(folded(text)) : kind === 'text' ? text : text.toLowerCase(),
  );
  if (!ofOneTable) return words.join(' ');
  return words.filter((word, at) => word !== '.' && words[at + 1] !== '.').join(' ');
}

/** A CHECK constraint of a table. */
export interface Check {
  /** The name that SQLite calls it by when it fails: its own or its expression. */
  readonly name: string;
  /** The expression as it is written, without the parentheses around it. */
  readonly sql: string;
  /** Its tokens, as they are written. */
  readonly words: readonly string[];
}

const textOf = (sql: string, node: AstNode): string =>
  sql.slice(node.span.offset, node.span.offset + node.span.length);

/**
 * The CHECK constraints in a table's SQL.
 *
 * @param sql the text of CREATE TABLE
 * @returns none if it is no such text
 */
export function checksOf(sql: string): Check[] {
  const statement = parse(sql);
  if (statement?.type !== 'CreateTableStmt') return [];
  return [...nodesOf(statement)].flatMap((node): Check[] => {
    if (node.type !== 'NamedColumnConstraint' && node.type !== 'NamedTableConstraint') return [];
    const check = childrenOf(node).find(
      ({ type }) => type === 'CheckColumnConstraint' || type === 'CheckTableConstraint',
    );
    if (check === undefined || !('expr' in check) || check.expr === undefined) return [];
    const text = textOf(sql, check.expr as AstNode);
    return [
      {
        name: node.name?.text ?? text,
        sql: text,
        words: tokensOf(text).map((token) => token.text),
      },
    ];
  });
}
