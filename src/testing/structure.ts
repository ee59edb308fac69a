// What a schema comes to, whatever its text: https://www.sqlite.org/pragma.html#pragma_table_list
import type { SqlStorageLike } from '../base/storage.ts';
import { checksOf, normalized } from './names.ts';

/** Each thing of a schema by its name (`column users.name`), and what it is (`text NOT NULL`). */
export type Structure = ReadonlyMap<string, string>;

type Row = Record<string, string | number | null>;

/** Tables of a user: not of SQLite, of the runtime or of `wrangler dev`. */
const OWN = String.raw`name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT GLOB '_cf_*' AND name NOT GLOB '__miniflare_*'`;
const TABLES = `SELECT * FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND ${OWN}`;

/** What each of several rows of one thing says, in order. */
function grouped(rows: readonly Row[], key: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}

const list = (rows: readonly Row[], column: string): string =>
  rows.map((row) => row[column]).join(', ');

function describeColumn({ type, notnull, dflt_value, pk, hidden }: Row): string {
  return [
    String(type).toLowerCase(),
    notnull ? 'NOT NULL' : '',
    dflt_value === null ? '' : `DEFAULT ${normalized(String(dflt_value))}`,
    pk ? `PRIMARY KEY ${pk}` : '',
    hidden === 2 || hidden === 3 ? 'GENERATED' : '',
    hidden === 1 ? 'HIDDEN' : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function describeTable({ type, wr, strict }: Row, sql: string): string {
  const checks = checksOf(sql).map(({ words }) => `CHECK (${normalized(words.join(' '))})`);
  return [
    type === 'virtual' ? normalized(sql) : 'table',
    wr ? 'WITHOUT ROWID' : '',
    strict ? 'STRICT' : '',
    / autoincrement /i.test(normalized(sql)) ? 'AUTOINCREMENT' : '',
    ...checks.sort(),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/**
 * The schema of an object as it counts: the order of columns and the spelling of the SQL do not.
 *
 * @param sql the object's SQL storage
 * @param except tables to leave out, such as the ledgers
 */
export function structureOf(sql: SqlStorageLike, except: readonly string[]): Structure {
  const query = (text: string): Row[] => [...sql.exec(text)] as Row[];
  const isOurs = (name: unknown): boolean => !except.includes(String(name));
  const texts = new Map(
    query(`SELECT type, name, tbl_name, sql FROM sqlite_master WHERE ${OWN}`)
      .filter(({ tbl_name }) => isOurs(tbl_name))
      .map((row) => [`${row.type} ${row.name}`, String(row.sql)]),
  );
  const things = new Map<string, string>();
  for (const table of query(TABLES)) {
    if (!isOurs(table.name)) continue;
    things.set(`table ${table.name}`, describeTable(table, texts.get(`table ${table.name}`) ?? ''));
  }
  const ofTables = (pragma: string): Row[] =>
    query(
      `SELECT t.name AS of_table, p.* FROM (${TABLES}) AS t, pragma_${pragma}(t.name) AS p`,
    ).filter(({ of_table }) => isOurs(of_table));
  for (const column of ofTables('table_xinfo')) {
    things.set(`column ${column.of_table}.${column.name}`, describeColumn(column));
  }
  const keys = grouped(ofTables('foreign_key_list'), ({ of_table, id }) => `${of_table} ${id}`);
  for (const key of keys.values()) {
    const { of_table, table, on_update, on_delete } = key[0] as Row;
    things.set(
      `foreign key ${of_table}(${list(key, 'from')}) to ${table}(${list(key, 'to')})`,
      `ON UPDATE ${on_update} ON DELETE ${on_delete}`,
    );
  }
  const indexes = query(
    `SELECT t.name AS of_table, i.name AS index_name, i."unique", i.origin, i.partial, x.name, x.cid, x.desc, x.coll
      FROM (${TABLES}) AS t, pragma_index_list(t.name) AS i, pragma_index_xinfo(i.name) AS x WHERE x.key = 1`,
  ).filter(({ of_table }) => isOurs(of_table));
  for (const parts of grouped(indexes, ({ index_name }) => String(index_name)).values()) {
    const { of_table, index_name, unique, origin, partial } = parts[0] as Row;
    const columns = parts
      .map(({ name, desc, coll }) => `${name ?? 'expression'}${desc ? ' DESC' : ''} ${coll}`)
      .join(', ');
    const text = texts.get(`index ${index_name}`) ?? '';
    const exact = partial || parts.some(({ cid }) => cid === -2) ? `: ${normalized(text)}` : '';
    const about = `${unique ? 'UNIQUE ' : ''}(${columns})${exact}`;
    if (origin === 'c') things.set(`index ${index_name} on ${of_table}`, about);
    else
      things.set(
        `constraint ${origin === 'pk' ? 'PRIMARY KEY' : 'UNIQUE'} of ${of_table} (${columns})`,
        about,
      );
  }
  for (const [name, text] of texts) {
    if (/^(view|trigger) /.test(name)) things.set(name, normalized(text));
  }
  return things;
}

/** Whether a thing belongs to a table that is not there: the table itself is named then, and that is enough. */
function isPartOfMissing(name: string, structure: Structure): boolean {
  const table =
    /^(?:column|foreign key) ([^.(]+)|^(?:index|constraint) .*? (?:on|of) ([^(]+?)(?: \(|$)/.exec(
      name,
    );
  const owner = table?.[1] ?? table?.[2];
  return owner !== undefined && !structure.has(`table ${owner}`);
}

/**
 * How a schema differs from the one it should be: a line for each thing.
 *
 * @param found the schema that was found
 * @param wanted the schema that it should be
 * @param extra what is said of a thing that should not be there; left out, such things are allowed
 */
export function differences(found: Structure, wanted: Structure, extra?: string): string[] {
  const lines = [...wanted].flatMap(([name, what]) => {
    const there = found.get(name);
    if (there === undefined)
      return isPartOfMissing(name, found) ? [] : [`${name} is missing (${what})`];
    return there === what ? [] : [`${name} is ${there}; in a new object it is ${what}`];
  });
  if (extra === undefined) return lines;
  const surplus = [...found.keys()].filter(
    (name) => !wanted.has(name) && !isPartOfMissing(name, wanted),
  );
  return [...lines, ...surplus.map((name) => `${name} ${extra}`)];
}
