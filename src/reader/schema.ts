// A table as its CREATE TABLE says.
import type { Action, Column, Reference, Table } from './model.ts';
import { fold, unquote } from './names.ts';
import {
  type AstNode,
  type ColumnDefinition,
  type CreateTableStmt,
  type CreateVirtualTableStmt,
  type DeferSubclause,
  type ForeignKeyClause,
  hasFilledKey,
  hasNoRowid,
  nodesOf,
} from './parser.ts';

const ACTIONS = { OnDeleteRefArg: 'onDelete', OnUpdateRefArg: 'onUpdate' } as const;

function referenceOf(
  columns: readonly string[],
  { tblName, columns: to, args }: ForeignKeyClause,
  defer: DeferSubclause | undefined,
): Reference {
  const actions: { onDelete: Action; onUpdate: Action } = {
    onDelete: 'NoAction',
    onUpdate: 'NoAction',
  };
  for (const arg of args) {
    if (arg.type === 'OnDeleteRefArg' || arg.type === 'OnUpdateRefArg') {
      actions[ACTIONS[arg.type]] = arg.action;
    }
  }
  const deferred = defer?.deferrable === true && defer.initDeferred === 'InitiallyDeferred';
  return {
    columns: columns.map(fold),
    parent: fold(tblName.text),
    to: (to ?? []).map(({ colName }) => fold(colName.text)),
    ...actions,
    deferred,
  };
}

/**
 * A column as it is defined.
 *
 * @param definition what CREATE TABLE or ADD COLUMN says of it
 */
export function columnOf({ colName, colType, constraints }: ColumnDefinition): Column {
  const all = constraints.map(({ constraint }) => constraint);
  const value = all.find((one) => one.type === 'DefaultColumnConstraint');
  // Only this very word makes it the rowid: https://www.sqlite.org/lang_createtable.html#rowid
  const key = all.find((one) => one.type === 'PrimaryKeyColumnConstraint');
  return {
    name: colName.text,
    notNull: all.some((one) => one.type === 'NotNullColumnConstraint' && !one.nullable),
    hasDefault: value !== undefined && value.expr.type !== 'NullLiteral',
    isRowid: key !== undefined && key.order !== 'Desc' && isInteger(colType?.name),
    generated: all.some((one) => one.type === 'GeneratedColumnConstraint'),
  };
}

const isInteger = (type: string | undefined): boolean => /^integer$/i.test(type ?? '');

const deferIn = (constraints: ColumnDefinition['constraints']): DeferSubclause | undefined =>
  constraints.flatMap(({ constraint }) =>
    constraint.type === 'DeferColumnConstraint' ? [constraint.clause] : [],
  )[0];

/**
 * The foreign keys that a table's SQL has.
 *
 * @param statement the statement that creates it; none if there is no such statement
 */
export const referencesIn = (statement: CreateTableStmt | undefined): readonly Reference[] =>
  statement === undefined ? [] : tableOf(statement).references;

/**
 * The foreign keys that a column's definition has.
 *
 * @param definition what CREATE TABLE or ADD COLUMN says of it
 */
export const referencesOf = ({ colName, constraints }: ColumnDefinition): Reference[] =>
  constraints.flatMap(({ constraint }) =>
    constraint.type === 'ForeignKeyColumnConstraint'
      ? [
          referenceOf(
            [colName.text],
            constraint.clause,
            constraint.deferClause ?? deferIn(constraints),
          ),
        ]
      : [],
  );

const namesOf = (columns: readonly { readonly expr: AstNode }[]): string[] | undefined => {
  const names = columns.map(({ expr }) => {
    const inner = expr.type === 'CollateExpr' ? (expr.expr as AstNode) : expr;
    return inner.type === 'Id' ? fold(inner.name) : undefined;
  });
  return names.every((name) => name !== undefined) ? (names as string[]) : undefined;
};

/**
 * The columns of a key or an index, folded.
 *
 * @param columns what it is over
 * @returns undefined if an expression is among them
 */
export const keyOf = namesOf;

const empty = (name: string): Table => ({
  name,
  columns: [],
  key: [],
  uniques: [],
  conflict: undefined,
  hasChecks: false,
  autoincrement: false,
  references: [],
  filled: false,
  held: [],
  origin: undefined,
});

function conflictOf(nodes: readonly AstNode[]): Table['conflict'] {
  const clauses = nodes.flatMap((node) => ('conflictClause' in node ? [node.conflictClause] : []));
  return (['Replace', 'Ignore'] as const).find((clause) => clauses.includes(clause));
}

/**
 * The table that a CREATE TABLE makes, without the columns of an AS SELECT.
 *
 * @param statement the statement
 */
export function tableOf({ tblName, body }: CreateTableStmt): Table {
  const table = empty(tblName.objName.text);
  if (body.type === 'AsSelectCreateTableBody') return table;
  const nodes = [...nodesOf(body)];
  const columns = body.columns.map(columnOf);
  const uniques: (readonly string[])[] = [];
  let primary: readonly string[] = [];
  const references = body.columns.flatMap(referencesOf);
  for (const { colName, constraints } of body.columns) {
    const isKey = constraints.some(
      ({ constraint: { type } }) =>
        type === 'PrimaryKeyColumnConstraint' || type === 'UniqueColumnConstraint',
    );
    if (isKey) uniques.push([fold(colName.text)]);
    if (constraints.some(({ constraint }) => constraint.type === 'PrimaryKeyColumnConstraint')) {
      primary = [fold(colName.text)];
    }
  }
  for (const { constraint } of body.constraints ?? []) {
    if (constraint.type === 'ForeignKeyTableConstraint') {
      const from = constraint.columns.map(({ colName }) => colName.text);
      references.push(referenceOf(from, constraint.clause, constraint.deferClause));
    }
    if (
      constraint.type !== 'PrimaryKeyTableConstraint' &&
      constraint.type !== 'UniqueTableConstraint'
    ) {
      continue;
    }
    const key = keyOf(constraint.columns);
    if (key === undefined) continue;
    uniques.push(key);
    if (constraint.type === 'PrimaryKeyTableConstraint') primary = key;
    const only = key.length === 1 ? columns.findIndex(({ name }) => fold(name) === key[0]) : -1;
    const type = body.columns[only]?.colType?.name;
    if (constraint.type === 'PrimaryKeyTableConstraint' && only >= 0 && isInteger(type)) {
      columns[only] = { ...(columns[only] as Column), isRowid: true };
    }
  }
  // https://www.sqlite.org/withoutrowid.html and https://www.sqlite.org/stricttables.html
  const fills = hasFilledKey(body.flags);
  return {
    ...table,
    columns: columns.map((column) => ({
      ...column,
      notNull: column.notNull || (fills && primary.includes(fold(column.name))),
      isRowid: column.isRowid && !hasNoRowid(body.flags),
    })),
    key: primary,
    uniques,
    references,
    conflict: conflictOf(nodes),
    hasChecks: nodes.some(({ type }) => /^Check/.test(type)),
    autoincrement: nodes.some((node) => 'autoIncrement' in node && node.autoIncrement === true),
  };
}

const VIRTUAL = /^(fts\d|rtree|rtree_i32)$/i;

/**
 * The table that a CREATE VIRTUAL TABLE makes.
 *
 * @param statement the statement
 */
export function virtualTableOf({ tblName, moduleName, args }: CreateVirtualTableStmt): Table {
  const derived = (args ?? []).some((argument) => /^\s*content\s*=/i.test(argument));
  const table = { ...empty(tblName.objName.text), derived };
  if (!VIRTUAL.test(moduleName.text)) return { ...table, columns: undefined };
  const names = (args ?? [])
    .filter((argument) => !/^[^"'`[]*=/.test(argument))
    .map((argument) =>
      unquote(/^\s*("[^"]*"|`[^`]*`|\[[^\]]*\]|[^\s]+)/.exec(argument)?.[1] ?? ''),
    );
  const columns = names.map(
    (name): Column => ({
      name,
      notNull: false,
      hasDefault: false,
      isRowid: false,
      generated: false,
    }),
  );
  return { ...table, columns };
}
