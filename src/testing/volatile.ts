// SQL that gives another value each time: what two runs of it leave cannot be compared.
import { fold, folded } from '../reader/names.ts';
import { parse, tokensOf } from '../reader/parser.ts';
import type { DeclaredColumn } from './contents.ts';

const CALLS =
  /^(random|randomblob|changes|total_changes|last_insert_rowid|date|time|datetime|julianday|unixepoch|strftime|timediff)$/i;
const WORDS = /^current_(date|time|timestamp)$/i;

const isVolatile = (sql: string): boolean => {
  const words = tokensOf(sql).map(({ text }) => text);
  return words.some((word, at) => WORDS.test(word) || (CALLS.test(word) && words[at + 1] === '('));
};

/** Whether an INSERT names no columns, so that it gives a value to each. */
function isUnlisted(sql: string): boolean {
  const statement = parse(sql);
  return statement?.type === 'InsertStmt'
    ? statement.columns === undefined
    : statement?.type === 'CreateTableStmt';
}

/**
 * Which columns may hold another value each time.
 *
 * @param statements the statements that run, and the triggers that they may set off
 */
export function volatileIn(statements: readonly string[]): (column: DeclaredColumn) => boolean {
  const found = statements.filter(isVolatile).map((sql) => ({
    names: new Set(tokensOf(sql).map(({ text }) => folded(text))),
    all: isUnlisted(sql),
  }));
  return ({ name, fallback }) =>
    (fallback !== null && isVolatile(fallback)) ||
    found.some(({ names, all }) => all || names.has(fold(name)));
}
