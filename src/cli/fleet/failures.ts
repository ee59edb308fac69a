import type { Failure } from '../../fleet/protocol.ts';
import { askFleet, type FleetPlace } from './ask.ts';

/**
 * All objects that failed in a run.
 *
 * @param place the fleet
 * @param run the run's number
 * @param code those that failed with this code only
 */
export async function allFailures(
  place: FleetPlace,
  run: number,
  code: string | undefined,
): Promise<Failure[]> {
  const all: Failure[] = [];
  let after: string | null = null;
  do {
    const { failures, next }: { failures: readonly Failure[]; next: string | null } =
      await askFleet(place, {
        do: 'failures',
        run,
        ...(code === undefined ? {} : { code }),
        ...(after === null ? {} : { after }),
      });
    all.push(...failures);
    after = next;
  } while (after !== null);
  return all;
}
