// Wakes of objects that are not in memory, end to end.
import {
  BASELINE,
  CONVERTED,
  DO_ORM,
  DRIZZLE_0,
  DRIZZLE_1,
  FLOOR,
  type Job,
  MIGRATORS,
  type Migrator,
  OTHERS,
} from './contenders.ts';
import type { Left, Results, Timing } from './results.ts';
import type { Asker } from './runtime.ts';
import { medianOf, ratiosOf, spreadOf } from './statistics.ts';
import { type Effort, takeTurns } from './turns.ts';

export interface WakeEffort extends Effort {
  /** How many objects a request wakes, one after the other. */
  objects: number;
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix} ${i}`);

/** Wakes objects that are asleep; resolves with the microseconds that one took, without the request around all. */
const wakerOf = async (ask: Asker) => {
  const empty: number[] = [];
  for (let i = 0; i < 50; i++) {
    empty.push((await ask({ do: 'wake', objects: [], job: 'nothing', size: 0 })).took);
  }
  const around = medianOf(empty);
  return async (objects: string[], job: Job, size: number): Promise<number> => {
    const { took } = await ask({ do: 'wake', objects, job, size });
    return ((took - around) / objects.length) * 1000;
  };
};

function timing<T extends string>(
  contender: T,
  size: number,
  samples: readonly number[],
  beside: readonly number[] | undefined,
): Timing<T> {
  const ratio = spreadOf(ratiosOf(samples, beside));
  return { contender, size, microseconds: spreadOf(samples), ratio };
}

/**
 * Wakes the same evicted objects with a migrator in the constructor, and with a bare SELECT.
 *
 * @param ask the runtime
 * @param size how many migrations
 * @param effort how much to measure
 */
export async function measureCold(
  ask: Asker,
  size: number,
  { objects, ...effort }: WakeEffort,
): Promise<Timing<Migrator>[]> {
  const objectsOf = (migrator: Migrator) => names(`cold ${size} ${migrator}`, objects);
  for (const migrator of MIGRATORS) {
    await ask({ do: 'wake', objects: objectsOf(migrator), job: migrator, size });
  }
  const wake = await wakerOf(ask);
  const evictAndWake = async (migrator: Migrator, job: Job): Promise<number> => {
    await ask({ do: 'evict', objects: objectsOf(migrator) });
    return wake(objectsOf(migrator), job, size);
  };
  for (const migrator of MIGRATORS) await evictAndWake(migrator, FLOOR);
  const bare = new Map<Migrator, number[]>(MIGRATORS.map((migrator) => [migrator, []]));
  const samples = await takeTurns(effort, MIGRATORS, async (migrator, round) => {
    const floor = async () => bare.get(migrator)?.push(await evictAndWake(migrator, FLOOR));
    if (round % 2 === 0) await floor();
    const took = await evictAndWake(migrator, migrator);
    if (round % 2 === 1) await floor();
    return took;
  });
  return MIGRATORS.map((migrator) =>
    timing(migrator, size, samples.get(migrator) ?? [], bare.get(migrator)),
  );
}

/** Ours with checksums to compute and with ready-made ones; the other forms are the same from there. */
const FRESH = ['bundle 0.x', CONVERTED, BASELINE, ...OTHERS] as const;

/**
 * Runs all migrations in the constructor of new objects, and their SQL alone in that of others.
 *
 * @param ask the runtime
 * @param size how many migrations
 * @param effort how much to measure
 */
export async function measureFresh(
  ask: Asker,
  size: number,
  { objects, ...effort }: WakeEffort,
): Promise<Results['fresh']> {
  const wake = await wakerOf(ask);
  const jobs: readonly Job[] = ['nothing', 'bare exec', ...FRESH];
  const turn = async (job: Job, round: number): Promise<number> => {
    const fresh = names(`fresh ${size} ${job} ${round}`, objects);
    const took = await wake(fresh, job, size);
    // Out of memory, so that later ones find it as empty as the first.
    await ask({ do: 'evict', objects: fresh });
    return took;
  };
  for (const job of jobs) await turn(job, -1);
  const samples = await takeTurns(effort, jobs, turn);
  const of = (job: Job): number[] => samples.get(job) ?? [];
  // A baseline takes so little that the making of the object, with nothing in it, would be a third of what is measured.
  const without = (job: Job): number[] => of(job).map((one, at) => one - (of('nothing')[at] ?? 0));
  return FRESH.map((job) =>
    job === BASELINE
      ? {
          ...timing(job, size, without(job), without('bare exec')),
          microseconds: spreadOf(of(job)),
        }
      : timing(job, size, of(job), of('bare exec')),
  );
}

/** Who takes over from whom. */
export const ADOPTIONS: readonly { left: Left; by: Migrator }[] = [
  { left: DRIZZLE_0, by: 'bundle 0.x' },
  { left: DRIZZLE_0, by: 'converted module' },
  { left: DRIZZLE_0, by: DRIZZLE_1 },
  { left: DRIZZLE_0, by: DO_ORM },
  { left: DRIZZLE_1, by: 'bundle 1.x' },
  { left: DRIZZLE_1, by: 'converted module' },
  { left: DRIZZLE_1, by: DO_ORM },
];

/**
 * Wakes objects that Drizzle's migrator left, for the first time with another.
 *
 * @param ask the runtime
 * @param size how many migrations
 * @param effort how much to measure
 */
export async function measureAdoption(
  ask: Asker,
  size: number,
  { objects, ...effort }: WakeEffort,
): Promise<(Timing<Migrator> & { left: Left })[]> {
  const wake = await wakerOf(ask);
  const bare = new Map<string, number[]>();
  const keys = ADOPTIONS.map((_, i) => String(i));
  const samples = await takeTurns(effort, keys, async (key, round) => {
    const { left, by } = ADOPTIONS[Number(key)] as (typeof ADOPTIONS)[number];
    const leftOnes = names(`adoption ${size} ${left} ${by} ${round}`, objects);
    await ask({ do: 'wake', objects: leftOnes, job: left, size });
    await ask({ do: 'evict', objects: leftOnes });
    bare.set(key, [...(bare.get(key) ?? []), await wake(leftOnes, FLOOR, size)]);
    await ask({ do: 'evict', objects: leftOnes });
    const took = await wake(leftOnes, by, size);
    await ask({ do: 'evict', objects: leftOnes });
    return took;
  });
  return ADOPTIONS.map(({ left, by }, i) => {
    const key = String(i);
    return { left, ...timing(by, size, samples.get(key) ?? [], bare.get(key)) };
  });
}
