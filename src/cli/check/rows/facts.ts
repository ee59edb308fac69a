// What a table demands of its rows, as SQLite itself tells it: keys, checks, types, references.
import { quote, type SqlStorageLike } from '../../../base/storage.ts';
import { checksOf, fold, normalized } from '../../../reader/names.ts';
import { nodesOf, parse } from '../../../reader/parser.ts';

/** https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
export type Affinity = 'INTEGER' | 'TEXT' | 'BLOB' | 'REAL' | 'NUMERIC';

/** A column, as SQLite has it. */
export interface ColumnFacts {
  readonly name: string;
  /** As it is declared. */
  readonly type: string;
  readonly affinity: Affinity;
  readonly notNull: boolean;
  readonly isRowid: boolean;
  readonly generated: boolean;
  readonly collation: string;
  /** An expression, or null. */
  readonly fallback: string | null;
  /** What a generated column is computed by. */
  readonly expression: string | undefined;
}

/** One part of a key. */
export interface KeyPart {
  /** The column, folded; undefined for an expression. */
  readonly column: string | undefined;
  readonly sql: string;
  readonly collation: string;
}

/** What no two rows may share. */
export interface Key {
  /** The index that somebody created; undefined for what the table itself says. */
  readonly index: string | undefined;
  readonly isPrimary: boolean;
  readonly parts: readonly KeyPart[];
  readonly where: string | undefined;
}

/** A foreign key. Names are folded. */
export interface ReferenceFacts {
  readonly columns: readonly string[];
  readonly parent: string;
  /** Empty for the parent's primary key. */
  readonly to: readonly string[];
  /** What it does beside forbidding, such as `ON DELETE CASCADE`. */
  readonly does: readonly string[];
}

/** What a table is. */
export interface TableFacts {
  readonly name: string;
  readonly columns: readonly ColumnFacts[];
  readonly keys: readonly Key[];
  /** The indexes, unique or not; those of constraints among them. */
  readonly indexes: readonly (Key & { readonly unique: boolean })[];
  readonly checks: readonly string[];
  readonly references: readonly ReferenceFacts[];
  /** Clauses that no pragma tells: how often each of them stands in the table's SQL. */
  readonly clauses: ReadonlyMap<string, number>;
  readonly strict: boolean;
  readonly withoutRowid: boolean;
  /** The primary key, folded. */
  readonly primary: readonly string[];
}

/**
 * The affinity of a declared type.
 *
 * @param type the type as it is declared
 */
export function affinityOf(type: string): Affinity {
  if (/int/i.test(type)) return 'INTEGER';
  if (/char|clob|text/i.test(type)) return 'TEXT';
  if (/blob/i.test(type) || type === '') return 'BLOB';
  return /real|floa|doub/i.test(type) ? 'REAL' : 'NUMERIC';
}

/** What only the text of a table says of its columns, by their folded names. */
function textsOf(sql: string): Map<string, { collation?: string; expression?: string }> {
  const statement = parse(sql);
  if (statement?.type !== 'CreateTableStmt') return new Map();
  return new Map(
    [...nodesOf(statement)].flatMap((node) => {
      if (node.type !== 'ColumnDefinition') return [];
      const said: { collation?: string; expression?: string } = {};
      for (const { constraint } of node.constraints) {
        if (constraint.type === 'CollateColumnConstraint') {
          said.collation = constraint.collationName.text.toUpperCase();
        }
        if (constraint.type === 'GeneratedColumnConstraint') {
          const { offset, length } = constraint.expr.span;
          said.expression = sql.slice(offset, offset + length);
        }
      }
      return [[fold(node.colName.text), said] as const];
    }),
  );
}

/** DEFERRABLE and ON CONFLICT. */
function clausesOf(sql: string): Map<string, number> {
  const statement = parse(sql);
  const clauses = new Map<string, number>();
  for (const node of statement === undefined ? [] : nodesOf(statement)) {
    const conflict = 'conflictClause' in node ? node.conflictClause : undefined;
    const isDeferred = node.type === 'DeferSubclause' && node.deferrable;
    const clause = isDeferred
      ? 'DEFERRABLE'
      : typeof conflict === 'string'
        ? `ON CONFLICT ${conflict.toUpperCase()}`
        : undefined;
    if (clause !== undefined) clauses.set(clause, (clauses.get(clause) ?? 0) + 1);
  }
  return clauses;
}

interface IndexText {
  readonly parts: readonly string[];
  readonly where: string | undefined;
}

function textsOfIndex(sql: string): IndexText {
  const statement = parse(sql);
  if (statement?.type !== 'CreateIndexStmt') return { parts: [], where: undefined };
  const textOf = ({ span }: { span: { offset: number; length: number } }): string =>
    sql.slice(span.offset, span.offset + span.length);
  return {
    parts: statement.columns.map(({ expr }) =>
      textOf(expr.type === 'CollateExpr' ? expr.expr : expr),
    ),
    where: statement.whereClause && textOf(statement.whereClause),
  };
}

type Row = Record<string, unknown>;

/** What tables are, read once for each definition: most migrations leave most tables as they are. */
export class Facts {
  readonly #known = new Map<string, TableFacts | undefined>();

  /**
   * What a table is.
   *
   * @param database where it is
   * @param table its name, in any case
   * @returns undefined if there is no such table, or only its module knows it
   */
  of(database: SqlStorageLike, table: string): TableFacts | undefined {
    const definition = database.exec(
      "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND lower(tbl_name) = lower(?) ORDER BY rowid",
      table,
    );
    const key = JSON.stringify([...definition]);
    if (!this.#known.has(key)) this.#known.set(key, factsOf(database, table));
    return this.#known.get(key);
  }
}

function factsOf(database: SqlStorageLike, table: string): TableFacts | undefined {
  const all = (sql: string, ...bindings: unknown[]): Row[] =>
    [...database.exec(sql, ...bindings)] as Row[];
  const [listed] = all(
    "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND lower(name) = lower(?)",
    table,
  );
  if (listed === undefined) return undefined;
  const name = String(listed.name);
  const [master] = all("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", name);
  const sql = String(master?.sql ?? '');
  const texts = textsOf(sql);
  const found = all(`PRAGMA table_xinfo(${quote(name)})`);
  const primary = found
    .filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a.pk) - Number(b.pk))
    .map((column) => fold(String(column.name)));
  const indexes = all(`PRAGMA index_list(${quote(name)})`);
  const hasIndex = indexes.some(({ origin }) => origin === 'pk');
  const [strict, withoutRowid] = [listed.strict === 1, listed.wr === 1];
  const columns = found
    // Hidden columns are those of virtual tables.
    .filter(({ hidden }) => hidden !== 1)
    .map((column): ColumnFacts => {
      const folded = fold(String(column.name));
      const isKey = Number(column.pk) > 0;
      return {
        name: String(column.name),
        type: String(column.type),
        affinity: affinityOf(String(column.type)),
        isRowid: isKey && primary.length === 1 && !hasIndex,
        // https://www.sqlite.org/withoutrowid.html and https://www.sqlite.org/stricttables.html
        notNull: column.notnull === 1 || (isKey && (withoutRowid || strict)),
        generated: Number(column.hidden) > 1,
        collation: texts.get(folded)?.collation ?? 'BINARY',
        expression: texts.get(folded)?.expression,
        fallback: column.dflt_value === null ? null : String(column.dflt_value),
      };
    });
  const ofIndexes = indexes.map((index): Key & { readonly unique: boolean } => {
    const [row] = all(
      "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?",
      index.name,
    );
    const text = textsOfIndex(String(row?.sql ?? ''));
    const parts = all(`PRAGMA index_xinfo(${quote(String(index.name))})`).filter(
      ({ key }) => key === 1,
    );
    return {
      index: index.origin === 'c' ? String(index.name) : undefined,
      isPrimary: index.origin === 'pk',
      unique: index.unique === 1,
      where: text.where,
      parts: parts.map(({ name: column, coll }, i) => ({
        column: column === null ? undefined : fold(String(column)),
        sql: column === null ? (text.parts[i] ?? '') : quote(String(column)),
        collation: String(coll).toUpperCase(),
      })),
    };
  });
  const keys: Key[] = ofIndexes.filter(({ unique }) => unique);
  const rowid = columns.find(({ isRowid }) => isRowid);
  if (rowid !== undefined) {
    const part = { column: fold(rowid.name), sql: quote(rowid.name), collation: 'BINARY' };
    keys.push({ index: undefined, isPrimary: true, parts: [part], where: undefined });
  }
  return {
    ...{ name, columns, keys, strict, withoutRowid, primary },
    indexes: ofIndexes,
    checks: checksOf(sql).map((check) => check.sql),
    clauses: clausesOf(sql),
    references: referencesOf(all(`PRAGMA foreign_key_list(${quote(name)})`)),
  };
}

function referencesOf(rows: readonly Row[]): ReferenceFacts[] {
  const byId = new Map<unknown, Row[]>();
  for (const row of rows) byId.set(row.id, [...(byId.get(row.id) ?? []), row]);
  return Array.from(byId.values(), (parts) => ({
    columns: parts.map(({ from }) => fold(String(from))),
    parent: fold(String(parts[0]?.table)),
    to: parts.flatMap(({ to }) => (to === null ? [] : [fold(String(to))])),
    does: ['delete', 'update'].flatMap((on) => {
      const action = String(parts[0]?.[`on_${on}`]);
      return action === 'NO ACTION' ? [] : [`ON ${on.toUpperCase()} ${action}`];
    }),
  }));
}

/**
 * A column of a table.
 *
 * @param table the table
 * @param column the column, folded
 */
export const columnIn = (
  { columns }: TableFacts,
  column: string | undefined,
): ColumnFacts | undefined => columns.find(({ name }) => fold(name) === column);

/**
 * Whether a key keeps apart all that another one did.
 *
 * @param key a key
 * @param old another, of the same table
 */
export function forbidsAsMuch(key: Key, old: Key): boolean {
  if (key.where !== undefined && normalized(key.where) !== normalized(old.where ?? null))
    return false;
  return key.parts.every((part) =>
    old.parts.some(
      (other) =>
        normalized(other.sql) === normalized(part.sql) &&
        (other.collation === part.collation || other.collation === 'BINARY'),
    ),
  );
}

/**
 * Whether an index is of as much use as another one: it begins with the same columns, and forbids as much.
 *
 * @param index an index
 * @param other another, of the same table
 */
export function servesAs(
  index: TableFacts['indexes'][number],
  other: TableFacts['indexes'][number],
): boolean {
  const spelled = ({ sql, collation }: KeyPart): string => `${normalized(sql)} ${collation}`;
  const begins = other.parts.every(
    (part, i) => spelled(part) === spelled(index.parts[i] ?? { ...part, sql: '' }),
  );
  if (!begins || normalized(index.where ?? null) !== normalized(other.where ?? null)) return false;
  return !other.unique || (index.unique && index.parts.length === other.parts.length);
}

/**
 * Whether an index forbids whatever another one does: it is UNIQUE on some of that one's columns, for all rows.
 *
 * @param index an index
 * @param other another, of the same table before
 */
export const forbidsMore = (
  index: TableFacts['indexes'][number],
  other: TableFacts['indexes'][number],
): boolean =>
  index.unique &&
  index.where === undefined &&
  index.parts.every(({ sql }) =>
    other.parts.some((part) => normalized(part.sql) === normalized(sql)),
  );
