// Rows that lack the row they refer to. PRAGMA foreign_key_check would throw for a whole table where one of its
// references has no unique key to refer to, and it tells a row by its rowid, which a rebuild may change. So each reference
// is asked for by itself. https://www.sqlite.org/foreignkeys.html
import type { ForeignKeyViolation, UncheckedReference } from '../base/errors.ts';
import { capitals, quote, type SqlStorageLike } from '../base/storage.ts';
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
  /** SQL of what tells a row from others: its primary key, and the values that refer. */
  readonly row: string;
  /** SQL of the row's number. */
  readonly rowid: string;
}

/** Every key of a table that can be referred to, as its columns in capitals and in order. */
const KEYS =
  'SELECT (SELECT group_concat(name) FROM (SELECT upper(name) AS name FROM pragma_index_info(i.name) ORDER BY 1)) AS key ' +
  'FROM pragma_index_list(?1) AS i WHERE "unique" AND NOT partial UNION ALL ' +
  'SELECT group_concat(name) FROM (SELECT upper(name) AS name FROM pragma_table_info(?1) WHERE pk ORDER BY 1)';

/** Values of the child as one text; a rebuild may have changed their type. */
const textOf = (columns: readonly unknown[]): string =>
  ["''", ...columns.map((name) => `quote(CAST(c.${quote(name as string)} AS TEXT))`)].join('||');

const primaryKey = (sql: SqlStorageLike, table: string): unknown[] =>
  all(sql, 'SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk', table).map(
    ({ name }) => name,
  );

/** The references from and to tables with certain names. */
function readReferences(
  sql: SqlStorageLike,
  names: ReadonlySet<unknown>,
  before?: Schema,
): { references: Reference[]; unchecked: UncheckedReference[] } {
  const old = before?.tables ?? new Map();
  const oldNames = new Set(old.values());
  const pages = new Map([...readSchema(sql).tables].map(([page, name]) => [name, page]));
  /** A table of a new name that has the page of an old one was renamed; a page can also be used again. */
  const oldName = (given: string): string => {
    const name = capitals(given);
    return oldNames.has(name) ? name : (old.get(pages.get(name)) ?? name);
  };

  const groups = new Map<string, Row[]>();
  // The runtime's own tables may not be looked at.
  for (const row of sql.exec(
    'SELECT c.name, c.wr, f.id, f."table" AS parent, f."from" AS col, f."to" AS target, p.type FROM pragma_table_list AS c ' +
      'JOIN pragma_foreign_key_list(c.name) AS f LEFT JOIN pragma_table_list AS p ON p.name = f."table" COLLATE NOCASE ' +
      "WHERE c.type = 'table' AND c.name NOT GLOB '_cf_*' ORDER BY c.name, f.id, f.seq",
  )) {
    const group = `${row.id} ${row.name}`;
    if ([row.name, row.parent].some((name) => names.has(capitals(String(name))))) {
      groups.set(group, [...(groups.get(group) ?? []), row]);
    }
  }
  const references: Reference[] = [];
  const unchecked: UncheckedReference[] = [];
  for (const rows of groups.values()) {
    const {
      name: table,
      parent,
      type,
      wr,
    } = rows[0] as Record<'name' | 'parent' | 'type' | 'wr', string>;
    const columns = rows.map(({ col }) => col as string);
    const isPrimary = rows[0]?.target === null;
    const key = (
      isPrimary ? primaryKey(sql, parent) : rows.map(({ target }) => target)
    ) as string[];
    const sorted = key.map((name) => capitals(name)).sort();
    const isKey =
      type === 'table' &&
      key.length === rows.length &&
      all(sql, KEYS, parent).some((one) => one.key === sorted.join());
    if (type && !isKey) {
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
      label: [oldName(table), ...columns, oldName(parent)].join('\n'),
      lost: `FROM ${quote(table)} AS c WHERE ${wanted.join(' AND ')}`,
      row: textOf([...primaryKey(sql, table), ...columns]),
      rowid: wr ? 'NULL' : 'c.rowid',
    });
  }
  return { references, unchecked };
}

/**
 * The rows without their parent, in tables with certain names and in those that refer to them. There can be millions, so
 * memory holds the first hundred.
 *
 * A row is the same as before if its primary key and the values that refer are the same; where there is no primary key, as
 * many rows as before with the same values are the same.
 *
 * @param sql the object's SQL storage
 * @param names the tables' names, in capitals
 * @param before how the object was when {@link rememberViolations} was called: those that were there then do not count
 */
export function findViolations(
  sql: SqlStorageLike,
  names: ReadonlySet<unknown>,
  before?: Schema,
): Violations {
  const { references, unchecked } = readReferences(sql, names, before);
  const listed: ForeignKeyViolation[] = [];
  let total = 0;
  for (const label of new Set(references.map((it) => it.label))) {
    const group = references.filter((it) => it.label === label);
    const rows = group.map(({ row, lost }) => `SELECT ${row} ${lost}`).join(' UNION ALL ');
    const old = before
      ? `(SELECT n FROM ${BEFORE} AS b WHERE b.label = ?1 AND b.row = x.row)`
      : '?1';
    const added = `WITH x(row) AS (${rows}) SELECT row, count(*) - ifnull(${old}, 0) AS more FROM x GROUP BY row HAVING more > 0`;
    const bound = before ? label : 0;
    total += all(sql, `SELECT total(more) AS total FROM (${added})`, bound)[0]?.total as number;
    for (const { table, parent, rowid, row, lost } of group) {
      if (listed.length >= LISTED || total === 0) break;
      const is = `SELECT ${rowid} AS id ${lost} AND ${row} IN (SELECT row FROM (${added})) LIMIT ${LISTED}`;
      for (const { id } of sql.exec(is, bound)) {
        listed.push({ table, parent, rowid: id as number | null });
      }
    }
  }
  return { listed: listed.slice(0, LISTED), total, unchecked };
}

/** Holds the violations of before while the migrations run, in their transaction. */
const BEFORE = '"__offramp_violations"';

/**
 * Writes down the violations that stand before the migrations run. Must be called inside their transaction.
 *
 * @param sql the object's SQL storage
 * @param names the names of the tables to look at, in capitals
 */
export function rememberViolations(sql: SqlStorageLike, names: ReadonlySet<unknown>): void {
  sql.exec(`CREATE TABLE ${BEFORE} (label, row, n, PRIMARY KEY (label, row))`);
  for (const { label, row, lost } of readReferences(sql, names).references) {
    sql.exec(`INSERT INTO ${BEFORE} SELECT ?, ${row}, count(*) ${lost} GROUP BY 2`, label);
  }
}

/**
 * Forgets what {@link rememberViolations} wrote down.
 *
 * @param sql the object's SQL storage
 */
export function forgetViolations(sql: SqlStorageLike): void {
  sql.exec(`DROP TABLE ${BEFORE}`);
}

/**
 * A table with rows that refers to another one.
 *
 * @param sql the object's SQL storage
 * @param parents names of the others, in capitals
 */
export function filledChildOf(
  sql: SqlStorageLike,
  parents: ReadonlySet<unknown>,
): string | undefined {
  const { references, unchecked } = readReferences(sql, parents);
  return [...references, ...unchecked].find(
    (it) =>
      parents.has(capitals(it.parent)) &&
      all(sql, `SELECT 1 FROM ${quote(it.table)} LIMIT 1`).length > 0,
  )?.table;
}
