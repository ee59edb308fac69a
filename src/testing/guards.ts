// Triggers that refuse a made-up row which a pending migration would fail on, for as long as rows are made.
import { quote, type SqlStorageLike } from '../base/storage.ts';
import { fold } from '../reader/names.ts';
import type { DeclaredTable } from './contents.ts';
import { type Demand, renamed } from './demands.ts';

const PREFIX = 'drizzle_offramp_guard_';

const textOf = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** When a row does not meet a demand, as a condition on `NEW`, and what SQLite would say. */
function breachOf(
  table: DeclaredTable,
  { kind, columns, expression }: Demand,
): { when: string; says: string; unless?: string } | undefined {
  const names = columns.map(
    (column) => table.columns.find(({ name }) => fold(name) === column)?.name ?? column,
  );
  if (kind === 'unique') {
    const is = names.map((name) => `${quote(name)} = NEW.${quote(name)}`).join(' AND ');
    return {
      when: `EXISTS (SELECT 1 FROM ${quote(table.name)} WHERE ${is})`,
      says: `UNIQUE constraint failed: ${names.map((name) => `${table.name}.${name}`).join(', ')}`,
      // A row whose values stay as they are is not in its own way.
      unless: names.map((name) => `NEW.${quote(name)} IS OLD.${quote(name)}`).join(' AND '),
    };
  }
  if (kind !== 'check' || expression === undefined) return undefined;
  const fresh = new Map(table.columns.map(({ name }) => [fold(name), `NEW.${quote(name)}`]));
  const condition = renamed(expression, fresh);
  if (condition === undefined) return undefined;
  return { when: `(${condition}) IS 0`, says: `CHECK constraint failed: ${expression}` };
}

/**
 * Has a table refuse rows that do not meet demands.
 *
 * @param sql the object's SQL storage
 * @param table the table
 * @param demands what its rows must meet
 * @param number what tells the table from others with guards
 * @returns the triggers that do it
 */
export function guard(
  sql: SqlStorageLike,
  table: DeclaredTable,
  demands: readonly Demand[],
  number: number,
): string[] {
  if (table.isVirtual) return [];
  return demands.flatMap((demand, at) => {
    const breach = breachOf(table, demand);
    if (breach === undefined) return [];
    const { when, says, unless } = breach;
    const create = (event: 'INSERT' | 'UPDATE', condition: string): string => {
      const name = `${PREFIX}${number}_${at}_${event.toLowerCase()}`;
      sql.exec(
        `CREATE TRIGGER ${name} BEFORE ${event} ON ${quote(table.name)} WHEN ${condition} ` +
          `BEGIN SELECT raise(ABORT, ${textOf(says)}); END`,
      );
      return name;
    };
    const changed = unless === undefined ? when : `NOT (${unless}) AND ${when}`;
    return [create('INSERT', when), create('UPDATE', changed)];
  });
}

/**
 * Takes the triggers away again.
 *
 * @param sql the object's SQL storage
 * @param names what {@link guard} returned
 */
export function unguard(sql: SqlStorageLike, names: readonly string[]): void {
  for (const name of names) sql.exec(`DROP TRIGGER ${name}`);
}
