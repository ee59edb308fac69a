import type { Migration } from '../input/migration.ts';
import { createdAt } from '../plan/plan.ts';
import type { MigrationRef } from '../plan/result.ts';

/** Who left the objects that are rehearsed on: Drizzle's migrator of drizzle-orm 0.x or 1.x, or drizzle-offramp itself. */
export type LeftBy = '0.x' | '1.x' | 'drizzle-offramp';

/** One point of the history at which an object can stand before the new code wakes it. */
export interface Start {
  /** What the matrix calls it: how many migrations it has and the last of them, or what it lacks. */
  readonly name: string;
  /** What it has, in the order in which it got them. */
  readonly applied: readonly MigrationRef[];
  /** What Drizzle passed over in it: later ones of the journal are there, these are not. */
  readonly skipped: readonly MigrationRef[];
}

/** A {@link Start} with its migrations whole. */
export interface FullStart extends Start {
  readonly applied: readonly Migration[];
  readonly skipped: readonly Migration[];
  /** What the new code has to run in it. */
  readonly pending: readonly Migration[];
}

const nameOf = ({ key, tag }: Migration): string => tag ?? key;

/** As Drizzle 0.x deploys: it reads the newest time once, and runs what is newer. */
function deploy(applied: readonly Migration[], journal: readonly Migration[]): Migration[] {
  if (applied.length === 0) return [...journal];
  const newest = Math.max(...applied.map((migration) => createdAt(migration) ?? 0));
  return [...applied, ...journal.filter((migration) => (createdAt(migration) ?? 0) > newest)];
}

/** The objects that had newer entries already when an older one was merged in: each deploy is a length of the journal. */
function skippingDeploys(migrations: readonly Migration[]): number[][] {
  const times = migrations.map((migration) => createdAt(migration) ?? 0);
  const skippable = times.flatMap((time, at) =>
    times.slice(0, at).some((earlier) => earlier >= time) ? [at] : [],
  );
  if (skippable.length === 0) return [];
  const all = migrations.map((_, at) => at + 1);
  return [
    ...skippable.flatMap((at) => all.filter((length) => length > at).map((length) => [at, length])),
    // One deploy for each migration: whatever can be skipped is.
    all,
  ];
}

/**
 * All points at which an object can stand: none of the migrations, the first, the first two and so on; and where the
 * journal's order lets Drizzle 0.x skip a migration, the objects in which it did: as soon as something came after it,
 * and at the end. Drizzle 1.x goes by name and skips nothing.
 *
 * @param migrations all migrations, in the order in which they run
 * @param leftBy who left the objects
 * @param skips whether to take the skipping ones too
 */
export function startsOf(
  migrations: readonly Migration[],
  leftBy: LeftBy,
  skips: boolean,
): FullStart[] {
  const starts = new Map<string, FullStart>();
  const add = (applied: readonly Migration[]): boolean => {
    const set = migrations.filter((migration) => applied.includes(migration));
    const id = set.map(({ key }) => key).join();
    const last = migrations.findLastIndex((migration) => applied.includes(migration));
    const skipped = migrations.slice(0, last + 1).filter((one) => !applied.includes(one));
    if (starts.has(id)) return false;
    const width = String(migrations.length).length;
    const without = skipped.length > 0 ? ` without ${skipped.map(nameOf).join(', ')}` : '';
    const name =
      set.length === 0
        ? 'a new object'
        : `${String(set.length).padStart(width)} ${nameOf(set.at(-1) as Migration)}${without}`;
    const pending = migrations.filter((migration) => !applied.includes(migration));
    starts.set(id, { name, applied, skipped, pending });
    return true;
  };
  for (let length = 0; length <= migrations.length; length++) add(migrations.slice(0, length));
  if (leftBy !== '0.x' || !skips) return [...starts.values()];
  const first = new Set<number | undefined>();
  for (const deploys of skippingDeploys(migrations)) {
    const [at, length] = deploys;
    const ends = deploys.length > 2 || length === migrations.length;
    if (first.has(at) && !ends) continue;
    const applied = deploys.reduce<Migration[]>(
      (before, end) => deploy(before, migrations.slice(0, end)),
      [],
    );
    if (add(applied)) first.add(at);
  }
  return [...starts.values()];
}
