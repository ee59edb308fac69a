// Everything that a database holds, exactly as SQLite keeps it: to write it as SQL, and to compare two of them.
import { quote, type SqlStorageLike } from '../../base/storage.ts';

/** A table, view, index or trigger as SQLite keeps its text. */
export interface Made {
  readonly type: 'table' | 'index' | 'view' | 'trigger';
  readonly name: string;
  /** The table that it belongs to. */
  readonly table: string;
  readonly sql: string;
  /** Of a virtual table: the module, in lower case. */
  readonly module: string | undefined;
}

/** The rows of a table as literals of SQL. */
export interface Filled {
  readonly table: Made;
  /** The columns that can be written, the rowid first where a row has one of its own. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a database holds. */
export interface Snapshot {
  /** In the order in which it was made. */
  readonly made: readonly Made[];
  /** Tables with rows. */
  readonly filled: readonly Filled[];
  /** What AUTOINCREMENT has counted to, by table. */
  readonly sequences: readonly { readonly name: string; readonly seq: string }[];
  /** What full-text tables know besides their rows: settings, and each word with its place. */
  readonly texts: ReadonlyMap<string, FullText>;
  /** Whether ANALYZE was run. */
  readonly isAnalyzed: boolean;
}

/** A full-text table. */
export interface FullText {
  readonly settings: readonly { readonly key: string; readonly value: string }[];
  readonly words: readonly string[];
  /** Whether it has rows, be they without a word. */
  readonly hasRows: boolean;
  /** Where its rows stand: in itself, in another table, or nowhere. */
  readonly content: 'own' | 'external' | 'none';
}

type Row = Record<string, unknown>;

const query = (sql: SqlStorageLike, text: string): Row[] => [...sql.exec(text)];

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** What drizzle-kit writes between two statements: no value may hold it as it is, nor this query. */
const BREAKPOINT = "'--> statement-' || 'breakpoint'";

/**
 * A value as a literal: quote() ends a text at a NUL, and the runner splits at a breakpoint wherever it stands.
 *
 * @param column the column
 * @param inBytes whether all texts are written by their bytes
 */
const literal = (column: string, inBytes: boolean): string => {
  const name = quote(column);
  const isSpecial = inBytes ? '1' : `instr(${name}, char(0)) OR instr(${name}, ${BREAKPOINT})`;
  return (
    `CASE WHEN typeof(${name}) = 'text' AND (${isSpecial}) ` +
    `THEN 'CAST(' || quote(CAST(${name} AS BLOB)) || ' AS TEXT)' ELSE quote(${name}) END`
  );
};

/** What stands for bytes that are no UTF-8, once a text is read. */
const REPLACEMENT = '\ufffd';

/** How many values one query asks for. */
const AT_ONCE = 50;

/** https://www.sqlite.org/lang_createtable.html#rowid */
const ROWIDS = ['rowid', '_rowid_', 'oid'];

const moduleOf = (sql: string): string | undefined =>
  /^CREATE\s+VIRTUAL\s+TABLE\s[\s\S]*?\bUSING\s+["'`[]?(\w+)/i.exec(sql)?.[1]?.toLowerCase();

function readMade(sql: SqlStorageLike, except: readonly string[]): Made[] {
  const shadows = new Set(
    query(sql, 'PRAGMA table_list')
      .filter(({ type }) => type === 'shadow')
      .map(({ name }) => name),
  );
  return query(sql, 'SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid')
    .filter(({ name, tbl_name: table, sql: made }) => {
      if (made === null || /^sqlite_/i.test(String(name))) return false;
      return !shadows.has(name) && !shadows.has(table) && !except.includes(String(table));
    })
    .map(({ type, name, tbl_name: table, sql: made }) => ({
      type: type as Made['type'],
      name: String(name),
      table: String(table),
      sql: String(made),
      module: moduleOf(String(made)),
    }));
}

/** The columns to write, and those that the rows are sorted by. */
interface Columns {
  readonly names: readonly string[];
  readonly order: readonly string[];
}

/** The columns to write: of a table with a rowid that no column names, the rowid first. */
function columnsOf(sql: SqlStorageLike, table: Made): Columns {
  const columns = query(sql, `PRAGMA table_xinfo(${quote(table.name)})`);
  const names = columns.filter(({ hidden }) => hidden === 0).map(({ name }) => String(name));
  if (table.module === 'rtree' || table.module === 'rtree_i32') {
    return { names, order: names.slice(0, 1) };
  }
  const [flags] = query(sql, `PRAGMA table_list(${quote(table.name)})`);
  const keys = columns.filter(({ pk }) => pk !== 0);
  const isAlias = keys.length === 1 && /^integer$/i.test(String(keys[0]?.type));
  if (flags?.wr === 1) return { names, order: keys.map(({ name }) => String(name)) };
  const all = columns.map(({ name }) => String(name).toLowerCase());
  const rowid = ROWIDS.find((name) => !all.includes(name));
  // `INTEGER PRIMARY KEY DESC` is no other name of the rowid, which is then written too, with the same effect.
  const isNamed = isAlias && table.module === undefined && !/\bdesc\b/i.test(table.sql);
  if (rowid === undefined) return { names, order: keys.map(({ name }) => String(name)) };
  return { names: isNamed ? names : [rowid, ...names], order: [rowid] };
}

function readRows(sql: SqlStorageLike, table: Made, inBytes = false): Filled {
  const { names: columns, order } = columnsOf(sql, table);
  const rows: string[][] = [];
  const by = order.length > 0 ? ` ORDER BY ${order.map(quote).join(', ')}` : '';
  for (let at = 0; at < columns.length; at += AT_ONCE) {
    const some = columns.slice(at, at + AT_ONCE);
    const values = some.map((name, i) => `${literal(name, inBytes)} AS c${i}`);
    const found = query(sql, `SELECT ${values.join(', ')} FROM ${quote(table.name)}${by}`);
    found.forEach((row, number) => {
      rows[number] = [...(rows[number] ?? []), ...Object.values(row).map(String)];
    });
  }
  const isBroken = !inBytes && rows.some((row) => row.some((value) => value.includes(REPLACEMENT)));
  return isBroken ? readRows(sql, table, true) : { table, columns, rows };
}

function readText(sql: SqlStorageLike, table: Made): FullText {
  const option = (name: string): string | undefined =>
    new RegExp(`[(,]\\s*${name}\\s*=\\s*(?:'([^']*)'|"([^"]*)"|(\\w*))`, 'i')
      .exec(table.sql)
      ?.slice(1)
      .find((value) => value !== undefined);
  const content = option('content');
  const settings = query(
    sql,
    `SELECT k AS key, quote(v) AS value FROM ${quote(`${table.name}_config`)} WHERE k <> 'version' ORDER BY k`,
  ) as unknown as FullText['settings'];
  const words = quote(`${table.name}_drizzle_offramp_words`);
  sql.exec(
    `CREATE VIRTUAL TABLE temp.${words} USING fts5vocab('main', ${text(table.name)}, 'instance')`,
  );
  const found = query(
    sql,
    `SELECT quote(term) || ' ' || doc || ' ' || quote(col) || ' ' || quote("offset") AS word FROM temp.${words}`,
  ).map(({ word }) => String(word));
  sql.exec(`DROP TABLE temp.${words}`);
  return {
    settings,
    words: found.sort(),
    hasRows: query(sql, `SELECT 1 FROM ${quote(table.name)} LIMIT 1`).length > 0,
    content: content === undefined ? 'own' : content === '' ? 'none' : 'external',
  };
}

/**
 * Reads a database.
 *
 * @param sql the database
 * @param except tables to leave out: the ledger
 */
export function readSnapshot(sql: SqlStorageLike, except: readonly string[]): Snapshot {
  const made = readMade(sql, except);
  const isFullText = ({ module }: Made): boolean => module === 'fts5';
  const texts = new Map(
    made.filter(isFullText).map((table) => [table.name, readText(sql, table)] as const),
  );
  const hasRows = ({ name }: Made): boolean => (texts.get(name)?.content ?? 'own') === 'own';
  const filled = made
    .filter((one) => one.type === 'table' && hasRows(one))
    .map((table) => readRows(sql, table))
    .filter(({ rows }) => rows.length > 0);
  const has = (name: string): boolean =>
    query(sql, `SELECT 1 FROM sqlite_master WHERE name = ${text(name)}`).length > 0;
  const sequences = has('sqlite_sequence')
    ? query(sql, 'SELECT name, quote(seq) AS seq FROM sqlite_sequence ORDER BY name')
    : [];
  return {
    made,
    filled,
    sequences: sequences as unknown as Snapshot['sequences'],
    texts,
    isAnalyzed: has('sqlite_stat1'),
  };
}
