// What a table was by its definition and is not any more, once it is rebuilt: collations, defaults, constraints.
import { quote } from '../../../base/storage.ts';
import { columnsOf, isImplied, rewritten } from '../../../reader/expressions.ts';
import { fold, listOf, shown } from '../../../reader/names.ts';
import { type ColumnFacts, forbidsAsMuch, type TableFacts } from './facts.ts';
import { type Migrated, type Part, type SaidOfRows, writtenIn } from './migrated.ts';
import type { KnownToKit } from './snapshot.ts';

/** What is gone from a column that is copied as it is. */
function ofColumn(was: ColumnFacts, is: ColumnFacts, kit: KnownToKit | undefined): string[] {
  const name = shown(is.name);
  return [
    ...(was.collation !== 'BINARY' && is.collation === 'BINARY'
      ? [`COLLATE ${was.collation} of ${name}`]
      : []),
    ...(was.fallback !== null &&
    is.fallback === null &&
    !is.generated &&
    kit?.defaults.has(fold(was.name)) !== true
      ? [`DEFAULT ${was.fallback} of ${name}`]
      : []),
    ...(was.generated && !is.generated ? [`the expression that ${name} is computed by`] : []),
  ];
}

/** What a table says of all its rows, by the names of now; undefined for what names a column that is gone. */
function constraintsOf(
  table: Pick<TableFacts, 'keys' | 'references'>,
  toNow: (column: string) => string | undefined,
  toThen: (parent: string) => string = (parent) => parent,
) {
  const all = (columns: readonly string[]): string | undefined => {
    const names = columns.map(toNow);
    return names.includes(undefined)
      ? undefined
      : names
          .map((name) => shown(name ?? ''))
          .sort()
          .join(', ');
  };
  return [
    ...table.keys
      .filter(({ index }) => index === undefined)
      .map(({ isPrimary, parts }) => {
        const columns = all(parts.map(({ column }) => column ?? ''));
        return columns && `${isPrimary ? 'PRIMARY KEY' : 'UNIQUE'} (${columns})`;
      }),
    ...table.references.flatMap(({ columns, parent, does }) => {
      const names = all(columns);
      const reference = names && `the reference of ${names} to ${shown(toThen(parent))}`;
      return reference === undefined
        ? []
        : [reference, ...does.map((one) => `${one} of ${reference}`)];
    }),
  ].filter((one) => one !== undefined);
}

/**
 * What a rebuild leaves out of a table's definition.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are in
 */
export function findLostDefinition(
  migrated: Migrated,
  part: Part,
  after: TableFacts,
): SaidOfRows[] {
  const { before, held, values, isRebuild } = part;
  if (!isRebuild) return [];
  const now = new Map<string, string>();
  for (const [column, { exact, before: table }] of values) {
    if (exact !== undefined && table === before && !now.has(exact)) now.set(exact, column);
  }
  const toNow = (column: string): string | undefined => now.get(column);
  // What drizzle-kit knew somebody has taken out of the schema.
  const kit = migrated.knownToKit(before.name);
  const columns = before.columns.flatMap((was) => {
    const name = toNow(fold(was.name)) ?? (was.generated ? fold(was.name) : undefined);
    const is = after.columns.find((one) => fold(one.name) === name);
    if (is !== undefined) return ofColumn(was, is, kit);
    return was.generated ? [`the generated column ${shown(was.name)}`] : [];
  });
  const kept = new Set([
    ...constraintsOf(
      after,
      (column) => column,
      (parent) => migrated.reader.table(parent)?.origin ?? parent,
    ),
    // An index that is unique forbids as much.
    ...after.keys.map(
      ({ parts }) =>
        `UNIQUE (${parts
          .map(({ column }) => shown(column ?? ''))
          .sort()
          .join(', ')})`,
    ),
  ]);
  const dropped = new Set(kit === undefined ? [] : constraintsOf(kit, toNow));
  const constraints = constraintsOf(before, toNow).filter(
    (one) =>
      !dropped.has(one) &&
      ![one, one.replace('UNIQUE', 'PRIMARY KEY'), one.replace('PRIMARY KEY', 'UNIQUE')].some(
        (same) => kept.has(same),
      ),
  );
  // A reference that is gone takes along what it does.
  const gone = constraints.filter(
    (one) => !constraints.some((other) => other !== one && one.endsWith(` of ${other}`)),
  );
  const indexes = before.indexes.filter((old) => {
    const columns = [...old.parts.map(({ sql }) => sql), old.where ?? ''].flatMap(
      (sql) => columnsOf(sql) ?? [],
    );
    return (
      old.unique &&
      old.index !== undefined &&
      after.indexes.some(({ index }) => index === old.index) &&
      columns.every((column) => toNow(column) === column) &&
      !after.keys.some((key) => forbidsAsMuch(key, old))
    );
  });
  const clauses = [...before.clauses].flatMap(([clause, count]) =>
    (after.clauses.get(clause) ?? 0) < count ? [clause] : [],
  );
  const checks = before.checks.filter((check) => {
    const spelled = rewritten(check, (column) => {
      const name = toNow(column);
      return name === undefined ? undefined : quote(writtenIn(after, name));
    });
    return (
      spelled !== undefined && !isImplied(after.checks, spelled) && !isLoosened(spelled, after)
    );
  });
  const lost = [
    ...(before.strict && !after.strict ? ['STRICT'] : []),
    ...(before.withoutRowid && !after.withoutRowid ? ['WITHOUT ROWID'] : []),
    ...columns,
    ...gone,
    ...clauses,
    ...indexes.map(({ index }) => `what the index ${shown(index ?? '')} kept UNIQUE`),
    ...checks.map((check) => `CHECK (${check.replace(/\s+/g, ' ')})`),
  ];
  if (lost.length === 0) return [];
  return [
    {
      code: 'REBUILD_LOSES_DEFINITION',
      severity: 'warning',
      position: held.position,
      message: `${migrated.migration.name} rebuilds ${shown(after.name)} without ${listOf(lost)}.`,
      effect:
        'The rows stay, and what is written from then on is not checked, compared or filled in by it.',
      fix: 'If that is not what you want, write it into the new CREATE TABLE: drizzle-kit leaves out what its schema does not know.',
    },
  ];
}

/** Whether the new table has a check that allows more: it was changed, not lost. */
const isLoosened = (check: string, { checks }: TableFacts): boolean =>
  checks.some((one) => isImplied([check], one) || sameColumns(one, check));

/** Whether two checks are over the same columns. */
const sameColumns = (a: string, b: string): boolean =>
  columnsOf(a)?.toSorted().join() === columnsOf(b)?.toSorted().join();
