// The first call of an isolate, which reads and checks the migrations.
import type { FirstWakeTask } from './ask.ts';
import type { Results } from './results.ts';
import type { Asker, Setup } from './runtime.ts';
import { medianOf, spreadOf } from './statistics.ts';

const FORMS = ['bundle 0.x', 'converted module'] as const;

/**
 * Measures the first call of fresh copies of the package, on an object that is level: what it takes more than a SELECT.
 *
 * @param ask the runtime
 * @param setup how many copies there are, and of what length the migrations
 */
export async function measureFirstWakes(
  ask: Asker,
  { copies, long: { size, bytes } }: Setup,
): Promise<Results['firstWake']> {
  const object = 'first wake';
  const time = async (copy: number, task: FirstWakeTask): Promise<number> =>
    (await ask({ do: 'firstWake', object, copy, task })).took * 1000;
  await ask({ do: 'load', copy: 0 });
  await time(0, 'bundle 0.x');
  const around: number[] = [];
  const samples = { 'bundle 0.x': [] as number[], 'converted module': [] as number[] };
  for (let copy = 1; copy < copies; copy++) {
    await ask({ do: 'load', copy });
    for (let i = 0; i < 5; i++) around.push(await time(copy, 'bare SELECT'));
    const form = FORMS[copy % FORMS.length] as (typeof FORMS)[number];
    samples[form].push(await time(copy, form));
  }
  const request = medianOf(around);
  return FORMS.map((form) => ({
    form,
    size,
    bytes,
    microseconds: spreadOf(samples[form].map((took) => took - request)),
  }));
}
