// A class behind withMigrations, with nothing to do.
import { FLOOR, WRAPPED, type Wrapped } from './contenders.ts';
import type { Results } from './results.ts';
import type { Asker } from './runtime.ts';
import { medianOf, ratiosOf, spreadOf } from './statistics.ts';
import { type Effort, takeTurns } from './turns.ts';
import type { WakeEffort } from './wakes.ts';

/** How often a class is constructed in a turn. */
const TIMES = 1_500;

/** Constructs a class again and again in one instance, that with a bare SELECT in its constructor beside. */
async function measureBuilt(ask: Asker, size: number, effort: Effort): Promise<Results['wrapped']> {
  const object = `built ${size}`;
  await ask({ do: 'wake', objects: [object], job: 'record', size });
  const jobs = ['built with a bare SELECT', 'built by withMigrations'] as const;
  const loop = async (job: (typeof jobs)[number], times: number): Promise<number> =>
    (await ask({ do: 'loop', object, job, size, times })).took;
  for (const job of jobs) await loop(job, TIMES);
  const empty: number[] = [];
  const samples = await takeTurns(effort, jobs, async (job) => {
    empty.push(await loop(job, 0));
    return loop(job, TIMES);
  });
  const around = medianOf(empty);
  const microseconds = (job: (typeof jobs)[number]): number[] =>
    (samples.get(job) ?? []).map((took) => ((took - around) / TIMES) * 1000);
  const [floor, ours] = [microseconds(jobs[0]), microseconds(jobs[1])];
  return [
    {
      contender: 'constructed',
      size,
      microseconds: spreadOf(ours),
      ratio: spreadOf(ratiosOf(ours, floor)),
    },
  ];
}

/** Wakes the same evicted objects with the class behind withMigrations, and with a bare SELECT in the constructor. */
async function measureWoken(
  ask: Asker,
  size: number,
  { objects, ...effort }: WakeEffort,
): Promise<Results['wrapped']> {
  const found: Results['wrapped'] = [];
  for (const [contender, byId] of [
    ['woken by name', false],
    ['woken by id', true],
  ] as const satisfies [Wrapped, boolean][]) {
    const names = Array.from({ length: objects }, (_, i) => `${contender} ${size} ${i}`);
    await ask({ do: 'wake', objects: names, job: 'record', size });
    const wake = async (job: typeof FLOOR | typeof WRAPPED): Promise<number> => {
      await ask({ do: 'evict', objects: names });
      const { took } = await ask({ do: 'wake', objects: names, job, size, byId });
      return (took / objects) * 1000;
    };
    const jobs = [FLOOR, WRAPPED] as const;
    for (const job of jobs) await wake(job);
    const samples = await takeTurns(effort, jobs, wake);
    const [floor, ours] = [samples.get(FLOOR) ?? [], samples.get(WRAPPED) ?? []];
    const ratio = spreadOf(ratiosOf(ours, floor));
    found.push({ contender, size, microseconds: spreadOf(ours), ratio });
  }
  return found;
}

/**
 * Measures what `withMigrations` costs where there is nothing to do: its construction alone, and whole wakes.
 *
 * @param ask the runtime
 * @param size how many migrations
 * @param built how much to measure within one instance
 * @param woken how much to measure of wakes
 */
export const measureWrapped = async (
  ask: Asker,
  size: number,
  built: Effort,
  woken: WakeEffort,
): Promise<Results['wrapped']> => [
  ...(await measureBuilt(ask, size, built)),
  ...(await measureWoken(ask, size, woken)),
];
