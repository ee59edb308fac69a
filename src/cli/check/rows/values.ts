// Values that are others after a migration: converted, computed, swapped, or written over.
import { quote } from '../../../base/storage.ts';
import { fold, listOf, shown } from '../../../reader/names.ts';
import { childrenOf, type Expr, parse } from '../../../reader/parser.ts';
import { isAlwaysTrue } from '../../../reader/select.ts';
import type { ColumnFacts, TableFacts } from './facts.ts';
import {
  both,
  type Migrated,
  type Part,
  type SaidOfRows,
  selectFrom,
  type ValueOf,
  writtenIn,
} from './migrated.ts';
import { changedBy } from './types.ts';

/** Functions that give one result for several values. */
const LOSSY = new Set(
  (
    'upper lower trim ltrim rtrim substr substring round abs length replace date time datetime julianday unixepoch ' +
    'strftime sign floor ceil ceiling trunc min max unhex typeof instr nullif'
  ).split(' '),
);

/** Whether the value itself goes through what gives one result for several values; conditions do not count. */
function isLossy(node: Expr): boolean {
  switch (node.type) {
    case 'CastExpr':
      return !/text|char|clob/i.test(node.typeName?.name ?? '') || isLossy(node.expr);
    case 'FunctionCallExpr':
      return (
        LOSSY.has(fold(node.name.name)) || (node.args ?? []).some((argument) => isLossy(argument))
      );
    case 'CaseExpr':
      return node.elseExpr === undefined;
    case 'ParenthesizedExpr':
    case 'BinaryExpr':
    case 'CollateExpr':
      return childrenOf(node).some((child) => isLossy(child as Expr));
  }
  return false;
}

const changed = (
  migrated: Migrated,
  part: Part,
  after: TableFacts,
  column: ColumnFacts,
  condition: string | undefined,
  why: string,
): SaidOfRows => ({
  code: 'CHANGES_VALUES',
  severity: 'data',
  position: part.held.position,
  message: `${migrated.does(part, after)}, and changes values of ${shown(column.name)}: ${why}.`,
  effect:
    'Each object with such a value has another one from then on, and no later deploy brings the old one back.',
  fix: 'If that is not what you want, copy the column as it is, or keep the old values in a column of their own.',
  ...migrated.checked(selectFrom(part.source, condition)),
});

/** A new type changes values that are copied as they are. */
function converted(
  migrated: Migrated,
  part: Part,
  after: TableFacts,
  column: ColumnFacts,
  value: ValueOf,
): SaidOfRows[] {
  const was = value.before.columns.find((one) => fold(one.name) === value.exact);
  // A STRICT table refuses, and a name says whether the type can change anything.
  if (was === undefined || changedBy('x', was, column) === undefined) return [];
  const sql = part.source.sqlOf(fold(column.name));
  const types = `it is ${column.type || 'of no type'} now, and was ${was.type || 'of no type'}`;
  return [changed(migrated, part, after, column, sql && changedBy(sql, was, column), types)];
}

/** A value goes through a function that gives one result for several. */
function computed(
  migrated: Migrated,
  part: Part,
  after: TableFacts,
  column: ColumnFacts,
  value: ValueOf,
): SaidOfRows[] {
  const name = fold(column.name);
  const tree = part.source.treeOf(name);
  const [first, ...more] = value.sources;
  const source = value.sources.has(name) ? name : more.length === 0 ? first : undefined;
  const was = value.before.columns.find((one) => fold(one.name) === source);
  const isKept = [...part.values.values()].some(
    ({ exact, before }) => exact === source && before === value.before,
  );
  if (!tree?.isPlain || was === undefined || isKept || !isLossy(tree.tree)) return [];
  const old = quote(was.name);
  const sql = part.source.sqlOf(name);
  const condition =
    sql && `${old} IS NOT NULL AND CAST(${sql} AS TEXT) COLLATE BINARY IS NOT CAST(${old} AS TEXT)`;
  const { offset, length } = tree.tree.span;
  const text = tree.sql.slice(offset, offset + length).replace(/\s+/g, ' ');
  return [changed(migrated, part, after, column, condition, `it is copied as ${text}`)];
}

/** Whether a column gets the values of another one, and its own are in a third or in that one. */
function isSwapped({ values, before }: Part, name: string): boolean {
  const from = onlySource(values.get(name));
  const isColumn = before.columns.some((one) => fold(one.name) === name);
  if (from === undefined || from === name || !isColumn) return false;
  return [...values].some(([other, value]) => other !== name && onlySource(value) === name);
}

/** The column that a value is, but for rows in which an UPDATE wrote another. */
function onlySource(value: ValueOf | undefined): string | undefined {
  if (value?.exact !== undefined || value?.updated === undefined) return value?.exact;
  return value.sources.size === 1 ? [...value.sources][0] : undefined;
}

function swapped(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  const names = after.columns.map(({ name }) => fold(name)).filter((name) => isSwapped(part, name));
  if (names.length === 0) return [];
  const pairs = names.map((name) => {
    const value = part.values.get(name) as ValueOf;
    return `${shown(writtenIn(value.before, onlySource(value) ?? ''))} into ${shown(writtenIn(after, name))}`;
  });
  return [
    {
      code: 'SWAPS_COLUMNS',
      severity: 'warning',
      position: part.held.position,
      message: `${migrated.does(part, after)}, and copies ${listOf(pairs)}.`,
      effect: 'Each row has the values of one column in another that was there before.',
      fix: 'If that is not what you want, name the columns in the same order on both sides of the copy.',
    },
  ];
}

/**
 * Values that a copy changes.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are copied into
 */
export function findChanged(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  if (!part.held.copied) return [];
  return [
    ...swapped(migrated, part, after),
    ...after.columns.flatMap((column): SaidOfRows[] => {
      const value = part.values.get(fold(column.name));
      if (value === undefined || value.updated !== undefined) return [];
      if (value.exact === undefined) return computed(migrated, part, after, column, value);
      return after.strict ? [] : converted(migrated, part, after, column, value);
    }),
  ];
}

/** What an UPDATE of all rows writes into a column. */
function writtenBy(sql: string, column: string): { tree: Expr; sql: string } | undefined {
  const statement = parse(sql);
  if (statement?.type !== 'UpdateStmt' || !isAlwaysTrue(statement.whereClause)) return undefined;
  const set = statement.sets.find(
    ({ colNames: [name, ...more] }) => more.length === 0 && fold(name?.text ?? '') === column,
  );
  if (set === undefined) return undefined;
  const { offset, length } = set.expr.span;
  return { tree: set.expr, sql: sql.slice(offset, offset + length) };
}

/** The rows in which a column has another value than it gets. */
function otherRows(
  before: TableFacts,
  { name }: ColumnFacts,
  sql: string | undefined,
  isGone: boolean,
): string {
  const is = quote(name);
  const written = isGone
    ? `${is} IS NOT (${sql})`
    : `CAST((${sql}) AS TEXT) COLLATE BINARY IS NOT CAST(${is} AS TEXT)`;
  return `SELECT * FROM ${quote(before.name)} WHERE ${both(`${is} IS NOT NULL`, sql && written)}`;
}

/**
 * Columns of which an UPDATE leaves no value, or only what a function makes of it.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are in
 */
export function findOverwritten(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  const { held, before, values } = part;
  const holders = migrated.effects.tables.get(held.origin)?.holders ?? [];
  const kept = holders.flatMap((holder) => [...holder.held.values.values()]);
  const table = shown(before.name);
  return after.columns.flatMap((column): SaidOfRows[] => {
    const name = fold(column.name);
    const value = values.get(name);
    const old = before.columns.find((one) => fold(one.name) === name);
    // What the migration before has added this one fills, as is usual.
    const columns = migrated.reader.table(after.name)?.columns;
    const added = columns?.find((one) => fold(one.name) === name)?.added ?? 0;
    const isWhole = value?.updated !== undefined && value.updated.by === undefined;
    if (old === undefined || !isWhole || added >= migrated.reader.generation - 1) return [];
    if (kept.some(({ exact }) => exact === name)) return [];
    const position = migrated.placeOf((sql) => writtenBy(sql, name) !== undefined);
    const written = writtenBy(migrated.statement(position) ?? '', name);
    const isGone = !kept.some(({ sources }) => sources.has(name));
    if (!isGone && (written === undefined || !isLossy(written.tree))) return [];
    const query = otherRows(before, old, written?.sql, isGone);
    return [
      {
        code: isGone ? 'OVERWRITES_COLUMN' : 'CHANGES_VALUES',
        severity: 'data',
        position,
        message: isGone
          ? `${migrated.migration.name} sets ${shown(old.name)} in every row of ${table}, whatever stands in it.`
          : `${migrated.migration.name} sets ${shown(old.name)} of ${table} to ${written?.sql.replace(/\s+/g, ' ')}, by which values become others.`,
        effect: isGone
          ? 'Each object loses the values that were there, and no later deploy brings them back.'
          : 'Each object with such a value has another one from then on, and no later deploy brings the old one back.',
        fix: isGone
          ? `If only rows without a value are meant, add WHERE ${shown(old.name)} IS NULL.`
          : 'If that is not what you want, keep the old values in a column of their own.',
        ...migrated.checked(query),
      },
    ];
  });
}
