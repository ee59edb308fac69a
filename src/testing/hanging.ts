// What hangs on tables that are rebuilt: triggers, indexes, views, counters, and what only CREATE TABLE says. A new object
// lacks it as well, so a comparison with one shows nothing.
import { quote, type SqlStorageLike } from '../base/storage.ts';
import { fold, normalized, same, shown } from '../reader/names.ts';
import { type AstNode, type CreateTableStmt, nodesOf, parse } from '../reader/parser.ts';
import { referencesIn, tableOf } from '../reader/schema.ts';
import type { Changes } from './changes.ts';
import type { Fate } from './follow.ts';

/** A trigger, an index, a view or a table, as sqlite_master has it. */
export interface Entry {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

/** All that hangs together in an object. */
export interface Hanging {
  readonly entries: readonly Entry[];
  /** Views, triggers and virtual tables that cannot be used, each with SQLite's words. */
  readonly broken: ReadonlyMap<string, string>;
  /** The counters of AUTOINCREMENT, by their tables' names, folded. */
  readonly counters: ReadonlyMap<string, number>;
  /** What the columns of each index are, as text, by its folded name; those of constraints among them. */
  readonly indexes: ReadonlyMap<string, Index>;
}

interface Index {
  readonly table: string;
  readonly columns: readonly string[];
  readonly what: string;
}

const OWN = String.raw`name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name NOT GLOB '_cf_*' AND tbl_name NOT GLOB '__miniflare_*' AND tbl_name NOT GLOB 'cf_agents_*'`;

type Row = Record<string, unknown>;

/** What of the schema no statement can use any more. */
function brokenOf(sql: SqlStorageLike, entries: readonly Entry[]): Map<string, string> {
  const broken = new Map<string, string>();
  const ask = (label: string, query: string): void => {
    if (broken.has(label)) return;
    try {
      for (const _row of sql.exec(query));
    } catch (error) {
      const says = (error as Error).message.replace(/: SQLITE_[\s\S]*$/, '');
      // A trigger stands in for one kind of statement on a view only.
      if (!/^cannot modify .* because it is a view$/.test(says)) broken.set(label, says);
    }
  };
  for (const entry of entries) {
    const { type, name, table } = entry;
    if (type === 'view') ask(`view ${shown(name)}`, `SELECT * FROM ${quote(name)} LIMIT 0`);
    // Only a row shows that the content of a full-text table lacks a column.
    if (type === 'table' && /^create\s+virtual\b/i.test(entry.sql)) {
      ask(`table ${shown(name)}`, `SELECT * FROM ${quote(name)} LIMIT 1`);
    }
    if (type !== 'trigger') continue;
    const label = `trigger ${shown(name)}`;
    // A condition that is never true: the statement is read whole, and does nothing.
    const columns = [...sql.exec(`PRAGMA table_info(${quote(table)})`)].map((column) =>
      String(column.name),
    );
    const set = columns.map((column) => `${quote(column)} = ${quote(column)}`).join(', ');
    ask(label, `DELETE FROM ${quote(table)} WHERE 0`);
    if (set !== '') ask(label, `UPDATE ${quote(table)} SET ${set} WHERE 0`);
    const from = columns.map((column) => quote(column)).join(', ');
    ask(label, `INSERT INTO ${quote(table)} (${from}) SELECT ${from} FROM ${quote(table)} WHERE 0`);
  }
  return broken;
}

function indexesOf(sql: SqlStorageLike, entries: readonly Entry[]): Map<string, Index> {
  const texts = new Map(entries.map(({ name, sql: own }) => [name, own]));
  const rows = [
    ...sql.exec(
      `SELECT t.name AS of_table, i.name AS index_name, i."unique", i.partial, x.name, x.desc, x.coll
        FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND ${OWN}) AS t,
          pragma_index_list(t.name) AS i, pragma_index_xinfo(i.name) AS x
        WHERE x.key = 1`,
    ),
  ] as Row[];
  const parts = new Map<string, Row[]>();
  for (const row of rows) {
    const name = String(row.index_name);
    parts.set(name, [...(parts.get(name) ?? []), row]);
  }
  return new Map(
    Array.from(parts, ([name, keys]) => {
      const [first = {}] = keys;
      const own = texts.get(name) ?? '';
      const isPlain = first.partial === 0 && keys.every((key) => key.name !== null);
      const exact = isPlain ? '' : normalized(own.slice(own.indexOf('(')));
      const each = keys.map((key) => `${fold(String(key.name))} ${key.desc} ${key.coll}`);
      const columns = keys.flatMap((key) => (key.name === null ? [] : [fold(String(key.name))]));
      const what = `${first.unique} (${each.join(', ')})${exact}`;
      return [fold(name), { table: fold(String(first.of_table)), columns, what }];
    }),
  );
}

/**
 * Reads what hangs together in an object. It writes nothing, but needs the right to.
 *
 * @param sql the object's SQL storage
 * @param except tables to leave out, such as the ledgers
 */
export function readHanging(sql: SqlStorageLike, except: readonly string[]): Hanging {
  const query = `SELECT type, name, tbl_name AS "table", sql FROM sqlite_master WHERE sql IS NOT NULL AND ${OWN}`;
  const entries = ([...sql.exec(query)] as unknown as Entry[]).filter(
    ({ table }) => !except.includes(table.replace(/_repairs$/, '')),
  );
  const counts = entries.some((entry) => /\bautoincrement\b/i.test(entry.sql))
    ? ([...sql.exec('SELECT name, seq FROM sqlite_sequence')] as Row[])
    : [];
  return {
    entries,
    broken: brokenOf(sql, entries),
    counters: new Map(counts.map(({ name, seq }) => [fold(String(name)), Number(seq)])),
    indexes: indexesOf(sql, entries),
  };
}

const createOf = (sql: string): CreateTableStmt | undefined => {
  const statement = parse(sql);
  return statement?.type === 'CreateTableStmt' ? statement : undefined;
};

/** A column or a constraint of a table: what it is called in a message, and the columns that it names, folded. */
interface Part {
  readonly columns: readonly string[];
  readonly nodes: readonly AstNode[];
  readonly label: string;
}

function partsOf(statement: CreateTableStmt, sql: string): Part[] {
  const { body } = statement;
  if (body.type !== 'ColumnsAndConstraintsCreateTableBody') return [];
  const textOf = ({ span: { offset, length } }: AstNode): string =>
    normalized(sql.slice(offset, offset + length));
  const columns = body.columns.flatMap(({ colName, constraints }) =>
    constraints.map((constraint): Part => {
      const nodes = [...nodesOf(constraint as AstNode)];
      return { columns: [fold(colName.text)], nodes, label: textOf(constraint as AstNode) };
    }),
  );
  const constraints = (body.constraints ?? []).map((constraint): Part => {
    const nodes = [...nodesOf(constraint as AstNode)];
    const names = nodes.flatMap((node) => (node.type === 'Id' ? [fold(node.name)] : []));
    return { columns: names, nodes, label: textOf(constraint as AstNode) };
  });
  return [...columns, ...constraints];
}

/** What only CREATE TABLE says of a table, and drizzle-kit knows nothing of, so that its rebuild leaves it out. */
function unsaidBy(sql: string): { label: string; columns: readonly string[] }[] {
  const statement = createOf(sql);
  if (statement === undefined || statement.body.type !== 'ColumnsAndConstraintsCreateTableBody')
    return [];
  const found: { label: string; columns: readonly string[] }[] = [];
  for (const { columns, nodes } of partsOf(statement, sql)) {
    for (const node of nodes) {
      if (node.type === 'CollateColumnConstraint') {
        found.push({ label: `COLLATE ${node.collationName.text.toUpperCase()}`, columns });
      }
      if ('conflictClause' in node && node.conflictClause !== undefined) {
        found.push({ label: `ON CONFLICT ${String(node.conflictClause).toUpperCase()}`, columns });
      }
      if ('autoIncrement' in node && node.autoIncrement === true) {
        found.push({ label: 'AUTOINCREMENT', columns: columns.slice(0, 1) });
      }
    }
  }
  for (const { deferred, columns } of referencesIn(statement)) {
    if (deferred) found.push({ label: 'DEFERRABLE INITIALLY DEFERRED', columns });
  }
  const end = normalized(sql.slice(sql.lastIndexOf(')') + 1));
  if (/\bstrict\b/.test(end)) found.push({ label: 'STRICT', columns: [] });
  if (/\bwithout rowid\b/.test(end)) found.push({ label: 'WITHOUT ROWID', columns: [] });
  return found;
}

/** A constraint of a table. */
interface Constraint {
  readonly kind: 'reference' | 'check' | 'unique' | 'key' | 'generated' | 'on delete';
  readonly label: string;
  readonly columns: readonly string[];
}

const ACTIONS: Readonly<Record<string, string>> = {
  Cascade: 'CASCADE',
  SetNull: 'SET NULL',
  SetDefault: 'SET DEFAULT',
};

function constraintsOf(sql: string): Constraint[] {
  const statement = createOf(sql);
  if (statement === undefined) return [];
  const { references, key, uniques, columns } = tableOf(statement);
  const list = (names: readonly string[]): string => names.map(shown).join(', ');
  return [
    ...references.flatMap(({ columns: own, parent, onDelete }): Constraint[] => {
      const label = `FOREIGN KEY (${list(own)}) to ${shown(parent)}`;
      const action = ACTIONS[onDelete];
      return [
        { kind: 'reference', label, columns: own },
        ...(action === undefined
          ? []
          : [
              {
                kind: 'on delete' as const,
                label: `ON DELETE ${action} of ${label}`,
                columns: own,
              },
            ]),
      ];
    }),
    ...partsOf(statement, sql)
      .filter(({ nodes }) => nodes.some(({ type }) => /^Check/.test(type)))
      .map(({ label, columns: own }): Constraint => ({ kind: 'check', label, columns: own })),
    ...uniques
      .filter((unique) => unique.join() !== key.join())
      .map(
        (unique): Constraint => ({
          kind: 'unique',
          label: `UNIQUE (${list(unique)})`,
          columns: unique,
        }),
      ),
    ...(key.length > 0
      ? [{ kind: 'key' as const, label: `PRIMARY KEY (${list(key)})`, columns: key }]
      : []),
    ...(columns ?? []).flatMap(({ name, generated }): Constraint[] =>
      generated
        ? [{ kind: 'generated', label: `GENERATED of ${shown(name)}`, columns: [fold(name)] }]
        : [],
    ),
  ];
}

/** What pending statements drop by name, folded. */
export interface Asked {
  readonly trigger: ReadonlySet<string>;
  readonly index: ReadonlySet<string>;
  readonly view: ReadonlySet<string>;
}

/**
 * What statements drop by name.
 *
 * @param statements the statements that will run
 */
export function askedBy(statements: readonly string[]): Asked {
  const asked = { trigger: new Set<string>(), index: new Set<string>(), view: new Set<string>() };
  for (const sql of statements) {
    const statement = parse(sql);
    if (statement?.type === 'DropTriggerStmt') {
      asked.trigger.add(fold(statement.triggerName.objName.text));
    }
    if (statement?.type === 'DropIndexStmt') asked.index.add(fold(statement.idxName.objName.text));
    if (statement?.type === 'DropViewStmt') asked.view.add(fold(statement.viewName.objName.text));
  }
  return asked;
}

/**
 * What was there before and is gone, although no statement drops it by name.
 *
 * @param before the object before
 * @param after the object after
 * @param fates what becomes of each table
 * @param asked what statements drop by name
 * @param changes what changes on purpose
 */
export function lostOf(
  before: Hanging,
  after: Hanging,
  fates: ReadonlyMap<string, Fate>,
  asked: Asked,
  changes: Changes,
): string[] {
  const problems: string[] = [];
  const nameOf = (table: string): string | undefined => {
    const fate = fates.get(fold(table));
    return fate === undefined ? fold(table) : fate.name;
  };
  const isThere = ({ type, name }: Entry): boolean =>
    after.entries.some((entry) => entry.type === type && same(entry.name, name));
  for (const entry of before.entries) {
    const { type, name, table, sql } = entry;
    const now = nameOf(table);
    if (changes.has(name) || (type !== 'view' && now === undefined)) continue;
    if (type === 'table') {
      const rebuilt = after.entries.find((one) => one.type === 'table' && fold(one.name) === now);
      if (rebuilt === undefined || changes.has(now)) continue;
      problems.push(...lostOfTable(table, sql, rebuilt.sql, fates, after));
      continue;
    }
    const isMeant = asked[type as keyof Asked].has(fold(name));
    const isSpare = type === 'index' && isNeedless(name, before, after, fates);
    const on = type === 'view' ? '' : ` on ${shown(table)}`;
    if (isMeant || isSpare) continue;
    if (isThere(entry)) {
      if (!isSameAgain(entry, before, after, fates)) {
        problems.push(
          `${type} ${shown(name)}${on} is another one now, and no statement drops it by name`,
        );
      }
      continue;
    }
    problems.push(`${type} ${shown(name)}${on} is gone, and no statement drops it by name`);
  }
  problems.push(...danglingIn(after).filter((line) => !danglingIn(before).includes(line)));
  return [...problems, ...movedIn(before, after, fates)];
}

/** Whether a trigger or an index that went with its table came back as it was, as far as that can be told. */
function isSameAgain(
  { type, name, table, sql }: Entry,
  before: Hanging,
  after: Hanging,
  fates: ReadonlyMap<string, Fate>,
): boolean {
  const fate = fates.get(fold(table));
  if (fate?.rebuilt !== true || type === 'view') return true;
  // With other columns it cannot be what it was.
  if ([...fate.columns].some(([column, now]) => column !== now)) return true;
  if (type === 'index') {
    const [was, now] = [before, after].map(({ indexes }) => indexes.get(fold(name)));
    return (
      was === undefined ||
      was.what === now?.what ||
      !was.columns.every((one) => fate.columns.has(one))
    );
  }
  const now = after.entries.find((entry) => entry.type === type && same(entry.name, name));
  return now === undefined || normalized(now.sql, false) === normalized(sql, false);
}

/** Foreign keys that went along with the old table when it was renamed, though a new one has its name. */
function movedIn(before: Hanging, after: Hanging, fates: ReadonlyMap<string, Fate>): string[] {
  const tables = new Set(
    after.entries.flatMap(({ type, name }) => (type === 'table' ? [fold(name)] : [])),
  );
  return before.entries.flatMap(({ type, name, sql }) => {
    const fate = fates.get(fold(name));
    const table = fate === undefined ? fold(name) : fate.name;
    const now = after.entries.find((one) => one.type === 'table' && fold(one.name) === table);
    if (type !== 'table' || now === undefined || fate?.rebuilt === true) return [];
    const [was, is] = [sql, now.sql].map((one) => referencesIn(createOf(one)));
    return (was ?? []).flatMap(({ columns, parent }) => {
      const other = is?.find((one) => one.columns.join() === columns.join());
      if (other === undefined || other.parent === parent || !tables.has(parent)) return [];
      return [
        `foreign key (${columns.join(', ')}) of ${shown(name)} referred to ${shown(parent)} and now refers to ${shown(other.parent)}`,
      ];
    });
  });
}

/** Foreign keys to tables that are not there. */
function danglingIn({ entries }: Hanging): string[] {
  const tables = new Set(
    entries.flatMap(({ type, name }) => (type === 'table' ? [fold(name)] : [])),
  );
  return entries.flatMap(({ type, name, sql }) =>
    type !== 'table'
      ? []
      : referencesIn(createOf(sql))
          .filter(({ parent }) => !tables.has(parent))
          .map(
            ({ columns, parent }) =>
              `foreign key (${columns.join(', ')}) of ${shown(name)} refers to ${shown(parent)}, which is not there`,
          ),
  );
}

/** Whether an index went with a column that is gone, or there is one like it. */
function isNeedless(
  name: string,
  before: Hanging,
  after: Hanging,
  fates: ReadonlyMap<string, Fate>,
): boolean {
  const index = before.indexes.get(fold(name));
  if (index === undefined) return false;
  const fate = fates.get(index.table);
  const table = fate?.name ?? index.table;
  const isThere = (column: string): boolean => fate === undefined || fate.columns.has(column);
  if (!index.columns.every(isThere)) return true;
  return [...after.indexes.values()].some((one) => one.table === table && one.what === index.what);
}

/** Whether a column is the rowid still: no other can count by itself. */
function isRowid(sql: string, [column]: readonly (string | undefined)[]): boolean {
  const statement = createOf(sql);
  const columns = statement === undefined ? [] : (tableOf(statement).columns ?? []);
  return columns.some((one) => one.isRowid && fold(one.name) === column);
}

function lostOfTable(
  table: string,
  sql: string,
  now: string,
  fates: ReadonlyMap<string, Fate>,
  after: Hanging,
): string[] {
  const fate = fates.get(fold(table));
  if (normalized(sql) === normalized(now)) return [];
  const columnOf = (column: string): string | undefined =>
    fate === undefined ? column : fate.columns.get(column);
  const isLeft = (columns: readonly string[]): boolean =>
    columns.every((column) => columnOf(column) !== undefined);
  const said = (all: { label: string; columns: readonly string[] }[]): Set<string> =>
    new Set(all.map(({ label, columns }) => JSON.stringify([label, columns])));
  const has = said(unsaidBy(now));
  const unsaid = unsaidBy(sql)
    .filter(({ columns }) => isLeft(columns))
    .filter(
      ({ label, columns }) => label !== 'AUTOINCREMENT' || isRowid(now, columns.map(columnOf)),
    )
    .filter(({ label, columns }) => !has.has(JSON.stringify([label, columns.map(columnOf)])))
    .map(
      ({ label, columns }) =>
        `${label}${columns.length > 0 ? ` of ${columns.map(shown).join(', ')}` : ''}`,
    );
  const gone = [
    ...unsaid,
    ...lostConstraints(sql, now, columnOf, fate?.name ?? fold(table), after, fates),
  ];
  return gone.map(
    (label) => `${label} in ${shown(table)} is gone: the table was created anew without it`,
  );
}

function lostConstraints(
  sql: string,
  now: string,
  columnOf: (column: string) => string | undefined,
  table: string,
  after: Hanging,
  fates: ReadonlyMap<string, Fate>,
): string[] {
  const own = constraintsOf(sql);
  const kept = constraintsOf(now);
  const count = (all: Constraint[]): number => all.filter(({ kind }) => kind === 'check').length;
  const isKept = ({ kind, columns }: Constraint): boolean => {
    const places = columns.map(columnOf);
    // Of a CHECK only the columns that are there can be asked.
    if (kind === 'check')
      return count(kept) >= count(own) || !columns.some((one) => columnOf(one) !== undefined);
    if (places.includes(undefined)) return true;
    if (kind === 'key') return kept.some((one) => one.kind === kind);
    const isThere = kept.some((one) => one.kind === kind && one.columns.join() === places.join());
    if (kind !== 'unique') return isThere;
    const isKey = kept.some((one) => one.kind === 'key' && one.columns.join() === places.join());
    return isThere || isKey || hasUnique(after, table, places as string[]);
  };
  const isDropped = ({ kind, label }: Constraint): boolean =>
    kind === 'reference' &&
    [...fates].some(
      ([name, fate]) => fate.name === undefined && label.endsWith(` to ${shown(name)}`),
    );
  const names = new Set(
    own
      .filter((one) => one.kind === 'reference' && !isKept(one))
      .map(({ columns }) => columns.join()),
  );
  return own
    .filter((one) => !isKept(one) && !isDropped(one))
    .filter(({ kind, columns }) => kind !== 'on delete' || !names.has(columns.join()))
    .map(({ label }) => label);
}

/** Whether an index keeps columns unique. */
const hasUnique = ({ indexes }: Hanging, table: string, columns: readonly string[]): boolean =>
  [...indexes.values()].some(
    (one) =>
      one.table === table && one.what.startsWith('1 ') && one.columns.join() === columns.join(),
  );

/**
 * Counters of AUTOINCREMENT that fell: ids of deleted rows are given again.
 *
 * @param before the object before
 * @param after the object after
 * @param fates what becomes of each table
 */
export function fallenCounters(
  before: Hanging,
  after: Hanging,
  fates: ReadonlyMap<string, Fate>,
): string[] {
  return [...before.counters].flatMap(([table, count]) => {
    const fate = fates.get(table);
    const name = fate === undefined ? table : fate.name;
    const now = name === undefined ? undefined : after.counters.get(name);
    return now !== undefined && now < count ? [table] : [];
  });
}
