// What drizzle-kit knew of a table, by the snapshot beside a migration: what it knew and leaves out the schema has dropped.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fold } from '../../../reader/names.ts';
import type { Key, ReferenceFacts } from './facts.ts';

/** What drizzle-kit knew of a table. Columns are folded. */
export interface KnownToKit {
  readonly defaults: ReadonlySet<string>;
  readonly keys: readonly Key[];
  readonly references: readonly ReferenceFacts[];
}

type Entity = Readonly<Record<string, unknown>>;

const valuesOf = (of: unknown): Entity[] => Object.values((of ?? {}) as Record<string, Entity>);

function read(file: string): Entity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Entity;
  } catch {
    // There is none, or nobody can read it: then nothing is known.
    return undefined;
  }
}

/** The entities of one kind that belong to a table, in either form of snapshots. */
function entitiesOf(snapshot: Entity, table: string, kind: string, key: string): Entity[] {
  if (Array.isArray(snapshot.ddl)) {
    return (snapshot.ddl as Entity[]).filter(
      (one) => one.entityType === kind && fold(String(one.table)) === table,
    );
  }
  const found = valuesOf(snapshot.tables).find(({ name }) => fold(String(name)) === table);
  return valuesOf(found?.[key]);
}

/**
 * What drizzle-kit knew of a table after a migration.
 *
 * @param file the migration's file
 * @param name the table
 * @returns undefined if there is no snapshot
 */
export function knownToKit(file: string, name: string): KnownToKit | undefined {
  const prefix = /^\d+/.exec(basename(file))?.[0];
  const snapshot =
    read(join(dirname(file), 'meta', `${prefix}_snapshot.json`)) ??
    read(join(dirname(file), 'snapshot.json'));
  if (snapshot === undefined) return undefined;
  const table = fold(name);
  const of = (kind: string, key: string): Entity[] => entitiesOf(snapshot, table, kind, key);
  const named = (one: unknown): string[] =>
    Array.isArray(one) ? one.map((column) => fold(String(column))) : [];
  const columns = of('columns', 'columns');
  const primary = [
    columns.flatMap((one) => (one.primaryKey === true ? [fold(String(one.name))] : [])),
    ...of('pks', 'compositePrimaryKeys').map((one) => named(one.columns)),
  ];
  const keyOf = (isPrimary: boolean, parts: readonly string[]): Key => ({
    ...{ index: undefined, isPrimary, where: undefined },
    parts: parts.map((column) => ({ column, sql: column, collation: 'BINARY' })),
  });
  return {
    defaults: new Set(
      columns.flatMap((one) => ((one.default ?? null) === null ? [] : [fold(String(one.name))])),
    ),
    keys: [
      ...primary.map((parts) => keyOf(true, parts)),
      ...of('uniques', 'uniqueConstraints').map((one) => keyOf(false, named(one.columns))),
    ],
    references: of('fks', 'foreignKeys').map((one) => ({
      columns: named(one.columns ?? one.columnsFrom),
      parent: fold(String(one.tableTo)),
      to: named(one.columnsTo),
      does: (['delete', 'update'] as const).flatMap((on) => {
        const action = String(one[on === 'delete' ? 'onDelete' : 'onUpdate'] ?? '').toUpperCase();
        return action === '' || action === 'NO ACTION' ? [] : [`ON ${on.toUpperCase()} ${action}`];
      }),
    })),
  };
}
