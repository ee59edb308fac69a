// Rows that share what no two rows may share any more.
import { quote } from '../../../base/storage.ts';
import { columnsOf, isImplied, rewritten } from '../../../reader/expressions.ts';
import { fold, listOf, normalized, shown } from '../../../reader/names.ts';
import { parse } from '../../../reader/parser.ts';
import type { Key, TableFacts } from './facts.ts';
import {
  both,
  dealtWith,
  isKept,
  type Migrated,
  namesOf,
  type Part,
  type SaidOfRows,
  silentBy,
  throwsWhere,
  type ValueOf,
  valueIn,
  writtenIn,
} from './migrated.ts';
import { asNumber, merges, typeOf } from './types.ts';

/** Whether SQLite numbers these rows itself. */
const isNumbered = ({ held, values }: Part, after: TableFacts, column: string): boolean =>
  held.copied &&
  !values.has(column) &&
  after.columns.some(({ name, isRowid }) => isRowid && fold(name) === column);

/** Whether rows that these columns told apart are told apart by the key, too. */
function tells(
  unique: readonly string[],
  before: TableFacts,
  key: Key,
  { values }: Part,
  after: TableFacts,
): boolean {
  const old = before.keys.find(
    ({ parts, where }) =>
      where === undefined &&
      parts.length === unique.length &&
      parts.every(({ column }) => unique.includes(column ?? '')),
  );
  return unique.every((column) =>
    key.parts.some((part) => {
      const value = part.column === undefined ? undefined : values.get(part.column);
      if (value?.apart !== column || value.before !== before) return false;
      const was = before.columns.find(({ name }) => fold(name) === column);
      const is = after.columns.find(({ name }) => fold(name) === part.column);
      const own = old?.parts.find((one) => one.column === column)?.collation ?? was?.collation;
      const isFine = part.collation === 'BINARY' || part.collation === own;
      return isFine && was !== undefined && is !== undefined && !merges(was, is);
    }),
  );
}

/** Whether a key of before says as much, by the names of now. */
function isSame(
  old: Key,
  key: Key,
  values: ReadonlyMap<string, ValueOf>,
  before: TableFacts,
  after: TableFacts,
): boolean {
  const isMerged = [...values].some(([column, { exact, before: table }]) => {
    const was = table.columns.find(({ name }) => fold(name) === exact);
    const is = after.columns.find(({ name }) => fold(name) === column);
    return was !== undefined && is !== undefined && merges(was, is);
  });
  if (isMerged) return false;
  const nameOf = (column: string): string | undefined => {
    const exact = values.get(column)?.exact;
    return exact === undefined ? undefined : quote(writtenIn(before, exact));
  };
  const parts = key.parts.map(({ sql, collation }) => ({
    sql: rewritten(sql, nameOf),
    collation,
  }));
  const covers = old.parts.every(({ sql, collation }) =>
    parts.some(
      (part) =>
        part.sql !== undefined &&
        normalized(part.sql) === normalized(sql) &&
        (part.collation === collation || part.collation === 'BINARY'),
    ),
  );
  if (!covers || old.where === undefined) return covers;
  const where = key.where && rewritten(key.where, nameOf);
  return where !== undefined && isImplied([where], old.where);
}

const columnsOfKey = (key: Key): string[] => [
  ...key.parts.flatMap(({ column, sql }) =>
    column === undefined ? (columnsOf(sql) ?? []) : [column],
  ),
  ...(key.where === undefined ? [] : (columnsOf(key.where) ?? [])),
];

/** Whether somebody has seen to it: all values are written anew, or rows were compared with those of the same table. */
function isMadeApart(part: Part, after: TableFacts, key: Key, columns: readonly string[]): boolean {
  const { before, values, losses } = part;
  // Whoever compares texts as they are has not compared them in another way.
  const isPlain = key.parts.every(({ column, collation }) => {
    const value = values.get(column ?? '');
    const was = value?.before.columns.find(({ name }) => fold(name) === value.exact);
    return column !== undefined && collation === (was?.collation ?? collation);
  });
  if (!isPlain) return false;
  const left = losses.flatMap(({ cause, by }) =>
    cause === 'DELETE' || by === undefined ? [] : [by],
  );
  const anew = columns.map((column) => values.get(column));
  // Of several columns, or of random bytes: whoever writes that means to tell rows apart.
  const isAnew = anew.some(
    (value) =>
      value?.updated !== undefined &&
      value.updated.by === undefined &&
      (value.random === true || value.sources.size > 1),
  );
  if (isAnew) return true;
  return [...dealtWith(part, columns), ...left].some(
    (by) =>
      by !== undefined &&
      [before.name, after.name].some((name) => by.against.has(fold(name))) &&
      namesOf(part, columns).some((one) => by.compared.has(one)),
  );
}

/** Whether two of these rows may have the same key. */
function mayCollide(key: Key, part: Part, after: TableFacts): boolean {
  const { before, from } = part;
  const columns = columnsOfKey(key);
  const values = new Map(columns.map((column) => [column, valueIn(part, after, column)]));
  const isApart = key.parts.some(({ column }) => {
    if (column === undefined) return false;
    const value = values.get(column);
    return isNumbered(part, after, column) || value?.random === true || value?.known === 'NULL';
  });
  const own = key.parts.flatMap(({ column, sql }) => column ?? columnsOf(sql) ?? []);
  if (isApart || isMadeApart(part, after, key, own)) return false;
  const isTold = from.some((one) =>
    one.held.uniques.some((unique) => tells(unique, one.before, key, part, after)),
  );
  const isOnce = from.some((one) => one.before === before && one.held.once);
  const olds = isOnce ? before.keys : [];
  return !isTold && !olds.some((old) => isSame(old, key, values, before, after));
}

/** Whether rows of several tables, or of one and what was there, may share a key. */
function mayMeet(
  key: Key,
  parts: readonly Part[],
  after: TableFacts,
  isDisabled: boolean,
): boolean {
  // Where foreign keys are enforced these rows are gone by then.
  const isGone = parts.some(({ losses }) => losses.some(({ enforced }) => enforced));
  if (parts.length < 2 || (isGone && !isDisabled)) return false;
  const origins = new Set(parts.map(({ held }) => held.origin));
  const copied = parts.filter(({ held }) => held.copied).length;
  // One table in several pieces has been cut by somebody who knows why.
  if (copied === 0 || (origins.size === 1 && copied === parts.length)) return false;
  return !key.parts.some(({ column = '' }) => {
    const values = parts.map((part) => valueIn(part, after, column));
    const constant = values.filter(({ sources }) => sources.size === 0).length;
    return (
      parts.some((part) => isNumbered(part, after, column)) ||
      constant >= parts.length - 1 ||
      // What is computed is made so that it is new.
      values.some(
        ({ exact, sources, known }) => known === 'NULL' || (sources.size > 0 && !exact),
      ) ||
      values.some(({ random }) => random)
    );
  });
}

/** What a key is over in some rows, as SQL; undefined where no query can tell before. */
function sqlOf(key: Key, part: Part, after: TableFacts, whole: boolean) {
  const { source, values } = part;
  const told = key.parts.filter(
    // What is the same in all rows tells none of them.
    ({ column }) => whole || column === undefined || valueIn(part, after, column).sources.size > 0,
  );
  const sql = told.map(({ column, sql: text, collation }) => {
    const written =
      column === undefined ? rewritten(text, (one) => source.sqlOf(one)) : source.sqlOf(column);
    if (written === undefined) return undefined;
    const value = values.get(column ?? '');
    const is = after.columns.find(({ name }) => fold(name) === column);
    const was = value?.before.columns.find(({ name }) => fold(name) === value.exact);
    // A column of numbers makes numbers of texts, and of what is computed.
    const isNumber = is !== undefined && /^(INTEGER|REAL|NUMERIC)$/.test(is.affinity);
    const tree = column === undefined ? undefined : source.treeOf(column)?.tree;
    const isComputed = tree !== undefined && !/^(INTEGER|REAL)$/.test(typeOf(tree) ?? '');
    const isMerged = isNumber && (was === undefined ? isComputed : merges(was, is));
    const isPlain = collation === 'BINARY' && (was?.collation ?? 'BINARY') === 'BINARY';
    const stored = isMerged ? asNumber(written) : written;
    return isPlain ? stored : `${stored} COLLATE ${collation}`;
  });
  const where = key.where && rewritten(key.where, (one) => source.sqlOf(one));
  if (
    !source.isWhole ||
    sql.includes(undefined) ||
    (key.where !== undefined && where === undefined)
  )
    return undefined;
  const condition = both(source.where && `(${source.where})`, where && `(${where})`);
  return { source, sql: sql as string[], condition };
}

/** The query that finds keys that stand several times. */
function duplicates(key: Key, parts: readonly Part[], after: TableFacts): string | undefined {
  const found = parts.map((part) => sqlOf(key, part, after, parts.length > 1));
  const all = found.filter((one) => one !== undefined);
  // Branches of one copy are in one query already.
  const known = all.filter(
    ({ source }, i) =>
      source.prefix === '' || all.findIndex((one) => one.source.prefix === source.prefix) === i,
  );
  const [one] = known;
  if (one === undefined || all.length < found.length) return undefined;
  const select = (prefix: string, sql: readonly string[], from: string, condition: string) => {
    const where = both(condition, ...sql.map((text) => `${text} IS NOT NULL`));
    return (
      `${prefix}SELECT ${[...sql, 'count(*) AS "rows"'].join(', ')} FROM ${from}` +
      `${where === '' ? '' : ` WHERE ${where}`}${sql.length === 0 ? '' : ` GROUP BY ${sql.join(', ')}`} HAVING count(*) > 1`
    );
  };
  if (known.length === 1) return select(one.source.prefix, one.sql, one.source.from, one.condition);
  if (known.some(({ source }) => source.prefix !== '')) return undefined;
  const names = key.parts.map((_, i) => `key${i + 1}`);
  const each = known.map(({ source, sql, condition }) => {
    const columns = sql.map((text, i) => `${text} AS ${names[i]}`).join(', ');
    return `SELECT ${columns} FROM ${source.from}${condition === '' ? '' : ` WHERE ${condition}`}`;
  });
  return select('', names, `(${each.join(' UNION ALL ')})`, '');
}

/** Whether a statement creates an index of a name. */
function createsIndex(sql: string, name: string): boolean {
  const statement = parse(sql);
  return (
    statement?.type === 'CreateIndexStmt' && fold(statement.idxName.objName.text) === fold(name)
  );
}

function said(
  migrated: Migrated,
  key: Key,
  parts: readonly [Part, ...Part[]],
  after: TableFacts,
): SaidOfRows {
  const [part] = parts;
  const names = key.parts.map(({ column, sql }) =>
    column === undefined ? sql : shown(writtenIn(after, column)),
  );
  const what = names.length > 1 ? `(${names.join(', ')})` : String(names[0]);
  const from = listOf([...new Set(parts.map(({ before }) => shown(before.name)))]);
  const silent = parts.find((one) => silentBy(one) !== undefined);
  const { index } = key;
  const by = index === undefined ? '' : ` (index ${shown(index)})`;
  const where = key.where === undefined ? '' : ` where ${key.where.replace(/\s+/g, ' ')}`;
  const is = `${what} is ${key.isPrimary ? 'the primary key' : 'UNIQUE'}`;
  const copied = parts.findLast(({ held }) => held.copied);
  return {
    ...(silent && { silent: silent.held }),
    code: silent ? 'REBUILD_FILTERS_ROWS' : 'NEW_UNIQUE',
    severity: silent ? 'warning' : 'data',
    position:
      index === undefined
        ? (copied?.held.position ?? 0)
        : migrated.placeOf((sql) => createsIndex(sql, index)),
    message:
      parts.length > 1
        ? `${migrated.migration.name} puts rows of ${from} together into ${shown(after.name)}, where ${is}${by}${where}.`
        : silent
          ? `${migrated.does(part, after)}, and keeps only one of the rows with the same ${what} (${silentBy(silent)}).`
          : part.held.copied
            ? `${migrated.does(part, after)}, where ${is}${part.isRebuild ? ' now' : ''}${by}${where}.`
            : `${migrated.migration.name} makes ${what} of ${shown(after.name)} UNIQUE${by}${where}.`,
    effect: silent
      ? `Each object in which two rows of ${from} have the same ${what} loses all but one of them, in silence.`
      : throwsWhere(
          `in which two rows of ${from} have the same ${what}`,
          key.parts.some(({ column }) => column === undefined)
            ? `UNIQUE constraint failed: index '${index}'`
            : `UNIQUE constraint failed: ${names.map((name) => `${after.name}.${name}`).join(', ')}`,
        ),
    fix: 'Change or delete such rows in a statement before it, or in an earlier migration.',
    ...migrated.checked(duplicates(key, parts, after)),
  };
}

/**
 * Rows that share what no two rows of their table may share.
 *
 * @param migrated the migration
 * @param parts all rows of the table
 * @param after the table
 */
export function findDuplicates(
  migrated: Migrated,
  parts: readonly Part[],
  after: TableFacts,
): SaidOfRows[] {
  return after.keys.flatMap((key): SaidOfRows[] => {
    const isLost = (part: Part): boolean => silentBy(part) === undefined || !isKept(migrated, part);
    const found = parts.filter((part) => mayCollide(key, part, after));
    if (found.length > 0) {
      return found.filter(isLost).map((part) => said(migrated, key, [part], after));
    }
    return mayMeet(key, parts, after, migrated.disabled) && parts.every(isLost)
      ? [said(migrated, key, parts as [Part, ...Part[]], after)]
      : [];
  });
}
