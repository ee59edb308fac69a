// What a schema comes to, whatever its text: https://www.sqlite.org/pragma.html#pragma_table_list
import type { SqlStorageLike } from '../base/storage.ts';
import { checksOf, normalized, same, shown } from '../reader/names.ts';
import { type CreateTableStmt, parse } from '../reader/parser.ts';
import { referencesIn, tableOf } from '../reader/schema.ts';

/** One thing of a schema. */
interface Thing {
  /** What messages call it, such as `column users.name`. */
  readonly label: string;
  /** What it is, such as `text NOT NULL`. */
  readonly what: string;
  /** The table that it is a part of. */
  readonly table?: string;
}

/** Each thing of a schema by what tells it from all others: its kind and its names, as JSON. */
export type Structure = ReadonlyMap<string, Thing>;

type Row = Record<string, string | number | null>;

/** Tables of a user: not of SQLite, of the runtime, of `wrangler dev`, or of Agents' base class. */
const OWN = String.raw`name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT GLOB '_cf_*' AND name NOT GLOB '__miniflare_*' AND name NOT GLOB 'cf_agents_*'`;
const TABLES = `SELECT * FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND ${OWN}`;

/** What each of several rows of one thing says, in order. */
function grouped(rows: readonly Row[], key: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}

const namesIn = (rows: readonly Row[], column: string): string =>
  rows.map((row) => shown(String(row[column]))).join(', ');

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');

/** What of a table only its SQL tells. */
interface Definition {
  readonly sql: string;
  readonly statement: CreateTableStmt | undefined;
}

function definitionOf(sql: string): Definition {
  const statement = parse(sql);
  return { sql, statement: statement?.type === 'CreateTableStmt' ? statement : undefined };
}

/** What PRAGMA table_xinfo leaves out of a column: its collation, and what it is computed by. */
function restOf(name: string, { sql, statement }: Definition): string {
  if (statement?.body.type !== 'ColumnsAndConstraintsCreateTableBody') return '';
  const column = statement.body.columns.find(({ colName }) => same(colName.text, name));
  const parts = (column?.constraints ?? []).map(({ constraint }) => {
    if (constraint.type === 'CollateColumnConstraint') {
      return `COLLATE ${constraint.collationName.text.toUpperCase()}`;
    }
    if (constraint.type !== 'GeneratedColumnConstraint') return '';
    const { offset, length } = constraint.expr.span;
    return `AS (${normalized(sql.slice(offset, offset + length))})`;
  });
  return joined(parts);
}

function describeColumn(
  { name, type, notnull, dflt_value, pk, hidden }: Row,
  definition: Definition,
): string {
  return joined([
    String(type).toLowerCase(),
    notnull ? 'NOT NULL' : '',
    dflt_value === null ? '' : `DEFAULT ${normalized(String(dflt_value))}`,
    pk ? `PRIMARY KEY ${pk}` : '',
    hidden === 2 || hidden === 3 ? 'GENERATED' : '',
    hidden === 3 ? 'STORED' : '',
    hidden === 1 ? 'HIDDEN' : '',
    restOf(String(name), definition),
  ]);
}

/** What constraints do on a conflict, which no PRAGMA tells. */
const conflictsIn = (statement: CreateTableStmt | undefined): string[] =>
  statement?.body.type !== 'ColumnsAndConstraintsCreateTableBody'
    ? []
    : statement.body.columns.flatMap(({ colName, constraints }) =>
        constraints.flatMap(({ constraint }) =>
          'conflictClause' in constraint && constraint.conflictClause !== undefined
            ? [
                `ON CONFLICT ${String(constraint.conflictClause).toUpperCase()} of ${shown(colName.text)}`,
              ]
            : [],
        ),
      );

function describeTable({ type, wr, strict }: Row, { sql, statement }: Definition): string {
  const checks = checksOf(sql).map((check) => `CHECK (${normalized(check.sql)})`);
  return joined([
    type === 'virtual' ? normalized(sql, false) : 'table',
    wr ? 'WITHOUT ROWID' : '',
    strict ? 'STRICT' : '',
    statement !== undefined && tableOf(statement).autoincrement ? 'AUTOINCREMENT' : '',
    ...checks.sort(),
    ...conflictsIn(statement).sort(),
  ]);
}

const keyOf = (...parts: readonly unknown[]): string => JSON.stringify(parts);

/** A foreign key, from its rows of PRAGMA foreign_key_list. */
function referenceFrom(
  rows: readonly Row[],
  definitions: ReadonlyMap<unknown, Definition>,
): [key: string, thing: Thing] {
  const { of_table, table: parent, on_update, on_delete } = rows[0] as Row;
  const table = String(of_table);
  const from = rows.map((row) => String(row.from));
  const to = rows.map((row) => row.to ?? null);
  const named = to.includes(null) ? '' : namesIn(rows, 'to');
  const deferred = isDeferred(definitions.get(table), from, String(parent));
  const thing = {
    label: `foreign key ${shown(table)}(${namesIn(rows, 'from')}) to ${shown(String(parent))}(${named})`,
    what: joined([
      `ON UPDATE ${on_update} ON DELETE ${on_delete}`,
      deferred ? 'DEFERRABLE INITIALLY DEFERRED' : '',
    ]),
    table,
  };
  return [keyOf('foreign key', table, from, parent, to), thing];
}

/** An index, or a constraint that has one, from its rows of PRAGMA index_xinfo. */
function indexFrom(rows: readonly Row[], text: string): [key: string, thing: Thing] {
  const { of_table, index_name, unique, origin, partial } = rows[0] as Row;
  const table = String(of_table);
  const columns = rows
    .map(
      ({ name, desc, coll }) =>
        `${name === null ? 'expression' : shown(String(name))}${desc ? ' DESC' : ''} ${coll}`,
    )
    .join(', ');
  const exact = partial || rows.some(({ cid }) => cid === -2) ? `: ${normalized(text)}` : '';
  const what = `${unique ? 'UNIQUE ' : ''}(${columns})${exact}`;
  if (origin === 'c') {
    const label = `index ${shown(String(index_name))} on ${shown(table)}`;
    return [keyOf('index', table, index_name), { label, what, table }];
  }
  const kind = origin === 'pk' ? 'PRIMARY KEY' : 'UNIQUE';
  const label = `constraint ${kind} of ${shown(table)} (${columns})`;
  return [keyOf('constraint', kind, table, columns), { label, what, table }];
}

/**
 * The schema of an object as it counts: the order of columns and the spelling of the SQL do not.
 *
 * @param sql the object's SQL storage
 * @param except tables to leave out, such as the ledgers
 */
export function structureOf(sql: SqlStorageLike, except: readonly string[]): Structure {
  const query = (text: string): Row[] => [...sql.exec(text)] as Row[];
  // Repairs of a ledger are written down beside it.
  const isOurs = (name: unknown): boolean =>
    !except.includes(String(name).replace(/_repairs$/, ''));
  const texts = new Map(
    query(`SELECT type, name, tbl_name, sql FROM sqlite_master WHERE ${OWN}`)
      .filter(({ tbl_name }) => isOurs(tbl_name))
      .map((row) => [keyOf(row.type, row.name), String(row.sql)]),
  );
  const definitions = new Map<unknown, Definition>();
  const things = new Map<string, Thing>();
  for (const table of query(TABLES)) {
    if (!isOurs(table.name)) continue;
    const definition = definitionOf(texts.get(keyOf('table', table.name)) ?? '');
    definitions.set(table.name, definition);
    const label = `table ${shown(String(table.name))}`;
    things.set(keyOf('table', table.name), { label, what: describeTable(table, definition) });
  }
  const ofTables = (pragma: string): Row[] =>
    query(
      `SELECT t.name AS of_table, p.* FROM (${TABLES}) AS t, pragma_${pragma}(t.name) AS p`,
    ).filter(({ of_table }) => isOurs(of_table));
  for (const column of ofTables('table_xinfo')) {
    const table = String(column.of_table);
    things.set(keyOf('column', table, column.name), {
      label: `column ${shown(table)}.${shown(String(column.name))}`,
      what: describeColumn(column, definitions.get(table) as Definition),
      table,
    });
  }
  const keys = grouped(ofTables('foreign_key_list'), ({ of_table, id }) => keyOf(of_table, id));
  for (const key of keys.values()) things.set(...referenceFrom(key, definitions));
  const indexes = query(
    `SELECT t.name AS of_table, i.name AS index_name, i."unique", i.origin, i.partial, x.name, x.cid, x.desc, x.coll
      FROM (${TABLES}) AS t, pragma_index_list(t.name) AS i, pragma_index_xinfo(i.name) AS x WHERE x.key = 1`,
  ).filter(({ of_table }) => isOurs(of_table));
  for (const parts of grouped(indexes, ({ index_name }) => String(index_name)).values()) {
    const text = texts.get(keyOf('index', parts[0]?.index_name)) ?? '';
    things.set(...indexFrom(parts, text));
  }
  for (const [key, text] of texts) {
    const [type, name] = JSON.parse(key) as [string, string];
    if (type !== 'view' && type !== 'trigger') continue;
    things.set(key, { label: `${type} ${shown(name)}`, what: normalized(text, false) });
  }
  return things;
}

/** Whether a reference is checked at the end of a transaction only, which PRAGMA foreign_key_list leaves out. */
const isDeferred = (
  definition: Definition | undefined,
  columns: readonly string[],
  parent: string,
): boolean =>
  referencesIn(definition?.statement).some(
    (one) =>
      one.deferred &&
      same(one.parent, parent) &&
      one.columns.length === columns.length &&
      one.columns.every((column, i) => same(column, columns[i] ?? '')),
  );

/** Whether a thing belongs to a table that is not there: the table itself is named then, and that is enough. */
const isPartOfMissing = ({ table }: Thing, structure: Structure): boolean =>
  table !== undefined && !structure.has(keyOf('table', table));

/**
 * How a schema differs from the one it should be: a line for each thing.
 *
 * @param found the schema that was found
 * @param wanted the schema that it should be
 * @param extra what is said of a thing that should not be there; left out, such things are allowed
 * @param where where the schema is as it should be
 */
export function differences(
  found: Structure,
  wanted: Structure,
  extra?: string,
  where = 'in a new object',
): string[] {
  const lines = [...wanted].flatMap(([key, thing]) => {
    const { label, what } = thing;
    const there = found.get(key);
    if (there === undefined) {
      return isPartOfMissing(thing, found) ? [] : [`${label} is missing (${what})`];
    }
    return there.what === what ? [] : [`${label} is ${there.what}; ${where} it is ${what}`];
  });
  if (extra === undefined) return lines;
  const surplus = [...found].filter(
    ([key, thing]) => !wanted.has(key) && !isPartOfMissing(thing, wanted),
  );
  return [...lines, ...surplus.map(([, { label }]) => `${label} ${extra}`)];
}
