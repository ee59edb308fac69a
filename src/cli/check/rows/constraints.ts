// Rows that a table refuses by itself: by NOT NULL, by a CHECK, by its types.
import { quote } from '../../../base/storage.ts';
import {
  columnsOf,
  conjunctsOf,
  expressionOf,
  isImplied,
  rewritten,
} from '../../../reader/expressions.ts';
import { fold, listOf, shown } from '../../../reader/names.ts';
import { type Affinity, columnIn, type TableFacts } from './facts.ts';
import {
  dealtWith,
  isKept,
  type Migrated,
  namesOf,
  type Part,
  type SaidOfRows,
  selectFrom,
  silentBy,
  throwsWhere,
  valueIn,
  writtenIn,
} from './migrated.ts';
import { isStoredAs, refusedBy, takesAll, takesExpression, typeOf } from './types.ts';

const any = (conditions: readonly (string | undefined)[]): string | undefined => {
  if (conditions.includes(undefined)) return undefined;
  return conditions.length > 1 ? `(${conditions.join(' OR ')})` : conditions[0];
};

const isNewIn = (before: TableFacts, column: string): boolean =>
  columnIn(before, column) === undefined;

/**
 * NULLs that are copied into what is NOT NULL.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are copied into
 */
export function findNulls(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  const { held, before, source, values } = part;
  if (silentBy(part) === 'OR IGNORE') return [];
  const columns = after.columns.filter((column) => {
    if (!column.notNull || column.isRowid) return false;
    const name = fold(column.name);
    if (column.generated) return isNewIn(before, name);
    const value = values.get(name);
    if (!held.copied || value === undefined || value.known === 'not NULL') return false;
    // What comes from no table, such as from json_each, is made for it.
    if (value.sources.size === 0 && value.known !== 'NULL') return false;
    const old = value.before.columns.find((one) => fold(one.name) === value.exact);
    const isDeleted = dealtWith(part, []).some((by) =>
      namesOf(part, [name]).some((one) => by?.nulls.has(one)),
    );
    return !old?.notNull && !old?.isRowid && !isDeleted;
  });
  const [first] = columns;
  if (first === undefined) return [];
  const isNull = columns.map(({ name }) => {
    const sql = source.sqlOf(fold(name));
    return sql && `${sql} IS NULL`;
  });
  const names = listOf(columns.map(({ name }) => shown(name)));
  return [
    {
      code: 'REBUILD_NOT_NULL',
      severity: 'data',
      position: Math.max(held.position, 0),
      message: `${migrated.does(part, after)}, where ${names} ${columns.length > 1 ? 'are' : 'is'} NOT NULL${part.isRebuild ? ' now' : ''}, and ${held.copied ? 'copies' : 'computes'} what may be NULL.`,
      effect: throwsWhere(
        'with a NULL there',
        `NOT NULL constraint failed: ${after.name}.${first.name}`,
      ),
      fix: `Fill it first (UPDATE ${shown(before.name)} SET … WHERE … IS NULL), or copy coalesce(…, …).`,
      ...migrated.checked(selectFrom(source, any(isNull))),
    },
  ];
}

/** Whether a part of a check says no more of these rows than was known of them. */
function isOld(check: string, columns: readonly string[], part: Part, after: TableFacts): boolean {
  const { before } = part;
  const old = rewritten(check, (column) => {
    const { exact, before: table } = valueIn(part, after, column);
    const [was, is] = [columnIn(table, exact), columnIn(after, column)];
    if (exact === undefined || table !== before || !was || !is) return undefined;
    // What is compared in another way says something else.
    const isStricter = is.collation !== was.collation && is.collation === 'BINARY';
    return isStricter || was.affinity !== is.affinity ? undefined : quote(exact);
  });
  if (old !== undefined && isImplied(before.checks, old)) return true;
  return columns.every((column) => valueIn(part, after, column).sources.size === 0);
}

/** Whether a statement before has dealt with some values: it wrote all of them, or those that it names. */
const isCorrected = (part: Part, columns: readonly string[]): boolean =>
  dealtWith(part, columns).some(
    (by) => by === undefined || namesOf(part, columns).some((one) => by.names.has(one)),
  );

/** Whether all columns and literals of a check are compared as one type: then an expression needs no type of its own. */
function isOfOneType(check: string, column: string, affinity: Affinity): boolean {
  const literals = /^(INTEGER|REAL|NUMERIC)$/.test(affinity) ? /'/ : /\b\d/;
  return conjunctsOf(check).every((one) => {
    const columns = columnsOf(one);
    if (columns !== undefined && !columns.includes(column)) return true;
    return columns?.length === 1 && (affinity === 'BLOB' || !literals.test(one));
  });
}

/** A column as a check of the new table compares it; undefined where its type changes it first. */
function comparedAs(
  part: Part,
  after: TableFacts,
  check: string,
  column: string,
): string | undefined {
  const { exact, before: table } = valueIn(part, after, column);
  const [was, is] = [columnIn(table, exact), columnIn(after, column)];
  const sql = part.source.sqlOf(column);
  if (is === undefined || sql === undefined) return sql;
  if (was !== undefined) {
    if (was.affinity !== is.affinity) return undefined;
    return was.collation === is.collation ? sql : `(${sql} COLLATE ${is.collation})`;
  }
  const copied = part.source.treeOf(column);
  const isConstant = copied === undefined && columnsOf(sql)?.length === 0;
  const tree = isConstant ? expressionOf(sql) : copied?.isPlain ? copied.tree : undefined;
  if (tree === undefined || !isStoredAs(tree, is, table)) return undefined;
  if (tree.type === 'NullLiteral') return sql;
  // A value that is computed has no type of its own, and the column has; one of type BLOB keeps what it is given.
  if (typeOf(tree) !== undefined && is.affinity !== 'BLOB') {
    return `(CAST(${sql} AS ${is.affinity}) COLLATE ${is.collation})`;
  }
  return isOfOneType(check, column, is.affinity) ? `(${sql} COLLATE ${is.collation})` : undefined;
}

/**
 * Rows that a CHECK refuses which the table that they come from had not.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are in
 */
export function findRefused(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  const { held, before, source } = part;
  return after.checks.flatMap((check): SaidOfRows[] => {
    const isNew = conjunctsOf(check).some((one) => {
      const columns = columnsOf(one) ?? [];
      return !isOld(one, columns, part, after) && !isCorrected(part, columns);
    });
    if (!isNew) return [];
    const bad = rewritten(check, (column) => comparedAs(part, after, check, column));
    // The copy leaves out what it refuses.
    if (bad !== undefined && source.where !== undefined && isImplied([source.where], bad))
      return [];
    const isSilent = silentBy(part) === 'OR IGNORE';
    if (isSilent && isKept(migrated, part)) return [];
    const rows = `a row of ${shown(before.name)} that it refuses`;
    return [
      {
        ...(isSilent && { silent: held }),
        code: isSilent ? 'REBUILD_FILTERS_ROWS' : 'NEW_CHECK',
        severity: isSilent ? 'warning' : 'data',
        position: held.copied ? held.position : migrated.placeOf((sql) => /\bcheck\b/i.test(sql)),
        message: `${migrated.does(part, after)}, ${isSilent ? 'and leaves out rows that a new CHECK refuses (OR IGNORE)' : 'which has a new CHECK'}: ${check.replace(/\s+/g, ' ')}.`,
        effect: isSilent
          ? `Each object loses ${rows.replace('a row', 'the rows')}, in silence.`
          : throwsWhere(`with ${rows}`, 'CHECK constraint failed'),
        fix: 'Correct those rows in a statement before it, or in an earlier migration.',
        ...migrated.checked(selectFrom(source, bad && `NOT (${bad})`)),
      },
    ];
  });
}

/**
 * Values that a STRICT table refuses.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are copied into
 */
export function findMistyped(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  const { held, before, source } = part;
  if (!after.strict || !held.copied || silentBy(part) === 'OR IGNORE') return [];
  const bad = after.columns.filter((column) => {
    const name = fold(column.name);
    const { exact, sources, before: table } = valueIn(part, after, name);
    if (column.generated) return false;
    const old = table.columns.find((one) => fold(one.name) === exact);
    if (old !== undefined) return !takesAll(old, column, table.strict);
    const found = source.treeOf(name);
    const isReadable = found?.isPlain === true || sources.size === 0;
    if (found === undefined || !isReadable) return sources.size > 0;
    return !takesExpression(found.tree, column, table);
  });
  const columns = bad.map(({ name }) => fold(name));
  const [first] = bad;
  if (first === undefined || isCorrected(part, columns)) return [];
  const conditions = bad.map((column) => {
    const sql = source.sqlOf(fold(column.name));
    return sql && refusedBy(sql, column);
  });
  const names = listOf(columns.map((column) => shown(writtenIn(after, column))));
  return [
    {
      code: 'STRICT_TYPES',
      severity: 'data',
      position: held.position,
      message: `${migrated.does(part, after)}, which is STRICT now, and ${before.strict ? 'was of other types' : 'was not'}.`,
      effect: throwsWhere(
        `with a value of another type in ${names}`,
        `cannot store TEXT value in ${first.type} column ${after.name}.${first.name}`,
      ),
      fix: 'Correct those values in a statement before it, or in an earlier migration.',
      ...migrated.checked(selectFrom(source, any(conditions))),
    },
  ];
}
