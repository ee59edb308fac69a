// Single statements that throw by what stands in rows: JSON that is none, and rows that are inserted where users may
// have others.
import { quote } from '../../../base/storage.ts';
import { fold, listOf, normalized, shown } from '../../../reader/names.ts';
import { type AstNode, nodesOf, parse, type Stmt } from '../../../reader/parser.ts';
import { columnIn, type TableFacts } from './facts.ts';
import { both, type Migrated, type SaidOfRows, throwsWhere } from './migrated.ts';

const JSON_FUNCTIONS =
  /^json_(?:extract|each|tree|set|insert|replace|remove|patch|array_length|type)$|^json$/;

/** The columns that are read as JSON. */
function jsonColumns(node: AstNode): string[] {
  return [...nodesOf(node)].flatMap((one) => {
    const read =
      one.type === 'FunctionCallExpr' && JSON_FUNCTIONS.test(fold(one.name.name))
        ? one.args?.[0]
        : one.type === 'BinaryExpr' && one.op.startsWith('ArrowRight')
          ? one.left
          : undefined;
    if (read?.type === 'Id') return [fold(read.name)];
    return read?.type === 'QualifiedExpr' ? [fold(read.column.text)] : [];
  });
}

/** The table whose rows a statement reads, if it is one. */
function tableRead(tree: Stmt): string | undefined {
  switch (tree.type) {
    case 'UpdateStmt':
      return tree.from === undefined ? tree.tblName.objName.text : undefined;
    case 'CreateIndexStmt':
      return tree.tblName.text;
    case 'AlterTableStmt':
      return tree.body.type === 'AddColumnAlterTableBody' ? tree.tblName.objName.text : undefined;
    case 'InsertStmt': {
      const select = tree.body.type === 'SelectInsertBody' ? tree.body.select.select : undefined;
      const from = select?.type === 'SelectFrom' ? select.from?.select : undefined;
      return from?.type === 'TableSelectTable' ? from.tblName.objName.text : undefined;
    }
  }
  return undefined;
}

/**
 * Texts that are read as JSON and may be none.
 *
 * @param migrated the migration
 */
export const findMalformed = (migrated: Migrated): SaidOfRows[] =>
  migrated.migration.statements.flatMap(({ statement }, position): SaidOfRows[] => {
    // Few statements read JSON at all.
    if (!/json|->/i.test(statement) || /json_valid/i.test(statement)) return [];
    const tree = parse(statement);
    const before = tree && migrated.was(tableRead(tree) ?? '');
    if (tree === undefined || before === undefined) return [];
    return [...new Set(jsonColumns(tree))].flatMap((column): SaidOfRows[] => {
      const facts = columnIn(before, column);
      const isChecked = before.checks.some(
        (check) => /json_valid/i.test(check) && normalized(check).includes(column),
      );
      if (facts === undefined || isChecked) return [];
      const name = quote(facts.name);
      return [
        {
          code: 'READS_JSON',
          severity: 'data',
          position,
          message: `${migrated.migration.name} reads ${shown(facts.name)} of ${shown(before.name)} as JSON.`,
          effect: throwsWhere('with a text there that is no JSON', 'malformed JSON'),
          fix: `Read it only where it is: CASE WHEN json_valid(${shown(facts.name)}) THEN … END.`,
          ...migrated.checked(`SELECT * FROM ${quote(before.name)} WHERE NOT json_valid(${name})`),
        },
      ];
    });
  });

/** An INSERT of rows that are written out. */
interface Seed {
  readonly table: TableFacts;
  readonly position: number;
  /** What each row has for each column, as SQL. */
  readonly rows: readonly ReadonlyMap<string, string>[];
}

const isLiteral = (node: AstNode): boolean =>
  [...nodesOf(node)].every(({ type }) => /Literal$|^UnaryExpr$|^ParenthesizedExpr$/.test(type));

function seedsOf(migrated: Migrated): Seed[] {
  return migrated.migration.statements.flatMap(({ statement }, position): Seed[] => {
    const tree = parse(statement);
    if (tree?.type !== 'InsertStmt' || tree.orConflict !== undefined) return [];
    const body = tree.body.type === 'SelectInsertBody' ? tree.body : undefined;
    const table = migrated.was(tree.tblName.objName.text);
    if (
      body?.select.select.type !== 'SelectValues' ||
      body.upsert !== undefined ||
      table === undefined
    )
      return [];
    const writable = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
    const targets = (tree.columns?.map(({ text }) => text) ?? writable).map(fold);
    const rows = body.select.select.values.map(
      ({ values }) =>
        new Map(
          values.flatMap((value, i): [string, string][] => {
            const { offset, length } = value.span;
            const isKnown = isLiteral(value) && value.type !== 'NullLiteral';
            return isKnown ? [[targets[i] ?? '', statement.slice(offset, offset + length)]] : [];
          }),
        ),
    );
    return [{ table, position, rows }];
  });
}

const written = (table: TableFacts, columns: readonly string[]): string =>
  listOf(columns.map((column) => shown(columnIn(table, column)?.name ?? column)));

/** Rows that are inserted and whose keys users may have taken. */
function taken(migrated: Migrated, { table, position, rows }: Seed): SaidOfRows[] {
  return table.keys.flatMap(({ parts, where }): SaidOfRows[] => {
    const columns = parts.map(({ column }) => column ?? '');
    const given = rows.filter((row) => columns.every((column) => row.has(column)));
    if (where !== undefined || given.length === 0) return [];
    const names = columns.map((column) => quote(columnIn(table, column)?.name ?? column));
    const tuples = given.map((row) => columns.map((column) => row.get(column)).join(', '));
    const condition =
      names.length > 1
        ? `(${names.join(', ')}) IN (VALUES ${tuples.map((tuple) => `(${tuple})`).join(', ')})`
        : `${names[0]} IN (${tuples.join(', ')})`;
    const what = written(table, columns);
    return [
      {
        code: 'INSERTS_KEY',
        severity: 'data',
        position,
        message: `${migrated.migration.name} inserts rows into ${shown(table.name)}, where each ${what} can be there once.`,
        effect: throwsWhere(`with a row of the same ${what}`, 'UNIQUE constraint failed'),
        fix: 'Write INSERT OR IGNORE, or ON CONFLICT … DO NOTHING, if rows that are there shall stay.',
        ...migrated.checked(`SELECT * FROM ${quote(table.name)} WHERE ${condition}`),
      },
    ];
  });
}

/** Rows that are inserted and refer to what users may have deleted. */
function orphaned(migrated: Migrated, { table, position, rows }: Seed): SaidOfRows[] {
  return table.references.flatMap(({ columns, parent, to }): SaidOfRows[] => {
    const facts = migrated.was(parent);
    const keys = to.length > 0 ? to : (facts?.primary ?? []);
    const given = rows.filter((row) => columns.every((column) => row.has(column)));
    if (facts === undefined || given.length === 0 || facts.name === table.name) return [];
    const lacking = given.map((row) => {
      const found = keys.map(
        (key, i) => `${quote(columnIn(facts, key)?.name ?? key)} = ${row.get(columns[i] ?? '')}`,
      );
      return `NOT EXISTS (SELECT 1 FROM ${quote(facts.name)} WHERE ${both(...found)})`;
    });
    return [
      {
        code: 'INSERTS_REFERENCE',
        severity: 'data',
        position,
        message: `${migrated.migration.name} inserts rows into ${shown(table.name)} that refer to rows of ${shown(facts.name)} by ${written(table, columns)}.`,
        effect: throwsWhere(
          `in which such a row of ${shown(facts.name)} is gone`,
          'FOREIGN KEY constraint failed',
        ),
        fix: `Insert them only where it is there: INSERT INTO … SELECT … WHERE EXISTS (SELECT 1 FROM ${shown(facts.name)} …).`,
        ...migrated.checked(
          `SELECT 'missing' AS parent WHERE ${[...new Set(lacking)].join(' OR ')}`,
        ),
      },
    ];
  });
}

/**
 * Rows that are inserted, and depend on those that are there.
 *
 * @param migrated the migration
 */
export const findSeeds = (migrated: Migrated): SaidOfRows[] =>
  migrated.migration.statements.some(({ statement }) => /^insert\b/i.test(statement))
    ? seedsOf(migrated).flatMap((seed) => [...taken(migrated, seed), ...orphaned(migrated, seed)])
    : [];
