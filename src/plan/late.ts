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
  /** Its statement. */
  readonly statement: string;
  /** The statement that stands against it, and whose that is; undefined where it does more than add. */
  readonly other: { readonly statement: string; readonly migration: Migration } | undefined;
  /** The last migration that the object has and that comes later or was made later. */
  readonly latest: Migration;
}

/** What Drizzle would write as `created_at`: the exact `when`, or the second of the tag. */
export const createdAt = ({ when, tag }: Migration): number | null =>
  when ?? (tag === null ? null : millisOf(tag.slice(0, 14)));

const read = new WeakMap<Migration, readonly Effect[]>();
function effectsOf(migration: Migration): readonly Effect[] {
  const found = read.get(migration) ?? splitStatements(migration.sql).map(effectOf);
  read.set(migration, found);
  return found;
}

/** The first pair of statements for which a question is answered with yes. */
function firstPair(
  late: readonly Effect[],
  others: readonly Migration[],
  question: (late: Effect, other: Effect) => boolean,
): Omit<Obstacle, 'latest'> | undefined {
  for (const one of late) {
    for (const migration of others) {
      const other = effectsOf(migration).find((effect) => question(one, effect));
      if (other === undefined) continue;
      return { statement: one.text, other: { statement: other.text, migration } };
    }
  }
  return undefined;
}

/** Whether a migration that stands before others that the object has comes to the same after them. */
function obstacleTo(
  migration: Migration,
  ran: readonly Migration[],
  coming: readonly Migration[],
  all: readonly Effect[],
): Omit<Obstacle, 'latest'> | undefined {
  const late = effectsOf(migration);
  const more = late.find((effect) => !onlyAdds(effect, all));
  if (more !== undefined) return { statement: more.text, other: undefined };
  const found = firstPair(late, ran, (one, other) => standsAgainst(one, other, all));
  if (found !== undefined) return found;
  // Two columns change places, and who names none of them would mistake the one for the other.
  const moved = late.filter(
    ({ kind, table }) =>
      kind === 'column' &&
      ran.some((other) =>
        effectsOf(other).some((effect) => effect.kind === 'column' && effect.table === table),
      ),
  );
  return firstPair(moved, coming, ({ table }, other) => goesByOrder(other, table));
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
  const places = new Map(migrations.map((migration, place) => [migration, place]));
  const after = (one: Migration, other: Migration): boolean =>
    (places.get(other) as number) > (places.get(one) as number);
  const had = migrations.filter((migration) => applied.has(migration));
  for (const migration of open) {
    const ran = had.filter((other) => after(migration, other));
    const latest = ran.at(-1);
    if (latest !== undefined) {
      const coming = open.filter((other) => after(migration, other));
      const all = migrations.filter((other) => !coming.includes(other)).flatMap(effectsOf);
      const obstacle = obstacleTo(migration, ran, coming, all);
      late.set(migration, obstacle && { ...obstacle, latest });
      continue;
    }
    // It runs in its place, but it may not know of what was made since. A clock that was wrong does no harm.
    const made = createdAt(migration) ?? Number.POSITIVE_INFINITY;
    const younger = had.filter((other) => (createdAt(other) ?? 0) > made);
    if (younger.length === 0) continue;
    const effects = effectsOf(migration);
    const obstacle = firstPair(effects, younger, (one, other) =>
      losesWhatWasAdded(one, effects, other),
    );
    const youngest = younger.at(-1) as Migration;
    if (obstacle !== undefined) late.set(migration, { ...obstacle, latest: youngest });
  }
  return late;
}
