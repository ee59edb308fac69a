// Rows that refer to what is not there, once a migration says that they refer.
import { fold, listOf, shown } from '../../../reader/names.ts';
import { nodesOf } from '../../../reader/parser.ts';
import type { ReferenceFacts, TableFacts } from './facts.ts';
import {
  both,
  dealtWith,
  type Migrated,
  namesOf,
  type Part,
  type SaidOfRows,
  selectFrom,
  type ValueOf,
  valueIn,
  writtenIn,
} from './migrated.ts';
import { rowSource } from './source.ts';

/** The columns that a reference means in its parent. */
const targetOf = ({ to }: ReferenceFacts, parent: TableFacts | undefined): readonly string[] =>
  to.length > 0 ? to : (parent?.primary ?? []);

/** Whether what refers did so before. */
function isOld(
  migrated: Migrated,
  { from }: Part,
  reference: ReferenceFacts,
  values: readonly ValueOf[],
): boolean {
  const now = migrated.reader.table(reference.parent);
  const parents = new Set([reference.parent, now?.origin]);
  const held = now && migrated.reader.held(now).find(({ origin }) => parents.has(origin));
  const target = targetOf(reference, migrated.is(reference.parent)).map(
    (column) => held?.values.get(column)?.exact ?? column,
  );
  return from
    .flatMap(({ before }) => before.references)
    .some((old) => {
      const was = targetOf(old, migrated.was(old.parent));
      return (
        parents.has(old.parent) &&
        old.columns.length === values.length &&
        old.columns.every((column, at) => {
          const place = values.findIndex(({ exact }) => exact === column);
          return place >= 0 && was[at] === target[place];
        })
      );
    });
}

/** Whether the parent has been made of the very rows that refer to it. */
function isMadeOf(
  migrated: Migrated,
  { from }: Part,
  after: TableFacts,
  reference: ReferenceFacts,
  values: readonly ValueOf[],
): boolean {
  const parent = migrated.reader.table(reference.parent);
  if (parent === undefined || fold(after.name) === reference.parent) return false;
  const to = targetOf(reference, migrated.is(reference.parent));
  return migrated.reader
    .held(parent)
    .some(
      ({ origin, values: keys }) =>
        from.some(({ held }) => held.origin === origin) &&
        to.every((column, i) => keys.get(column)?.exact === values[i]?.exact),
    );
}

/** A SELECT of the keys that a parent has; empty if it has none, undefined if no query can tell before. */
function keysOf(migrated: Migrated, parent: TableFacts, to: readonly string[]): string | undefined {
  const table = migrated.reader.table(parent.name);
  if (table === undefined) return undefined;
  const [one, ...more] = migrated.reader.held(table);
  if (one === undefined) return table.filled ? undefined : '';
  const before = migrated.was(migrated.effects.tables.get(one.origin)?.name ?? one.origin);
  if (more.length > 0 || before === undefined) return undefined;
  const source = rowSource(one, parent, before, migrated.statement(one.position));
  const sql = to.map((column) => source.sqlOf(column));
  const isNull = sql.map((key) => key && `${key} IS NOT NULL`);
  return selectFrom(source, ...isNull)?.replace('SELECT *', () => `SELECT ${sql.join(', ')}`);
}

/** The condition of rows that refer to nothing. */
function orphans(
  migrated: Migrated,
  { source, values }: Part,
  reference: ReferenceFacts,
  parent: TableFacts,
): string | undefined {
  const to = targetOf(reference, parent);
  const sql = reference.columns.map((column) => source.sqlOf(column));
  const keys = keysOf(migrated, parent, to);
  if (keys === undefined || sql.includes(undefined)) return undefined;
  const filled = sql.map((one) => `${one} IS NOT NULL`);
  if (keys === '') return both(...filled);
  const collated = sql.map((one, i) => {
    // The parent's collation is the one that counts.
    const key = parent.columns.find(({ name }) => fold(name) === to[i]);
    const value = values.get(reference.columns[i] ?? '');
    const own = value?.before.columns.find(({ name }) => fold(name) === value.exact);
    const isPlain = (key?.collation ?? 'BINARY') === (own?.collation ?? 'BINARY');
    return isPlain ? one : `${one} COLLATE ${key?.collation ?? 'BINARY'}`;
  });
  const left = collated.length > 1 ? `(${collated.join(', ')})` : collated[0];
  return both(...filled, `${left} NOT IN (${keys})`);
}

/** Whether a value is one that an object has, or made of it in a rebuild; not one that is looked up, or new. */
function isOwn({ isRebuild, source }: Part, column: string, value: ValueOf | undefined): boolean {
  if (value?.exact !== undefined) return true;
  const tree = source.treeOf(column)?.tree;
  if (!isRebuild || tree === undefined || value?.sources.size === 0) return false;
  return [...nodesOf(tree)].every(({ type }) => type !== 'Select');
}

/**
 * Rows that refer to what is not there, by a reference that they had not.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are in
 */
export function findOrphans(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  const { held, source } = part;
  return after.references.flatMap((reference): SaidOfRows[] => {
    const parent = migrated.is(reference.parent);
    const values = reference.columns.map((column) => valueIn(part, after, column));
    if (parent === undefined || isOld(migrated, part, reference, values)) return [];
    if (values.some(({ known }) => known === 'NULL')) return [];
    if (!reference.columns.every((column, i) => isOwn(part, column, values[i]))) return [];
    if (isMadeOf(migrated, part, after, reference, values)) return [];
    const isCorrected = dealtWith(part, reference.columns).some(
      (by) =>
        (by === undefined && values.every(({ exact }) => exact === undefined)) ||
        (by !== undefined &&
          (by.against.has(reference.parent) || by.against.has(fold(parent.name))) &&
          namesOf(part, reference.columns).some((one) => by.compared.has(one))),
    );
    if (isCorrected) return [];
    const columns = listOf(reference.columns.map((one) => shown(writtenIn(after, one))));
    const name = shown(parent.name);
    const says = '"FOREIGN KEY constraint failed"';
    return [
      {
        code: 'NEW_FOREIGN_KEY',
        severity: 'data',
        position: held.copied
          ? held.position
          : migrated.placeOf((sql) => /\breferences\b/i.test(sql)),
        message: `${migrated.does(part, after)}, where ${columns} ${reference.columns.length > 1 ? 'refer' : 'refers'} to ${name} now.`,
        effect: migrated.disabled
          ? `Each object with a row that refers to no row of ${name} throws (${says}) at every wake with Drizzle's migrator, and ` +
            'is refused (FOREIGN_KEY_VIOLATION) with drizzle-offramp.'
          : `Each object with a row that refers to no row of ${name} throws (${says}) at every wake.`,
        fix: `Delete those rows, or set ${columns} to NULL in them, in a statement before it or in an earlier migration.`,
        ...migrated.checked(selectFrom(source, orphans(migrated, part, reference, parent))),
      },
    ];
  });
}
