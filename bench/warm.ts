// A wake's check with nothing to do, again and again in one instance.
import { type Contender, FLOOR, MIGRATORS } from './contenders.ts';
import type { Timing } from './results.ts';
import type { Asker } from './runtime.ts';
import { medianOf, ratiosOf, spreadOf } from './statistics.ts';
import { type Effort, takeTurns } from './turns.ts';

export interface WarmEffort extends Effort {
  /** How long a contender's turn should take, in milliseconds. */
  turn: number;
}

const ALL: readonly Contender[] = [FLOOR, ...MIGRATORS];

/**
 * Measures how long a check with nothing to do takes, each contender in an object of its own.
 *
 * @param ask the runtime
 * @param size how many migrations
 * @param effort how much to measure
 */
export async function measureWarm(
  ask: Asker,
  size: number,
  effort: WarmEffort,
): Promise<Timing<Contender>[]> {
  const objectOf = (contender: Contender) => `warm ${size} ${contender}`;
  const loop = async (contender: Contender, times: number): Promise<number> => {
    const object = objectOf(contender);
    return (await ask({ do: 'loop', object, job: contender, size, times })).took;
  };
  const times = new Map<Contender, number>();
  for (const contender of ALL) {
    // The floor reads from a table that the migrations made.
    const job = contender === FLOOR ? 'record' : contender;
    await ask({ do: 'wake', objects: [objectOf(contender)], job, size });
  }
  for (const contender of ALL) {
    // The best of a few: too many calls make a turn longer, too few drown in the request around them.
    const calls = 100;
    const took: number[] = [];
    for (let i = 0; i < 4; i++)
      took.push((await loop(contender, calls)) - (await loop(contender, 0)));
    const one = Math.max(Math.min(...took.slice(1)) / calls, effort.turn / 20_000);
    times.set(contender, Math.max(10, Math.round(effort.turn / one)));
  }
  const timesOf = (contender: Contender): number => times.get(contender) as number;

  const empty: number[] = [];
  const samples = await takeTurns(effort, ALL, async (contender) => {
    empty.push(await loop(contender, 0));
    return loop(contender, timesOf(contender));
  });
  const around = medianOf(empty);
  const microseconds = (contender: Contender): number[] =>
    (samples.get(contender) ?? []).map((took) => ((took - around) / timesOf(contender)) * 1000);
  const floor = microseconds(FLOOR);
  return ALL.map((contender) => ({
    contender,
    size,
    microseconds: spreadOf(microseconds(contender)),
    ratio: spreadOf(ratiosOf(microseconds(contender), floor)),
  }));
}
