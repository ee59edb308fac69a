// Splitting SQL into statements and recognising the few kinds that matter here, by SQLite's own rules for tokens:
// https://www.sqlite.org/lang_keywords.html and https://www.sqlite.org/c3ref/complete.html

import { capitals } from '../base/storage.ts';

/** What drizzle-kit writes between two statements. */
const BREAKPOINT = '--> statement-breakpoint';

/** The longest text the runtime takes in one call, in bytes: https://developers.cloudflare.com/durable-objects/platform/limits/ */
export const MAX_STATEMENT_BYTES = 100_000;

// Comments, the four kinds of quotes (an unclosed one reaches to the end), words, white space, any other character.
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'[^']*(?:''[^']*)*(?:'|$)|"[^"]*(?:""[^"]*)*(?:"|$)|`[^`]*(?:``[^`]*)*(?:`|$)|\[[^\]]*(?:\]|$)|[\w$\u0080-\ufefe\uff00-\uffff]+|[ \t\n\f\r\ufeff]+|[\s\S]/g;
const IGNORED = /^(?:--|\/\*|[ \t\n\f\r\ufeff])/;

/**
 * The tokens that mean something (no white space, no comments), in capitals.
 *
 * @param sql any text of SQL
 */
export function* tokens(sql: string): Generator<{ word: string; start: number; end: number }> {
  for (const { 0: text, index: start } of sql.matchAll(TOKEN)) {
    if (!IGNORED.test(text)) yield { word: capitals(text), start, end: start + text.length };
  }
}

/**
 * The words, quoted names, texts and signs of a statement, without white space and comments.
 *
 * @param sql one statement
 * @returns them in order, in capitals, quoted as they are
 */
export const words = (sql: string): string[] => Array.from(tokens(sql), ({ word }) => word);

/** A name or a text without its quotes; any other word as it is. */
const unquote = (word: string): string =>
  /^['"`[]/.test(word)
    ? word.slice(1, -1).replaceAll((word[0] as string).repeat(2), word[0] as string)
    : word;

/**
 * The names that a statement may hold, in capitals and without quotes; keywords, texts and numbers are among them.
 *
 * @param sql one statement
 */
export const namesIn = (sql: string): string[] => words(sql).map(unquote);

const CREATE_TRIGGER = /^(EXPLAIN (QUERY PLAN )?)?CREATE (TEMP |TEMPORARY )?TRIGGER /;

/** Splits at the semicolons that end a statement; in a trigger that is the one after `; END`. */
function* statementsOf(chunk: string): Generator<string> {
  let start = 0;
  let end = 0;
  let seen = '';
  for (const token of tokens(chunk)) {
    if (token.word === ';' && (!CREATE_TRIGGER.test(seen) || seen.endsWith(' ; END '))) {
      if (seen) yield chunk.slice(start, end);
      seen = '';
    } else {
      if (!seen) start = token.start;
      end = token.end;
      seen += `${token.word} `;
    }
  }
  if (seen) yield chunk.slice(start, end);
}

/** A text without comments is one statement if its only semicolon is the last character: most are, and are found soon. */
function oneStatementOf(chunk: string): string | undefined {
  // White space beyond ASCII is none to SQLite.
  if (/--|\/\*|[^\t\n\r -~]/.test(chunk)) return undefined;
  const statement = chunk.trim().replace(/;$/, '').trimEnd();
  return statement === '' || statement.includes(';') ? undefined : statement;
}

/**
 * Splits a migration into its statements: at every breakpoint, and at every semicolon that ends a statement. One
 * inside a string, a comment or the body of a trigger does not. Pieces that hold only comments are left out.
 *
 * @param sql the whole text of a migration
 * @returns the statements in order, without the comments around them and without the semicolon
 */
export const splitStatements = (sql: string): string[] =>
  sql.split(BREAKPOINT).flatMap((chunk) => oneStatementOf(chunk) ?? [...statementsOf(chunk)]);

/**
 * Whether a statement is longer than the runtime takes.
 *
 * @param statement one statement
 * @returns its length in bytes if it is too long, else 0
 */
export function excessBytes(statement: string): number {
  // A UTF-16 unit is at most three bytes of UTF-8, so short texts need no encoding.
  if (statement.length * 3 <= MAX_STATEMENT_BYTES) return 0;
  const bytes = new TextEncoder().encode(statement).length;
  return bytes > MAX_STATEMENT_BYTES ? bytes : 0;
}

/**
 * Recognises a statement that switches a pragma on or off, in any spelling that SQLite takes:
 * https://www.sqlite.org/pragma.html
 *
 * @param statement one statement
 * @returns the pragma's name in lower case and its new state; undefined for any other statement
 */
export function pragmaSwitch(statement: string): { name: string; on: boolean } | undefined {
  if (!/^pragma\b/i.test(statement)) return undefined;
  const text = words(statement)
    .join(' ')
    .replace(/ \( (.*) \)$/s, ' = $1');
  // What SQLite refuses is no switch: it is run, and SQLite says what is wrong.
  const [, name, sign, quoted] =
    /^PRAGMA (?:\S+ \. )?(\S+) = (?:= )?([-+] )?(\S+|['"`[][^'"`\]]*.|\d* ?\.(?: \d+)?)$/.exec(
      text,
    ) ?? [];
  if (!name || !quoted) return undefined;
  const value = unquote(quoted);
  // A number counts by its lowest byte, none above 31 bits, and any other word is off.
  const number = Number(/^(0X[0-9A-F]+|\d+)/.exec(value)?.[0] ?? /^(ON|YES|TRUE)$/.test(value));
  return {
    name: unquote(name).toLowerCase(),
    on: sign !== '- ' && number < 2 ** 31 && number % 256 > 0,
  };
}

/**
 * Whether a statement names a table, or anything else of that name.
 *
 * @param statement one statement
 * @param table the table's name
 */
export const namesTable = (statement: string, table: string): boolean =>
  // Few texts hold the name at all, and taking one apart is slow. A quote in a name is written twice. `toUpperCase` finds
  // more than SQLite does, and soon.
  (/["'`]/.test(table) || statement.toUpperCase().includes(table.toUpperCase())) &&
  namesIn(statement).includes(capitals(table));

/**
 * Whether a statement drops or renames a table, as every rebuild of a table does.
 *
 * @param statement one statement
 */
export const replacesTable = (statement: string): boolean =>
  /^(DROP TABLE|ALTER TABLE .* RENAME TO) /.test(words(statement).join(' '));
