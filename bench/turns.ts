// Contenders in turns, so that a machine that is slow for a while is slow for all.

/** How long to go on: rounds, or seconds if these are over first. */
export interface Effort {
  rounds: number;
  seconds: number;
}

/** Fewer say nothing of a middle half. */
const LEAST_ROUNDS = 3;

/**
 * Lets each contender have a turn in each round; who comes first changes from round to round.
 *
 * @param effort how long
 * @param contenders by name
 * @param measure resolves with what a turn took
 */
export async function takeTurns<T extends string>(
  { rounds, seconds }: Effort,
  contenders: readonly T[],
  measure: (contender: T, round: number) => Promise<number>,
): Promise<Map<T, number[]>> {
  const samples = new Map<T, number[]>(contenders.map((contender) => [contender, []]));
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && performance.now() > end) break;
    const first = round % contenders.length;
    const turns = [...contenders.slice(first), ...contenders.slice(0, first)];
    // Backwards every other time, so that nobody always follows the same one.
    for (const contender of round % 2 === 0 ? turns : turns.reverse()) {
      samples.get(contender)?.push(await measure(contender, round));
    }
  }
  return samples;
}
