// Rows that lack the row they refer to. PRAGMA foreign_key_check would throw for a whole table where one of its
// references has no unique key to refer to, and it tells a row by its rowid, which a rebuild may change. So each reference
// is asked for by itself. https://www.sqlite.org/foreignkeys.html
import type { ForeignKeyViolation, UncheckedReference } from '../base/errors.ts';
import { quote, type SqlStorageLike } from '../base/storage.ts';
import type { Violations } from '../plan/result.ts';
import { namesIn } from '../sql/statements.ts';

/** How many violations are listed; the rest are counted. */
const LISTED = 100;

type Row = Record<string, unknown>;

const all = (sql: SqlStorageLike, query: string, ...bindings: unknown[]): Row[] => [
  ...sql.exec(query, ...bindings),
];

/** What decides which tables a statement may touch. */
export interface Schema {
  /** Tables by root page, which stays when a table is renamed. */
  readonly tables: ReadonlyMap<unknown, string>;
  readonly triggers: readonly Row[];
}

/**
 * Looks at the tables and triggers of an object.
 *
 * @param sql the object's SQL storage
 */
export function readSchema(sql: SqlStorageLike): Schema {
  const found = all(
    sql,
    "SELECT type, upper(tbl_name) AS name, rootpage, sql FROM sqlite_master WHERE type IN ('table', 'trigger')",
  );
  const of = (type: string): Row[] => found.filter((row) => row.type === type);
  return {
    tables: new Map(of('table').map(({ rootpage, name }) => [rootpage, name as string])),
    triggers: of('trigger'),
  };
}

/**
 * The names that statements hold, and those that the triggers hold which they may fire.
 *
 * @param statements any statements
 * @param schemas how the object was, and how it is
 * @returns the names in capitals, words that name nothing among them
 */
export function touchedNames(
  statements: readonly string[],
  schemas: readonly Schema[],
): Set<unknown> {
  const names = new Set<unknown>(statements.flatMap(namesIn));
  const triggers = schemas.flatMap((schema) => schema.triggers);
  for (let before = 0; before < names.size; ) {
    before = names.size;
    for (const { name, sql } of triggers) {
      if (names.has(name)) for (const one of namesIn(sql as string)) names.add(one);
    }
  }
  return names;
}

/** A reference of a child (`c` in SQL) to its parent. */
interface Reference {
  readonly table: string;
  readonly parent: string;
  /** The same before and after a rebuild: the names of both tables before, and the columns. */
  readonly label: string;
  /** `FROM … WHERE …` of the rows without their parent. */
  readonly lost: string;
  /** SQL of the values that refer. */
  readonly values: string;
  /** The columns of the child's primary key. */
  readonly key: readonly string[];
  /** SQL of the row's number. */
  readonly rowid: string;
}

const upper = (names: readonly string[]): string => names.join('\n').toUpperCase();

/** Values of the child as one text; a rebuild may have changed their type. */
const textOf = (columns: readonly string[]): string =>
  ["''", ...columns.map((name) => `quote(CAST(c.${quote(name)} AS TEXT))`)].join('||');

/** The references from and to tables with certain names. */
function readReferences(
  sql: SqlStorageLike,
  names: ReadonlySet<unknown>,
  before?: Schema,
): { references: Reference[]; unchecked: UncheckedReference[] } {
  const primaryKey = (table: string): string[] =>
    all(sql, 'SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk', table).map(
      ({ name }) => name as string,
    );
  const isKey = (table: string, columns: readonly string[]): boolean =>
    [
      primaryKey(table),
      ...all(
        sql,
        'SELECT name FROM pragma_index_list(?) WHERE "unique" AND NOT partial',
        table,
      ).map((index) =>
        all(sql, 'SELECT name FROM pragma_index_info(?)', index.name).map(
          ({ name }) => name as string,
        ),
      ),
    ].some((key) => upper(key.sort()) === upper([...columns].sort()));
  const pages = new Map([...readSchema(sql).tables].map(([page, name]) => [name, page]));
  const oldName = (name: string): string =>
    before?.tables.get(pages.get(name.toUpperCase())) ?? name;

  const groups = new Map<string, Row[]>();
  // The runtime's own tables may not be looked at.
  for (const row of sql.exec(
    'SELECT c.name, c.wr, f.id, f."table" AS parent, f."from" AS col, f."to" AS target, p.type FROM pragma_table_list AS c ' +
      'JOIN pragma_foreign_key_list(c.name) AS f LEFT JOIN pragma_table_list AS p ON p.name = f."table" COLLATE NOCASE ' +
      "WHERE c.type = 'table' AND c.name NOT GLOB '_cf_*' ORDER BY c.name, f.id, f.seq",
  )) {
    const group = `${row.id} ${row.name}`;
    if ([row.name, row.parent].some((name) => names.has(String(name).toUpperCase()))) {
      groups.set(group, [...(groups.get(group) ?? []), row]);
    }
  }
  const references: Reference[] = [];
  const unchecked: UncheckedReference[] = [];
  for (const rows of groups.values()) {
    const {
      name: table,
      parent,
      target,
      type,
      wr,
    } = rows[0] as Record<'name' | 'parent' | 'target' | 'type' | 'wr', string>;
    const columns = rows.map(({ col }) => col as string);
    const isPrimary = target === null;
    const key = isPrimary ? primaryKey(parent) : rows.map((row) => row.target as string);
    if (type && (type !== 'table' || key.length !== rows.length || !isKey(parent, key))) {
      const wanted = isPrimary ? 'primary key' : `unique key (${key.join(', ')})`;
      const reason = `${parent} has no ${wanted} that (${columns.join(', ')}) can refer to`;
      unchecked.push({ table, parent, reason });
      continue;
    }
    // A plus takes a column's affinity away, so that the parent's applies, as SQLite has it for references.
    const equal = key.map((name, i) => `p.${quote(name)} = +c.${quote(columns[i] as string)}`);
    const wanted = columns.map((name) => `c.${quote(name)} IS NOT NULL`);
    if (type) {
      wanted.push(`NOT EXISTS (SELECT 1 FROM ${quote(parent)} AS p WHERE ${equal.join(' AND ')})`);
    }
    references.push({
      table,
      parent,
      label: upper([oldName(table), ...columns, oldName(parent)]),
      lost: `FROM ${quote(table)} AS c WHERE ${wanted.join(' AND ')}`,
      values: textOf(columns),
      key: primaryKey(table),
      rowid: wr ? 'NULL' : 'c.rowid',
    });
  }
  return { references, unchecked };
}

const totalOf = (sql: SqlStorageLike, query: string, ...bindings: unknown[]): number =>
  all(sql, query, ...bindings)[0]?.total as number;

const listRows = (
  sql: SqlStorageLike,
  { table, parent, rowid, lost }: Reference,
  more: string,
  ...bindings: unknown[]
): ForeignKeyViolation[] =>
  all(sql, `SELECT ${rowid} AS row ${lost} ${more}`, ...bindings).map(({ row }) => ({
    table,
    parent,
    rowid: row as number | null,
  }));

/**
 * The rows without their parent, in tables with certain names and in those that refer to them. They are counted, and not
 * held in memory.
 *
 * @param sql the object's SQL storage
 * @param names the tables' names, in capitals
 */
export function findViolations(sql: SqlStorageLike, names: ReadonlySet<unknown>): Violations {
  const { references, unchecked } = readReferences(sql, names);
  const listed: ForeignKeyViolation[] = [];
  let total = 0;
  for (const reference of references) {
    const first = listRows(sql, reference, `LIMIT ${LISTED}`);
    listed.push(...first);
    total +=
      first.length < LISTED
        ? first.length
        : totalOf(sql, `SELECT count(*) AS total ${reference.lost}`);
  }
  return { listed: listed.slice(0, LISTED), total, unchecked };
}

/** Holds the violations of before while the migrations run: there can be millions, so memory does not. */
const BEFORE = '"__offramp_violations"';

/** What was remembered besides. */
export interface Remembered {
  readonly schema: Schema;
  /** The primary key of each reference's table, by label. */
  readonly keys: ReadonlyMap<string, string>;
}

/**
 * Writes down the violations that stand before the migrations run. Must be called inside their transaction.
 *
 * @param sql the object's SQL storage
 * @param names the names of the tables to look at, in capitals
 */
export function rememberViolations(sql: SqlStorageLike, names: ReadonlySet<unknown>): Remembered {
  const schema = readSchema(sql);
  const { references } = readReferences(sql, names);
  sql.exec(`CREATE TABLE ${BEFORE} (label, vals, key, n, PRIMARY KEY (label, vals, key))`);
  for (const { label, values, key, lost } of references) {
    sql.exec(
      `INSERT INTO ${BEFORE} SELECT ?, ${values}, ${textOf(key)}, count(*) ${lost} GROUP BY 2, 3`,
      label,
    );
  }
  return { schema, keys: new Map(references.map(({ label, key }) => [label, upper(key)])) };
}

/**
 * Finds the violations that were not there before, and forgets what was remembered.
 *
 * A row is the same if its primary key and the values that refer are the same. Where the primary key has other columns
 * now, or there is none, as many rows as before with the same values are the same.
 *
 * @param sql the object's SQL storage
 * @param names the names of the tables to look at, in capitals
 * @param remembered what {@link rememberViolations} returned
 */
export function newViolations(
  sql: SqlStorageLike,
  names: ReadonlySet<unknown>,
  { schema, keys }: Remembered,
): Violations {
  const { references, unchecked } = readReferences(sql, names, schema);
  const listed: ForeignKeyViolation[] = [];
  let total = 0;
  for (const label of new Set(references.map((reference) => reference.label))) {
    const group = references.filter((reference) => reference.label === label);
    const isSameKey = group.every(({ key }) => keys.get(label) === upper(key));
    const identity = ({ values, key }: Reference): string =>
      `${values}, ${isSameKey ? textOf(key) : "''"}`;
    const rows = group.map((it) => `SELECT ${identity(it)} ${it.lost}`).join(' UNION ALL ');
    const old = `SELECT sum(n) FROM ${BEFORE} AS b WHERE label = ?1 AND b.vals = x.vals${isSameKey ? ' AND b.key = x.key' : ''}`;
    const added =
      `WITH x(vals, key) AS (${rows}) SELECT vals, key, count(*) - coalesce((${old}), 0) AS more ` +
      'FROM x GROUP BY vals, key HAVING more > 0';
    const more = totalOf(sql, `SELECT total(more) AS total FROM (${added})`, label);
    total += more;
    if (more === 0) continue;
    for (const it of group) {
      const isAdded = `AND (${identity(it)}) IN (SELECT vals, key FROM (${added})) LIMIT ${LISTED}`;
      listed.push(...listRows(sql, it, isAdded, label));
    }
  }
  sql.exec(`DROP TABLE ${BEFORE}`);
  return { listed: listed.slice(0, LISTED), total, unchecked };
}
