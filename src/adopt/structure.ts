// What tables come to, whatever their text: https://www.sqlite.org/pragma.html#pragma_table_list. Small, since a Worker
// holds it.
import type { SqlStorageLike } from '../base/storage.ts';
import { tokens } from '../sql/statements.ts';

type Row = Record<string, unknown>;

/**
 * A name as SQLite compares it: with ASCII letters in one case.
 *
 * @param name a name without quotes
 */
export const fold = (name: unknown): string =>
  String(name).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const unquoted = (text: string): string => {
  const [mark = ''] = text;
  return mark === '[' ? text.slice(1, -1) : text.slice(1, -1).replaceAll(mark + mark, mark);
};

/** The tokens of SQL in one spelling: names and words in lower case and without quotes, texts as they are. */
const spelled = (sql: unknown): string[] =>
  Array.from(tokens(String(sql ?? '')), ({ start, end }) => {
    const text = String(sql).slice(start, end);
    if (text.startsWith("'")) return text;
    const word = fold(/^["`[]/.test(text) ? unquoted(text) : text);
    return word === 'true' ? '1' : word === 'false' ? '0' : word;
  });

/** Tokens without the parentheses around all of them. */
function bare(words: readonly string[]): readonly string[] {
  if (words[0] !== '(') return words;
  let depth = 0;
  const end = words.findIndex((word) => {
    depth += word === '(' ? 1 : word === ')' ? -1 : 0;
    return depth === 0;
  });
  return end === words.length - 1 ? bare(words.slice(1, -1)) : words;
}

const defaultOf = (value: unknown): string => {
  const text = String(value);
  // A text in double quotes is a text here.
  const words = /^".*"$/s.test(text)
    ? [`'${unquoted(text).replaceAll("'", "''")}'`]
    : spelled(text);
  return bare(words).join(' ');
};

/** The definitions between the parentheses of a CREATE TABLE, and what stands behind them. */
function definitionsIn(words: readonly string[]): string[][] {
  const definitions: string[][] = [[]];
  let depth = 0;
  for (const word of words.slice(words.indexOf('('))) {
    if (word === ')') depth--;
    if (depth === 1 && word === ',') definitions.push([]);
    else if (depth > 0) definitions.at(-1)?.push(word);
    if (word === '(') depth++;
  }
  return definitions;
}

/** What stands in the parentheses that begin at a place. */
function inParentheses(words: readonly string[], at: number): string {
  let depth = 0;
  const length = words.slice(at).findIndex((word) => {
    depth += word === '(' ? 1 : word === ')' ? -1 : 0;
    return depth === 0;
  });
  return bare(words.slice(at, at + length + 1)).join(' ');
}

/** What only the text of a table tells, in the order of its names. */
function factsIn(table: string, sql: unknown): string[] {
  const facts: string[] = [];
  for (const words of definitionsIn(spelled(sql))) {
    const [first] = words;
    words.forEach((word, at) => {
      const next = words[at + 1];
      if (word === 'check') facts.push(`check of ${table} (${inParentheses(words, at + 1)})`);
      else if (word === 'collate') facts.push(`column ${table}.${first} collates ${next}`);
      else if (word === 'autoincrement') facts.push(`table ${table} counts with autoincrement`);
      else if (word === 'as' && next === '(') {
        facts.push(`column ${table}.${first} is computed as (${inParentheses(words, at + 1)})`);
      } else if (word === 'deferred')
        facts.push(`reference of ${table} deferred: ${words.join(' ')}`);
      else if (word === 'conflict') facts.push(`conflict in ${table}.${first}: ${next}`);
    });
  }
  return facts;
}

const columnFact = (table: string, { name, type, notnull, dflt_value, pk, hidden }: Row): string =>
  [
    `column ${table}.${fold(name)}`,
    spelled(type).join(' ').toUpperCase(),
    pk ? `PRIMARY KEY ${pk}` : notnull ? 'NOT NULL' : '',
    dflt_value === null ? '' : `DEFAULT ${defaultOf(dflt_value)}`,
    hidden ? `GENERATED ${hidden}` : '',
  ]
    .filter(Boolean)
    .join(' ');

/** Rows in groups, each by what they have in common. */
function grouped(rows: readonly Row[], key: (row: Row) => string): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return [...groups.values()];
}

const list = (rows: readonly Row[], column: (row: Row) => unknown): string =>
  rows.map((row) => fold(column(row))).join(', ');

type Query = (text: string, ...bindings: unknown[]) => Row[];

/** What a PRAGMA says of each of some tables. */
const ofTables = (query: Query, own: ReadonlySet<unknown>, pragma: string): Row[] =>
  // The tables of the runtime may not be asked for.
  query(
    `SELECT t.name AS of_table, p.* FROM pragma_table_list AS t, pragma_${pragma}(t.name) AS p WHERE t.schema = 'main' AND t.name IN (SELECT value FROM json_each(?))`,
    JSON.stringify([...own]),
  );

function references(query: Query, own: ReadonlySet<unknown>, columns: readonly Row[]): string[] {
  // A reference without columns is to the primary key.
  const keyOf = (table: unknown, seq: unknown): unknown =>
    columns.find((one) => fold(one.of_table) === fold(table) && one.pk === Number(seq) + 1)?.name;
  const all = ofTables(query, own, 'foreign_key_list');
  return grouped(all, (row) => `${row.of_table} ${row.id}`).map((rows) => {
    const { of_table, table, on_update, on_delete } = rows[0] as Row;
    const from = list(rows, (row) => row.from);
    const to = list(rows, (row) => row.to ?? keyOf(table, row.seq));
    return `reference ${fold(of_table)}(${from}) to ${fold(table)}(${to}) ON UPDATE ${on_update} ON DELETE ${on_delete}`;
  });
}

/** An index, or a constraint that has one. */
function indexLine(query: Query, { of_table, name, unique, origin, partial }: Row, text: unknown) {
  const parts = query(`SELECT * FROM pragma_index_xinfo('${String(name).replaceAll("'", "''")}')`);
  const keys = parts.filter(({ key }) => key === 1);
  const isExact = partial || keys.some(({ cid }) => cid === -2);
  const words = spelled(text);
  const of = isExact
    ? words.slice(words.indexOf('on') + 2).join(' ')
    : keys.map((key) => `${fold(key.name)}${key.desc ? ' DESC' : ''} ${key.coll}`).join(', ');
  const what = origin === 'c' ? `index ${fold(name)} on` : 'constraint of';
  return `${what} ${fold(of_table)} (${of})${unique ? ' UNIQUE' : ''}`;
}

const isOwn = ({ name, type }: Row): boolean =>
  type !== 'shadow' && !/^(sqlite|_cf)_/i.test(String(name));
const TABLES = "SELECT * FROM pragma_table_list WHERE schema = 'main'";

/**
 * The structure of some tables and views: of each its columns, references, indexes and triggers. The order of columns and
 * the spelling of the SQL do not count.
 *
 * @param sql the object's SQL storage
 * @param names the tables' and views' names, in lower case
 * @returns a line for each thing, sorted; none where there is no such table
 */
export function structureOf(sql: SqlStorageLike, names: ReadonlySet<string>): string[] {
  const query: Query = (text, ...bindings) => [...sql.exec(text, ...bindings)];
  const tables = query(TABLES).filter((one) => isOwn(one) && names.has(fold(one.name)));
  if (tables.length === 0) return [];
  const own = new Set(tables.map(({ name }) => name));
  // A view may name a table that is gone, and cannot be asked for its columns then.
  const plain = new Set(tables.flatMap(({ type, name }) => (type === 'table' ? name : [])));
  const texts = query('SELECT type, name, tbl_name, sql FROM sqlite_master');
  const textOf = (name: unknown): unknown => texts.find((one) => one.name === name)?.sql;
  const behindName = (name: string, text: unknown): string => {
    const words = spelled(text);
    return words.slice(words.indexOf(name) + 1).join(' ');
  };

  const lines: string[] = [];
  for (const { name, type, wr, strict } of tables) {
    const table = fold(name);
    if (type === 'table') {
      lines.push(`table ${table}${wr ? ' WITHOUT ROWID' : ''}${strict ? ' STRICT' : ''}`);
      lines.push(...factsIn(table, textOf(name)));
    } else lines.push(`${type} ${table}: ${behindName(table, textOf(name))}`);
  }
  const columns = ofTables(query, plain, 'table_xinfo');
  lines.push(...columns.map((column) => columnFact(fold(column.of_table), column)));
  lines.push(...references(query, plain, columns));
  for (const index of ofTables(query, plain, 'index_list')) {
    if (index.origin !== 'pk') lines.push(indexLine(query, index, textOf(index.name)));
  }
  for (const { type, name, tbl_name, sql: text } of texts) {
    if (type !== 'trigger' || !own.has(tbl_name)) continue;
    lines.push(`trigger ${fold(name)}: ${behindName(fold(name), text)}`);
  }
  return lines.sort();
}

/**
 * The names of all tables and views that are a user's.
 *
 * @param sql the object's SQL storage
 * @returns them in lower case
 */
export const namesOf = (sql: SqlStorageLike): string[] =>
  [...sql.exec(TABLES)].filter(isOwn).map(({ name }) => fold(name));
