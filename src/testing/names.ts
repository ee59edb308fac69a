// Names and expressions as SQL writes them: https://www.sqlite.org/lang_keywords.html
import { lexemes } from '../sql/statements.ts';

const QUOTED_NAME = /^["`[]/;

/**
 * A name without its quotes.
 *
 * @param lexeme a name as SQL has it, in any quotes or none
 */
export function unquote(lexeme: string): string {
  const quote = lexeme[0] ?? '';
  if (!QUOTED_NAME.test(lexeme)) return lexeme;
  const inner = lexeme.slice(1, -1);
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
}

/** A name as SQLite compares it: without quotes, and ASCII letters in one case. */
export const folded = (lexeme: string): string => unquote(lexeme).toLowerCase();

/**
 * SQL in one spelling: no comments, one space, names without quotes and in lower case, texts as they are. Qualifiers
 * of columns are left out: a rebuild may name its table differently.
 *
 * @param sql a statement or an expression; null where there is none
 */
export const normalized = (sql: string | null): string =>
  lexemes(sql ?? '')
    .map((lexeme) => (lexeme.startsWith("'") ? lexeme : folded(lexeme)))
    .join(' ')
    .replace(/ if not exists /, ' ')
    .replace(/(?<!\S)[^\s'(),\d][^\s'(),]* \. /g, '');

/** A CHECK constraint of a table. */
export interface Check {
  /** The name that SQLite calls it by when it fails: its own or its expression. */
  readonly name: string;
  /** The expression, without the parentheses around it. */
  readonly words: readonly string[];
}

/**
 * The CHECK constraints in a table's SQL.
 *
 * @param sql the text of CREATE TABLE
 */
export function checksOf(sql: string): Check[] {
  const all = lexemes(sql);
  return all.flatMap((lexeme, at) => {
    if (lexeme.toUpperCase() !== 'CHECK' || all[at + 1] !== '(') return [];
    let depth = 0;
    const end = all.findIndex((word, i) => {
      if (i <= at) return false;
      if (word === '(') depth++;
      if (word === ')') depth--;
      return depth === 0;
    });
    const words = all.slice(at + 2, end);
    const isNamed = all[at - 2]?.toUpperCase() === 'CONSTRAINT';
    return [{ name: isNamed ? unquote(all[at - 1] as string) : words.join(''), words }];
  });
}
