// One migration between the schema before it and the one after it: which rows came into each table, and from where.
import { quote, type SqlStorageLike } from '../../../base/storage.ts';
import { columnsOf } from '../../../reader/expressions.ts';
import {
  type Held,
  type Loss,
  type Named,
  NOTHING,
  type Table,
  type Value,
} from '../../../reader/model.ts';
import { fold, listOf, normalized, shown } from '../../../reader/names.ts';
import type { Effects, Reader } from '../../../reader/reader.ts';
import { LOOKED_UP } from '../../../reader/select.ts';
import type { Finding } from '../finding.ts';
import { disablesForeignKeys, type LocatedMigration } from '../located.ts';
import { type ColumnFacts, columnIn, type Facts, type TableFacts } from './facts.ts';
import { type KnownToKit, knownToKit } from './snapshot.ts';
import { type RowSource, rowSource } from './source.ts';

/** What a finding says, and of which statement. */
export interface SaidOfRows extends Omit<Finding, 'file' | 'line'> {
  readonly position: number;
  /** The rows that a copy passes over or replaces in silence, where it does not throw. */
  readonly silent?: Held;
}

/** A value, and the table that it is from, as it was. */
export interface ValueOf extends Value {
  readonly before: TableFacts;
}

/** Rows that came into a table together: those that it had, or those of one copy. */
export interface Part {
  /** The rows of the table that gives them, as the reader knows them, and that table as it was. */
  readonly held: Held;
  readonly before: TableFacts;
  /** All tables that they are made of. */
  readonly from: readonly { readonly held: Held; readonly before: TableFacts }[];
  /** Where a query finds them. */
  readonly source: RowSource;
  /** What each column holds, by its name now, folded. */
  readonly values: ReadonlyMap<string, ValueOf>;
  readonly losses: readonly Loss[];
  readonly isRebuild: boolean;
}

/** Conditions that must all be true; those that are missing are left out. */
export const both = (...conditions: readonly (string | undefined)[]): string =>
  conditions.filter((one) => one !== undefined && one !== '').join(' AND ');

/**
 * The query for the rows of a part.
 *
 * @param source where they are found
 * @param conditions which of them; undefined where no query can tell before the migration
 */
export function selectFrom(
  { prefix, from, where, isWhole }: RowSource,
  ...conditions: readonly (string | undefined)[]
): string | undefined {
  if (!isWhole || conditions.includes(undefined)) return undefined;
  const all = both(where && `(${where})`, ...conditions);
  return `${prefix}SELECT * FROM ${from}${all === '' ? '' : ` WHERE ${all}`}`;
}

/** A migration, and the schemas around it. */
export class Migrated {
  readonly #after = new Map<string, TableFacts | undefined>();
  readonly #before = new Map<string, TableFacts | undefined>();
  /** Whether drizzle-offramp runs it with foreign keys disabled. */
  readonly disabled: boolean;

  /**
   * @param migration the migration
   * @param effects what the reader says that it does
   * @param reader the schema after it, as the reader knows it
   * @param before a database with the schema before it, once somebody asks
   * @param after a database with the schema after it
   * @param facts what is known of the tables of the same history
   * @param previous the file of the migration before it
   */
  constructor(
    readonly migration: LocatedMigration,
    readonly effects: Effects,
    readonly reader: Reader,
    private readonly before: () => SqlStorageLike,
    private readonly after: SqlStorageLike,
    private readonly facts: Facts,
    private readonly previous: string | undefined,
  ) {
    this.disabled = disablesForeignKeys(migration);
  }

  /** A table as it was. */
  was(name: string): TableFacts | undefined {
    const key = fold(name);
    if (!this.#before.has(key)) this.#before.set(key, this.facts.of(this.before(), name));
    return this.#before.get(key);
  }

  /** A table as it is. */
  is(name: string): TableFacts | undefined {
    const key = fold(name);
    if (!this.#after.has(key)) this.#after.set(key, this.facts.of(this.after, name));
    return this.#after.get(key);
  }

  /** What drizzle-kit knew of a table before, if there is a snapshot. */
  knownToKit(table: string): KnownToKit | undefined {
    return this.previous === undefined ? undefined : knownToKit(this.previous, table);
  }

  statement(position: number): string | undefined {
    return this.migration.statements[position]?.statement;
  }

  /** The place of the last statement that fits; the first one if none does. */
  placeOf(fits: (statement: string) => boolean): number {
    const place = this.migration.statements.findLastIndex(({ statement }) => fits(statement));
    return Math.max(place, 0);
  }

  /**
   * Whether a table has a trigger that does what one of before did.
   *
   * @param name the one of before
   * @param table the table
   */
  hasTriggerLike(name: string, table: string): boolean {
    const spelled = (sql: unknown, own: string): string =>
      normalized(String(sql), false).replace(` ${normalized(quote(own))} `, ' ');
    const [old] = this.before().exec(
      "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(name) = lower(?)",
      name,
    );
    if (old === undefined) return false;
    const found = this.after.exec(
      "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)",
      table,
    );
    const text = spelled(old.sql, String(old.name));
    return [...found].some((one) => spelled(one.sql, String(one.name)) === text);
  }

  /** The databases with the schema before, and with that after. */
  databases(): [before: SqlStorageLike, after: SqlStorageLike] {
    return [this.before(), this.after];
  }

  /** The virtual tables, each with its SQL. */
  searches(): { name: string; sql: string }[] {
    const found = this.after.exec(
      "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE 'create virtual%'",
    );
    return Array.from(found, ({ name, sql }) => ({ name: String(name), sql: String(sql) }));
  }

  /** A query, if it runs on the schema before. */
  checked(query: string | undefined): { query?: string } {
    if (query === undefined) return {};
    try {
      this.before().exec(`EXPLAIN ${query}`);
      return { query };
    } catch {
      return {};
    }
  }

  /**
   * The rows of a table, by how they came into it.
   *
   * @param table the table, as the reader knows it
   * @param after the same, as SQLite has it
   */
  partsOf(table: Table, after: TableFacts): Part[] {
    const groups = new Map<string, { held: Held; before: TableFacts }[]>();
    for (const held of this.reader.held(table)) {
      const before = this.was(this.effects.tables.get(held.origin)?.name ?? held.origin);
      if (before === undefined) continue;
      if (held.losses.some(({ cause, all }) => all || cause === LOOKED_UP)) continue;
      const group = held.copied ? `${held.position} ${held.branch}` : `own ${held.origin}`;
      // A table that stands twice in a copy gives its rows twice.
      const again = groups.get(group)?.some((one) => one.held.origin === held.origin);
      const key = again ? `${group} ${groups.size}` : group;
      groups.set(key, [...(groups.get(key) ?? []), { held, before }]);
    }
    return Array.from(groups.values(), (from) => this.#partOf(from, table, after));
  }

  #partOf(
    found: readonly { readonly held: Held; readonly before: TableFacts }[],
    table: Table,
    after: TableFacts,
  ): Part {
    const exact = ({ held }: { held: Held }): number =>
      [...held.values.values()].filter((value) => value.exact !== undefined).length;
    // The one that gives the rows loses the least; the others are joined with it.
    const from = found.toSorted(
      (a, b) => a.held.losses.length - b.held.losses.length || exact(b) - exact(a),
    );
    const { held, before } = from[0] as (typeof from)[number];
    const values = new Map<string, ValueOf>();
    for (const one of from) {
      for (const [column, value] of one.held.values) {
        const other = values.get(column);
        if (other === undefined || (other.sources.size === 0 && value.sources.size > 0)) {
          values.set(column, { ...value, before: one.before });
        }
      }
    }
    return {
      ...{ held, before, from, values },
      source: rowSource(held, after, before, this.statement(held.position)),
      losses: from.flatMap((one) => one.held.losses),
      isRebuild: this.effects.tables.get(held.origin)?.replacement === table,
    };
  }

  /** What a message says that the migration does to a table. */
  does({ from, held, isRebuild }: Part, after: TableFacts): string {
    const { name } = this.migration;
    if (!held.copied) return `${name} changes ${shown(after.name)}`;
    return isRebuild
      ? `${name} rebuilds ${shown(after.name)}`
      : `${name} copies rows of ${listOf(from.map(({ before }) => shown(before.name)))} into ${shown(after.name)}`;
  }
}

/**
 * What a column of a table gets in these rows: by the copy, by what it is computed of, or by its default.
 *
 * @param part the rows
 * @param after the table
 * @param column the column, folded
 */
export function valueIn(part: Part, after: TableFacts, column: string): ValueOf {
  const { values, before } = part;
  const found = values.get(column);
  if (found !== undefined) return found;
  const facts = after.columns.find(({ name }) => fold(name) === column);
  if (facts === undefined) return { ...NOTHING, before };
  if (!facts.generated) {
    return { ...NOTHING, known: facts.fallback === null ? 'NULL' : 'not NULL', before };
  }
  return { ...computed(part, facts), before };
}

function computed({ values, before }: Part, facts: ColumnFacts): Value {
  const name = fold(facts.name);
  const same = before.columns.find((one) => fold(one.name) === name);
  const spelled = (one: ColumnFacts | undefined): string => normalized(one?.expression ?? null);
  const all = columnsOf(facts.expression ?? '') ?? [];
  const isSame =
    spelled(same) === spelled(facts) && all.every((one) => values.get(one)?.exact === one);
  if (isSame) return { exact: name, apart: name, sources: new Set([name]) };
  return {
    ...NOTHING,
    sources: new Set(all.flatMap((one) => [...(values.get(one)?.sources ?? [])])),
  };
}

/**
 * What statements before have done about rows by some columns: those that deleted rows, or wrote into the columns.
 *
 * @param part the rows
 * @param columns the columns, by their names now, folded
 * @returns by what each of them told the rows; undefined for all rows
 */
export function dealtWith(
  { values, losses }: Part,
  columns: readonly string[],
): (Named | undefined)[] {
  return [
    ...losses.flatMap(({ cause, by }) => (cause === 'DELETE' && by !== undefined ? [by] : [])),
    ...columns.flatMap((column) => {
      const updated = values.get(column)?.updated;
      return updated === undefined ? [] : [updated.by];
    }),
  ];
}

/**
 * Columns by all their names.
 *
 * @param part the rows
 * @param columns the columns, by their names now, folded
 */
export const namesOf = ({ values, before }: Part, columns: readonly string[]): string[] => [
  // A statement before the copy means the column of before by such a name.
  ...columns.filter(
    (column) => columnIn(values.get(column)?.before ?? before, column) === undefined,
  ),
  ...columns.flatMap((column) => [...(values.get(column)?.sources ?? [])]),
];

/**
 * Whether the tables that rows are copied from keep them, so that what the copy leaves out is not lost.
 *
 * @param migrated the migration
 * @param part the rows
 */
export const isKept = ({ effects }: Migrated, { from }: Part): boolean =>
  from.every(({ held }) => {
    const effect = effects.tables.get(held.origin);
    return (
      effect === undefined ||
      effect.holders.some((holder) => !holder.held.copied && holder.held.losses.length === 0)
    );
  });

/**
 * The conflict clause by which a copy goes on where it would throw.
 *
 * @param part the rows
 */
export const silentBy = ({ losses }: Part): string | undefined =>
  losses.find(({ cause }) => /^(OR IGNORE|REPLACE|ON CONFLICT)/.test(cause))?.cause;

/**
 * A column's name as it is written.
 *
 * @param table its table
 * @param column the column, folded
 */
export const writtenIn = ({ columns }: TableFacts, column: string): string =>
  columns.find(({ name }) => fold(name) === column)?.name ?? column;

/**
 * What an error does to an object.
 *
 * @param where which object
 * @param says SQLite's words
 */
export const throwsWhere = (where: string, says: string): string =>
  `Each object ${where} throws ("${says}") at every wake, and nothing of the migration stands.`;
