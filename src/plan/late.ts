// Migrations that the object lacks though it has one that comes later, or was made later: which of them may still run.
import { millisOf } from '../base/time.ts';
import type { Migration } from '../input/migration.ts';
import {
  type Effect,
  effectOf,
  goesByOrder,
  losesWhatWasAdded,
  onlyAdds,
  standsAgainst,
} from '../sql/effects.ts';
import { splitStatements } from '../sql/statements.ts';

/** Why a migration may not run out of order. */
export interface Obstacle {
  /** Its statement; that there is none to read. */
  readonly statement: string;
  /** The statement that stands against it, and whose that is; undefined where it does more than add. */
  readonly other?: { readonly text: string; readonly migration: Migration };
}

/** What Drizzle would write as `created_at`: the exact `when`, or the second of the tag. */
export const createdAt = ({ when, tag }: Migration): number | null =>
  when ?? (tag === null ? null : millisOf(tag.slice(0, 14)));

const read = new WeakMap<Migration, readonly Effect[]>();
function effectsOf(migration: Migration): readonly Effect[] {
  const { sql, baseline } = migration;
  // Once the SQL was dropped, the baseline tells what there is.
  const found = read.get(migration) ?? splitStatements(sql ?? baseline ?? '').map(effectOf);
  read.set(migration, found);
  return found;
}

/** The first pair of statements, one of each side, for which a question is answered with yes. */
function firstPair(
  late: Migration,
  others: readonly Migration[],
  question: (one: Effect, other: Effect) => boolean,
): Obstacle | undefined {
  for (const migration of others) {
    for (const one of effectsOf(late)) {
      const other = effectsOf(migration).find((effect) => question(one, effect));
      if (other) return { statement: one.text, other: { text: other.text, migration } };
    }
  }
  return undefined;
}

/** A rebuild may take away what a younger migration has added whose SQL was dropped. */
function besideDropped(migration: Migration, younger: readonly Migration[]): Obstacle | undefined {
  const dropped = younger.find(({ sql, up }) => sql === null && !up);
  const drop = effectsOf(migration).find(({ outline }) => outline.startsWith('DROP TABLE '));
  return dropped && drop && { statement: drop.text, other: { text: 'no SQL', migration: dropped } };
}

/**
 * Finds the migrations that would run out of order.
 *
 * @param migrations all migrations, in the order in which they run
 * @param applied those that the object has
 * @param open those that it lacks, in order
 * @returns them, each with what stands against it, or undefined where the object is then what a new one is
 */
export function findLate(
  migrations: readonly Migration[],
  applied: ReadonlySet<Migration>,
  open: readonly Migration[],
): Map<Migration, Obstacle | undefined> {
  const late = new Map<Migration, Obstacle | undefined>();
  const had = migrations.filter((migration) => applied.has(migration));
  for (const migration of applied.size > 0 ? open : []) {
    const after = migrations.slice(migrations.indexOf(migration) + 1);
    const ran = after.filter((other) => applied.has(other));
    if (ran.length > 0) {
      const coming = after.filter((other) => !applied.has(other));
      const all = migrations.filter((other) => !coming.includes(other)).flatMap(effectsOf);
      // What a function does nobody can tell.
      const opaque = [migration, ...after].find(({ sql }) => sql === null);
      const more = opaque
        ? `${opaque.key}, no SQL`
        : effectsOf(migration).find((effect) => !onlyAdds(effect, all))?.text;
      const obstacle = more
        ? { statement: more }
        : (firstPair(migration, ran, (one, other) => standsAgainst(one, other, all)) ??
          // Columns change places, and who names none of them would mistake the one for the other.
          firstPair(
            migration,
            coming,
            ({ kind, table }, other) => kind === 'column' && goesByOrder(other, table, all),
          ));
      late.set(migration, obstacle);
    } else {
      // It runs in its place, but it may not know of what was made since. A clock that was wrong does no harm.
      const made = createdAt(migration) ?? Number.POSITIVE_INFINITY;
      const younger = had.filter((other) => (createdAt(other) ?? 0) > made);
      const all = younger.length > 0 ? had.flatMap(effectsOf) : [];
      const obstacle =
        besideDropped(migration, younger) ??
        firstPair(migration, younger, (one, other) =>
          losesWhatWasAdded(one, effectsOf(migration), other, all),
        );
      if (obstacle) late.set(migration, obstacle);
    }
  }
  return late;
}
