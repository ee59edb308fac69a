// Rows that lack the row they refer to. PRAGMA foreign_key_check would throw for a whole table where one of its
// references has no unique key to refer to, and it tells a row by its rowid, which a rebuild may change. So each reference
// is asked for by itself. https://www.sqlite.org/foreignkeys.html
import type { ForeignKeyViolation, UncheckedReference } from '../base/errors.ts';
import { firstRow, quote, type SqlStorageLike } from '../base/storage.ts';
import type { Violations } from '../plan/result.ts';
import { namesIn } from '../sql/statements.ts';

/** How many violations are listed; the rest are counted. */
const LISTED_VIOLATIONS = 100;

/** A reference as a query over its rows: `c` is the child. */
interface Reference {
  readonly table: string;
  readonly parent: string;
  /** What is the same before and after a rebuild: both tables, as they were called before, and the columns. */
  readonly label: string;
  /** `FROM … WHERE …` of the rows without a parent. */
  readonly lost: string;
  /** SQL of the values that refer. */
  readonly values: string;
  /** The columns of the child's primary key. */
  readonly key: readonly string[];
  readonly rowid: string;
}

type Row = Record<string, unknown>;
const all = (sql: SqlStorageLike, query: string, ...bindings: unknown[]): Row[] => [
  ...sql.exec(query, ...bindings),
];

/** The triggers and tables of an object; a look at the schema before the migrations run. */
export interface Schema {
  readonly triggers: readonly { readonly table: string; readonly sql: string }[];
  /** A table's name by its root page, which stays when the table is renamed. */
  readonly tables: ReadonlyMap<unknown, string>;
}

/**
 * Looks at what decides which tables a statement may touch.
 *
 * @param sql the object's SQL storage
 */
export function readSchema(sql: SqlStorageLike): Schema {
  const found = all(
    sql,
    "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master WHERE type IN ('table', 'trigger')",
  );
  return {
    triggers: found
      .filter(({ type }) => type === 'trigger')
      .map((row) => ({ table: String(row.tbl_name).toUpperCase(), sql: String(row.sql) })),
    tables: new Map(
      found.filter(({ type }) => type === 'table').map((row) => [row.rootpage, String(row.name)]),
    ),
  };
}

/** The names that statements hold, and those that the triggers hold which they may fire. */
export function touchedNames(
  statements: readonly string[],
  schemas: readonly Schema[],
): Set<string> {
  const names = new Set(statements.flatMap(namesIn));
  let waiting = schemas.flatMap(({ triggers }) => triggers);
  for (let before = -1; before < names.size; ) {
    before = names.size;
    const fired = waiting.filter(({ table }) => names.has(table));
    waiting = waiting.filter(({ table }) => !names.has(table));
    for (const name of fired.flatMap(({ sql }) => namesIn(sql))) names.add(name);
  }
  return names;
}

/** Values of the child as one text; a rebuild may have changed their type. */
const textOf = (columns: readonly string[]): string =>
  columns.map((name) => `quote(CAST(c.${quote(name)} AS TEXT))`).join(" || ',' || ") || "''";

/** Whether the columns are a key of the table, as SQLite wants it of a parent. */
function isKey(
  sql: SqlStorageLike,
  table: string,
  wanted: readonly string[],
  primary: readonly string[],
) {
  const same = (names: readonly string[]): boolean =>
    names.length === wanted.length &&
    wanted.every((name) => names.some((it) => it.toUpperCase() === name.toUpperCase()));
  return (
    same(primary) ||
    all(sql, `PRAGMA index_list(${quote(table)})`).some(
      ({ unique, partial, name }) =>
        unique === 1 &&
        partial === 0 &&
        same(all(sql, `PRAGMA index_info(${quote(String(name))})`).map((row) => String(row.name))),
    )
  );
}

/** The references of the tables with these names, and of those that refer to them. */
function readReferences(
  sql: SqlStorageLike,
  names: ReadonlySet<string>,
  before: Schema | undefined,
): { references: Reference[]; unchecked: UncheckedReference[] } {
  const groups = new Map<string, Row[]>();
  // The runtime's own tables may not be looked at.
  for (const row of sql.exec(
    'SELECT m.name AS child, f.id, f."table" AS parent, f."from" AS col, f."to" AS target FROM sqlite_master AS m ' +
      "JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND m.name NOT GLOB '_cf_*' " +
      'ORDER BY m.rowid, f.id, f.seq',
  )) {
    const isTouched = [row.child, row.parent].some((name) => names.has(String(name).toUpperCase()));
    const group = `${row.id} ${row.child}`;
    if (isTouched) groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  const references: Reference[] = [];
  const unchecked: UncheckedReference[] = [];
  if (groups.size === 0) return { references, unchecked };
  const now = readSchema(sql).tables;
  const oldName = (name: string): string => {
    const page = [...now].find(([, it]) => it.toUpperCase() === name.toUpperCase())?.[0];
    return (before?.tables.get(page) ?? name).toUpperCase();
  };
  const primaryKey = (table: string): string[] =>
    all(sql, `PRAGMA table_info(${quote(table)})`)
      .filter(({ pk }) => pk !== 0)
      .sort((a, b) => Number(a.pk) - Number(b.pk))
      .map(({ name }) => String(name));
  for (const rows of groups.values()) {
    const [table, parent] = [String(rows[0]?.child), String(rows[0]?.parent)];
    const columns = rows.map(({ col }) => String(col));
    const found = firstRow(sql.exec(`PRAGMA table_list(${quote(parent)})`));
    const primary = found ? primaryKey(parent) : [];
    const key = rows[0]?.target === null ? primary : rows.map(({ target }) => String(target));
    if (
      found &&
      (found.type !== 'table' || key.length !== columns.length || !isKey(sql, parent, key, primary))
    ) {
      const target = rows[0]?.target === null ? 'primary key' : `unique key (${key.join(', ')})`;
      unchecked.push({
        table,
        parent,
        reason: `${parent} has no ${target} that (${columns.join(', ')}) can refer to`,
      });
      continue;
    }
    // A plus takes a column's affinity away, so that the parent's applies, as SQLite has it for references.
    const equal = key.map((name, i) => `p.${quote(name)} = +c.${quote(columns[i] as string)}`);
    const isPresent = columns.map((name) => `c.${quote(name)} IS NOT NULL`).join(' AND ');
    const exists = `EXISTS (SELECT 1 FROM ${quote(parent)} AS p WHERE ${equal.join(' AND ')})`;
    const isWithoutRowid = firstRow(sql.exec(`PRAGMA table_list(${quote(table)})`))?.wr === 1;
    references.push({
      table,
      parent,
      label: [oldName(table), ...columns, oldName(parent)].join('\n'),
      lost: `FROM ${quote(table)} AS c WHERE ${isPresent}${found ? ` AND NOT ${exists}` : ''}`,
      values: textOf(columns),
      key: primaryKey(table),
      rowid: isWithoutRowid ? 'NULL' : 'c.rowid',
    });
  }
  return { references, unchecked };
}

const countOf = (sql: SqlStorageLike, query: string, ...bindings: unknown[]): number =>
  Number(firstRow(sql.exec(query, ...bindings))?.total ?? 0);

/** Lists rows and counts all, without holding them all. */
function collect(
  sql: SqlStorageLike,
  references: readonly Reference[],
  unchecked: readonly UncheckedReference[],
): Violations {
  const listed: ForeignKeyViolation[] = [];
  let total = 0;
  for (const { table, parent, lost, rowid } of references) {
    const first = all(sql, `SELECT ${rowid} AS row ${lost} LIMIT ${LISTED_VIOLATIONS}`);
    const left = LISTED_VIOLATIONS - listed.length;
    listed.push(
      ...first.slice(0, left).map(({ row }) => ({ table, parent, rowid: row as number | null })),
    );
    total +=
      first.length < LISTED_VIOLATIONS
        ? first.length
        : countOf(sql, `SELECT count(*) AS total ${lost}`);
  }
  return { listed, total, unchecked };
}

/**
 * The rows without a parent, in tables with certain names and in those that refer to them.
 *
 * @param sql the object's SQL storage
 * @param names the tables' names, in capitals
 */
export function findViolations(sql: SqlStorageLike, names: ReadonlySet<string>): Violations {
  const { references, unchecked } = readReferences(sql, names, undefined);
  return collect(sql, references, unchecked);
}

/** Holds the violations of before while the migrations run; made and dropped in their transaction. */
const BEFORE = '"__offramp_violations"';

/** What was remembered of the time before, but for the rows, which stand in a table: there can be millions. */
export interface Remembered {
  readonly schema: Schema;
  /** The primary key of each reference's table, by label. */
  readonly keys: ReadonlyMap<string, string>;
}

const keyOf = ({ key }: Reference): string => key.join('\n').toUpperCase();

/**
 * Writes down the violations that stand before the migrations run. Must be called inside their transaction.
 *
 * @param sql the object's SQL storage
 * @param names the names of the tables to look at, in capitals
 */
export function rememberViolations(sql: SqlStorageLike, names: ReadonlySet<string>): Remembered {
  const schema = readSchema(sql);
  const { references } = readReferences(sql, names, schema);
  sql.exec(
    `CREATE TABLE ${BEFORE} (label, vals, key, n, PRIMARY KEY (label, vals, key)) WITHOUT ROWID`,
  );
  for (const { label, values, key, lost } of references) {
    const query = `SELECT ?, ${values}, ${textOf(key)}, count(*) ${lost} GROUP BY 2, 3`;
    sql.exec(`INSERT INTO ${BEFORE} ${query}`, label);
  }
  return { schema, keys: new Map(references.map((it) => [it.label, keyOf(it)])) };
}

/**
 * Tells the violations that were not there before from those that were, and forgets what was remembered.
 *
 * A row counts as the same if its primary key and the values that refer are the same. Where the primary key has other
 * columns now, or there is none, as many rows as before with the same values count as the same.
 *
 * @param sql the object's SQL storage
 * @param names the names of the tables to look at, in capitals
 * @param remembered what {@link rememberViolations} returned
 */
export function compareViolations(
  sql: SqlStorageLike,
  names: ReadonlySet<string>,
  { schema, keys }: Remembered,
): { added: Violations; kept: Violations } {
  const { references, unchecked } = readReferences(sql, names, schema);
  const byLabel = new Map<string, Reference[]>();
  for (const it of references) byLabel.set(it.label, [...(byLabel.get(it.label) ?? []), it]);
  const listed: ForeignKeyViolation[] = [];
  let total = 0;
  for (const [label, group] of byLabel) {
    const hasSameKey = group.every((it) => keys.get(label) === keyOf(it));
    const keyText = (it: Reference): string => (hasSameKey ? textOf(it.key) : "''");
    const rows = group.map((it) => `SELECT ${it.values} AS vals, ${keyText(it)} AS key ${it.lost}`);
    const old = `SELECT sum(n) FROM ${BEFORE} AS b WHERE label = ?1 AND b.vals = x.vals${hasSameKey ? ' AND b.key = x.key' : ''}`;
    const excess =
      `SELECT vals, key, count(*) - coalesce((${old}), 0) AS more ` +
      `FROM (${rows.join(' UNION ALL ')}) AS x GROUP BY vals, key HAVING more > 0`;
    const more = countOf(sql, `SELECT sum(more) AS total FROM (${excess})`, label);
    total += more;
    for (const it of more > 0 ? group : []) {
      const left = Math.min(LISTED_VIOLATIONS - listed.length, more);
      const those = `AND (${it.values}, ${keyText(it)}) IN (SELECT vals, key FROM (${excess})) LIMIT ${left}`;
      for (const { row } of sql.exec(`SELECT ${it.rowid} AS row ${it.lost} ${those}`, label)) {
        listed.push({ table: it.table, parent: it.parent, rowid: row as number | null });
      }
    }
  }
  sql.exec(`DROP TABLE ${BEFORE}`);
  return { added: { listed, total, unchecked }, kept: collect(sql, references, unchecked) };
}
